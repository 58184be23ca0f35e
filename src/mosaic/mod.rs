//! Pictures of numbers: feature maps and kernels as tiles, and tiles as coloured dots. For the screen and for files alike.

mod bitmap;
mod colour;
mod photograph;
mod tiles;

pub use bitmap::Bitmap;
pub use colour::{ColourMap, Dot, Ground};
pub use photograph::photograph;
pub use tiles::{Extent, Scale, Tiles};
