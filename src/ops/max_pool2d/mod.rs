//! Maximum over square windows that may overlap (Krizhevsky et al. 2012, section 3.4), without padding.
//!
//! The output has ⌊(in − kernel) / stride⌋ + 1 rows, or with `ceil` ⌈…⌉ + 1, where windows that reach over the border are clipped and
//! the last one still starts inside. Of equal maxima the first in row order counts, in both passes, as in PyTorch.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{DType, Device, Tensor};

use super::tensors::{batch_of, check, no_kernel, numbers_of, read, reads, write, writes};
use super::{Context, Error, Result};

/// All numbers of one pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    pub channels: usize,
    /// Side of the square window, at most [`MaxPool2d::LARGEST_KERNEL`].
    pub kernel: usize,
    pub stride: usize,
    /// Height and width.
    pub input: (usize, usize),
    /// Height and width.
    pub output: (usize, usize),
}

impl MaxPool2d {
    /// A place in the window has to fit in a byte.
    pub const LARGEST_KERNEL: usize = 16;

    /// The pooling of an input of [channels, height, width] `in_shape`.
    pub fn new(in_shape: [usize; 3], kernel: usize, stride: usize, ceil: bool) -> Result<Self> {
        let problem = |problem: String| Err(Error::Settings { op: "max_pool2d", problem });
        let [channels, height, width] = in_shape;
        if kernel == 0 || stride == 0 || height == 0 || width == 0 {
            return problem("kernel, stride, height and width must all be at least 1".to_string());
        }
        if kernel > Self::LARGEST_KERNEL {
            return problem(format!("a window of {kernel} is larger than {}, the largest there is", Self::LARGEST_KERNEL));
        }
        let out_of = |length: usize| match (length.checked_sub(kernel), ceil) {
            (Some(room), false) => Some(room / stride + 1),
            // With a stride beyond the kernel the last window might start outside.
            (Some(room), true) => Some((room.div_ceil(stride) + 1).min((length - 1) / stride + 1)),
            (None, true) => Some(1),
            (None, false) => None,
        };
        match (out_of(height), out_of(width)) {
            (Some(rows), Some(columns)) => {
                Ok(MaxPool2d { channels, kernel, stride, input: (height, width), output: (rows, columns) })
            }
            _ => problem(format!(
                "a window of {kernel} is larger than the input of {height} × {width}; use a smaller one, or ceil mode to clip it"
            )),
        }
    }

    /// [batch, channels, height, width]
    pub fn input_shape(&self, batch: usize) -> [usize; 4] {
        [batch, self.channels, self.input.0, self.input.1]
    }

    /// [batch, channels, height, width], also of the argmax
    pub fn output_shape(&self, batch: usize) -> [usize; 4] {
        [batch, self.channels, self.output.0, self.output.1]
    }
}

/// Writes `y` [b, c, oh, ow] from `x` [b, c, h, w], and for each maximum its place in its window, row · kernel + column, to `argmax`
/// (U8, shaped as `y`). A NaN in the window is its maximum.
pub fn forward(ctx: &Context, geo: &MaxPool2d, x: &Tensor, y: &Tensor, argmax: &Tensor) -> Result<()> {
    const OP: &str = "max_pool2d forward";
    let batch = batch_of(OP, "x", x, 4)?;
    check(
        OP,
        &[
            reads("x", x, &geo.input_shape(batch)).of(numbers_of(x)),
            writes("y", y, &geo.output_shape(batch)).of(numbers_of(x)),
            writes("argmax", argmax, &geo.output_shape(batch)).of(DType::U8),
        ],
    )?;
    match x.device() {
        Device::Cpu => {
            let x = read(x)?;
            write(y, |y| write(argmax, |argmax| cpu::forward::<f32>(ctx, geo, &x, y, argmax)))?
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, geo, x, y, argmax),
        device => no_kernel(OP, device),
    }
}

/// Overwrites `dx` [b, c, h, w]: each maximum gets the whole gradient `dy` [b, c, oh, ow] of its window, the others none.
pub fn backward(ctx: &Context, geo: &MaxPool2d, argmax: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    const OP: &str = "max_pool2d backward";
    let batch = batch_of(OP, "dx", dx, 4)?;
    check(
        OP,
        &[
            reads("argmax", argmax, &geo.output_shape(batch)).of(DType::U8),
            reads("dy", dy, &geo.output_shape(batch)).of(numbers_of(dy)),
            writes("dx", dx, &geo.input_shape(batch)).of(numbers_of(dy)),
        ],
    )?;
    match dx.device() {
        Device::Cpu => {
            let (argmax, dy) = (read(argmax)?, read(dy)?);
            write(dx, |dx| cpu::backward::<f32>(ctx, geo, &argmax, &dy, dx))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::backward(ctx.gpu()?, geo, argmax, dy, dx),
        device => no_kernel(OP, device),
    }
}
