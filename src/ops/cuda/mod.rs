//! What the CUDA halves of the operations share: the device's memory, its libraries, and the one place that launches kernels.
//!
//! All work goes to one stream, in order, so that nothing has to wait for anything but a reader on the host. Each operation's own kernels
//! (`kernels.cu` beside it) are in a [`Module`]; products go to cuBLAS ([`blas`]), convolutions to cuDNN ([`dnn`]).
//! Every sum is added in an order that depends on shapes alone: the same numbers on the same kind of device give the same bits.

mod adopt;
mod answer;
pub mod blas;
pub mod dnn;
mod failure;
mod gpu;
mod launch;
mod memory;

pub use adopt::{DeviceFigures, adopt, first_device_place, look_at_first};
pub use failure::Failure;
pub use gpu::{Gpu, Scratch};
pub(in crate::ops) use launch::module;
pub use launch::{Argument, Grid, Module, THREADS, Tensors, Trained};
pub(in crate::ops) use memory::is_channels_last;
pub use memory::{Order, Plane, address, byte_count, number_suffix};
