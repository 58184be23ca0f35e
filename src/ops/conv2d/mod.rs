//! Convolution with stride, zero padding and groups, its bias and the activation behind it:
//!
//! y[b, o, i, j] = φ( bias[o] + Σ_{c, u, v} w[o, c, u, v] · x[b, c, i·stride + u − top, j·stride + v − left] )
//!
//! (a cross-correlation, as in every framework; c runs over the input channels of o's group, x is 0 outside its borders).
//! Both passes are matrix products: see the CPU's kernels.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod staging;
#[cfg(test)]
mod tests;
mod winograd;

use candle_core::{Device, Tensor};

pub(super) use self::winograd::Transforms;
use super::activation::Activation;
use super::tensors::{batch_of, check, no_kernel, numbers_of, read, reads, write, write_if, writes};
use super::{Context, Error, Result};
use crate::spec::Padding;

/// All numbers of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    pub in_channels: usize,
    pub out_channels: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    pub stride: usize,
    /// Zeros around the input: top, left, bottom, right.
    pub pad: [usize; 4],
    pub groups: usize,
    /// Height and width.
    pub input: (usize, usize),
    /// Height and width.
    pub output: (usize, usize),
}

impl Conv2d {
    /// The convolution of an input of [channels, height, width] `in_shape`.
    pub fn new(in_shape: [usize; 3], out: usize, kernel: usize, stride: usize, pad: Padding, groups: usize) -> Result<Self> {
        let problem = |problem: String| Err(Error::Settings { op: "conv2d", problem });
        let [in_channels, height, width] = in_shape;
        if kernel == 0 || stride == 0 || groups == 0 || out == 0 || in_channels == 0 {
            return problem("kernel, stride, groups and channels must all be at least 1".to_string());
        }
        if !in_channels.is_multiple_of(groups) || !out.is_multiple_of(groups) {
            return problem(format!(
                "{in_channels} input and {out} output channels cannot both be split into {groups} groups; choose multiples of it"
            ));
        }
        let sides = |length: usize| match pad {
            Padding::Each(pad) => (pad, pad),
            Padding::Same => {
                let total = ((length.div_ceil(stride).max(1) - 1) * stride + kernel).saturating_sub(length);
                (total / 2, total - total / 2)
            }
        };
        let ((top, bottom), (left, right)) = (sides(height), sides(width));
        let out_of = |length: usize, before: usize, after: usize| {
            (length + before + after).checked_sub(kernel).map(|room| room / stride + 1)
        };
        match (out_of(height, top, bottom), out_of(width, left, right)) {
            (Some(rows), Some(columns)) => Ok(Conv2d {
                in_channels,
                out_channels: out,
                kernel,
                stride,
                pad: [top, left, bottom, right],
                groups,
                input: (height, width),
                output: (rows, columns),
            }),
            _ => problem(format!(
                "a kernel of {kernel} is larger than the padded input of {height} × {width}; pad more or use a smaller kernel"
            )),
        }
    }

    /// [batch, in channels, height, width]
    pub fn input_shape(&self, batch: usize) -> [usize; 4] {
        [batch, self.in_channels, self.input.0, self.input.1]
    }

    /// [batch, out channels, height, width]
    pub fn output_shape(&self, batch: usize) -> [usize; 4] {
        [batch, self.out_channels, self.output.0, self.output.1]
    }

    /// [out channels, in channels / groups, kernel, kernel]
    pub fn weight_shape(&self) -> [usize; 4] {
        [self.out_channels, self.in_channels / self.groups, self.kernel, self.kernel]
    }
}

/// Writes `y` [b, out, oh, ow] from `x` [b, in, h, w], `w` [out, in / groups, k, k] and `b` [out]; without `act` φ is the identity.
pub fn forward(
    ctx: &Context,
    geo: &Conv2d,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    b: &Tensor,
    y: &Tensor,
) -> Result<()> {
    const OP: &str = "conv2d forward";
    let (batch, numbers) = (batch_of(OP, "x", x, 4)?, numbers_of(x));
    check(
        OP,
        &[
            reads("x", x, &geo.input_shape(batch)).of(numbers),
            reads("w", w, &geo.weight_shape()).of(numbers),
            reads("b", b, &[geo.out_channels]),
            writes("y", y, &geo.output_shape(batch)).of(numbers),
        ],
    )?;
    match x.device() {
        Device::Cpu => {
            let (x, w, b) = (read(x)?, read(w)?, read(b)?);
            write(y, |y| cpu::forward::<f32>(ctx, geo, act, &x, &w, &b, y))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, ctx.form(), geo, act, x, w, b, y),
        device => no_kernel(OP, device),
    }
}

/// The gradients of the loss: overwrites `dx` (where it is wanted), `dw` and `db`, given `dy`, the gradient by `y`.
///
/// `x` and `y` are those of the forward pass. `dy` is consumed: it is turned in place into the gradient by what the activation was
/// given. dw and db are sums over the batch, so a loss that is a mean over the batch brings the division in its `dy`.
#[allow(clippy::too_many_arguments)]
pub fn backward(
    ctx: &Context,
    geo: &Conv2d,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    y: &Tensor,
    dy: &Tensor,
    dx: Option<&Tensor>,
    dw: &Tensor,
    db: &Tensor,
) -> Result<()> {
    const OP: &str = "conv2d backward";
    let (batch, numbers) = (batch_of(OP, "x", x, 4)?, numbers_of(x));
    let mut arguments = vec![
        reads("x", x, &geo.input_shape(batch)).of(numbers),
        reads("w", w, &geo.weight_shape()).of(numbers),
        reads("y", y, &geo.output_shape(batch)).of(numbers),
        writes("dy", dy, &geo.output_shape(batch)).of(numbers),
        writes("dw", dw, &geo.weight_shape()),
        writes("db", db, &[geo.out_channels]),
    ];
    arguments.extend(dx.map(|dx| writes("dx", dx, &geo.input_shape(batch)).of(numbers)));
    check(OP, &arguments)?;
    match x.device() {
        Device::Cpu => {
            let (x, w, y) = (read(x)?, read(w)?, read(y)?);
            write(dy, |dy| {
                write(dw, |dw| {
                    write(db, |db| {
                        write_if(dx, |dx| {
                            cpu::backward::<f32>(
                                ctx,
                                geo,
                                act,
                                cpu::Kept { x: &x, w: &w, y: &y },
                                dy,
                                cpu::Gradients { dx, dw, db },
                            )
                        })
                    })
                })
            })???
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::backward(ctx.gpu()?, ctx.form(), geo, act, x, w, y, dy, cuda::Gradients { dx, dw, db }),
        device => no_kernel(OP, device),
    }
}
