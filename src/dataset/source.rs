//! Where pictures come from.

use std::path::{Path, PathBuf};

use super::{DataError, Dataset, cifar10};

/// Where `alexscope data fetch` puts datasets.
pub const DATA_FOLDER: &str = "data";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The folder that holds the binary files.
    Cifar10(PathBuf),
    /// Built in; a stand-in where CIFAR-10 is not there.
    Emoji10,
}

impl Source {
    /// The folder a person named, or the one in it as it lies in the archive: it must be CIFAR-10's. None named: `data/cifar-10-batches-bin`
    /// if it is there, else Emoji-10. Looks at names and lengths only, so that it answers at once.
    pub fn find(data: Option<&Path>) -> Result<Source, DataError> {
        let within = data.unwrap_or(Path::new(DATA_FOLDER)).join(cifar10::FOLDER);
        let folder = match data {
            _ if within.is_dir() => within,
            Some(named) => named.to_owned(),
            None => return Ok(Source::Emoji10),
        };
        cifar10::check(&folder)?;
        Ok(Source::Cifar10(folder))
    }
}

/// Reads, or draws, and checks all pictures.
pub fn load(source: &Source) -> Result<Dataset, DataError> {
    match source {
        Source::Cifar10(folder) => cifar10::read(folder),
        Source::Emoji10 => super::emoji10::draw(),
    }
}
