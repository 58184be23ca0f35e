//! Local response normalization across channels (Krizhevsky et al. 2012, section 3.3), for each pixel by itself:
//!
//! y_c = x_c / d_c^β,   d_c = k + α Σ x_j²,   j over the n channels around c, clipped at the first and the last
//!
//! dx_c = dy_c / d_c^β − 2αβ · x_c · Σ dy_j · y_j / d_j,   over the same window, since c is in j's window where j is in c's
//!
//! α is the formula's own: frameworks that divide it by the window (Caffe, PyTorch, ONNX) call this one α·n.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};

use super::tensors::{batch_of, check, no_kernel, numbers_of, read, reads, write, writes};
use super::{Context, Error, Result};

/// The constants of one normalization.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lrn {
    /// Channels in the window, odd.
    pub n: usize,
    pub k: f64,
    pub alpha: f64,
    pub beta: f64,
}

impl Lrn {
    fn check(&self, op: &'static str) -> Result<()> {
        let problem = |problem: String| Err(Error::Settings { op, problem });
        if self.n.is_multiple_of(2) {
            return problem(format!("the window of {} channels has no middle; use an odd n", self.n));
        }
        if !(self.k > 0.0 && self.alpha >= 0.0 && self.beta.is_finite()) {
            return problem(format!(
                "k = {}, α = {}, β = {} let the denominator (k + α Σ x²)^β become zero or worse; use k > 0 and α ≥ 0",
                self.k, self.alpha, self.beta
            ));
        }
        Ok(())
    }
}

/// Writes `y` from `x`, and d (without the exponent) to `denominator`; all are [b, c, h, w].
pub fn forward(ctx: &Context, lrn: &Lrn, x: &Tensor, y: &Tensor, denominator: &Tensor) -> Result<()> {
    const OP: &str = "lrn forward";
    lrn.check(OP)?;
    batch_of(OP, "x", x, 4)?;
    check(
        OP,
        &[
            reads("x", x, x.dims()).of(numbers_of(x)),
            writes("y", y, x.dims()).of(numbers_of(x)),
            writes("denominator", denominator, x.dims()),
        ],
    )?;
    match x.device() {
        Device::Cpu => {
            let shape = cpu::Shape::of(x.dims4()?);
            let x = read(x)?;
            write(y, |y| write(denominator, |denominator| cpu::forward::<f32>(ctx, lrn, shape, &x, y, denominator)))?
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, lrn, x, y, denominator),
        device => no_kernel(OP, device),
    }
}

/// Overwrites `dx` given `dy`, the gradient of the loss by `y`; `x`, `y` and `denominator` are those of the forward pass.
pub fn backward(ctx: &Context, lrn: &Lrn, x: &Tensor, y: &Tensor, denominator: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    const OP: &str = "lrn backward";
    lrn.check(OP)?;
    batch_of(OP, "x", x, 4)?;
    let (same, numbers) = (x.dims(), numbers_of(x));
    check(
        OP,
        &[
            reads("x", x, same).of(numbers),
            reads("y", y, same).of(numbers),
            reads("denominator", denominator, same),
            reads("dy", dy, same).of(numbers),
            writes("dx", dx, same).of(numbers),
        ],
    )?;
    match x.device() {
        Device::Cpu => {
            let shape = cpu::Shape::of(x.dims4()?);
            let (x, y, denominator, dy) = (read(x)?, read(y)?, read(denominator)?, read(dy)?);
            write(dx, |dx| cpu::backward::<f32>(ctx, lrn, shape, cpu::Kept { x: &x, y: &y, denominator: &denominator }, &dy, dx))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::backward(ctx.gpu()?, lrn, x, y, denominator, dy, dx),
        device => no_kernel(OP, device),
    }
}
