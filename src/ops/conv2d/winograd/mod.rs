//! Convolution at stride 1 with a kernel of 3 × 3 or 5 × 5 by Winograd's transforms: fewer than half of the multiplications.
//!
//! The output is cut into tiles of 4 × 4, each from 6 × 6 or 8 × 8 of the input. Transformed, a tile of the convolution is as many products
//! of numbers, 36 or 64 places, and over all tiles and channels as many products of matrices:
//!
//! | result | of each place | summed over | from |
//! |---|---|---|---|
//! | y | [tiles × output channels] | input channels | x, w |
//! | dx | [tiles × input channels] | output channels | dz, w turned around |
//! | dw | [input × output channels] | tiles | x, dz |
//!
//! Pictures are taken so many together that the transformed numbers stay in the caches. Rounding errors are some times those of the plain
//! sum, 3 · 10⁻⁵ of a typical output at most for 256 channels of 3 × 3 or 128 of 5 × 5.

mod layout;
#[cfg(test)]
mod tests;
mod transform;

use rayon::prelude::*;

use self::layout::Grid;
pub(in crate::ops) use self::transform::Transforms;
use self::transform::{KERNELS, Square, places};
use super::Conv2d;
use super::cpu::{finish, into_planes, pack_weights, pack_weights_turned};
use crate::ops::activation::Activation;
use crate::ops::context::Scratch;
use crate::ops::product::{Panel, Panels, Product, Run, Turn};
use crate::ops::{Context, Real};

/// Channels in a group from which on the transforms are worth their time.
const CHANNELS: usize = 32;
/// Transformed numbers of some pictures that are worked on together.
const TOGETHER: usize = 1 << 23;
/// Numbers in a cache line. What else would be powers of two apart is set further apart by one, so as not to meet in the same few lines.
const LINE: usize = 16;
/// Tiles whose transformed inputs stand together for the weights' gradient.
const BLOCK: usize = 32;

/// Whether a convolution is computed here: the tiles at the borders, which reach over them, must not eat up the gain.
pub(super) fn suits(geo: &Conv2d) -> bool {
    let possible = KERNELS.contains(&geo.kernel) && geo.stride == 1;
    let direct = geo.output_pixels() * geo.kernel * geo.kernel;
    possible && geo.in_group().min(geo.out_group()) >= CHANNELS && 2 * geo.grid().count() * places(geo.kernel) <= direct
}

/// How many pictures are worked on together where each has so many transformed numbers.
fn pictures_together(pictures: usize, numbers: usize) -> usize {
    let most = (TOGETHER / numbers).max(1);
    pictures.div_ceil(pictures.div_ceil(most).max(1)).max(1)
}

/// Writes `y`; see [`cpu::forward`](super::cpu::forward).
pub(super) fn forward<T: Real>(ctx: &Context, geo: &Conv2d, act: Option<Activation>, x: &[T], w: &[T], b: &[T], y: &mut [T]) {
    let (pixels, out_group) = (geo.output_pixels(), geo.out_group());
    let transforms = T::transforms(ctx.instructions(), geo.kernel);
    let panels = Panels::of::<T>(ctx.instructions(), out_group);
    for (group, w) in w.chunks_exact(out_group * geo.patch()).enumerate() {
        let packed = pack_weights(ctx, geo, panels, w);
        let channels = geo.in_group();
        let convolve = Convolve { ctx, transforms, channels, group, groups: geo.groups, panels, packed: &packed };
        let first = group * out_group;
        convolve.run(
            geo.grid(),
            x,
            y,
            #[inline(always)]
            |panel, pixel, rows, y| {
                let first = first + panel.first;
                finish(ctx.instructions(), act, &b[first..], panel, rows, pixels, &mut y[first * pixels + pixel..]);
            },
        );
    }
}

/// Writes `dx` from dz: the convolution of dz with the weights turned around.
pub(super) fn input_gradient<T: Real>(ctx: &Context, geo: &Conv2d, w: &[T], dz: &[T], dx: &mut [T]) {
    let (pixels, in_group) = (geo.input_pixels(), geo.in_group());
    let transforms = T::transforms(ctx.instructions(), geo.kernel);
    let panels = Panels::of::<T>(ctx.instructions(), in_group);
    for (group, w) in w.chunks_exact(geo.out_group() * geo.patch()).enumerate() {
        let packed = pack_weights_turned(ctx, geo, panels, w);
        let channels = geo.out_group();
        let convolve = Convolve { ctx, transforms, channels, group, groups: geo.groups, panels, packed: &packed };
        convolve.run(
            geo.gradient_grid(),
            dz,
            dx,
            #[inline(always)]
            |panel, pixel, rows, dx| {
                let planes = &mut dx[(group * in_group + panel.first) * pixels + pixel..];
                into_planes(panel, rows.len() / panel.width, pixels).run(ctx.instructions(), rows, planes);
            },
        );
    }
}

