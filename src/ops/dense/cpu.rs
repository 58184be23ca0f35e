//! Three [products](crate::ops::product), cut along the weights' rows so that each thread streams its own share of them once:
//!
//! | result | its rows (runs) | summed over (steps) | panels |
//! |---|---|---|---|
//! | yᵀ [outputs × batch] | rows of w | inputs | xᵀ, by pictures |
//! | dxᵀ [inputs × batch] | columns of w | outputs | dzᵀ, by pictures |
//! | dw [outputs × inputs] | columns of dz | pictures | x, by inputs |

use rayon::prelude::*;

use super::Dense;
use crate::ops::activation::{Activation, cpu as activation};
use crate::ops::context::{PIECE, Scratch};
use crate::ops::product::{Panels, Product, Run, Strided, Turn};
use crate::ops::{Context, Real};

/// What the backward pass needs of the forward pass.
pub(super) struct Kept<'a, T> {
    pub x: &'a [T],
    pub w: &'a [T],
    pub y: &'a [T],
}

pub(super) struct Gradients<'a, T> {
    pub dx: Option<&'a mut [T]>,
    pub dw: &'a mut [T],
    pub db: &'a mut [T],
}

/// Output units in a thread's piece of work.
const UNITS: usize = 56;
/// Rows of w that are read side by side. Rows of a power of two, or nearly, meet in the same few lines of a cache: more would drive each
/// other out.
const ROWS: usize = 7;
/// Inputs that are summed before the next tile's turn, so that a panel of them stays in the cache.
const DEPTH: usize = 1024;
/// Rows of w that are streamed side by side for dx.
const STREAMS: usize = 64;
/// Inputs in a thread's piece of work for dx.
const INPUTS: usize = 512;

pub(super) fn forward<T: Real>(ctx: &Context, geo: &Dense, act: Option<Activation>, x: &[T], w: &[T], b: &[T], y: &mut [T]) {
    let (instructions, inputs) = (ctx.instructions(), geo.inputs);
    let batch = x.len() / inputs;
    if batch == 0 {
        return;
    }
    let panels = Panels::of::<T>(instructions, batch);
    let width = panels.width();
    let pictures = pack_pictures(ctx, panels, DEPTH, x, inputs);
    let steps: Vec<u32> = (0..DEPTH as u32).collect();
    // [outputs × width]
    let mut by_unit = ctx.scratch::<T>(geo.outputs * width);
    by_unit.par_chunks_mut(UNITS * width).zip(w.par_chunks(UNITS * inputs)).for_each(|(y, w)| {
        let units = y.len() / width;
        let runs: Vec<Run> = (0..units).map(|unit| Run { start: unit * inputs, place: unit, length: 1 }).collect();
        instructions.run(
            #[inline(always)]
            || {
                for (nth, pictures) in pictures.chunks(DEPTH * width).enumerate() {
                    let steps = &steps[..pictures.len() / width];
                    for runs in runs.chunks(ROWS) {
                        for panel in panels.iter() {
                            let product = Product {
                                source: &w[nth * DEPTH..],
                                runs,
                                steps,
                                panel: &pictures[panel.offset(steps.len())..],
                                width: panel.width,
                            };
                            product.write_rows(instructions, &mut y[panel.first..], width, nth > 0);
                        }
                    }
                }
            },
        );
    });
    Turn { rows: geo.outputs, columns: batch, source_by: width, target_by: geo.outputs }.run(instructions, &by_unit, y);
    y.par_chunks_mut(geo.outputs).for_each(|y| {
        instructions.run(
            #[inline(always)]
            || {
                y.iter_mut().zip(b).for_each(|(y, &b)| *y += b);
                if let Some(act) = act {
                    activation::apply(act, y);
                }
            },
        );
    });
}

/// Packs rows of `units` numbers, a row a picture, in strips of so many units; in each strip one panel of pictures follows another.
fn pack_pictures<'a, T: Real>(ctx: &'a Context, panels: Panels, in_strip: usize, rows: &[T], units: usize) -> Scratch<'a, T> {
    let mut packed = ctx.scratch::<T>(units * panels.width());
    packed.par_chunks_mut(in_strip * panels.width()).enumerate().for_each(|(i, strip)| {
        let steps = strip.len() / panels.width();
        let matrix = Strided { elements: &rows[i * in_strip..], step_by: 1, channel_by: units };
        for panel in panels.iter() {
            panel.pack(ctx.instructions(), steps, matrix.skip_channels(panel.first), &mut strip[panel.offset(steps)..]);
        }
    });
    packed
}

