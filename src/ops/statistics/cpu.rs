use rayon::prelude::*;

use crate::ops::context::PIECE;
use crate::ops::{Context, Real};

/// A sum of squares in f64, as many of them side by side as make it quick; the order of the additions is fixed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ops) struct Lanes([f64; Lanes::WIDTH]);

impl Lanes {
    pub(in crate::ops) const WIDTH: usize = 16;

    #[inline(always)]
    pub(in crate::ops) fn add<T: Real>(&mut self, values: &[T]) {
        self.0.iter_mut().zip(values).for_each(|(lane, v)| *lane += v.to_f64());
    }

    #[inline(always)]
    pub(in crate::ops) fn add_squares<T: Real>(&mut self, values: &[T]) {
        self.0.iter_mut().zip(values).for_each(|(lane, v)| *lane += v.to_f64() * v.to_f64());
    }

    #[inline(always)]
    pub(in crate::ops) fn total(self) -> f64 {
        self.0.into_iter().sum()
    }
}

pub(super) fn sum_and_squares<T: Real>(ctx: &Context, values: &[T]) -> (f64, f64) {
    let mut pieces = ctx.scratch::<f64>(2 * values.len().div_ceil(PIECE));
    values.par_chunks(PIECE).zip(pieces.par_chunks_mut(2)).for_each(|(values, piece)| {
        ctx.instructions().run(
            #[inline(always)]
            || {
                let (mut sum, mut squares) = (Lanes::default(), Lanes::default());
                let (whole, rest) = values.as_chunks::<{ Lanes::WIDTH }>();
                for values in whole {
                    sum.add(values);
                    squares.add_squares(values);
                }
                sum.add(rest);
                squares.add_squares(rest);
                piece.copy_from_slice(&[sum.total(), squares.total()]);
            },
        );
    });
    pieces.chunks_exact(2).fold((0.0, 0.0), |total, piece| (total.0 + piece[0], total.1 + piece[1]))
}

pub(super) fn all_finite<T: Real>(ctx: &Context, values: &[T]) -> bool {
    // 0 · v is 0 for a finite v and NaN for any other; a sum with a NaN in it is one.
    values.par_chunks(PIECE).all(|values| {
        ctx.instructions().run(
            #[inline(always)]
            || {
                let mut lanes = [T::ZERO; 64];
                let (whole, rest) = values.as_chunks::<64>();
                for values in whole {
                    lanes.iter_mut().zip(values).for_each(|(lane, &v)| *lane += T::ZERO * v);
                }
                lanes.iter_mut().zip(rest).for_each(|(lane, &v)| *lane += T::ZERO * v);
                lanes.iter().all(|lane| *lane == T::ZERO)
            },
        )
    })
}

pub(super) fn dead_share<T: Real>(ctx: &Context, units: usize, y: &[T]) -> f64 {
    /// Units that are looked at together, their state in the innermost cache.
    const TOGETHER: usize = 4096;
    if units == 0 || y.is_empty() {
        return 0.0;
    }
    let dead: usize = (0..units.div_ceil(TOGETHER))
        .into_par_iter()
        .map(|i| {
            let range = i * TOGETHER..((i + 1) * TOGETHER).min(units);
            let mut silent = [true; TOGETHER];
            ctx.instructions().run(
                #[inline(always)]
                || {
                    for y in y.chunks_exact(units) {
                        // A NaN is not silent, nor is a leak below zero.
                        silent.iter_mut().zip(&y[range.clone()]).for_each(|(silent, y)| *silent &= *y == T::ZERO);
                    }
                    silent[..range.len()].iter().filter(|&&silent| silent).count()
                },
            )
        })
        .sum();
    dead as f64 / units as f64
}
