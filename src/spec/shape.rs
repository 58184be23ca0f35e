//! What flows between two layers.

use std::fmt;

use serde::{Serialize, Serializer};

/// The shape of one picture's worth of data; the batch comes in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Picture { channels: usize, height: usize, width: usize },
    Flat(usize),
}

impl Shape {
    /// How many numbers it is; `None` past `usize`.
    pub fn elements(self) -> Option<usize> {
        match self {
            Shape::Picture { channels, height, width } => channels.checked_mul(height)?.checked_mul(width),
            Shape::Flat(n) => Some(n),
        }
    }

    /// `[96, 55, 55]` or `[4096]`.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Shape::Picture { channels, height, width } => vec![channels, height, width],
            Shape::Flat(n) => vec![n],
        }
    }

    /// Channels of a picture, or the numbers of a row.
    pub fn channels(self) -> usize {
        match self {
            Shape::Picture { channels, .. } => channels,
            Shape::Flat(n) => n,
        }
    }

    /// What each of `towers` machines holds, as the paper's figure 2 writes it: `55×55×48×2`; `None` where it does not divide.
    pub fn over_towers(self, towers: usize) -> Option<String> {
        if towers < 2 || !self.channels().is_multiple_of(towers) {
            return None;
        }
        let each = self.channels() / towers;
        Some(match self {
            Shape::Picture { height, width, .. } => format!("{height}×{width}×{each}×{towers}"),
            Shape::Flat(_) => format!("{each}×{towers}"),
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Picture { channels, height, width } => f.pad(&format!("{channels}×{height}×{width}")),
            Shape::Flat(n) => f.pad(&n.to_string()),
        }
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.dims().serialize(serializer)
    }
}
