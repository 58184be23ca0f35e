//! What can go wrong in a network.

use crate::dataset::{BatchError, PictureError};
use crate::knobs::KnobError;
use crate::ops;
use crate::spec::SpecError;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Spec(#[from] SpecError),
    #[error(transparent)]
    Knob(#[from] KnobError),
    #[error("layer {layer}: {source}")]
    Operation { layer: String, source: ops::Error },
    #[error("the checkpoint holds no {name}; it is another network's")]
    Missing { name: String },
    #[error("{name} is {expected:?} in this network, but {came:?} in the checkpoint; it is another network's")]
    Shape { name: String, expected: Vec<usize>, came: Vec<usize> },
    /// Half a batch needs about half as much.
    #[error("a batch of {batch} pictures asks for {} of the device's memory, and {} are free", gibibytes(*asked), gibibytes(*free))]
    NoRoom { batch: usize, asked: u64, free: u64 },
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error("there is no layer {place}; this network has {layers}, counted from 0")]
    NoLayer { place: usize, layers: usize },
    #[error("there is no test picture {place}; there are {there}, counted from 0")]
    NoPicture { place: usize, there: usize },
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// `1.5 GiB`
pub(super) fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

impl Error {
    /// Whether the device's memory was used up.
    pub fn is_out_of_memory(&self) -> bool {
        match self {
            Error::NoRoom { .. } => true,
            Error::Operation { source, .. } => source.is_out_of_memory(),
            Error::Tensor(error) => ops::says_out_of_memory(error),
            _ => false,
        }
    }
}

/// Names the layer in which an operation failed.
pub(super) fn at(layer: &str) -> impl FnOnce(ops::Error) -> Error {
    move |source| Error::Operation { layer: layer.into(), source }
}
