//! Dropout, inverted: in training each unit is silent with probability p, and those that speak are scaled by 1 / (1 − p), so that in
//! evaluation the layer is simply left out (Srivastava et al. 2014, section 10; Krizhevsky et al. 2012, section 4.2 scales the other way).

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{DType, Device, Tensor};

use super::tensors::{check, no_kernel, numbers_of, read, reads, write, writes};
use super::{Context, Error, Result};

/// What the random numbers of one dropout in one step follow from, and nothing else: the same key, the same units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutKey {
    /// The run's.
    pub seed: u64,
    /// Number of the dropout layer in its network.
    pub layer: u64,
    /// Of the whole run, so that it names the epoch too.
    pub step: u64,
}

/// Sets dropout's streams apart from those of other purposes under the same seed.
const PURPOSE: [u8; 8] = *b"dropout\0";

/// The key of the ChaCha8 stream.
fn key_bytes(key: DropoutKey) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, part) in
        bytes.chunks_exact_mut(8).zip([key.seed.to_le_bytes(), PURPOSE, key.layer.to_le_bytes(), key.step.to_le_bytes()])
    {
        bytes.copy_from_slice(&part);
    }
    bytes
}

/// A unit is silent where its 32 random bits, as an integer, are below this: p · 2³².
fn threshold(p: f64) -> u64 {
    (p * 2f64.powi(32)).round() as u64
}

fn check_probability(op: &'static str, p: f64) -> Result<()> {
    if (0.0..1.0).contains(&p) {
        return Ok(());
    }
    Err(Error::Settings { op, problem: format!("the probability p = {p} must lie in 0 ≤ p < 1") })
}

/// Writes `y` from `x`, and to `mask` (U8) 1 where a unit speaks, 0 where it is silent; all have the same shape, any.
pub fn forward(ctx: &Context, p: f64, key: DropoutKey, x: &Tensor, y: &Tensor, mask: &Tensor) -> Result<()> {
    const OP: &str = "dropout forward";
    check_probability(OP, p)?;
    check(
        OP,
        &[
            reads("x", x, x.dims()).of(numbers_of(x)),
            writes("y", y, x.dims()).of(numbers_of(x)),
            writes("mask", mask, x.dims()).of(DType::U8),
        ],
    )?;
    match x.device() {
        Device::Cpu => {
            let x = read(x)?;
            write(y, |y| {
                y.copy_from_slice(&x);
                write(mask, |mask| cpu::forward::<f32>(ctx, p, key, y, mask))
            })?
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, p, key, x, y, mask),
        device => no_kernel(OP, device),
    }
}

/// [`forward`] with `x` turned into y in place.
pub fn forward_in_place(ctx: &Context, p: f64, key: DropoutKey, x: &Tensor, mask: &Tensor) -> Result<()> {
    const OP: &str = "dropout forward";
    check_probability(OP, p)?;
    check(OP, &[writes("x", x, x.dims()).of(numbers_of(x)), writes("mask", mask, x.dims()).of(DType::U8)])?;
    match x.device() {
        Device::Cpu => write(x, |x| write(mask, |mask| cpu::forward::<f32>(ctx, p, key, x, mask)))?,
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, p, key, x, x, mask),
        device => no_kernel(OP, device),
    }
}

/// Overwrites `dx` given `dy`, the gradient by y; `p` and `mask` are those of the forward pass.
pub fn backward(ctx: &Context, p: f64, mask: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    const OP: &str = "dropout backward";
    check_probability(OP, p)?;
    check(
        OP,
        &[
            reads("mask", mask, dy.dims()).of(DType::U8),
            reads("dy", dy, dy.dims()).of(numbers_of(dy)),
            writes("dx", dx, dy.dims()).of(numbers_of(dy)),
        ],
    )?;
    match dy.device() {
        Device::Cpu => {
            let (mask, dy) = (read(mask)?, read(dy)?);
            write(dx, |dx| {
                dx.copy_from_slice(&dy);
                cpu::backward::<f32>(ctx, p, &mask, dx);
            })
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::backward(ctx.gpu()?, p, mask, dy, dx),
        device => no_kernel(OP, device),
    }
}

/// [`backward`] with `dy` turned into dx in place.
pub fn backward_in_place(ctx: &Context, p: f64, mask: &Tensor, dy: &Tensor) -> Result<()> {
    const OP: &str = "dropout backward";
    check_probability(OP, p)?;
    check(OP, &[reads("mask", mask, dy.dims()).of(DType::U8), writes("dy", dy, dy.dims()).of(numbers_of(dy))])?;
    match dy.device() {
        Device::Cpu => {
            let mask = read(mask)?;
            write(dy, |dy| cpu::backward::<f32>(ctx, p, &mask, dy))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::backward(ctx.gpu()?, p, mask, dy, dy),
        device => no_kernel(OP, device),
    }
}
