//! Convolution as a [product](crate::ops::product) of the pictures' patches, which are never written down, and panels:
//!
//! | result | its rows (runs) | summed over (steps) | panels |
//! |---|---|---|---|
//! | y | output pixels | places in the window | weights, by output channels |
//! | dx | input pixels | places in the window, over dz | weights turned around, by input channels |
//! | dw | places in the window | output pixels of some pictures | dz, by output channels |
//!
//! dz is dy behind the activation's derivative. The patches of im2col (Chellapilla, Puri, Simard 2006, section 4) would be `kernel`²
//! times larger than the picture and be written and read once more.

use rayon::prelude::*;

use super::staging::Stage;
use super::{Conv2d, winograd};
use crate::ops::activation::{Activation, cpu as activation};
use crate::ops::context::Scratch;
use crate::ops::product::{Panel, Panels, Product, Run, Strided, Turn};
use crate::ops::{Context, Instructions, Real};

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

/// Pictures are taken together until they have this many output pixels, or are this many, so that a tile is filled.
const PIXELS_TOGETHER: usize = 64;
const PICTURES_TOGETHER: usize = 16;
/// Into how many sums of pictures the weights' gradient is cut, whatever the number of threads; and into how many strips of output channels
/// at least.
const PARTS: usize = 4;
const STRIPS: usize = 2;
/// Numbers that a thread works on at a time: a megabyte of f32, about a core's own cache.
const CACHED: usize = 1 << 18;

fn pictures_together(pixels: usize) -> usize {
    PIXELS_TOGETHER.div_ceil(pixels.max(1)).clamp(1, PICTURES_TOGETHER)
}

/// One group's convolution of staged pictures with packed weights, at any of the two directions.
struct Convolve<'a, T> {
    runs: &'a [Run],
    window: &'a [u32],
    panels: Panels,
    weights: &'a [T],
}

impl<T: Real> Convolve<'_, T> {
    /// Hands each run of pixels and its part of the result, [pixels × width], to `take`, panel after panel.
    #[inline(always)]
    fn for_each_run(&self, instructions: Instructions, staged: &[T], mut take: impl FnMut(Panel, Run, &mut [T])) {
        for panel in self.panels.iter() {
            let weights = &self.weights[panel.offset(self.window.len())..][..self.window.len() * panel.width];
            let product = Product { source: staged, runs: self.runs, steps: self.window, panel: weights, width: panel.width };
            product.for_each_run(
                instructions,
                #[inline(always)]
                |run, tile| take(panel, run, tile),
            );
        }
    }
}

/// Rows as wide as the panel become planes of its channels, `plane` apart.
pub(super) fn into_planes(panel: Panel, rows: usize, plane: usize) -> Turn {
    Turn { rows, columns: panel.channels, source_by: panel.width, target_by: plane }
}

/// Adds the biases `b` of the panel's channels to rows of them, applies the activation, and turns them into planes of `y`.
#[inline(always)]
pub(super) fn finish<T: Real>(
    instructions: Instructions,
    act: Option<Activation>,
    b: &[T],
    panel: Panel,
    rows: &mut [T],
    plane: usize,
    y: &mut [T],
) {
    for pixel in rows.chunks_exact_mut(panel.width) {
        pixel.iter_mut().zip(b).for_each(|(y, &b)| *y += b);
    }
    if let Some(act) = act {
        activation::apply(act, rows);
    }
    into_planes(panel, rows.len() / panel.width, plane).run(instructions, rows, y);
}

/// One group's weights, [panels × patch × width].
pub(super) fn pack_weights<'a, T: Real>(ctx: &'a Context, geo: &Conv2d, panels: Panels, w: &[T]) -> Scratch<'a, T> {
    let patch = geo.patch();
    let mut packed = ctx.scratch::<T>(patch * panels.width());
    panels.pack(ctx.instructions(), patch, Strided { elements: w, step_by: 1, channel_by: patch }, &mut packed);
    packed
}

