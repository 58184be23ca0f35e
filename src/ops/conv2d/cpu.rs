//! Convolution as a matrix product (Chellapilla, Puri, Simard 2006, section 4): the patches of the input that the kernel meets become
//! the columns of a matrix, a band of output rows at a time so that it stays in the cache.
//!
//! ```text
//!     y  [out × pixels]       = w  [out × patch]          · columns [patch × pixels]
//!     dw [out × patch]        = dz [out × pixels]         · columnsᵀ, summed over the batch
//!     dcolumns [patch × pixels] = wᵀ [patch × out]        · dz, added back to where the patches came from: dx
//! ```

use rayon::prelude::*;

use super::Conv2d;
use crate::ops::activation::{Activation, cpu as activation};
use crate::ops::matrix::{Matrix, Product};
use crate::ops::simd::widest;
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

/// Numbers in a band of columns: half a megabyte of f32, a part of a core's own cache.
const BAND: usize = 1 << 17;
/// Into how many sums of images the gradient of the weights is cut, whatever the number of threads.
const PARTS: usize = 8;

impl Conv2d {
    fn in_group(&self) -> usize {
        self.in_channels / self.groups
    }
    fn out_group(&self) -> usize {
        self.out_channels / self.groups
    }
    /// Rows of the column matrix of one group.
    fn patch(&self) -> usize {
        self.in_group() * self.kernel * self.kernel
    }
    fn input_pixels(&self) -> usize {
        self.input.0 * self.input.1
    }
    fn output_pixels(&self) -> usize {
        self.output.0 * self.output.1
    }
    fn band_rows(&self) -> usize {
        (BAND / (self.patch() * self.output.1)).clamp(1, self.output.0)
    }
    /// The bands of output rows, top to bottom.
    fn bands(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let (rows, step) = (self.output.0, self.band_rows());
        (0..rows).step_by(step).map(move |first| first..(first + step).min(rows))
    }
}

pub(super) fn forward<T: Real>(ctx: &Context, geo: &Conv2d, act: Option<Activation>, x: &[T], w: &[T], b: &[T], y: &mut [T]) {
    let (pixels, out_group) = (geo.output_pixels(), geo.out_group());
    let (x_group, w_group) = (geo.in_group() * geo.input_pixels(), out_group * geo.patch());
    y.par_chunks_mut(out_group * pixels).zip(x.par_chunks(x_group)).enumerate().for_each(|(i, (y, x))| {
        let group = i % geo.groups;
        let w = &w[group * w_group..][..w_group];
        let b = &b[group * out_group..][..out_group];
        let mut columns = ctx.scratch::<T>(geo.patch() * geo.band_rows() * geo.output.1);
        for band in geo.bands() {
            let (first, width) = (band.start * geo.output.1, band.len() * geo.output.1);
            gather(geo, x, band, &mut columns);
            let product = Product { rows: out_group, columns: width, depth: geo.patch(), accumulate: false };
            product.compute(&mut y[first..], pixels, Matrix::rows_of(geo.patch(), w), Matrix::rows_of(width, &columns));
        }
        widest(|| {
            for (y, &b) in y.chunks_exact_mut(pixels).zip(b) {
                y.iter_mut().for_each(|v| *v += b);
                if let Some(act) = act {
                    activation::apply(act, y);
                }
            }
        });
    });
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
    let images = dy.len() / (geo.out_channels * pixels).max(1);
    let mut bias_parts = ctx.scratch::<T>(images * geo.out_channels);
    dy.par_chunks_mut(pixels).zip(kept.y.par_chunks(pixels)).zip(bias_parts.par_iter_mut()).for_each(|((dy, y), db)| {
        widest(|| {
            if let Some(act) = act {
                activation::differentiate(act, y, dy);
            }
            *db = sum(dy);
        });
    });
    gradients.db.fill(T::ZERO);
    for part in bias_parts.chunks_exact(geo.out_channels) {
        gradients.db.iter_mut().zip(part).for_each(|(db, &part)| *db += part);
    }
    weight_gradient(ctx, geo, kept.x, dy, gradients.dw);
    if let Some(dx) = gradients.dx {
        input_gradient(ctx, geo, kept.w, dy, dx);
    }
}

