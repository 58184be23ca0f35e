use candle_core::{DType, Tensor};

use crate::ops::Result;
use crate::ops::cuda::{Argument, Gpu, Grid, Module, address, module, number_suffix};

const KERNELS: Module = module!("statistics");
/// Elements that a block adds up; `PIECE` of the kernels.
const PIECE: usize = 1 << 14;

/// Waits for the sums.
pub(super) fn sum_and_squares(gpu: &Gpu, t: &Tensor) -> Result<(f64, f64)> {
    sums_at(gpu, t, address(t)?, t.elem_count(), number_suffix(t.dtype()))
}

fn sums_at(gpu: &Gpu, on: &Tensor, values: u64, count: usize, numbers: &str) -> Result<(f64, f64)> {
    let blocks = count.div_ceil(PIECE);
    let parts = gpu.scratch(2 * blocks * size_of::<f64>())?;
    let result = Tensor::zeros(2, DType::F64, on.device())?;
    let arguments = [Argument::Address(values), Argument::Address(parts.address), Argument::Long(count as u64)];
    // SAFETY: there are `count` values, and `parts` has two numbers for each block.
    unsafe { gpu.launch(&KERNELS, &format!("statistics_parts_{numbers}"), Grid::blocks(blocks), &arguments)? };
    let arguments = [Argument::Address(parts.address), Argument::Address(address(&result)?), Argument::count(blocks)];
    // SAFETY: as above; the result has two numbers.
    unsafe { gpu.launch(&KERNELS, "statistics_sum", Grid::blocks(1), &arguments)? };
    let found = result.to_vec1::<f64>()?;
    Ok((found[0], found[1]))
}

pub(super) fn dead_share(gpu: &Gpu, y: &Tensor) -> Result<f64> {
    let units: usize = y.dims().iter().skip(1).product();
    if y.elem_count() == 0 {
        return Ok(0.0);
    }
    let dead = gpu.scratch(units * size_of::<f32>())?;
    let arguments =
        [Argument::Address(address(y)?), Argument::Address(dead.address), Argument::count(y.dim(0)?), Argument::count(units)];
    let name = format!("statistics_dead_{}", number_suffix(y.dtype()));
    // SAFETY: y is [batch, units], `dead` has one number for each unit.
    unsafe { gpu.launch(&KERNELS, &name, Grid::threads(units), &arguments)? };
    let (count, _) = sums_at(gpu, y, dead.address, units, "f32")?;
    Ok(count / units as f64)
}
