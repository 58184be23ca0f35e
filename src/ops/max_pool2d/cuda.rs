use candle_core::Tensor;

use super::MaxPool2d;
use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, address, module, number_suffix};

const KERNELS: Module = module!("max_pool2d");

/// Channels that a thread does, what the kernel's name ends in, and the sizes that it takes after its count.
fn sizes(geo: &MaxPool2d, order: Order, numbers: &Tensor) -> (usize, String, Vec<Argument<'static>>) {
    let at_once = 16 / numbers.dtype().size_in_bytes();
    let wide = order == Order::ChannelsLast && geo.channels.is_multiple_of(at_once);
    let ((height, width), (rows, columns)) = (geo.input, geo.output);
    let mut sizes: Vec<_> =
        [geo.channels, height, width, rows, columns, geo.kernel, geo.stride].into_iter().map(Argument::count).collect();
    sizes.push(Argument::Integer((order == Order::ChannelsLast).into()));
    let suffix = format!("{}{}", if wide { "wide_" } else { "" }, number_suffix(numbers.dtype()));
    (if wide { at_once } else { 1 }, suffix, sizes)
}

pub(super) fn forward(gpu: &Gpu, geo: &MaxPool2d, x: &Tensor, y: &Tensor, argmax: &Tensor) -> Result<()> {
    let order = Order::of("max_pool2d forward", &[("x", x), ("y", y), ("argmax", argmax)])?;
    let (at_once, suffix, sizes) = sizes(geo, order, x);
    let count = y.elem_count() / at_once;
    let mut arguments = vec![
        Argument::Address(address(x)?),
        Argument::Address(address(y)?),
        Argument::Address(address(argmax)?),
        Argument::count(count),
    ];
    arguments.extend(sizes);
    // SAFETY: the contract checked the shapes, and a thread does `at_once` outputs.
    unsafe { gpu.launch(&KERNELS, &format!("max_pool2d_forward_{suffix}"), Grid::threads(count), &arguments) }
}

pub(super) fn backward(gpu: &Gpu, geo: &MaxPool2d, argmax: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    let order = Order::of("max_pool2d backward", &[("argmax", argmax), ("dy", dy), ("dx", dx)])?;
    let (at_once, suffix, sizes) = sizes(geo, order, dy);
    let count = dx.elem_count() / at_once;
    let mut arguments = vec![
        Argument::Address(address(argmax)?),
        Argument::Address(address(dy)?),
        Argument::Address(address(dx)?),
        Argument::count(count),
    ];
    arguments.extend(sizes);
    // SAFETY: the contract checked the shapes, and a thread does `at_once` inputs.
    unsafe { gpu.launch(&KERNELS, &format!("max_pool2d_backward_{suffix}"), Grid::threads(count), &arguments) }
}