/// One group's weights by input channels and turned around, [panels × output channels × places in the window × width].
pub(super) fn pack_weights_turned<'a, T: Real>(ctx: &'a Context, geo: &Conv2d, panels: Panels, w: &[T]) -> Scratch<'a, T> {
    let places = geo.kernel * geo.kernel;
    let steps = geo.out_group() * places;
    let mut packed = ctx.scratch::<T>(steps * panels.width());
    for panel in panels.iter() {
        let packed = &mut packed[panel.offset(steps)..][..steps * panel.width];
        packed.par_chunks_mut(places * panel.width).zip(w.par_chunks(geo.patch())).for_each(|(packed, w)| {
            let matrix = Strided { elements: w, step_by: 1, channel_by: places };
            panel.pack(ctx.instructions(), places, matrix.skip_channels(panel.first), packed);
            let (front, back) = packed.split_at_mut(places / 2 * panel.width);
            let ends = front.chunks_exact_mut(panel.width).zip(back.chunks_exact_mut(panel.width).rev());
            ends.for_each(|(front, back)| front.swap_with_slice(back));
        });
    }
    packed
}

pub(super) fn forward<T: Real>(ctx: &Context, geo: &Conv2d, act: Option<Activation>, x: &[T], w: &[T], b: &[T], y: &mut [T]) {
    if winograd::suits(geo) {
        return winograd::forward(ctx, geo, act, x, w, b, y);
    }
    let instructions = ctx.instructions();
    let (out_group, pixels, patch) = (geo.out_group(), geo.output_pixels(), geo.patch());
    let together = pictures_together(pixels);
    let stage = geo.input_stage(geo.stride);
    let panels = Panels::of::<T>(instructions, out_group);
    let window = stage.window(geo.kernel);
    let runs = stage.pixel_runs(together, geo.output, geo.stride, T::tiles(instructions).longest);
    let weights: Vec<_> = w.chunks_exact(out_group * patch).map(|w| pack_weights(ctx, geo, panels, w)).collect();
    let (x_picture, y_picture) = (geo.in_channels * geo.input_pixels(), geo.out_channels * pixels);
    y.par_chunks_mut(together * y_picture).zip(x.par_chunks(together * x_picture)).for_each(|(y, x)| {
        let pictures = y.len() / y_picture;
        let runs = &runs[..runs.len() / together * pictures];
        let mut staged = ctx.scratch::<T>(pictures * stage.picture());
        for (group, weights) in weights.iter().enumerate() {
            instructions.run(
                #[inline(always)]
                || {
                    stage_group(&stage, group, x, x_picture, &mut staged);
                    let convolve = Convolve { runs, window: &window, panels, weights };
                    convolve.for_each_run(
                        instructions,
                        &staged,
                        #[inline(always)]
                        |panel, run, tile| {
                            let first = group * out_group + panel.first;
                            let (picture, pixel) = (run.place / pixels, run.place % pixels);
                            let planes = &mut y[picture * y_picture + first * pixels + pixel..];
                            finish(instructions, act, &b[first..], panel, tile, pixels, planes);
                        },
                    );
                },
            );
        }
    });
}

/// Lays out one group's planes of some pictures.
#[inline(always)]
fn stage_group<T: Real>(stage: &Stage, group: usize, pictures: &[T], picture: usize, staged: &mut [T]) {
    for (planes, staged) in pictures.chunks_exact(picture).zip(staged.chunks_exact_mut(stage.picture())) {
        stage.fill(stage.planes_of_group(group, planes), staged);
    }
}

