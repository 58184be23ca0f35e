//! One pass over memory: three numbers read and two written for each weight.

use rayon::prelude::*;

use super::{Sgd, UpdateNorms};
use crate::ops::context::PIECE;
use crate::ops::statistics::Lanes;
use crate::ops::{Context, Real};

pub(super) fn update<T: Real>(ctx: &Context, sgd: &Sgd, w: &mut [T], velocity: &mut [T], dw: &[T], norms: bool) -> UpdateNorms {
    let mut sums = ctx.scratch::<f64>(2 * w.len().div_ceil(PIECE));
    w.par_chunks_mut(PIECE).zip(velocity.par_chunks_mut(PIECE)).zip(dw.par_chunks(PIECE)).zip(sums.par_chunks_mut(2)).for_each(
        |(((w, velocity), dw), sums)| {
            let piece = ctx.instructions().run(
                #[inline(always)]
                || {
                    if norms {
                        update_piece::<T, true>(sgd, w, velocity, dw)
                    } else {
                        update_piece::<T, false>(sgd, w, velocity, dw)
                    }
                },
            );
            sums.copy_from_slice(&[piece.weight_sq, piece.update_sq]);
        },
    );
    sums.chunks_exact(2).fold(UpdateNorms::default(), |total, piece| UpdateNorms {
        weight_sq: total.weight_sq + piece[0],
        update_sq: total.update_sq + piece[1],
    })
}

#[inline(always)]
fn update_piece<T: Real, const NORMS: bool>(sgd: &Sgd, w: &mut [T], velocity: &mut [T], dw: &[T]) -> UpdateNorms {
    let (rate, momentum, decay) = (T::of(sgd.learning_rate), T::of(sgd.momentum), T::of(sgd.weight_decay));
    // Both kinds of momentum are one formula: the update is rate · (a·g + b·v).
    let (of_gradient, of_velocity) = if sgd.nesterov { (T::ONE, momentum) } else { (T::ZERO, T::ONE) };
    let step = |w: &mut T, v: &mut T, dw: T| {
        let gradient = dw + decay * *w;
        *v = momentum * *v + gradient;
        let change = rate * (of_gradient * gradient + of_velocity * *v);
        *w = *w - change;
        change
    };
    let (mut weight_sq, mut update_sq) = (Lanes::default(), Lanes::default());
    if NORMS {
        let (w_whole, w_rest) = w.as_chunks_mut::<{ Lanes::WIDTH }>();
        let (v_whole, v_rest) = velocity.as_chunks_mut::<{ Lanes::WIDTH }>();
        let (d_whole, d_rest) = dw.as_chunks::<{ Lanes::WIDTH }>();
        for ((w, v), dw) in w_whole.iter_mut().zip(v_whole).zip(d_whole) {
            let mut change = [T::ZERO; Lanes::WIDTH];
            for i in 0..Lanes::WIDTH {
                change[i] = step(&mut w[i], &mut v[i], dw[i]);
            }
            weight_sq.add_squares(w);
            update_sq.add_squares(&change);
        }
        for ((w, v), &dw) in w_rest.iter_mut().zip(v_rest).zip(d_rest) {
            let change = step(w, v, dw);
            weight_sq.add_squares(&[*w]);
            update_sq.add_squares(&[change]);
        }
    } else {
        w.iter_mut().zip(velocity).zip(dw).for_each(|((w, v), &dw)| {
            step(w, v, dw);
        });
    }
    UpdateNorms { weight_sq: weight_sq.total(), update_sq: update_sq.total() }
}
