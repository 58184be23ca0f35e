use candle_core::{DType, Tensor};

use super::LossSum;
use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, address, module, number_suffix};

const KERNELS: Module = module!("softmax_cross_entropy");

/// What is written besides the loss.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted<'a> {
    pub probabilities: Option<&'a Tensor>,
    pub dlogits: Option<&'a Tensor>,
}

/// Leaves the loss and the count of right answers in the first two numbers of `result` (F64).
pub(super) fn launch(gpu: &Gpu, logits: &Tensor, labels: &Tensor, wanted: Wanted, result: &Tensor) -> Result<()> {
    let (batch, classes) = logits.dims2()?;
    let of_pictures = gpu.scratch(2 * batch * size_of::<f64>())?;
    let (losses, rights) = (of_pictures.address, of_pictures.address + (batch * size_of::<f64>()) as u64);
    let arguments = [
        Argument::Address(address(logits)?),
        Argument::Address(address(labels)?),
        Argument::Address(wanted.probabilities.map_or(Ok(0), address)?),
        Argument::Address(wanted.dlogits.map_or(Ok(0), address)?),
        Argument::Address(losses),
        Argument::Address(rights),
        Argument::count(batch),
        Argument::count(classes),
    ];
    let name = format!("softmax_cross_entropy_pictures_{}", number_suffix(logits.dtype()));
    // SAFETY: the contract checked shapes and labels; the scratch has two numbers for each picture.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(batch), &arguments)? };
    let arguments =
        [Argument::Address(losses), Argument::Address(rights), Argument::Address(address(result)?), Argument::count(batch)];
    // SAFETY: as above; `result` has room for two numbers at least.
    unsafe { gpu.launch(&KERNELS, "softmax_cross_entropy_sum", Grid::blocks(1), &arguments) }
}

/// Waits for the loss.
pub(super) fn now(gpu: &Gpu, logits: &Tensor, labels: &[u8], wanted: Wanted) -> Result<LossSum> {
    let device = logits.device();
    let labels = Tensor::from_slice(labels, labels.len(), device)?;
    let result = Tensor::zeros(2, DType::F64, device)?;
    launch(gpu, logits, &labels, wanted, &result)?;
    let [loss_sum, correct] = result.to_vec1::<f64>()?[..] else { return Ok(LossSum::default()) };
    Ok(LossSum { loss_sum, correct: correct as usize })
}
