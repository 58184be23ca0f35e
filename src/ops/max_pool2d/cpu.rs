//! A plane (one channel of one picture) at a time.

use rayon::prelude::*;

use super::MaxPool2d;
use crate::ops::{Context, Real};

pub(super) fn forward<T: Real>(ctx: &Context, geo: &MaxPool2d, x: &[T], y: &mut [T], argmax: &mut [u8]) {
    let pixels = geo.output.0 * geo.output.1;
    y.par_chunks_mut(pixels)
        .zip(argmax.par_chunks_mut(pixels))
        .zip(x.par_chunks(geo.input.0 * geo.input.1))
        .for_each(|((y, argmax), x)| ctx.instructions().run(|| forward_plane(geo, x, y, argmax)));
}

pub(super) fn backward<T: Real>(_: &Context, geo: &MaxPool2d, argmax: &[u8], dy: &[T], dx: &mut [T]) {
    let pixels = geo.output.0 * geo.output.1;
    dx.par_chunks_mut(geo.input.0 * geo.input.1)
        .zip(argmax.par_chunks(pixels))
        .zip(dy.par_chunks(pixels))
        .for_each(|((dx, argmax), dy)| backward_plane(geo, argmax, dy, dx));
}

#[inline(always)]
fn forward_plane<T: Real>(geo: &MaxPool2d, x: &[T], y: &mut [T], argmax: &mut [u8]) {
    let (height, width) = geo.input;
    for (row, (y, argmax)) in y.chunks_exact_mut(geo.output.1).zip(argmax.chunks_exact_mut(geo.output.1)).enumerate() {
        y.fill(T::NEG_INFINITY);
        argmax.fill(0);
        let top = row * geo.stride;
        for u in 0..geo.kernel.min(height - top) {
            let x = &x[(top + u) * width..][..width];
            for v in 0..geo.kernel.min(width) {
                let place = (u * geo.kernel + v) as u8;
                // Windows whose column v lies inside; the last ones may be clipped.
                let inside = (width - v).div_ceil(geo.stride);
                for ((y, argmax), &x) in y.iter_mut().zip(argmax.iter_mut()).zip(x[v..].iter().step_by(geo.stride)).take(inside) {
                    // A NaN wins and is not beaten any more: no comparison with it is true.
                    let wins = x > *y || x.is_nan();
                    *y = if wins { x } else { *y };
                    *argmax = if wins { place } else { *argmax };
                }
            }
        }
    }
}

fn backward_plane<T: Real>(geo: &MaxPool2d, argmax: &[u8], dy: &[T], dx: &mut [T]) {
    dx.fill(T::ZERO);
    let rows = argmax.chunks_exact(geo.output.1).zip(dy.chunks_exact(geo.output.1));
    for (row, (argmax, dy)) in rows.enumerate() {
        for (column, (&place, &dy)) in argmax.iter().zip(dy).enumerate() {
            let (u, v) = (place as usize / geo.kernel, place as usize % geo.kernel);
            // In an image, unless `argmax` is not what the forward pass left.
            if let Some(dx) = dx.get_mut((row * geo.stride + u) * geo.input.1 + column * geo.stride + v) {
                *dx += dy;
            }
        }
    }
}
