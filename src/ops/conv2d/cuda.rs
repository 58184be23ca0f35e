//! Convolution by cuDNN. It knows padding alike on both sides and weights in the order of its pictures; what differs is laid out first.

use candle_core::Tensor;

use super::Conv2d;
use crate::ops::activation::{Activation, cuda as activation};
use crate::ops::cuda::dnn::{Convolution, Operands, Pass, convolve};
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, Scratch, address, byte_count, module, number_suffix};
use crate::ops::form::Form;
use crate::ops::{Error, Result};

const KERNELS: Module = module!("conv2d");

/// What the backward pass makes.
pub(super) struct Gradients<'a> {
    pub dx: Option<&'a Tensor>,
    pub dw: &'a Tensor,
    pub db: &'a Tensor,
}

/// One call's geometry, for pictures of one dtype in one order.
struct Call<'a> {
    gpu: &'a Gpu,
    geo: &'a Conv2d,
    form: Form,
    batch: usize,
    order: Order,
    numbers: &'static str,
    size: usize,
}

impl<'a> Call<'a> {
    fn of(gpu: &'a Gpu, geo: &'a Conv2d, form: Form, x: &Tensor, order: Order) -> Result<Self> {
        if x.dtype() != form.numbers() {
            return Err(Error::DType { op: "conv2d", name: "x", expected: form.numbers(), got: x.dtype() });
        }
        let (numbers, size) = (number_suffix(x.dtype()), x.dtype().size_in_bytes());
        Ok(Call { gpu, geo, form, batch: x.dim(0)?, order, numbers, size })
    }

    /// cuDNN pads both sides alike.
    fn pads_evenly(&self) -> bool {
        let [top, left, bottom, right] = self.geo.pad;
        (top, left) == (bottom, right)
    }

    /// Height and width of the input that cuDNN sees.
    fn padded(&self) -> (usize, usize) {
        let ([top, left, bottom, right], (height, width)) = (self.geo.pad, self.geo.input);
        if self.pads_evenly() { (height, width) } else { (height + top + bottom, width + left + right) }
    }

    fn convolution(&self) -> Convolution {
        let [top, left, ..] = self.geo.pad;
        let (height, width) = self.padded();
        Convolution {
            x: [self.batch, self.geo.in_channels, height, width],
            w: self.geo.weight_shape(),
            y: self.geo.output_shape(self.batch),
            pad: if self.pads_evenly() { [top, left] } else { [0, 0] },
            stride: self.geo.stride,
            groups: self.geo.groups,
            order: self.order,
            form: self.form,
        }
    }

    fn padded_bytes(&self) -> usize {
        self.convolution().x.iter().product::<usize>() * self.size
    }

    /// Copies a picture into its frame of zeros, or out of it: `pad` and `crop` of the kernels.
    fn frame(&self, what: &str, from: u64, to: u64, count: usize) -> Result<()> {
        let ([top, left, ..], (height, width), (large_height, large_width)) = (self.geo.pad, self.geo.input, self.padded());
        let sizes = [count, self.geo.in_channels, height, width, large_height, large_width, top, left];
        let mut arguments = vec![Argument::Address(from), Argument::Address(to)];
        arguments.extend(sizes.map(Argument::count));
        arguments.push(Argument::Integer((self.order == Order::ChannelsLast).into()));
        // SAFETY: one side is as large as the geometry's input, the other as the padded one.
        unsafe { self.gpu.launch(&KERNELS, &format!("conv2d_{what}_{}", self.numbers), Grid::threads(count), &arguments) }
    }

    /// The input as cuDNN is given it; a scratch holds it where it had to be padded.
    fn input(&self, x: &Tensor) -> Result<(u64, Option<Scratch<'a>>)> {
        if self.pads_evenly() {
            return Ok((address(x)?, None));
        }
        let padded = self.gpu.scratch(self.padded_bytes())?;
        self.frame("pad", address(x)?, padded.address, self.padded_bytes() / self.size)?;
        Ok((padded.address, Some(padded)))
    }

