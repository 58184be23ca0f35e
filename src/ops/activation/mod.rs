//! Activation functions, each element by itself.
//!
//! | function | y | dy/dx, from y alone |
//! |---|---|---|
//! | ReLU | max(x, 0) | 1 where y > 0, else 0 |
//! | leaky ReLU | x where x > 0, else [`Activation::LEAK`]·x | 1 where y > 0, else [`Activation::LEAK`] |
//! | softplus | ln(1 + eˣ) | 1 − e⁻ʸ |
//!
//! Since each derivative follows from the output, no operation keeps what went into an activation, and all work in place.
//! A NaN stays a NaN: a network that diverges must show it.

pub(super) mod cpu;
#[cfg(feature = "cuda")]
pub(super) mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};

pub use crate::spec::Activation;

use super::tensors::{check, no_kernel, numbers_of, read, reads, write, writes};
use super::{Context, Result};

/// Replaces each element x of `x`, of any shape, by y.
pub fn forward(ctx: &Context, function: Activation, x: &Tensor) -> Result<()> {
    const OP: &str = "activation forward";
    check(OP, &[writes("x", x, x.dims()).of(numbers_of(x))])?;
    match x.device() {
        Device::Cpu => write(x, |x| cpu::forward::<f32>(ctx, function, x)),
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => {
            let order = super::cuda::Order::of(OP, &[("x", x)])?;
            cuda::forward(ctx.gpu()?, Some(function), None, x, order)
        }
        device => no_kernel(OP, device),
    }
}

/// Multiplies each element of `dy`, the gradient of the loss by y, by dy/dx: it becomes the gradient by x.
/// `y` is what [`forward`] left; the shapes are the same.
pub fn backward(ctx: &Context, function: Activation, y: &Tensor, dy: &Tensor) -> Result<()> {
    const OP: &str = "activation backward";
    check(OP, &[reads("y", y, y.dims()).of(numbers_of(y)), writes("dy", dy, y.dims()).of(numbers_of(y))])?;
    match y.device() {
        Device::Cpu => {
            let y = read(y)?;
            write(dy, |dy| cpu::backward::<f32>(ctx, function, &y, dy))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => {
            super::cuda::Order::of(OP, &[("y", y), ("dy", dy)])?;
            cuda::backward(ctx.gpu()?, function, y, dy)
        }
        device => no_kernel(OP, device),
    }
}
