//! Stochastic gradient descent with momentum and weight decay, as PyTorch's `optim.SGD` writes it (Sutskever et al. 2013, section 2, with
//! the rate outside of the velocity):
//!
//! g = dw + decay · w;   v = momentum · v + g;   w = w − rate · v,   or with Nesterov's momentum   w = w − rate · (g + momentum · v)
//!
//! The velocity starts at zero. It belongs to the weights, not to the settings: these can change from step to step.

mod cpu;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};

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
        device => no_kernel(OP, device),
    }
}
