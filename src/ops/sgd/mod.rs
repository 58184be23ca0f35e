//! Stochastic gradient descent with momentum and weight decay, as PyTorch's `optim.SGD` writes it (Sutskever et al. 2013, section 2, with
//! the rate outside of the velocity):
//!
//! g = dw + decay · w;   v = momentum · v + g;   w = w − rate · v,   or with Nesterov's momentum   w = w − rate · (g + momentum · v)
//!
//! The velocity starts at zero. It belongs to the weights, not to the settings: these can change from step to step.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;
#[cfg(feature = "cuda")]
mod verdict;

use candle_core::{Device, Tensor};

#[cfg(feature = "cuda")]
pub use verdict::{Told, Verdict};

use super::tensors::{check, no_kernel, read, reads, write, writes};
use super::{Context, Result};

/// The settings of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    pub learning_rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    pub nesterov: bool,
}

/// Squared norms of the weights after an update and of the update itself: the root of their quotient is the update-to-weight ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateNorms {
    pub weight_sq: f64,
    pub update_sq: f64,
}

/// Changes `w` and `velocity` in place, given the gradient `dw`; all have the same shape, any. The norms are of the same pass; where
/// `norms` is false they are left out, and zero.
pub fn update(ctx: &Context, sgd: &Sgd, w: &Tensor, velocity: &Tensor, dw: &Tensor, norms: bool) -> Result<UpdateNorms> {
    const OP: &str = "sgd update";
    check(OP, &[writes("w", w, w.dims()), writes("velocity", velocity, w.dims()), reads("dw", dw, w.dims())])?;
    match w.device() {
        Device::Cpu => {
            let dw = read(dw)?;
            write(w, |w| write(velocity, |velocity| cpu::update::<f32>(ctx, sgd, w, velocity, &dw, norms)))?
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => {
            let (one, verdict) = ([Trained { w, velocity, dw, copy: None }], Verdict::new(1, w.device())?);
            cuda::update_all(ctx.gpu()?, sgd, &one, norms, &verdict)?;
            Ok(if norms { verdict.read()?.norms[0] } else { UpdateNorms::default() })
        }
        device => no_kernel(OP, device),
    }
}

/// A trained tensor with what the optimizer has of it; `copy` is its BF16 copy for products, where there is one.
#[cfg(feature = "cuda")]
#[derive(Clone, Copy, Debug)]
pub struct Trained<'a> {
    pub w: &'a Tensor,
    pub velocity: &'a Tensor,
    pub dw: &'a Tensor,
    pub copy: Option<&'a Tensor>,
}

/// Leaves in `verdict`, on the device, the square of each gradient, and whether the update may be made: the loss that is there already is
/// finite, and so is `reach` · |gradient|, as far as this gradient can move a weight.
#[cfg(feature = "cuda")]
pub fn judge(ctx: &Context, trained: &[Trained], reach: f64, verdict: &Verdict) -> Result<()> {
    check_all("sgd judge", trained)?;
    cuda::judge(ctx.gpu()?, trained, reach, verdict)
}

/// [`update`] for all parameters together, without waiting. Nothing is changed where `verdict` says so; the norms stay there.
#[cfg(feature = "cuda")]
pub fn update_all(ctx: &Context, sgd: &Sgd, trained: &[Trained], norms: bool, verdict: &Verdict) -> Result<()> {
    check_all("sgd update", trained)?;
    cuda::update_all(ctx.gpu()?, sgd, trained, norms, verdict)
}

#[cfg(feature = "cuda")]
fn check_all(op: &'static str, trained: &[Trained]) -> Result<()> {
    trained.iter().try_for_each(|Trained { w, velocity, dw, copy }| {
        let mut arguments = vec![writes("w", w, w.dims()), writes("velocity", velocity, w.dims()), reads("dw", dw, w.dims())];
        arguments.extend(copy.map(|copy| writes("copy", copy, w.dims()).of(candle_core::DType::BF16)));
        check(op, &arguments)
    })
}
