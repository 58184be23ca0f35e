//! Decoded pictures on disk, so that they are decoded once: a header in JSON, its length in front, then labels and pixels.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::{CHANNELS, DataError, Pictures};
use super::list::Listing;
use crate::whole_file;

/// Changes whenever the same files would be decoded otherwise.
const VERSION: u32 = 3;
/// Bytes of the header's length.
const LENGTH: usize = 8;

/// What a file of decoded pictures says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub side: usize,
    pub classes: Vec<String>,
    /// Pictures of either split that could be read; those to learn from come first.
    pub train: usize,
    pub test: usize,
    /// What is wrong with the others: path and reason.
    pub broken: Vec<String>,
    /// Some could not even be opened, which may pass: they are tried again the next time.
    pub passing: bool,
}

/// Where the decoded pictures of `listing` at most `largest` pixels wide are kept: another file as soon as a picture is added,
/// removed or changed.
pub fn path(cache: &Path, folder: &Path, listing: &Listing, largest: usize) -> PathBuf {
    let mut digest = Sha256::new();
    digest.update(format!("{VERSION} {largest} {}\n", listing.classes.join("/")));
    for (split, entries) in [("train", &listing.train), ("test", &listing.test)] {
        for entry in entries {
            let metadata = fs::metadata(&entry.path).ok();
            let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok());
            let (length, modified) = (metadata.map_or(0, |m| m.len()), modified.map_or(0, |since| since.as_nanos()));
            digest.update(format!("{split} {} {length} {modified} {}\n", entry.class, entry.path.display()));
        }
    }
    let key: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = folder.file_name().map_or_else(|| "pictures".into(), |name| name.to_string_lossy().into_owned());
    cache.join(format!("{name}-{key}.pictures"))
}

/// Writes labels and pixels behind their header. Whole or not at all.
pub fn write(path: &Path, header: &Header, labels: &[u8], pixels: &[u8]) -> Result<(), DataError> {
    let failed = |source| DataError::Cache { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let json = serde_json::to_vec(header).map_err(|error| failed(error.into()))?;
    let length = (json.len() as u64).to_le_bytes();
    whole_file::write_parts(path, &[&length, &json, labels, pixels]).map_err(failed)
}

/// The header of a file that is there and as long as it says; `None` for any other.
pub fn header(path: &Path) -> Option<Header> {
    let (header, from) = split_header(&read_start(path)?)?;
    let pictures = header.train + header.test;
    let whole = from + pictures * (1 + CHANNELS * header.side * header.side);
    (fs::metadata(path).ok()?.len() == whole as u64).then_some(header)
}

/// The pictures to learn from and those held out.
pub fn read(path: &Path) -> Result<[Pictures; 2], DataError> {
    let mut bytes = fs::read(path).map_err(|source| DataError::Unreadable { path: path.to_owned(), source })?;
    let damaged = || DataError::Unreadable { path: path.to_owned(), source: std::io::ErrorKind::InvalidData.into() };
    let (header, from) = split_header(&bytes).ok_or_else(damaged)?;
    let (pictures, picture) = (header.train + header.test, CHANNELS * header.side * header.side);
    if bytes.len() != from + pictures * (1 + picture) {
        return Err(damaged());
    }
    let test_pixels = bytes.split_off(from + pictures + header.train * picture);
    let train_pixels = bytes.split_off(from + pictures);
    let test_labels = bytes.split_off(from + header.train);
    let train_labels = bytes.split_off(from);
    if train_labels.iter().chain(&test_labels).any(|label| usize::from(*label) >= header.classes.len()) {
        return Err(damaged());
    }
    Ok([Pictures::new(header.side, train_labels, train_pixels), Pictures::new(header.side, test_labels, test_pixels)])
}

/// A header and the place after it.
fn split_header(bytes: &[u8]) -> Option<(Header, usize)> {
    let length = usize::try_from(u64::from_le_bytes(bytes.get(..LENGTH)?.try_into().ok()?)).ok()?;
    let end = LENGTH.checked_add(length)?;
    Some((serde_json::from_slice(bytes.get(LENGTH..end)?).ok()?, end))
}

/// The length and the header.
fn read_start(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut file = fs::File::open(path).ok()?;
    let mut start = vec![0; LENGTH];
    file.read_exact(&mut start).ok()?;
    let length = u64::from_le_bytes(start[..].try_into().ok()?);
    file.take(length).read_to_end(&mut start).ok()?;
    Some(start)
}
