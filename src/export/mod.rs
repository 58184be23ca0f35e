//! Pictures of what the cockpit shows, for files: a screen as SVG ([`screen`]), a chart as PNG or SVG.

mod glyphs;
mod palette;
pub mod screen;

pub use palette::{Ground, Rgb};