pub(super) fn backward<T: Real>(
    ctx: &Context,
    geo: &Conv2d,
    act: Option<Activation>,
    kept: Kept<T>,
    dy: &mut [T],
    gradients: Gradients<T>,
) {
    let pixels = geo.output_pixels();
    let pictures = dy.len() / (geo.out_channels * pixels).max(1);
    let mut bias_parts = ctx.scratch::<T>(pictures * geo.out_channels);
    dy.par_chunks_mut(pixels).zip(kept.y.par_chunks(pixels)).zip(bias_parts.par_iter_mut()).for_each(|((dy, y), db)| {
        ctx.instructions().run(
            #[inline(always)]
            || {
                if let Some(act) = act {
                    activation::differentiate(act, y, dy);
                }
                *db = sum(dy);
            },
        );
    });
    gradients.db.fill(T::ZERO);
    for part in bias_parts.chunks_exact(geo.out_channels) {
        gradients.db.iter_mut().zip(part).for_each(|(db, &part)| *db += part);
    }
    if let Some(dx) = gradients.dx {
        input_gradient(ctx, geo, kept.w, dy, dx);
    }
    weight_gradient(ctx, geo, kept.x, dy, gradients.dw);
}

fn input_gradient<T: Real>(ctx: &Context, geo: &Conv2d, w: &[T], dz: &[T], dx: &mut [T]) {
    if winograd::suits(geo) {
        return winograd::input_gradient(ctx, geo, w, dz, dx);
    }
    let instructions = ctx.instructions();
    let (in_group, out_group, pixels) = (geo.in_group(), geo.out_group(), geo.input_pixels());
    let together = pictures_together(pixels);
    let stage = geo.gradient_stage();
    let panels = Panels::of::<T>(instructions, in_group);
    let window = stage.window(geo.kernel);
    let runs = stage.pixel_runs(together, geo.input, 1, T::tiles(instructions).longest);
    let weights: Vec<_> = w.chunks_exact(out_group * geo.patch()).map(|w| pack_weights_turned(ctx, geo, panels, w)).collect();
    let (x_picture, z_picture) = (geo.in_channels * pixels, geo.out_channels * geo.output_pixels());
    dx.par_chunks_mut(together * x_picture).zip(dz.par_chunks(together * z_picture)).for_each(|(dx, dz)| {
        let pictures = dx.len() / x_picture;
        let runs = &runs[..runs.len() / together * pictures];
        let mut staged = ctx.scratch::<T>(pictures * stage.picture());
        for (group, weights) in weights.iter().enumerate() {
            instructions.run(
                #[inline(always)]
                || {
                    stage_group(&stage, group, dz, z_picture, &mut staged);
                    let convolve = Convolve { runs, window: &window, panels, weights };
                    convolve.for_each_run(
                        instructions,
                        &staged,
                        #[inline(always)]
                        |panel, run, tile| {
                            let (picture, pixel) = (run.place / pixels, run.place % pixels);
                            let planes = &mut dx[picture * x_picture + (group * in_group + panel.first) * pixels + pixel..];
                            into_planes(panel, run.length, pixels).run(instructions, tile, planes);
                        },
                    );
                },
            );
        }
    });
}

