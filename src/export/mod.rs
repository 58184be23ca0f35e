//! Pictures of what the cockpit shows, for files: a screen as SVG ([`screen`]), a chart as PNG or SVG ([`chart`]).

pub mod chart;
mod error;
mod glyphs;
mod palette;
pub mod screen;

pub use error::{Error, Result};
pub use palette::{Ground, Rgb};
