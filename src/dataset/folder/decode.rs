//! From files to square pictures of one size.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader};
use rayon::prelude::*;

use super::super::CHANNELS;
use super::list::Entry;

/// Marks of a JPEG's beginning and end.
const JPEG_START: [u8; 2] = [0xff, 0xd8];
const JPEG_END: [u8; 2] = [0xff, 0xd9];

/// The length of a picture's shorter side, read from the file's head.
pub fn short_side(path: &Path) -> Option<usize> {
    let (width, height) = ImageReader::open(path).ok()?.with_guessed_format().ok()?.into_dimensions().ok()?;
    Some(width.min(height) as usize)
}

/// Fills `pixels` with a picture of `side` × `side` for each entry; says what is wrong with those that cannot be read.
/// `progress` is told how many are done.
pub fn decode_all(entries: &[&Entry], side: usize, pixels: &mut [u8], progress: &(dyn Fn(usize) + Sync)) -> Vec<Option<String>> {
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

/// Reads one picture: scaled, in its proportions, until it covers the square, and its middle cut out, as Krizhevsky et al. 2012
/// (section 2) prepare ImageNet. A picture of just that size stays as it is. Transparency is left out, as torchvision does.
fn decode(path: &Path, side: usize, place: &mut [u8]) -> Result<(), String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let jpeg = reader.format() == Some(ImageFormat::Jpeg);
    let picture = reader.decode().map_err(|error| error.to_string())?;
    // The decoder makes grey of what a JPEG lacks.
    if jpeg && bytes.starts_with(&JPEG_START) && !bytes.windows(2).rev().any(|pair| pair == JPEG_END) {
        return Err("the file is cut short".into());
    }
    let square = if (picture.width(), picture.height()) == (side as u32, side as u32) {
        picture
    } else {
        picture.resize_to_fill(side as u32, side as u32, FilterType::Triangle)
    };
    write_planes(&square, place);
    Ok(())
}

/// Red, green and blue as a plane each.
fn write_planes(picture: &DynamicImage, place: &mut [u8]) {
    let plane = place.len() / CHANNELS;
    for (at, pixel) in picture.to_rgb8().pixels().enumerate() {
        for (channel, value) in pixel.0.into_iter().enumerate() {
            place[channel * plane + at] = value;
        }
    }
}
