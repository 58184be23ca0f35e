use candle_core::Tensor;

use super::Lrn;
use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, Plane, address, module, number_suffix};

const KERNELS: Module = module!("lrn");

/// Threads, what the kernel's name ends in, and the numbers that it takes first.
fn setting(lrn: &Lrn, x: &Tensor, order: Order) -> (usize, String, Vec<Argument<'static>>) {
    let Plane { channels, pixels, .. } = Plane::of(x, order);
    let (numbers, at_once) = (number_suffix(x.dtype()), 16 / x.dtype().size_in_bytes());
    let (threads, suffix) = match order {
        Order::Planes => (x.elem_count() / channels.max(1), format!("planes_{numbers}")),
        Order::ChannelsLast if channels.is_multiple_of(at_once) => (x.elem_count() / at_once, format!("last_wide_{numbers}")),
        Order::ChannelsLast => (x.elem_count(), format!("last_{numbers}")),
    };
    let mut arguments: Vec<_> = [threads, channels, pixels, lrn.n / 2].into_iter().map(Argument::count).collect();
    arguments.extend([lrn.k, lrn.alpha, lrn.beta].map(|constant| Argument::Number(constant as f32)));
    (threads, suffix, arguments)
}

pub(super) fn forward(gpu: &Gpu, lrn: &Lrn, x: &Tensor, y: &Tensor, denominator: &Tensor) -> Result<()> {
    let order = Order::of("lrn forward", &[("x", x), ("y", y), ("denominator", denominator)])?;
    let (threads, suffix, numbers) = setting(lrn, x, order);
    let mut arguments =
        vec![Argument::Address(address(x)?), Argument::Address(address(y)?), Argument::Address(address(denominator)?)];
    arguments.extend(numbers);
    // SAFETY: the contract checked that all three have one shape.
    unsafe { gpu.launch(&KERNELS, &format!("lrn_forward_{suffix}"), Grid::threads(threads), &arguments) }
}

pub(super) fn backward(
    gpu: &Gpu,
    lrn: &Lrn,
    x: &Tensor,
    y: &Tensor,
    denominator: &Tensor,
    dy: &Tensor,
    dx: &Tensor,
) -> Result<()> {
    let tensors = [("x", x), ("y", y), ("denominator", denominator), ("dy", dy), ("dx", dx)];
    let order = Order::of("lrn backward", &tensors)?;
    let (threads, suffix, numbers) = setting(lrn, x, order);
    let mut arguments = tensors.iter().map(|(_, tensor)| Ok(Argument::Address(address(tensor)?))).collect::<Result<Vec<_>>>()?;
    arguments.extend(numbers);
    arguments.push(Argument::Number((2.0 * lrn.alpha * lrn.beta) as f32));
    // SAFETY: the contract checked that all five have one shape.
    unsafe { gpu.launch(&KERNELS, &format!("lrn_backward_{suffix}"), Grid::threads(threads), &arguments) }
}
