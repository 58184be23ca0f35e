//! A picture at a time; within it each channel's window of planes is summed pixel by pixel, vectors of pixels side by side.

use rayon::prelude::*;

use super::Lrn;
use crate::ops::{Context, Real};

#[derive(Clone, Copy)]
pub(super) struct Shape {
    channels: usize,
    pixels: usize,
}

impl Shape {
    pub(super) fn of((_, channels, height, width): (usize, usize, usize, usize)) -> Self {
        Shape { channels, pixels: height * width }
    }

    fn picture(&self) -> usize {
        (self.channels * self.pixels).max(1)
    }

    /// The planes of the `n` channels around `channel` of a picture, as far as there are any.
    #[inline(always)]
    fn window<'a, T>(&self, picture: &'a [T], n: usize, channel: usize) -> std::slice::ChunksExact<'a, T> {
        let (first, end) = (channel.saturating_sub(n / 2), (channel + n / 2 + 1).min(self.channels));
        picture[first * self.pixels..end * self.pixels].chunks_exact(self.pixels)
    }
}

/// What the backward pass needs of the forward pass.
pub(super) struct Kept<'a, T> {
    pub x: &'a [T],
    pub y: &'a [T],
    pub denominator: &'a [T],
}

pub(super) fn forward<T: Real>(ctx: &Context, lrn: &Lrn, shape: Shape, x: &[T], y: &mut [T], denominator: &mut [T]) {
    let picture = shape.picture();
    y.par_chunks_mut(picture).zip(denominator.par_chunks_mut(picture)).zip(x.par_chunks(picture)).for_each(
        |((y, denominator), x)| {
            ctx.instructions().run(
                #[inline(always)]
                || forward_picture(lrn, shape, x, y, denominator),
            )
        },
    );
}

pub(super) fn backward<T: Real>(ctx: &Context, lrn: &Lrn, shape: Shape, kept: Kept<T>, dy: &[T], dx: &mut [T]) {
    let picture = shape.picture();
    dx.par_chunks_mut(picture).zip(dy.par_chunks(picture)).enumerate().for_each(|(i, (dx, dy))| {
        let of_picture = |all| -> &[T] { &(all as &[T])[i * picture..][..picture] };
        let kept = Kept { x: of_picture(kept.x), y: of_picture(kept.y), denominator: of_picture(kept.denominator) };
        let mut ratios = ctx.scratch::<T>(picture);
        ctx.instructions().run(
            #[inline(always)]
            || backward_picture(lrn, shape, kept, dy, &mut ratios, dx),
        );
    });
}

#[inline(always)]
fn forward_picture<T: Real>(lrn: &Lrn, shape: Shape, x: &[T], y: &mut [T], denominator: &mut [T]) {
    let (k, alpha) = (T::of(lrn.k), T::of(lrn.alpha));
    for channel in 0..shape.channels {
        let plane = channel * shape.pixels..(channel + 1) * shape.pixels;
        let (x_plane, y, d) = (&x[plane.clone()], &mut y[plane.clone()], &mut denominator[plane]);
        d.fill(T::ZERO);
        for neighbour in shape.window(x, lrn.n, channel) {
            d.iter_mut().zip(neighbour).for_each(|(d, &x)| *d += x * x);
        }
        d.iter_mut().for_each(|d| *d = k + alpha * *d);
        scale_by_power(lrn.beta, x_plane, d, y);
    }
}

#[inline(always)]
fn backward_picture<T: Real>(lrn: &Lrn, shape: Shape, kept: Kept<T>, dy: &[T], ratios: &mut [T], dx: &mut [T]) {
    let factor = T::of(2.0 * lrn.alpha * lrn.beta);
    for (((ratio, &dy), &y), &d) in ratios.iter_mut().zip(dy).zip(kept.y).zip(kept.denominator) {
        *ratio = dy * y / d;
    }
    for channel in 0..shape.channels {
        let plane = channel * shape.pixels..(channel + 1) * shape.pixels;
        let dx = &mut dx[plane.clone()];
        scale_by_power(lrn.beta, &dy[plane.clone()], &kept.denominator[plane.clone()], dx);
        let x = &kept.x[plane];
        for neighbour in shape.window(ratios, lrn.n, channel) {
            dx.iter_mut().zip(x).zip(neighbour).for_each(|((dx, &x), &ratio)| *dx = *dx - factor * x * ratio);
        }
    }
}

/// target = values / d^β; the paper's β = ¾ is d^¾ = √d · √√d, which vectors can do.
#[inline(always)]
fn scale_by_power<T: Real>(beta: f64, values: &[T], d: &[T], target: &mut [T]) {
    let elements = target.iter_mut().zip(values).zip(d);
    if beta == 0.75 {
        elements.for_each(|((t, &v), &d)| {
            let root = d.sqrt();
            *t = v / (root * root.sqrt());
        });
    } else {
        let exponent = T::of(-beta);
        elements.for_each(|((t, &v), &d)| *t = v * d.powf(exponent));
    }
}
