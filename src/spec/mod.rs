//! A network as data: what the layers are ([`ModelSpec`]), what follows from them ([`trace`]), and the built-in ones (`zoo`).
//!
//! Only integers here, no tensors. The inspector, the README's tables, validation, the checkpoint's header and `nn::build`
//! all read these types.

mod layer;
mod model;

pub use layer::{Activation, Groups, Layer, LayerSpec, Padding};
pub use model::{ModelSpec, PixelOrder, PixelScale, Pixels, WeightInit};
