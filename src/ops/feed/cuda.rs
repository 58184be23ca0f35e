use candle_core::Tensor;

use super::Feed;
use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, address, module, number_suffix};

const KERNELS: Module = module!("feed");

pub(super) fn forward(gpu: &Gpu, feed: &Feed, shown: &Tensor, batch: usize, x: &Tensor) -> Result<()> {
    let order = Order::of("feed", &[("x", x)])?;
    let (_, _, height, width) = x.dims4()?;
    let pixels = batch * height * width;
    let arguments = [
        Argument::Address(address(&feed.bytes)?),
        Argument::Address(address(&feed.values)?),
        Argument::Address(address(shown)?),
        Argument::Address(address(&feed.rows)?),
        Argument::Address(address(&feed.columns)?),
        Argument::Address(address(x)?),
        Argument::count(pixels),
        Argument::Integer(feed.side as i32),
        Argument::count(height),
        Argument::count(width),
        Argument::Integer(feed.reversed.into()),
        Argument::Integer((order == Order::ChannelsLast).into()),
    ];
    let name = format!("feed_{}", number_suffix(x.dtype()));
    // SAFETY: the contract checked shapes and pictures; a thread does one pixel of the result.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(pixels), &arguments) }
}
