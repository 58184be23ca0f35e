//! Own pictures: a folder for each class (torchvision's `ImageFolder`), decoded once and kept on disk.

mod cache;
mod decode;
mod list;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use list::has_folders;

use super::own::Fault;
use super::{CHANNELS, DataError, Dataset};
use list::{Entry, Listing};

/// What is done about pictures that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Broken {
    /// The first is named and nothing is trained.
    #[default]
    Refuse,
    /// They are named and left out.
    Skip,
}

/// How a folder is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The longer side of the network's input: pictures are kept no larger.
    pub largest: usize,
    pub broken: Broken,
    /// Where decoded pictures are kept.
    pub cache: &'a Path,
    /// Told how many pictures of how many are decoded.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// A folder whose pictures are decoded and wait on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    folder: PathBuf,
    file: PathBuf,
    header: cache::Header,
}

impl Decoded {
    /// Finds the pictures of `folder` and decodes them, unless that was done before.
    ///
    /// # Errors
    /// Another layout of folders; a broken picture where those are refused; no room.
    pub fn prepare(folder: &Path, reading: Reading) -> Result<Decoded, DataError> {
        let listing = list::list(folder)?;
        let file = cache::path(reading.cache, folder, &listing, reading.largest);
        let header = match cache::header(&file).filter(|header| !header.passing) {
            Some(header) => header,
            None => decode_into(&file, &listing, reading)?,
        };
        let of = listing.train.len() + listing.test.len();
        if let (Broken::Refuse, Some(first)) = (reading.broken, header.broken.first()) {
            return Err(DataError::Broken { count: header.broken.len(), of, first: first.clone() });
        }
        let none = |what| DataError::NoPictures { folder: folder.to_owned(), what };
        match (header.train, header.test) {
            (0, _) => Err(none("learn from")),
            (_, 0) => Err(none("test on")),
            _ => Ok(Decoded { folder: folder.to_owned(), file, header }),
        }
    }

    /// The folder's own name.
    pub fn name(&self) -> String {
        let whole = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        whole.file_name().map_or_else(|| whole.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn classes(&self) -> &[String] {
        &self.header.classes
    }

    /// Pictures to learn from, and held out.
    pub fn counts(&self) -> [usize; 2] {
        [self.header.train, self.header.test]
    }

    /// Pixels along each side of the decoded pictures.
    pub fn side(&self) -> usize {
        self.header.side
    }

    /// Pictures that were left out, each with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.header.broken
    }

    pub fn read(&self) -> Result<Dataset, DataError> {
        let [train, test] = cache::read(&self.file)?;
        let (name, classes) = (self.name(), self.header.classes.clone());
        Ok(Dataset { name, stand_in: false, folder: self.folder.clone(), classes, train, test })
    }
}

/// Decodes every picture and writes what came of it to `file`.
fn decode_into(file: &Path, listing: &Listing, reading: Reading) -> Result<cache::Header, DataError> {
    let entries: Vec<&Entry> = listing.train.iter().chain(&listing.test).collect();
    // Small pictures are not blown up on disk: the step does that.
    let shortest = entries.par_iter().filter_map(|entry| decode::short_side(&entry.path)).max();
    let side = shortest.unwrap_or(reading.largest).clamp(1, reading.largest);
    let picture = CHANNELS * side * side;
    let mut pixels = Vec::new();
    let needed = entries.len().saturating_mul(picture);
    if pixels.try_reserve_exact(needed).is_err() {
        return Err(DataError::TooLarge { pictures: entries.len(), side, needed: needed as u64 });
    }
    pixels.resize(needed, 0);
    let wrong = decode::decode_all(&entries, side, &mut pixels, &|done| (reading.progress)(done, entries.len()));
    let mut labels = Vec::with_capacity(entries.len());
    let mut header =
        cache::Header { side, classes: listing.classes.clone(), train: 0, test: 0, broken: Vec::new(), passing: false };
    for (place, (entry, wrong)) in entries.iter().zip(wrong).enumerate() {
        if let Some(fault) = wrong {
            header.passing |= matches!(fault, Fault::Unreadable(_));
            header.broken.push(format!("{}: {fault}", entry.path.display()));
            continue;
        }
        // Those that can be read close the gaps.
        pixels.copy_within(place * picture..(place + 1) * picture, labels.len() * picture);
        labels.push(entry.class);
        *(if place < listing.train.len() { &mut header.train } else { &mut header.test }) += 1;
    }
    pixels.truncate(labels.len() * picture);
    cache::write(file, &header, &labels, &pixels)?;
    Ok(header)
}
