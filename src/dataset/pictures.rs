//! Labelled pictures in memory, as bytes.

use std::path::PathBuf;

use rayon::prelude::*;

/// Red, green, blue.
pub const CHANNELS: usize = 3;
/// Pixels along each side of a picture of CIFAR or Emoji-10.
pub const SIDE: usize = 32;
/// Bytes of such a picture: three planes, red, green, blue, each row by row.
pub const PICTURE_BYTES: usize = CHANNELS * SIDE * SIDE;
/// Classes that a label can tell apart.
pub const MOST_CLASSES: usize = 256;

/// A training set, a held-out test set, and what they are called.
#[derive(Debug)]
pub struct Dataset {
    /// `CIFAR-10`, `Emoji-10`, or the name of a person's folder.
    pub name: String,
    /// True for pictures that only stand in for CIFAR-10.
    pub stand_in: bool,
    /// Where the files lie; empty for built-in pictures.
    pub folder: PathBuf,
    pub classes: Vec<String>,
    pub train: Pictures,
    pub test: Pictures,
}

/// `len` square pictures of 3×side×side bytes with their labels.
#[derive(Debug, PartialEq)]
pub struct Pictures {
    side: usize,
    labels: Vec<u8>,
    pixels: Vec<u8>,
    statistics: ChannelStatistics,
}

/// Mean and (population) deviation of each channel over all pictures, with bytes read as 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelStatistics {
    pub mean: [f64; CHANNELS],
    pub deviation: [f64; CHANNELS],
}

impl Pictures {
    /// `pixels` holds a picture of `side` × `side` for each label.
    pub(super) fn new(side: usize, labels: Vec<u8>, pixels: Vec<u8>) -> Pictures {
        debug_assert_eq!(labels.len() * CHANNELS * side * side, pixels.len());
        let statistics = ChannelStatistics::over(&pixels, side * side);
        Pictures { side, labels, pixels, statistics }
    }

    /// Pixels along each side of every picture.
    pub fn side(&self) -> usize {
        self.side
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The class of picture `i`, counted from 0.
    pub fn label(&self, i: usize) -> u8 {
        self.labels[i]
    }

    /// Picture `i` as 3 planes of side×side bytes.
    pub fn pixels(&self, i: usize) -> &[u8] {
        let bytes = CHANNELS * self.side * self.side;
        &self.pixels[i * bytes..(i + 1) * bytes]
    }

    /// All pictures, one after the other.
    pub fn all_pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub fn statistics(&self) -> ChannelStatistics {
        self.statistics
    }
}

impl ChannelStatistics {
    /// Sums are whole numbers, so the result does not depend on how the work is divided.
    fn over(pixels: &[u8], plane: usize) -> ChannelStatistics {
        let add =
            |a: [[u64; 2]; CHANNELS], b: [[u64; 2]; CHANNELS]| std::array::from_fn(|c| [a[c][0] + b[c][0], a[c][1] + b[c][1]]);
        let sums = pixels
            .par_chunks((CHANNELS * plane).max(1))
            .map(|picture| std::array::from_fn(|c| sum_and_squares(&picture[c * plane..(c + 1) * plane])))
            .reduce(|| [[0; 2]; CHANNELS], add);
        let count = (pixels.len() / CHANNELS).max(1) as f64;
        let mean = sums.map(|[sum, _]| sum as f64 / count / 255.0);
        let mean_square = sums.map(|[_, squares]| squares as f64 / count / (255.0 * 255.0));
        let deviation = std::array::from_fn(|c| (mean_square[c] - mean[c] * mean[c]).max(0.0).sqrt());
        ChannelStatistics { mean, deviation }
    }
}

/// Σ x and Σ x² over one plane, 1,024 pixels at a time: 1,024 · 255² fits in 32 bits.
fn sum_and_squares(plane: &[u8]) -> [u64; 2] {
    plane.chunks(1024).fold([0, 0], |[sum, squares], part| {
        let (of_part, squares_of_part) = part.iter().fold((0_u32, 0_u32), |(sum, squares), &byte| {
            let byte = u32::from(byte);
            (sum + byte, squares + byte * byte)
        });
        [sum + u64::from(of_part), squares + u64::from(squares_of_part)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_the_definition() {
        let (side, plane) = (40, 40 * 40);
        let pixels: Vec<u8> = (0..7 * CHANNELS * plane).map(|i| ((i * i + i / 1000) % 251) as u8).collect();
        let found = Pictures::new(side, vec![0; 7], pixels.clone()).statistics();
        for channel in 0..CHANNELS {
            let of_channel = |i: usize| i / plane % CHANNELS == channel;
            let values = || pixels.iter().enumerate().filter(|(i, _)| of_channel(*i)).map(|(_, &byte)| f64::from(byte) / 255.0);
            let count = (7 * plane) as f64;
            let mean = values().sum::<f64>() / count;
            let deviation = (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
            assert!((found.mean[channel] - mean).abs() < 1e-12 && (found.deviation[channel] - deviation).abs() < 1e-12);
        }
    }
}
