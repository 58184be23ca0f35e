//! Runs and weights for other programs, and weights from them: TensorBoard, CSV, safetensors, ONNX.

mod crc;
pub mod csv;
mod export;
pub mod onnx;
mod protobuf;
pub mod tensorboard;
pub mod weights;

use std::io;
use std::path::{Path, PathBuf};

pub use export::export;

pub type Result<T> = std::result::Result<T, ExchangeError>;

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("{}: cannot be read ({source}); check the path and its permissions", .path.display())]
    Reading { path: PathBuf, source: io::Error },
    #[error("{}: cannot be written ({source}); name another --out", .path.display())]
    Writing { path: PathBuf, source: io::Error },
    #[error("{}: no safetensors file of f32 arrays ({reason}); PyTorch writes one with safetensors.torch.save_file", .path.display())]
    NoSafetensors { path: PathBuf, reason: String },
    #[error("{}: cannot be read ({source}); the run began with the weights of that file (SHA-256 {expected}): put it back, or say where it is \
        now with --weights", .path.display())]
    WeightsGone { path: PathBuf, expected: String, source: io::Error },
    #[error("{}: its SHA-256 is {came}, but the run began with weights of SHA-256 {expected}: put that file back, or say where it is now with \
        --weights", .path.display())]
    OtherWeights { path: PathBuf, expected: String, came: String },
    #[error("{0}")]
    Model(String),
    #[error("there is no {name}; these are another network's weights")]
    Missing { name: String },
    #[error("{name} is {expected:?} in this network, but {came:?} in the file; these are another network's weights")]
    Shape { name: String, expected: Vec<usize>, came: Vec<usize> },
    #[error("{name} has no place in {model}; these are another network's weights")]
    NoPlace { name: String, model: String },
    #[error("the network is larger than the 2 GiB that an ONNX file holds")]
    TooLarge,
}

impl ExchangeError {
    fn writing(path: &Path) -> impl FnOnce(io::Error) -> ExchangeError {
        move |source| ExchangeError::Writing { path: path.to_owned(), source }
    }
}
