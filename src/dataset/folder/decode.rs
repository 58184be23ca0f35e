//! From files to square pictures of one size.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::ImageReader;
use rayon::prelude::*;

use super::super::CHANNELS;
use super::super::own::{Fault, decode};
use super::list::Entry;

/// The length of a picture's shorter side, read from the file's head.
pub fn short_side(path: &Path) -> Option<usize> {
    let (width, height) = ImageReader::open(path).ok()?.with_guessed_format().ok()?.into_dimensions().ok()?;
    Some(width.min(height) as usize)
}

/// Fills `pixels` with a picture of `side` × `side` for each entry; says what is wrong with those that cannot be read.
/// `progress` is told how many are done.
pub fn decode_all(entries: &[&Entry], side: usize, pixels: &mut [u8], progress: &(dyn Fn(usize) + Sync)) -> Vec<Option<Fault>> {
    let done = AtomicUsize::new(0);
    entries
        .par_iter()
        .zip(pixels.par_chunks_exact_mut(CHANNELS * side * side))
        .map(|(entry, place)| {
            let wrong = decode(&entry.path, side, place).err();
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            wrong
        })
        .collect()
}
