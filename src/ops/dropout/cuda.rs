//! The CPU's stream of random numbers, drawn where they are needed: each thread makes one block of it.

use candle_core::Tensor;

use super::{DropoutKey, key_bytes, threshold};
use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, Plane, address, module, number_suffix};

const KERNELS: Module = module!("dropout");
/// Random words that a thread draws.
const DRAWN: usize = 16;

fn factor(p: f64) -> Argument<'static> {
    Argument::Number((1.0 / (1.0 - p)) as f32)
}

/// `x` may be `y`.
pub(super) fn forward(gpu: &Gpu, p: f64, key: DropoutKey, x: &Tensor, y: &Tensor, mask: &Tensor) -> Result<()> {
    let order = Order::of("dropout forward", &[("x", x), ("y", y), ("mask", mask)])?;
    let Plane { channels, pixels, order } = Plane::of(x, order);
    let count = x.elem_count();
    let mut arguments = vec![
        Argument::Address(address(x)?),
        Argument::Address(address(y)?),
        Argument::Address(address(mask)?),
        Argument::count(count),
        Argument::count(channels),
        Argument::count(pixels),
        Argument::Integer((order == Order::ChannelsLast).into()),
        Argument::Long(threshold(p)),
        factor(p),
    ];
    let key = key_bytes(key);
    arguments.extend(key.as_chunks::<4>().0.iter().map(|word| Argument::Count(u32::from_le_bytes(*word))));
    let name = format!("dropout_forward_{}", number_suffix(x.dtype()));
    // SAFETY: the contract checked that all three have one shape; a thread does 16 units.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(count.div_ceil(DRAWN)), &arguments) }
}

/// `dy` may be `dx`.
pub(super) fn backward(gpu: &Gpu, p: f64, mask: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    Order::of("dropout backward", &[("mask", mask), ("dy", dy), ("dx", dx)])?;
    let count = dy.elem_count();
    let arguments = [
        Argument::Address(address(mask)?),
        Argument::Address(address(dy)?),
        Argument::Address(address(dx)?),
        Argument::count(count),
        factor(p),
    ];
    let name = format!("dropout_backward_{}", number_suffix(dy.dtype()));
    // SAFETY: the contract checked that all three have one shape.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(count), &arguments) }
}