fn weight_gradient<T: Real>(ctx: &Context, geo: &Conv2d, x: &[T], dz: &[T], dw: &mut [T]) {
    let instructions = ctx.instructions();
    let (out_group, pixels, patch) = (geo.out_group(), geo.output_pixels(), geo.patch());
    let (x_picture, z_picture) = (geo.in_channels * geo.input_pixels(), geo.out_channels * pixels);
    let pictures = x.len() / x_picture;
    if pictures == 0 {
        return dw.fill(T::ZERO);
    }
    if winograd::suits(geo) {
        return winograd::weight_gradient(ctx, geo, x, dz, dw);
    }
    let stage = geo.input_stage(1);
    let panels = Panels::of::<T>(instructions, out_group);
    let in_part = pictures.div_ceil(PARTS);
    let parts = pictures.div_ceil(in_part);
    let in_strip = panels.count().div_ceil(STRIPS.div_ceil(geo.groups));
    let strips = panels.count().div_ceil(in_strip);
    let strip_width = if strips == 1 { panels.width() } else { in_strip * panels.get(0).width };
    let together = (CACHED / (stage.picture() + pixels * strip_width)).clamp(1, in_part);
    let steps = stage.pixels(together, geo.output, geo.stride);
    let runs = stage.window_runs(geo.kernel, T::tiles(instructions).longest);
    // [parts × groups × panels × patch × width]
    let mut sums = ctx.scratch::<T>(parts * geo.groups * patch * panels.width());
    let mut work = Vec::with_capacity(parts * geo.groups * strips);
    for (i, mut of_group) in sums.chunks_exact_mut(patch * panels.width()).enumerate() {
        for strip in 0..strips {
            let size = (patch * strip_width).min(of_group.len());
            let (of_strip, rest) = of_group.split_at_mut(size);
            work.push((i / geo.groups, i % geo.groups, strip, of_strip));
            of_group = rest;
        }
    }
    work.into_par_iter().for_each(|(part, group, strip, sums)| {
        let mut staged = ctx.scratch::<T>(together * stage.picture());
        let mut gradients = ctx.scratch::<T>(together * pixels * panels.get(0).width);
        let of_part = |all: &[T], picture: usize| part * in_part * picture..((part + 1) * in_part * picture).min(all.len());
        let (x, dz) = (&x[of_part(x, x_picture)], &dz[of_part(dz, z_picture)]);
        for (nth, (x, dz)) in x.chunks(together * x_picture).zip(dz.chunks(together * z_picture)).enumerate() {
            let pictures = x.len() / x_picture;
            instructions.run(
                #[inline(always)]
                || {
                    stage_group(&stage, group, x, x_picture, &mut staged);
                    for panel in panels.iter().skip(strip * in_strip).take(in_strip) {
                        for (dz, packed) in dz.chunks_exact(z_picture).zip(gradients.chunks_exact_mut(pixels * panel.width)) {
                            let dz = &dz[(group * out_group + panel.first) * pixels..];
                            panel.pack(instructions, pixels, Strided { elements: dz, step_by: 1, channel_by: pixels }, packed);
                        }
                        let (steps, first) = (&steps[..pictures * pixels], panel.first - strip * in_strip * panels.get(0).width);
                        let sums = &mut sums[first * patch..][..patch * panel.width];
                        let product = Product { source: &staged, runs: &runs, steps, panel: &gradients, width: panel.width };
                        product.write_rows(instructions, sums, panel.width, nth > 0);
                    }
                },
            );
        }
    });
    let part_size = geo.groups * patch * panels.width();
    let mut rows = Vec::with_capacity(geo.groups * panels.count());
    let mut rest = dw;
    for group in 0..geo.groups {
        for panel in panels.iter() {
            let (these, others) = rest.split_at_mut(panel.channels * patch);
            rows.push((group, panel, these));
            rest = others;
        }
    }
    rows.into_par_iter().for_each(|(group, panel, dw)| {
        instructions.run(
            #[inline(always)]
            || {
                let size = patch * panel.width;
                let mut total = ctx.scratch::<T>(size);
                total.fill(T::ZERO);
                for part in sums.chunks_exact(part_size) {
                    let part = &part[group * patch * panels.width() + panel.offset(patch)..][..size];
                    total.iter_mut().zip(part).for_each(|(total, &part)| *total += part);
                }
                into_planes(panel, patch, patch).run(instructions, &total, dw);
            },
        );
    });
}

/// In sixteen sums side by side, so that it can be vectorized in a fixed order.
#[inline(always)]
fn sum<T: Real>(values: &[T]) -> T {
    let mut lanes = [T::ZERO; 16];
    let (whole, rest) = values.as_chunks::<16>();
    for chunk in whole {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &v)| *lane += v);
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, &v)| *lane += v);
    lanes.into_iter().sum()
}