    /// The weights in the order of the pictures.
    fn weights(&self, w: &Tensor) -> Result<(u64, Option<Scratch<'a>>)> {
        if self.order == Order::Planes {
            return Ok((address(w)?, None));
        }
        let turned = self.gpu.scratch(byte_count(w))?;
        self.turn("weights_last", address(w)?, turned.address, w.elem_count())?;
        Ok((turned.address, Some(turned)))
    }

    /// `weights_last` and `gradient_first` of the kernels.
    fn turn(&self, what: &str, from: u64, to: u64, count: usize) -> Result<()> {
        let [_, channels, kernel, _] = self.geo.weight_shape();
        let arguments = [
            Argument::Address(from),
            Argument::Address(to),
            Argument::count(count),
            Argument::count(channels),
            Argument::count(kernel * kernel),
        ];
        // SAFETY: both sides hold all weights, `count`.
        unsafe { self.gpu.launch(&KERNELS, &format!("conv2d_{what}_{}", self.numbers), Grid::threads(count), &arguments) }
    }

    fn convolve(&self, pass: Pass, x: u64, w: u64, y: u64) -> Result<()> {
        // SAFETY: the contract checked all shapes, and what was laid out here is as large as `convolution` says.
        unsafe { convolve(self.gpu, pass, &self.convolution(), Operands { x, w, y }) }
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn forward(
    gpu: &Gpu,
    form: Form,
    geo: &Conv2d,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    b: &Tensor,
    y: &Tensor,
) -> Result<()> {
    let order = Order::of("conv2d forward", &[("x", x), ("y", y)])?;
    let call = Call::of(gpu, geo, form, x, order)?;
    let (x, _padded) = call.input(x)?;
    let (w, _turned) = call.weights(w)?;
    call.convolve(Pass::Forward, x, w, address(y)?)?;
    activation::forward(gpu, act, Some(b), y, order)
}

#[allow(clippy::too_many_arguments)]
pub(super) fn backward(
    gpu: &Gpu,
    form: Form,
    geo: &Conv2d,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    y: &Tensor,
    dy: &Tensor,
    gradients: Gradients,
) -> Result<()> {
    let mut arranged = vec![("x", x), ("y", y), ("dy", dy)];
    arranged.extend(gradients.dx.map(|dx| ("dx", dx)));
    let order = Order::of("conv2d backward", &arranged)?;
    let call = Call::of(gpu, geo, form, x, order)?;
    activation::backward_with_bias(gpu, act, y, dy, gradients.db, order)?;
    let dz = address(dy)?;
    if let Some(dx) = gradients.dx {
        let (w, _turned) = call.weights(w)?;
        if call.pads_evenly() {
            call.convolve(Pass::InputGradient, address(dx)?, w, dz)?;
        } else {
            let padded = gpu.scratch(call.padded_bytes())?;
            call.convolve(Pass::InputGradient, padded.address, w, dz)?;
            call.frame("crop", padded.address, address(dx)?, dx.elem_count())?;
        }
    }
    let (x, _padded) = call.input(x)?;
    let dw = gradients.dw;
    if order == Order::Planes && call.numbers == "f32" {
        return call.convolve(Pass::WeightGradient, x, address(dw)?, dz);
    }
    let own = gpu.scratch(dw.elem_count() * call.size)?;
    call.convolve(Pass::WeightGradient, x, own.address, dz)?;
    match order {
        Order::ChannelsLast => call.turn("gradient_first", own.address, address(dw)?, dw.elem_count()),
        // With one place in the window the order is what it was, and only the width changes.
        Order::Planes => {
            let arguments = [
                Argument::Address(own.address),
                Argument::Address(address(dw)?),
                Argument::count(dw.elem_count()),
                Argument::count(dw.elem_count()),
                Argument::count(1),
            ];
            let name = format!("conv2d_gradient_first_{}", call.numbers);
            // SAFETY: both sides hold all weights.
            unsafe { gpu.launch(&KERNELS, &name, Grid::threads(dw.elem_count()), &arguments) }
        }
    }
}
