//! Why nothing was exported.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} ends in neither .png nor .svg; name a file that does", path.display())]
    UnknownFormat { path: PathBuf },
    #[error("the chart could not be drawn: {reason}")]
    Drawing { reason: String },
    #[error("{} could not be written: {source}; name a folder that takes it", path.display())]
    Writing { path: PathBuf, source: std::io::Error },
}

pub type Result<T> = std::result::Result<T, Error>;
