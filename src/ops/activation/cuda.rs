use candle_core::Tensor;

use super::Activation;
use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, Order, Plane, THREADS, address, module, number_suffix};

const KERNELS: Module = module!("activation");
/// Blocks of a sum by channels, about: eight for each processor of a large device, so that enough reads are under way.
const BLOCKS: usize = 1056;
/// Rows of a block, at least: each block leaves a sum of every channel behind, which is to be little beside what it read.
const FEWEST_ROWS: usize = 4;
/// Columns of a block that adds up those sums.
const COLUMNS: usize = 8;

/// `enum Function` of the kernels.
fn code(function: Option<Activation>) -> Argument<'static> {
    Argument::Integer(match function {
        None => -1,
        Some(Activation::Relu) => 0,
        Some(Activation::LeakyRelu) => 1,
        Some(Activation::Softplus) => 2,
    })
}

const LEAK: Argument<'static> = Argument::Number(Activation::LEAK as f32);

/// y becomes φ(y + bias), channel by channel.
pub(in crate::ops) fn forward(
    gpu: &Gpu,
    function: Option<Activation>,
    bias: Option<&Tensor>,
    y: &Tensor,
    order: Order,
) -> Result<()> {
    let Plane { channels, pixels, order } = Plane::of(y, order);
    let inner = if order == Order::Planes { pixels } else { 1 };
    let count = y.elem_count();
    let at_once = 16 / y.dtype().size_in_bytes();
    let arguments = [
        Argument::Address(address(y)?),
        Argument::Address(bias.map_or(Ok(0), address)?),
        Argument::Long(count as u64),
        Argument::count(channels),
        Argument::count(inner),
        code(function),
        LEAK,
    ];
    let name = format!("activation_forward_{}", number_suffix(y.dtype()));
    // SAFETY: as `forward` in the kernels: y has `count` elements, the bias one a channel.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(count.div_ceil(at_once)), &arguments) }
}

/// dy becomes the gradient by what φ was given.
pub(super) fn backward(gpu: &Gpu, function: Activation, y: &Tensor, dy: &Tensor) -> Result<()> {
    let count = y.elem_count();
    let at_once = 16 / y.dtype().size_in_bytes();
    let arguments = [
        Argument::Address(address(y)?),
        Argument::Address(address(dy)?),
        Argument::Long(count as u64),
        code(Some(function)),
        LEAK,
    ];
    let name = format!("activation_backward_{}", number_suffix(y.dtype()));
    // SAFETY: as `backward` in the kernels: both have `count` elements.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(count.div_ceil(at_once)), &arguments) }
}

/// The same, and db [channels] becomes each channel's sum of it.
pub(in crate::ops) fn backward_with_bias(
    gpu: &Gpu,
    function: Option<Activation>,
    y: &Tensor,
    dy: &Tensor,
    db: &Tensor,
    order: Order,
) -> Result<()> {
    let Plane { channels, pixels, order } = Plane::of(dy, order);
    let numbers = number_suffix(dy.dtype());
    let pictures = dy.dim(0)?;
    let (y, dy_at) = (Argument::Address(address(y)?), Argument::Address(address(dy)?));
    let (sums, rows) = match order {
        Order::Planes => {
            let together = pictures.div_ceil(BLOCKS.div_ceil(channels).max(1)).max(1);
            let blocks = pictures.div_ceil(together);
            let sums = gpu.scratch(blocks * channels * size_of::<f32>())?;
            let arguments = [
                y,
                dy_at,
                Argument::Address(sums.address),
                Argument::count(together),
                Argument::count(pictures),
                Argument::count(channels),
                Argument::count(pixels),
                code(function),
                LEAK,
            ];
            let grid = Grid { x: channels as u32, y: blocks as u32 };
            // SAFETY: as `backward_planes` in the kernels; `sums` has a row of channels for each of the grid's rows.
            unsafe { gpu.launch(&KERNELS, &format!("activation_backward_planes_{numbers}"), grid, &arguments)? };
            (sums, blocks)
        }
        Order::ChannelsLast => {
            let all_rows = pictures * pixels;
            let together = all_rows.div_ceil(BLOCKS).max(FEWEST_ROWS);
            let blocks = all_rows.div_ceil(together);
            let sums = gpu.scratch(blocks * channels * size_of::<f32>())?;
            let at_once = 16 / dy.dtype().size_in_bytes();
            let (width, at_once) = if channels.is_multiple_of(at_once) { ("wide_", at_once) } else { ("", 1) };
            let arguments = [
                y,
                dy_at,
                Argument::Address(sums.address),
                Argument::count(together),
                Argument::count(all_rows),
                Argument::count(channels),
                code(function),
                LEAK,
            ];
            let name = format!("activation_backward_rows_{width}{numbers}");
            let grid = Grid { x: blocks as u32, y: (channels / at_once).div_ceil(THREADS as usize) as u32 };
            // SAFETY: as `backward_rows` in the kernels; `sums` has a row of channels for each block along x.
            unsafe { gpu.launch(&KERNELS, &name, grid, &arguments)? };
            (sums, blocks)
        }
    };
    let arguments =
        [Argument::Address(sums.address), Argument::Address(address(db)?), Argument::count(rows), Argument::count(channels)];
    // SAFETY: `sums` is [rows × channels], db [channels]; a block does COLUMNS channels.
    unsafe { gpu.launch(&KERNELS, "activation_bias_gradient", Grid::blocks(channels.div_ceil(COLUMNS)), &arguments) }
}
