use candle_core::Tensor;

use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, Plane, address, module, number_suffix};

const KERNELS: Module = module!("reorder");

pub(super) fn copy(gpu: &Gpu, x: &Tensor, y: &Tensor) -> Result<()> {
    let (from, to) = (Order::of("reorder", &[("x", x)])?, Order::of("reorder", &[("y", y)])?);
    let Plane { channels, pixels, .. } = Plane::of(x, from);
    let count = x.elem_count();
    let last = |order| Argument::Integer((order == Order::ChannelsLast).into());
    let arguments = [
        Argument::Address(address(x)?),
        Argument::Address(address(y)?),
        Argument::count(count),
        Argument::count(channels),
        Argument::count(pixels),
        last(from),
        last(to),
    ];
    let name = format!("reorder_{}_{}", number_suffix(x.dtype()), number_suffix(y.dtype()));
    // SAFETY: both have `count` elements.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(count), &arguments) }
}
