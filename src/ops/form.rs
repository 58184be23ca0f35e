//! How a network's numbers are held and multiplied on a device. On the CPU there is one form: [`Form::CPU`].

use candle_core::{DType, Device, Tensor};

use super::Result;

/// What the products are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    F32,
    /// Factors are rounded to 10 bits behind the point; sums and everything kept are F32.
    Tf32,
    /// What goes from layer to layer, its gradients, and the factors of products are BF16 (7 bits behind the point); sums of products,
    /// weights, their gradients and updates, LRN's sums and the loss are wider.
    Bf16,
}

/// A network's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    pub precision: Precision,
    /// The channels of a pixel lie together (NHWC), instead of each channel's pixels (NCHW).
    pub channels_last: bool,
    /// Convolutions by algorithms that give the same bits each time, chosen by rule; otherwise by the stopwatch.
    pub deterministic: bool,
}

impl Form {
    pub const CPU: Form = Form { precision: Precision::F32, channels_last: false, deterministic: true };

    /// What the tensors between layers hold.
    pub fn numbers(self) -> DType {
        if self.precision == Precision::Bf16 { DType::BF16 } else { DType::F32 }
    }

    /// A tensor of zeros [batch, channels, height, width], or of another rank, in this form's order.
    pub fn zeros(self, shape: &[usize], dtype: DType, device: &Device) -> Result<Tensor> {
        Ok(match *shape {
            [batch, channels, height, width] if self.channels_last => {
                Tensor::zeros((batch, height, width, channels), dtype, device)?.permute((0, 3, 1, 2))?
            }
            _ => Tensor::zeros(shape, dtype, device)?,
        })
    }

    /// The first elements of a flat tensor as one of `shape`, in this form's order.
    pub fn view(self, flat: &Tensor, shape: &[usize]) -> Result<Tensor> {
        let elements = flat.narrow(0, 0, shape.iter().product())?;
        Ok(match *shape {
            [batch, channels, height, width] if self.channels_last => {
                elements.reshape((batch, height, width, channels))?.permute((0, 3, 1, 2))?
            }
            _ => elements.reshape(shape)?,
        })
    }
}
