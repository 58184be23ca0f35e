//! A network as data: what the layers are ([`ModelSpec`]), what follows from them ([`trace`]), and the built-in ones ([`zoo`]).
//!
//! Only integers here, no tensors. The inspector, the README's tables, validation, the checkpoint's header and `nn::build`
//! all read these types.

mod edit;
mod error;
mod follow;
mod geometry;
mod layer;
mod model;
mod numerals;
mod parameters;
mod parse;
mod shape;
pub mod table;
mod texts;
mod trace;
mod write;
pub mod zoo;

pub use error::{Problem, SpecError};
pub use follow::{Followed, Refused, follow};
pub use geometry::Axis;
pub use layer::{Activation, Groups, Layer, LayerSpec, Padding};
pub use model::{ModelSpec, PixelOrder, PixelScale, Pixels, WeightInit};
pub use numerals::{bytes, grouped, short};
pub use parameters::parameter_shapes;
pub use shape::Shape;
pub use table::lrn_elsewhere;
pub use trace::{LayerTrace, Trace, trace};
