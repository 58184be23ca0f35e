//! What a tensor's numbers look like: for the live figures of the layers and for the check that nothing but finite numbers reaches a weight.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};

use super::tensors::{check, no_kernel, numbers_of, read, reads};
use super::{Context, Result};

pub(super) use cpu::Lanes;

/// (Σ t, Σ t²) over a tensor of any shape, added in f64: mean and deviation follow from them.
pub fn sum_and_squares(ctx: &Context, t: &Tensor) -> Result<(f64, f64)> {
    const OP: &str = "sum_and_squares";
    check(OP, &[reads("t", t, t.dims()).of(numbers_of(t))])?;
    match t.device() {
        Device::Cpu => Ok(cpu::sum_and_squares::<f32>(ctx, &read(t)?)),
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::sum_and_squares(ctx.gpu()?, t),
        device => no_kernel(OP, device),
    }
}

/// Σ t² over a tensor of any shape, added in f64. It is finite exactly where every element is: the squares of f32 numbers and their sums stay
/// far from f64's largest.
pub fn square_sum(ctx: &Context, t: &Tensor) -> Result<f64> {
    Ok(sum_and_squares(ctx, t)?.1)
}

/// Whether there is neither a NaN nor an infinity in a tensor of any shape.
pub fn all_finite(ctx: &Context, t: &Tensor) -> Result<bool> {
    const OP: &str = "all_finite";
    check(OP, &[reads("t", t, t.dims()).of(numbers_of(t))])?;
    match t.device() {
        Device::Cpu => Ok(cpu::all_finite::<f32>(ctx, &read(t)?)),
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => Ok(cuda::sum_and_squares(ctx.gpu()?, t)?.1.is_finite()),
        device => no_kernel(OP, device),
    }
}

/// Share of the units of `y` [b, …] that are positive for no picture of the batch: with ReLU, those that are silent and learn nothing.
pub fn dead_share(ctx: &Context, y: &Tensor) -> Result<f64> {
    const OP: &str = "dead_share";
    check(OP, &[reads("y", y, y.dims()).of(numbers_of(y))])?;
    match y.device() {
        Device::Cpu => {
            let units: usize = y.dims().iter().skip(1).product();
            Ok(cpu::dead_share::<f32>(ctx, units, &read(y)?))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::dead_share(ctx.gpu()?, y),
        device => no_kernel(OP, device),
    }
}