/// Writes `dw`, summed over all pictures, of which there is at least one.
pub(super) fn weight_gradient<T: Real>(ctx: &Context, geo: &Conv2d, x: &[T], dz: &[T], dw: &mut [T]) {
    for (group, dw) in dw.chunks_exact_mut(geo.out_group() * geo.patch()).enumerate() {
        weight_gradient_of_group(ctx, geo, group, x, dz, dw);
    }
}

/// One group's convolution, in either direction.
struct Convolve<'a, T> {
    ctx: &'a Context,
    transforms: Transforms<T>,
    /// Channels in the group that are summed over.
    channels: usize,
    group: usize,
    groups: usize,
    /// Of the result's channels in the group.
    panels: Panels,
    /// [panels × channels × places in the kernel × width]
    packed: &'a [T],
}

impl<T: Real> Convolve<'_, T> {
    fn places(&self) -> usize {
        places(self.transforms.kernel)
    }

    /// A transformed tile's numbers, `apart` from each other.
    fn square_of_places(&self, apart: usize) -> Square {
        Square::of_places(self.transforms.kernel, apart)
    }

    /// Hands each row of a picture's result in a panel, [pixels × width], the number of its first pixel, and all of the picture's part of
    /// `target` to `take`.
    fn run(&self, grid: Grid, source: &[T], target: &mut [T], take: impl Fn(Panel, usize, &mut [T], &mut [T]) + Sync) {
        let (ctx, panels) = (self.ctx, self.panels);
        let source_picture = self.groups * self.channels * grid.input.0 * grid.input.1;
        let pictures = source.len() / source_picture;
        if pictures == 0 {
            return;
        }
        let weights = self.transform_weights();
        let together = pictures_together(pictures, self.places() * grid.count() * (self.channels + panels.width()));
        let target_picture = target.len() / pictures;
        let outputs = grid.outputs();
        for (source, target) in source.chunks(together * source_picture).zip(target.chunks_mut(together * target_picture)) {
            let tiles = source.len() / source_picture * grid.count();
            let inputs = self.transform_inputs(grid, tiles, source);
            let products = self.multiply(tiles, &inputs, &weights);
            let places = self.square_of_places(products.len() / self.places());
            target.par_chunks_mut(target_picture).enumerate().for_each(|(picture, target)| {
                for panel in panels.iter() {
                    let mut pixels = ctx.scratch::<T>(outputs.pixels() * panel.width);
                    for tile in 0..grid.count() {
                        let at = (picture * grid.count() + tile) * panels.width() + panel.first;
                        let pixels = &mut pixels[outputs.of_tile(tile) * panel.width..];
                        for lane in (0..panel.width).step_by(self.transforms.lanes) {
                            let square = outputs.square(panel.width);
                            self.transforms.to_output.run(&products[at + lane..], places, &mut pixels[lane..], square);
                        }
                    }
                    ctx.instructions().run(
                        #[inline(always)]
                        || {
                            let rows = pixels.chunks_exact_mut(outputs.columns * panel.width).take(grid.output.0);
                            for (row, pixels) in rows.enumerate() {
                                take(panel, row * grid.output.1, &mut pixels[..grid.output.1 * panel.width], target);
                            }
                        },
                    );
                }
            });
        }
    }

    /// [panels × places × channels × width]
    fn transform_weights(&self) -> Scratch<'_, T> {
        let (channels, panels, kernel, places) = (self.channels, self.panels, self.transforms.kernel, self.places());
        let mut weights = self.ctx.scratch::<T>(places * channels * panels.width());
        weights.par_chunks_mut(places * channels * panels.get(0).width).enumerate().for_each(|(i, weights)| {
            let panel = panels.get(i);
            let packed = &self.packed[panel.offset(channels * kernel * kernel)..];
            let square = Square { down: kernel * panel.width, right: panel.width };
            let target = self.square_of_places(channels * panel.width);
            for channel in 0..channels {
                let packed = &packed[channel * kernel * kernel * panel.width..];
                for lane in (0..panel.width).step_by(self.transforms.lanes) {
                    let weights = &mut weights[channel * panel.width + lane..];
                    self.transforms.of_kernel.run(&packed[lane..], square, weights, target);
                }
            }
        });
        weights
    }

    /// [blocks of tiles × places × channels × tiles of a block], a block as long as a run can be.
    fn transform_inputs(&self, grid: Grid, tiles: usize, source: &[T]) -> Scratch<'_, T> {
        let (ctx, channels, lanes, places) = (self.ctx, self.channels, self.transforms.lanes, self.places());
        let block = T::tiles(ctx.instructions()).longest;
        let (layout, panel) = (grid.inputs(), Panel::alone(channels, lanes));
        let staged = layout.stage(ctx, source, self.groups * channels, self.group * channels, panel);
        let mut inputs = ctx.scratch::<T>(tiles.div_ceil(block) * places * channels * block);
        inputs.par_chunks_mut(places * channels * block).enumerate().for_each(|(i, inputs)| {
            let count = (tiles - i * block).min(block);
            let mut rows = ctx.scratch::<T>(places * block * lanes);
            for channel in (0..channels).step_by(lanes) {
                for nth in 0..count {
                    let source = &staged[layout.of_tile(i * block + nth) * panel.width + channel..];
                    let (square, target) = (layout.square(panel.width), self.square_of_places(block * lanes));
                    self.transforms.of_input.run(source, square, &mut rows[nth * lanes..], target);
                }
                let columns = (channels - channel).min(lanes);
                let turn = Turn { rows: count, columns, source_by: lanes, target_by: block };
                for (place, rows) in rows.chunks_exact(block * lanes).enumerate() {
                    turn.run(ctx.instructions(), rows, &mut inputs[(place * channels + channel) * block..]);
                }
            }
        });
        inputs
    }

    /// [places × tiles × width of all panels], and a cache line between the places.
    fn multiply(&self, tiles: usize, inputs: &[T], weights: &[T]) -> Scratch<'_, T> {
        let (ctx, channels, width, places) = (self.ctx, self.channels, self.panels.width(), self.places());
        let block = T::tiles(ctx.instructions()).longest;
        let run = |first| Run { start: first * places * channels, place: first, length: (tiles - first).min(block) };
        let runs: Vec<Run> = (0..tiles).step_by(block).map(run).collect();
        let steps: Vec<u32> = (0..channels).map(|channel| (channel * block) as u32).collect();
        let apart = tiles * width + LINE;
        let mut products = ctx.scratch::<T>(places * apart);
        products.par_chunks_mut(apart).enumerate().for_each(|(place, products)| {
            ctx.instructions().run(
                #[inline(always)]
                || {
                    for panel in self.panels.iter() {
                        let product = Product {
                            source: &inputs[place * channels * block..],
                            runs: &runs,
                            steps: &steps,
                            panel: &weights[(panel.first * places + place * panel.width) * channels..],
                            width: panel.width,
                        };
                        product.write_rows(ctx.instructions(), &mut products[panel.first..], width, false);
                    }
                },
            );
        });
        products
    }
}