fn weight_gradient<T: Real>(ctx: &Context, geo: &Conv2d, x: &[T], dz: &[T], dw: &mut [T]) {
    let (patch, out_group) = (geo.patch(), geo.out_group());
    let (x_image, z_image) = (geo.in_channels * geo.input_pixels(), geo.out_channels * geo.output_pixels());
    let images_in_part = (x.len() / x_image).div_ceil(PARTS).max(1);
    let parts = (x.len() / x_image).div_ceil(images_in_part);
    if parts == 0 {
        return dw.fill(T::ZERO);
    }
    let mut sums = ctx.scratch::<T>(parts * dw.len());
    sums.par_chunks_mut(out_group * patch).enumerate().for_each(|(i, sum)| {
        let (part, group) = (i / geo.groups, i % geo.groups);
        let mut columns = ctx.scratch::<T>(patch * geo.band_rows() * geo.output.1);
        let images = x.chunks_exact(x_image).zip(dz.chunks_exact(z_image));
        for (n, (x, dz)) in images.skip(part * images_in_part).take(images_in_part).enumerate() {
            let x = &x[group * geo.in_group() * geo.input_pixels()..];
            let dz = &dz[group * out_group * geo.output_pixels()..];
            for band in geo.bands() {
                let (first, width) = (band.start * geo.output.1, band.len() * geo.output.1);
                let accumulate = n > 0 || first > 0;
                gather(geo, x, band, &mut columns);
                let product = Product { rows: out_group, columns: patch, depth: width, accumulate };
                let dz = Matrix::rows_of(geo.output_pixels(), &dz[first..]);
                product.compute(sum, patch, dz, Matrix::rows_of(width, &columns).transposed());
            }
        }
    });
    let (first, rest) = sums.split_at(dw.len());
    dw.copy_from_slice(first);
    for part in rest.chunks_exact(dw.len()) {
        dw.iter_mut().zip(part).for_each(|(dw, &part)| *dw += part);
    }
}

fn input_gradient<T: Real>(ctx: &Context, geo: &Conv2d, w: &[T], dz: &[T], dx: &mut [T]) {
    let (patch, out_group, pixels) = (geo.patch(), geo.out_group(), geo.output_pixels());
    let dx_group = geo.in_group() * geo.input_pixels();
    dx.par_chunks_mut(dx_group).zip(dz.par_chunks(out_group * pixels)).enumerate().for_each(|(i, (dx, dz))| {
        let w = &w[i % geo.groups * out_group * patch..][..out_group * patch];
        let mut columns = ctx.scratch::<T>(patch * geo.band_rows() * geo.output.1);
        dx.fill(T::ZERO);
        for band in geo.bands() {
            let (first, width) = (band.start * geo.output.1, band.len() * geo.output.1);
            let product = Product { rows: patch, columns: width, depth: out_group, accumulate: false };
            product.compute(&mut columns, width, Matrix::rows_of(patch, w).transposed(), Matrix::rows_of(pixels, &dz[first..]));
            scatter(geo, &columns, band, dx);
        }
    });
}

/// Calls `run` for each row of the column matrix and each output row in `band` with where the run of pixels stands in the columns, where in
/// the input (if that row is inside it), and which output columns lie inside the input.
fn runs(geo: &Conv2d, band: std::ops::Range<usize>, mut run: impl FnMut(usize, Option<usize>, std::ops::Range<usize>)) {
    let [top, left, ..] = geo.pad;
    let ((height, width), (_, out_width)) = (geo.input, geo.output);
    let mut place = 0;
    for channel in 0..geo.in_group() {
        for u in 0..geo.kernel {
            for v in 0..geo.kernel {
                // Output column j looks at input column j · stride + v − left.
                let first = left.saturating_sub(v).div_ceil(geo.stride).min(out_width);
                let end = (width + left).saturating_sub(v).div_ceil(geo.stride).clamp(first, out_width);
                for row in band.clone() {
                    let source = (row * geo.stride + u).checked_sub(top).filter(|&r| r < height && first < end);
                    let source = source.map(|r| (channel * height + r) * width + first * geo.stride + v - left);
                    run(place, source, first..end);
                    place += out_width;
                }
            }
        }
    }
}

/// columns [patch × pixels of the band] from one group of one image.
fn gather<T: Real>(geo: &Conv2d, x: &[T], band: std::ops::Range<usize>, columns: &mut [T]) {
    let width = geo.output.1;
    runs(geo, band, |place, source, inside| {
        let target = &mut columns[place..place + width];
        let Some(source) = source else { return target.fill(T::ZERO) };
        target[..inside.start].fill(T::ZERO);
        target[inside.end..].fill(T::ZERO);
        let count = inside.len();
        if geo.stride == 1 {
            target[inside].copy_from_slice(&x[source..source + count]);
        } else {
            target[inside].iter_mut().zip(x[source..].iter().step_by(geo.stride)).for_each(|(t, &s)| *t = s);
        }
    });
}

/// Adds each element of the columns to the place of the image that it was gathered from.
fn scatter<T: Real>(geo: &Conv2d, columns: &[T], band: std::ops::Range<usize>, dx: &mut [T]) {
    runs(geo, band, |place, target, inside| {
        let Some(target) = target else { return };
        let source = &columns[place + inside.start..place + inside.end];
        dx[target..].iter_mut().step_by(geo.stride).zip(source).for_each(|(d, &s)| *d += s);
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
