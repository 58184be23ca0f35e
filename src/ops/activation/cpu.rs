use rayon::prelude::*;

use super::Activation;
use crate::ops::context::PIECE;
use crate::ops::{Context, Real};

pub(super) fn forward<T: Real>(ctx: &Context, function: Activation, x: &mut [T]) {
    x.par_chunks_mut(PIECE).for_each(|x| {
        ctx.instructions().run(
            #[inline(always)]
            || apply(function, x),
        )
    });
}

pub(super) fn backward<T: Real>(ctx: &Context, function: Activation, y: &[T], dy: &mut [T]) {
    dy.par_chunks_mut(PIECE).zip(y.par_chunks(PIECE)).for_each(|(dy, y)| {
        ctx.instructions().run(
            #[inline(always)]
            || differentiate(function, y, dy),
        )
    });
}

/// x becomes y, on this thread: the part that other operations fuse into their own pass.
#[inline(always)]
pub(in crate::ops) fn apply<T: Real>(function: Activation, x: &mut [T]) {
    match function {
        Activation::Relu => x.iter_mut().for_each(|v| *v = if *v < T::ZERO { T::ZERO } else { *v }),
        Activation::LeakyRelu => {
            let leak = T::of(Activation::LEAK);
            x.iter_mut().for_each(|v| *v = if *v < T::ZERO { leak * *v } else { *v });
        }
        Activation::Softplus => x.iter_mut().for_each(|v| *v = softplus(*v)),
    }
}

/// dy becomes dx, on this thread.
#[inline(always)]
pub(in crate::ops) fn differentiate<T: Real>(function: Activation, y: &[T], dy: &mut [T]) {
    let pairs = dy.iter_mut().zip(y);
    match function {
        Activation::Relu => pairs.for_each(|(dy, &y)| *dy = if y > T::ZERO { *dy } else { T::ZERO }),
        Activation::LeakyRelu => {
            let leak = T::of(Activation::LEAK);
            pairs.for_each(|(dy, &y)| *dy = if y > T::ZERO { *dy } else { leak * *dy });
        }
        Activation::Softplus => pairs.for_each(|(dy, &y)| *dy *= -(-y).exp_m1()),
    }
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), which overflows for no x.
fn softplus<T: Real>(x: T) -> T {
    let positive_part = if x < T::ZERO { T::ZERO } else { x };
    positive_part + (-x.abs()).exp().ln_1p()
}
