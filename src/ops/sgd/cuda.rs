//! All parameters in one launch (or as many as their number takes): pieces of 16,384 weights, a block each, whichever tensor they are of.

use super::{Sgd, Trained, Verdict};
use crate::ops::Result;
use crate::ops::cuda::{self, Argument, Gpu, Grid, Module, Tensors, address, module};

const KERNELS: Module = module!("sgd");
/// Elements that a block goes through; `PIECE` of the kernels.
const PIECE: usize = 1 << 14;

/// The tensors as the kernels take them, and how many blocks go through them.
fn tables(trained: &[Trained]) -> Result<Vec<(Tensors, usize)>> {
    let table = |(nth, trained): (usize, &[Trained])| {
        let mut table = Tensors { count: trained.len() as u32, first: (nth * Tensors::MOST) as u32, tensors: Default::default() };
        let mut blocks = 0;
        for (entry, tensor) in table.tensors.iter_mut().zip(trained) {
            *entry = cuda::Trained {
                weight: address(tensor.w)?,
                velocity: address(tensor.velocity)?,
                gradient: address(tensor.dw)?,
                copy: tensor.copy.map_or(Ok(0), address)?,
                length: tensor.w.elem_count() as u32,
                first_block: blocks as u32,
            };
            blocks += tensor.w.elem_count().div_ceil(PIECE);
        }
        Ok((table, blocks))
    };
    trained.chunks(Tensors::MOST).enumerate().map(table).collect()
}

pub(super) fn judge(gpu: &Gpu, trained: &[Trained], reach: f64, verdict: &Verdict) -> Result<()> {
    for (table, blocks) in tables(trained)? {
        let parts = gpu.scratch(blocks * size_of::<f64>())?;
        let table_at = Argument::Tensors(&table);
        // SAFETY: the table has the tensors' true addresses and lengths; `parts` has a number for each block.
        unsafe { gpu.launch(&KERNELS, "sgd_square_parts", Grid::blocks(blocks), &[table_at, Argument::Address(parts.address)])? };
        let arguments =
            [Argument::Tensors(&table), Argument::Address(parts.address), Argument::Address(address(&verdict.squares()?)?)];
        // SAFETY: as above; the verdict has a square for each parameter.
        unsafe { gpu.launch(&KERNELS, "sgd_square_sums", Grid::blocks(table.count as usize), &arguments)? };
    }
    let arguments = [
        Argument::Address(address(&verdict.loss()?)?),
        Argument::Address(address(&verdict.squares()?)?),
        Argument::count(trained.len()),
        Argument::Double(reach),
        Argument::Address(address(&verdict.stop()?)?),
    ];
    // SAFETY: as above.
    unsafe { gpu.launch(&KERNELS, "sgd_judge", Grid::blocks(1), &arguments) }
}

pub(super) fn update_all(gpu: &Gpu, sgd: &Sgd, trained: &[Trained], norms: bool, verdict: &Verdict) -> Result<()> {
    let momentum = sgd.momentum as f32;
    // Both kinds of momentum are one formula: the update is rate · (a·g + b·v).
    let (of_gradient, of_velocity) = if sgd.nesterov { (1.0, momentum) } else { (0.0, 1.0) };
    let stop = address(&verdict.stop()?)?;
    for (table, blocks) in tables(trained)? {
        let mut arguments = vec![Argument::Tensors(&table), Argument::Address(stop)];
        let factors = [sgd.learning_rate as f32, momentum, sgd.weight_decay as f32, of_gradient, of_velocity];
        arguments.extend(factors.map(Argument::Number));
        if !norms {
            // SAFETY: the table has the tensors' true addresses and lengths.
            unsafe { gpu.launch(&KERNELS, "sgd_update", Grid::blocks(blocks), &arguments)? };
            continue;
        }
        let parts = gpu.scratch(2 * blocks * size_of::<f64>())?;
        arguments.push(Argument::Address(parts.address));
        // SAFETY: as above; `parts` has two numbers for each block.
        unsafe { gpu.launch(&KERNELS, "sgd_update_with_norms", Grid::blocks(blocks), &arguments)? };
        let arguments =
            [Argument::Tensors(&table), Argument::Address(parts.address), Argument::Address(address(&verdict.norms()?)?)];
        // SAFETY: as above; the verdict has two norms for each parameter.
        unsafe { gpu.launch(&KERNELS, "sgd_norm_sums", Grid::blocks(table.count as usize), &arguments)? };
    }
    Ok(())
}