pub(super) fn backward<T: Real>(
    ctx: &Context,
    geo: &Dense,
    act: Option<Activation>,
    kept: Kept<T>,
    dy: &mut [T],
    gradients: Gradients<T>,
) {
    if dy.is_empty() {
        gradients.dw.fill(T::ZERO);
        return gradients.db.fill(T::ZERO);
    }
    if let Some(act) = act {
        dy.par_chunks_mut(PIECE).zip(kept.y.par_chunks(PIECE)).for_each(|(dy, y)| {
            ctx.instructions().run(
                #[inline(always)]
                || activation::differentiate(act, y, dy),
            )
        });
    }
    gradients.db.fill(T::ZERO);
    for dz in dy.chunks_exact(geo.outputs) {
        gradients.db.iter_mut().zip(dz).for_each(|(db, &dz)| *db += dz);
    }
    weight_gradient(ctx, geo, kept.x, dy, gradients.dw);
    if let Some(dx) = gradients.dx {
        input_gradient(ctx, geo, kept.w, dy, dx);
    }
}

fn weight_gradient<T: Real>(ctx: &Context, geo: &Dense, x: &[T], dz: &[T], dw: &mut [T]) {
    let instructions = ctx.instructions();
    let batch = x.len() / geo.inputs;
    let longest = T::tiles(instructions).longest;
    let panels = Panels::of::<T>(instructions, geo.inputs);
    let mut pictures = ctx.scratch::<T>(batch * panels.width());
    panels.pack(instructions, batch, Strided { elements: x, step_by: geo.inputs, channel_by: 1 }, &mut pictures);
    let steps: Vec<u32> = (0..batch).map(|picture| (picture * geo.outputs) as u32).collect();
    dw.par_chunks_mut(longest * geo.inputs).enumerate().for_each(|(i, dw)| {
        let runs = [Run { start: i * longest, place: 0, length: dw.len() / geo.inputs }];
        instructions.run(
            #[inline(always)]
            || {
                for panel in panels.iter() {
                    let product = Product {
                        source: dz,
                        runs: &runs,
                        steps: &steps,
                        panel: &pictures[panel.offset(batch)..],
                        width: panel.width,
                    };
                    if panel.width == panel.channels {
                        product.write_rows(instructions, &mut dw[panel.first..], geo.inputs, false);
                        continue;
                    }
                    product.for_each_run(
                        instructions,
                        #[inline(always)]
                        |run, tile| {
                            for (unit, row) in tile.chunks_exact(panel.width).enumerate() {
                                let dw = &mut dw[(run.place + unit) * geo.inputs + panel.first..];
                                dw[..panel.channels].copy_from_slice(&row[..panel.channels]);
                            }
                        },
                    );
                }
            },
        );
    });
}

fn input_gradient<T: Real>(ctx: &Context, geo: &Dense, w: &[T], dz: &[T], dx: &mut [T]) {
    let (instructions, inputs) = (ctx.instructions(), geo.inputs);
    let batch = dx.len() / inputs;
    let panels = Panels::of::<T>(instructions, batch);
    let width = panels.width();
    let gradients = pack_pictures(ctx, panels, STREAMS, dz, geo.outputs);
    let mut by_unit = ctx.scratch::<T>(inputs * width);
    by_unit.par_chunks_mut(INPUTS * width).enumerate().for_each(|(i, dx)| {
        let columns = dx.len() / width;
        let runs: Vec<Run> = Run::cut(0, 0, columns, T::tiles(instructions).longest).collect();
        let steps: Vec<u32> = (0..STREAMS).map(|unit| (unit * columns) as u32).collect();
        let mut block = ctx.scratch::<T>(STREAMS * columns);
        instructions.run(
            #[inline(always)]
            || {
                for (nth, (gradients, w)) in gradients.chunks(STREAMS * width).zip(w.chunks(STREAMS * inputs)).enumerate() {
                    let steps = &steps[..gradients.len() / width];
                    for (row, w) in block.chunks_exact_mut(columns).zip(w.chunks_exact(inputs)) {
                        row.copy_from_slice(&w[i * INPUTS..][..columns]);
                    }
                    for panel in panels.iter() {
                        let product = Product {
                            source: &block,
                            runs: &runs,
                            steps,
                            panel: &gradients[panel.offset(steps.len())..],
                            width: panel.width,
                        };
                        product.write_rows(instructions, &mut dx[panel.first..], width, nth > 0);
                    }
                }
            },
        );
    });
    Turn { rows: inputs, columns: batch, source_by: width, target_by: inputs }.run(instructions, &by_unit, dx);
}
