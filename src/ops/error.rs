//! What can go wrong when an operation is called.

use candle_core::DType;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{op}: `{name}` should have the shape {expected:?}, got {got:?}; build the tensor from the layer's geometry")]
    Shape { op: &'static str, name: &'static str, expected: Vec<usize>, got: Vec<usize> },
    #[error("{op}: `{name}` should hold {expected:?}, got {got:?}; convert it with to_dtype")]
    DType { op: &'static str, name: &'static str, expected: DType, got: DType },
    #[error("{op}: `{name}` is a strided view, and only contiguous tensors can be used; call contiguous() on it first")]
    Strided { op: &'static str, name: &'static str },
    #[error("{op}: `{written}` is written while `{other}` shares its memory; give it a tensor of its own")]
    Shared { op: &'static str, written: &'static str, other: &'static str },
    #[error("{op}: there is no kernel for a tensor on {device}; use the CPU")]
    Device { op: &'static str, device: String },
    /// The operation cannot be done with these settings, whatever the tensors.
    #[error("{op}: {problem}")]
    Settings { op: &'static str, problem: String },
    #[error("{op}: {got} labels for a batch of {batch}; give one label a picture")]
    LabelCount { op: &'static str, got: usize, batch: usize },
    #[error("{op}: the label of picture {picture} is {label}, and there are {classes} classes, counted from 0")]
    Label { op: &'static str, picture: usize, label: u8, classes: usize },
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(super::cuda::Failure),
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl Error {
    /// Whether the device's memory was used up.
    pub fn is_out_of_memory(&self) -> bool {
        match self {
            // candle wraps the driver's error in its own and keeps only the words.
            Error::Candle(error) => says_out_of_memory(error),
            #[cfg(feature = "cuda")]
            Error::Cuda(failure) => failure.is_out_of_memory(),
            _ => false,
        }
    }
}

/// Whether candle's error is that of a device whose memory was used up.
pub fn says_out_of_memory(error: &candle_core::Error) -> bool {
    tells_of_memory(&format!("{error:?}"))
}

/// Whether these are the words of the driver (the first two), of cuBLAS and of cuDNN (the last two) for memory that was used up.
pub(super) fn tells_of_memory(words: &str) -> bool {
    ["OUT_OF_MEMORY", "out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED"].iter().any(|word| words.contains(word))
}

pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_is_understood_when_it_says_that_memory_was_used_up() {
        for words in [
            "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
            "CublasError(CUBLAS_STATUS_ALLOC_FAILED)",
            "CudnnError(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED)",
            "CudnnError(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)",
        ] {
            assert!(says_out_of_memory(&candle_core::Error::Msg(words.into())), "{words}");
        }
        assert!(!says_out_of_memory(&candle_core::Error::Msg("CudnnError(CUDNN_STATUS_NOT_SUPPORTED)".into())));
    }
}
