//! What CUDA's libraries answer when they cannot.

use candle_core::cuda_backend::cudarc::cublas::result::CublasError;
use candle_core::cuda_backend::cudarc::cudnn::CudnnError;
use candle_core::cuda_backend::cudarc::driver::DriverError;

use crate::ops::Error;
use crate::ops::error::tells_of_memory;

/// An error of the driver or of a library.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the CUDA driver says {0}")]
    Driver(#[from] DriverError),
    #[error("cuBLAS says {0:?}")]
    Blas(#[from] CublasError),
    #[error("cuDNN says {0:?}")]
    Dnn(#[from] CudnnError),
}

impl Failure {
    pub fn is_out_of_memory(&self) -> bool {
        tells_of_memory(&format!("{self:?}"))
    }
}

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Error {
        Error::Cuda(error.into())
    }
}

impl From<CublasError> for Error {
    fn from(error: CublasError) -> Error {
        Error::Cuda(error.into())
    }
}

impl From<CudnnError> for Error {
    fn from(error: CudnnError) -> Error {
        Error::Cuda(error.into())
    }
}
