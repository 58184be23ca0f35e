//! Softmax and cross-entropy in one: with p = softmax(z), the loss of a picture of class t is −ln p_t = ln Σⱼ e^(zⱼ − m) − (z_t − m), where
//! m is the largest logit, so that no exponential overflows. Over a batch of B the loss is the mean; its gradient by zⱼ is
//! (pⱼ − [j = t]) / B.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};

use super::tensors::{batch_of, check, no_kernel, numbers_of, read, reads, write, write_if, writes};
use super::{Context, Error, Result};

/// What a batch said: sums, so that batches of different sizes can be added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    /// Sum of the pictures' losses, in nats.
    pub loss_sum: f64,
    /// Pictures whose largest logit (the first of equal ones) is that of their class.
    pub correct: usize,
}

pub(crate) fn check_labels(op: &'static str, labels: &[u8], batch: usize, classes: usize) -> Result<()> {
    if labels.len() != batch {
        return Err(Error::LabelCount { op, got: labels.len(), batch });
    }
    match labels.iter().position(|&label| label as usize >= classes) {
        Some(picture) => Err(Error::Label { op, picture, label: labels[picture], classes }),
        None => Ok(()),
    }
}

/// The loss of `logits` [b, classes], and where they are wanted the `probabilities` [b, classes].
pub fn forward(ctx: &Context, logits: &Tensor, labels: &[u8], probabilities: Option<&Tensor>) -> Result<LossSum> {
    const OP: &str = "softmax_cross_entropy forward";
    let batch = batch_of(OP, "logits", logits, 2)?;
    let classes = logits.dim(1)?;
    check_labels(OP, labels, batch, classes)?;
    let mut arguments = vec![reads("logits", logits, logits.dims()).of(numbers_of(logits))];
    arguments.extend(probabilities.map(|p| writes("probabilities", p, logits.dims())));
    check(OP, &arguments)?;
    let _ = ctx;
    match logits.device() {
        Device::Cpu => {
            let logits = read(logits)?;
            write_if(probabilities, |p| cpu::forward::<f32>(classes, &logits, labels, p))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::now(ctx.gpu()?, logits, labels, cuda::Wanted { probabilities, dlogits: None }),
        device => no_kernel(OP, device),
    }
}

/// Overwrites `dlogits` [b, classes] with the gradient of the *mean* loss, and returns the loss as [`forward`] does.
pub fn backward(ctx: &Context, logits: &Tensor, labels: &[u8], dlogits: &Tensor) -> Result<LossSum> {
    const OP: &str = "softmax_cross_entropy backward";
    let batch = batch_of(OP, "logits", logits, 2)?;
    let classes = logits.dim(1)?;
    check_labels(OP, labels, batch, classes)?;
    check(
        OP,
        &[
            reads("logits", logits, logits.dims()).of(numbers_of(logits)),
            writes("dlogits", dlogits, logits.dims()).of(numbers_of(logits)),
        ],
    )?;
    let _ = ctx;
    match logits.device() {
        Device::Cpu => {
            let logits = read(logits)?;
            write(dlogits, |dlogits| cpu::backward::<f32>(classes, &logits, labels, dlogits))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::now(ctx.gpu()?, logits, labels, cuda::Wanted { dlogits: Some(dlogits), probabilities: None }),
        device => no_kernel(OP, device),
    }
}

/// [`backward`] without waiting: the loss stays on the device, in `verdict`, and the labels (U8 [b]) come from there, checked by whoever put
/// them there.
#[cfg(feature = "cuda")]
pub fn backward_into(
    ctx: &Context,
    logits: &Tensor,
    labels: &Tensor,
    dlogits: &Tensor,
    verdict: &super::sgd::Verdict,
) -> Result<()> {
    const OP: &str = "softmax_cross_entropy backward";
    let batch = batch_of(OP, "logits", logits, 2)?;
    let numbers = numbers_of(logits);
    check(
        OP,
        &[
            reads("logits", logits, logits.dims()).of(numbers),
            reads("labels", labels, &[batch]).of(candle_core::DType::U8),
            writes("dlogits", dlogits, logits.dims()).of(numbers),
        ],
    )?;
    let wanted = cuda::Wanted { dlogits: Some(dlogits), probabilities: None };
    cuda::launch(ctx.gpu()?, logits, labels, wanted, &verdict.loss()?)
}