fn weight_gradient_of_group<T: Real>(ctx: &Context, geo: &Conv2d, group: usize, x: &[T], dz: &[T], dw: &mut [T]) {
    let (instructions, channels, patch, places) = (ctx.instructions(), geo.in_group(), geo.patch(), places(geo.kernel));
    let (grid, transforms) = (geo.grid(), T::transforms(instructions, geo.kernel));
    let panels = Panels::of::<T>(instructions, geo.out_group());
    let (x_picture, z_picture) = (geo.in_channels * geo.input_pixels(), geo.out_channels * geo.output_pixels());
    let together = pictures_together(x.len() / x_picture, places * grid.count() * (channels + panels.width()));
    let runs: Vec<Run> = Run::cut(0, 0, channels, T::tiles(instructions).longest).collect();
    let width = channels.next_multiple_of(transforms.lanes) + LINE;
    // [places × panels × channels × width]
    let mut sums = ctx.scratch::<T>(places * channels * panels.width());
    for (nth, (x, dz)) in x.chunks(together * x_picture).zip(dz.chunks(together * z_picture)).enumerate() {
        let tiles = x.len() / x_picture * grid.count();
        let inputs = blocks_of_inputs(ctx, geo, group, tiles, width, x);
        let gradients = panels_of_gradients(ctx, geo, group, tiles, panels, dz);
        let steps: Vec<u32> = (0..tiles).map(|tile| ((tile / BLOCK * places * BLOCK + tile % BLOCK) * width) as u32).collect();
        sums.par_chunks_mut(channels * panels.width()).enumerate().for_each(|(place, sums)| {
            instructions.run(
                #[inline(always)]
                || {
                    for panel in panels.iter() {
                        let product = Product {
                            source: &inputs[place * BLOCK * width..],
                            runs: &runs,
                            steps: &steps,
                            panel: &gradients[(panel.first * places + place * panel.width) * tiles..],
                            width: panel.width,
                        };
                        product.write_rows(instructions, &mut sums[panel.offset(channels)..], panel.width, nth > 0);
                    }
                },
            );
        });
    }
    dw.par_chunks_mut(panels.get(0).channels * patch).enumerate().for_each(|(i, dw)| {
        let panel = panels.get(i);
        let mut rows = ctx.scratch::<T>(patch * panel.width);
        let source = Square::of_places(geo.kernel, channels * panels.width());
        let square = Square { down: geo.kernel * panel.width, right: panel.width };
        for channel in 0..channels {
            for lane in (0..panel.width).step_by(transforms.lanes) {
                let at = panel.offset(channels) + channel * panel.width + lane;
                let rows = &mut rows[channel * geo.kernel * geo.kernel * panel.width + lane..];
                transforms.to_kernel.run(&sums[at..], source, rows, square);
            }
        }
        into_planes(panel, patch, patch).run(instructions, &rows, dw);
    });
}

