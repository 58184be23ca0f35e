//! What an archive must be.

use std::fmt;

use super::FetchError;
use crate::dataset::cifar10;

/// Bytes of the beginning that tell an archive from a web page.
pub(super) const START: usize = 512;
/// How a gzip file begins (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A `.tar.gz` that is known to the byte.
#[derive(Clone, Copy, Debug)]
pub struct Archive<'a> {
    /// Of the file.
    pub name: &'a str,
    /// Where it is published.
    pub url: &'a str,
    pub bytes: u64,
    /// In hexadecimal.
    pub md5: &'a str,
    /// The folder in it that holds all files.
    pub folder: &'a str,
    /// The files that are unpacked; all must be there.
    pub files: &'a [Member<'a>],
}

/// A file in an archive.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    pub name: &'a str,
    pub length: Length,
}

/// How long a file may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Exactly(u64),
    AtMost(u64),
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Length::Exactly(length) => write!(f, "{length}"),
            Length::AtMost(limit) => write!(f, "at most {limit}"),
        }
    }
}

impl Length {
    pub(super) fn allows(self, bytes: u64) -> bool {
        match self {
            Length::Exactly(length) => bytes == length,
            Length::AtMost(limit) => bytes <= limit,
        }
    }

    pub(super) fn limit(self) -> u64 {
        match self {
            Length::Exactly(length) | Length::AtMost(length) => length,
        }
    }
}

/// CIFAR-10's binary version, as published on <https://www.cs.toronto.edu/~kriz/cifar.html>.
pub const CIFAR10: Archive<'static> = Archive {
    name: "cifar-10-binary.tar.gz",
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    bytes: 170_052_171,
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
    folder: cifar10::FOLDER,
    files: &[
        batches(cifar10::TRAIN_FILES[0]),
        batches(cifar10::TRAIN_FILES[1]),
        batches(cifar10::TRAIN_FILES[2]),
        batches(cifar10::TRAIN_FILES[3]),
        batches(cifar10::TRAIN_FILES[4]),
        batches(cifar10::TEST_FILE),
        text(cifar10::CLASSES_FILE),
        text("readme.html"),
    ],
};

const fn batches(name: &str) -> Member<'_> {
    Member { name, length: Length::Exactly(cifar10::FILE_BYTES) }
}

const fn text(name: &str) -> Member<'_> {
    Member { name, length: Length::AtMost(1 << 16) }
}

/// Whether something that begins with `start` can be a gzip file.
pub(super) fn check_start(from: &str, start: &[u8]) -> Result<(), FetchError> {
    if start.starts_with(&GZIP_MAGIC) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(start).trim_start().to_ascii_lowercase();
    let found = if start.is_empty() {
        "nothing".into()
    } else if text.starts_with("<!doctype html") || text.starts_with("<html") {
        "an HTML page".into()
    } else {
        format!("something that begins with {:?}", String::from_utf8_lossy(&start[..start.len().min(16)]))
    };
    Err(FetchError::NotAnArchive { from: from.into(), found })
}
