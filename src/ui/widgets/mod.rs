//! Parts that screens are put together from. A widget gets what it draws as arguments; it knows no application.

pub mod bars;
pub mod canvas;
pub mod chart;
pub mod gauge;
pub mod grid;
mod labels;
pub mod line;
pub mod panel;
pub mod raster;
pub mod table;
pub mod tilegrid;