/// The transformed inputs of one group, [blocks of tiles × places × tiles of a block × width].
fn blocks_of_inputs<'a, T: Real>(
    ctx: &'a Context,
    geo: &Conv2d,
    group: usize,
    tiles: usize,
    width: usize,
    x: &[T],
) -> Scratch<'a, T> {
    let (channels, places) = (geo.in_group(), places(geo.kernel));
    let transforms = T::transforms(ctx.instructions(), geo.kernel);
    let (layout, panel) = (geo.grid().inputs(), Panel::alone(channels, transforms.lanes));
    let staged = layout.stage(ctx, x, geo.in_channels, group * channels, panel);
    let mut inputs = ctx.scratch::<T>(tiles.div_ceil(BLOCK) * places * BLOCK * width);
    inputs.par_chunks_mut(places * BLOCK * width).enumerate().for_each(|(i, inputs)| {
        for nth in 0..(tiles - i * BLOCK).min(BLOCK) {
            let source = &staged[layout.of_tile(i * BLOCK + nth) * panel.width..];
            for channel in (0..channels).step_by(transforms.lanes) {
                let (square, target) = (layout.square(panel.width), Square::of_places(geo.kernel, BLOCK * width));
                transforms.of_input.run(&source[channel..], square, &mut inputs[nth * width + channel..], target);
            }
        }
    });
    inputs
}

/// The transformed gradients of one group's outputs, [panels × places × tiles × width].
fn panels_of_gradients<'a, T: Real>(
    ctx: &'a Context,
    geo: &Conv2d,
    group: usize,
    tiles: usize,
    panels: Panels,
    dz: &[T],
) -> Scratch<'a, T> {
    let (places, layout) = (places(geo.kernel), geo.grid().outputs());
    let transforms = T::transforms(ctx.instructions(), geo.kernel);
    let mut gradients = ctx.scratch::<T>(places * tiles * panels.width());
    gradients.par_chunks_mut(places * tiles * panels.get(0).width).enumerate().for_each(|(i, gradients)| {
        let panel = panels.get(i);
        let staged = layout.stage(ctx, dz, geo.out_channels, group * geo.out_group() + panel.first, panel);
        let (square, target) = (layout.square(panel.width), Square::of_places(geo.kernel, tiles * panel.width));
        for tile in 0..tiles {
            for lane in (0..panel.width).step_by(transforms.lanes) {
                let source = &staged[layout.of_tile(tile) * panel.width + lane..];
                transforms.of_gradient.run(source, square, &mut gradients[tile * panel.width + lane..], target);
            }
        }
    });
    gradients
}
