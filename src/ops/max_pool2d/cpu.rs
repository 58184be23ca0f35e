//! A plane (one channel of one picture) at a time. Its rows and columns are set apart by the stride first: then one place of the window,
//! for all windows together, is a stretch of numbers, and the maximum is taken window place by window place with whole vectors.

use rayon::prelude::*;

use super::MaxPool2d;
use crate::ops::{Context, Real};

/// Rows are filled up to a multiple of this, so that no vector is left half used.
const LANES: usize = 16;
/// Pixels in a piece of work at least, so that it is worth its scratch.
const PIXELS_TOGETHER: usize = 1 << 14;

pub(super) fn forward<T: Real>(ctx: &Context, geo: &MaxPool2d, x: &[T], y: &mut [T], argmax: &mut [u8]) {
    let (x_plane, y_plane) = (geo.input.0 * geo.input.1, geo.output.0 * geo.output.1);
    let together = PIXELS_TOGETHER.div_ceil(x_plane);
    let apart = Apart::of(geo);
    y.par_chunks_mut(together * y_plane)
        .zip(argmax.par_chunks_mut(together * y_plane))
        .zip(x.par_chunks(together * x_plane))
        .for_each(|((y, argmax), x)| {
            let mut phases = ctx.scratch::<T>(apart.all_phases());
            let (mut largest, mut places) = (ctx.scratch::<T>(apart.windows()), ctx.scratch::<u8>(apart.windows()));
            // What lies outside of the input stays so in all planes, and never wins.
            phases.fill(T::NEG_INFINITY);
            let planes = y.chunks_exact_mut(y_plane).zip(argmax.chunks_exact_mut(y_plane));
            ctx.instructions().run(
                #[inline(always)]
                || {
                    for ((y, argmax), x) in planes.zip(x.chunks_exact(x_plane)) {
                        apart.set(x, &mut phases);
                        apart.find_largest(&phases, &mut largest, &mut places);
                        apart.close_up(&largest, y);
                        apart.close_up(&places, argmax);
                    }
                },
            );
        });
}

pub(super) fn backward<T: Real>(_: &Context, geo: &MaxPool2d, argmax: &[u8], dy: &[T], dx: &mut [T]) {
    let pixels = geo.output.0 * geo.output.1;
    dx.par_chunks_mut(geo.input.0 * geo.input.1)
        .zip(argmax.par_chunks(pixels))
        .zip(dy.par_chunks(pixels))
        .for_each(|((dx, argmax), dy)| backward_plane(geo, argmax, dy, dx));
}

/// A plane of the input taken apart into phases: (row, column) stands in phase (row % stride, column % stride) at
/// (row / stride, column / stride).
struct Apart<'a> {
    geo: &'a MaxPool2d,
    /// In either direction; with a stride beyond the kernel what lies between windows has none.
    phases: usize,
    /// Of a phase, with room for the windows that reach over the border.
    rows: usize,
    columns: usize,
}

impl Apart<'_> {
    fn of(geo: &MaxPool2d) -> Apart<'_> {
        let beyond = geo.kernel.div_ceil(geo.stride);
        let phases = geo.stride.min(geo.kernel);
        Apart { geo, phases, rows: geo.output.0 + beyond, columns: (geo.output.1 + beyond).next_multiple_of(LANES) }
    }

    fn phase(&self) -> usize {
        self.rows * self.columns
    }

    fn all_phases(&self) -> usize {
        self.phases * self.phases * self.phase()
    }

    /// Numbers in rows of outputs that are as long as those of a phase.
    fn windows(&self) -> usize {
        self.geo.output.0 * self.columns
    }

    /// Where a place of the window, or of the plane, begins.
    fn offset(&self, row: usize, column: usize) -> usize {
        let stride = self.geo.stride;
        (row % stride * self.phases + column % stride) * self.phase() + row / stride * self.columns + column / stride
    }

    #[inline(always)]
    fn set<T: Real>(&self, x: &[T], phases: &mut [T]) {
        let (stride, phase) = (self.geo.stride, self.phase());
        for (row, x) in x.chunks_exact(self.geo.input.1).enumerate().take(self.rows * stride) {
            if row % stride >= self.phases {
                continue;
            }
            // Columns behind the last window may not even have room.
            let x = &x[..x.len().min(self.columns * stride)];
            let first = &mut phases[self.offset(row, 0)..];
            if (stride, self.phases) == (2, 2) {
                // By far the most common, which vectors can do.
                let (even, odd) = first.split_at_mut(phase);
                let (pairs, last) = x.as_chunks::<2>();
                even.iter_mut().zip(odd.iter_mut()).zip(pairs).for_each(|((even, odd), pair)| [*even, *odd] = *pair);
                even[pairs.len()..].iter_mut().zip(last).for_each(|(even, &x)| *even = x);
            } else {
                for (target, column) in first.chunks_mut(phase).zip(0..self.phases.min(x.len())) {
                    target.iter_mut().zip(x[column..].iter().step_by(stride)).for_each(|(t, &x)| *t = x);
                }
            }
        }
    }

    /// The largest number of each window and its place there.
    #[inline(always)]
    fn find_largest<T: Real>(&self, phases: &[T], largest: &mut [T], places: &mut [u8]) {
        largest.fill(T::NEG_INFINITY);
        places.fill(0);
        let kernel = self.geo.kernel;
        for place in 0..kernel * kernel {
            let x = &phases[self.offset(place / kernel, place % kernel)..];
            for ((largest, largest_place), &x) in largest.iter_mut().zip(places.iter_mut()).zip(x) {
                // A NaN wins and only another beats it: no comparison with it is true.
                let wins = x > *largest || x.is_nan();
                *largest = if wins { x } else { *largest };
                *largest_place = if wins { place as u8 } else { *largest_place };
            }
        }
    }

    /// Rows of outputs without what fills them up.
    fn close_up<N: Copy>(&self, windows: &[N], plane: &mut [N]) {
        for (target, row) in plane.chunks_exact_mut(self.geo.output.1).zip(windows.chunks_exact(self.columns)) {
            target.copy_from_slice(&row[..target.len()]);
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
