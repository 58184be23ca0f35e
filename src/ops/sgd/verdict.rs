//! What a step on a device came to. It is made and used there, and read once: the loss, whether the update may be made, and the sums that
//! say how far the weights moved. The update itself reads the permission, so that nobody has to wait for it.

use candle_core::{DType, Device, Tensor};

use super::UpdateNorms;
use crate::ops::Result;
use crate::ops::softmax_cross_entropy::LossSum;

/// F64 on the device: loss and right answers, the stop, the square of each parameter's gradient, then of each parameter's weights and
/// update.
#[derive(Clone, Debug)]
pub struct Verdict {
    numbers: Tensor,
    parameters: usize,
}

/// A verdict on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub loss: LossSum,
    /// The loss is not finite, or a gradient is not, or it would move a weight out of the finite numbers: nothing was changed.
    pub stopped: bool,
    /// Σ dw² of each parameter.
    pub squares: Vec<f64>,
    /// Of each parameter; zeros where they were not asked for.
    pub norms: Vec<UpdateNorms>,
}

const HEAD: usize = 3;

impl Verdict {
    pub fn new(parameters: usize, device: &Device) -> Result<Verdict> {
        Ok(Verdict { numbers: Tensor::zeros(HEAD + 3 * parameters, DType::F64, device)?, parameters })
    }

    pub(in crate::ops) fn loss(&self) -> Result<Tensor> {
        Ok(self.numbers.narrow(0, 0, 2)?)
    }

    pub(super) fn stop(&self) -> Result<Tensor> {
        Ok(self.numbers.narrow(0, 2, 1)?)
    }

    pub(super) fn squares(&self) -> Result<Tensor> {
        Ok(self.numbers.narrow(0, HEAD, self.parameters)?)
    }

    pub(super) fn norms(&self) -> Result<Tensor> {
        Ok(self.numbers.narrow(0, HEAD + self.parameters, 2 * self.parameters)?)
    }

    /// Waits until the device has done the step.
    pub fn read(&self) -> Result<Told> {
        let numbers = self.numbers.to_vec1::<f64>()?;
        let (squares, norms) = numbers[HEAD..].split_at(self.parameters);
        Ok(Told {
            loss: LossSum { loss_sum: numbers[0], correct: numbers[1] as usize },
            stopped: numbers[2] != 0.0,
            squares: squares.to_vec(),
            norms: norms.as_chunks().0.iter().map(|&[weight_sq, update_sq]| UpdateNorms { weight_sq, update_sq }).collect(),
        })
    }
}
