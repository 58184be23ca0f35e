//! The random numbers are one ChaCha8 stream for a key. A piece of the units starts where its first number stands in that stream, so that
//! it does not matter which thread draws it, or when.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::{DropoutKey, key_bytes, threshold};
use crate::ops::context::PIECE;
use crate::ops::{Context, Real};

pub(super) fn forward<T: Real>(ctx: &Context, p: f64, key: DropoutKey, x: &mut [T], mask: &mut [u8]) {
    let threshold = threshold(p);
    x.par_chunks_mut(PIECE).zip(mask.par_chunks_mut(PIECE)).enumerate().for_each(|(i, (x, mask))| {
        let mut stream = ChaCha8Rng::from_seed(key_bytes(key));
        stream.set_word_pos((i * PIECE) as u128);
        mask.iter_mut().for_each(|speaks| *speaks = (stream.next_u32() as u64 >= threshold) as u8);
        ctx.instructions().run(
            #[inline(always)]
            || scale(p, mask, x),
        );
    });
}

pub(super) fn backward<T: Real>(ctx: &Context, p: f64, mask: &[u8], dy: &mut [T]) {
    dy.par_chunks_mut(PIECE).zip(mask.par_chunks(PIECE)).for_each(|(dy, mask)| {
        ctx.instructions().run(
            #[inline(always)]
            || scale(p, mask, dy),
        )
    });
}

#[inline(always)]
fn scale<T: Real>(p: f64, mask: &[u8], values: &mut [T]) {
    let factor = T::of(1.0 / (1.0 - p));
    values.iter_mut().zip(mask).for_each(|(v, &speaks)| *v = if speaks == 0 { T::ZERO } else { *v * factor });
}
