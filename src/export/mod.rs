//! Pictures of what the cockpit shows, for files: a screen, a chart, maps and kernels, or the confusion
//! matrix, each as PNG or SVG ([`screen`], [`chart`], [`mosaic`], [`matrix`]).

pub mod chart;
mod error;
mod glyphs;
pub mod matrix;
pub mod mosaic;
mod palette;
pub mod screen;

pub use error::{Error, Result};
pub use palette::{Ground, Rgb};
