//! Three matrix products, cut along the weights' rows or columns so that each thread streams its own share of them once.
//! What a piece produces stands together, transposed where need be, so that threads write apart from each other.

use rayon::prelude::*;

use super::Dense;
use crate::ops::activation::{Activation, cpu as activation};
use crate::ops::context::PIECE;
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

/// Units that make a piece of work.
const UNITS: usize = 64;

pub(super) fn forward<T: Real>(ctx: &Context, geo: &Dense, act: Option<Activation>, x: &[T], w: &[T], b: &[T], y: &mut [T]) {
    let batch = x.len() / geo.inputs;
    if batch == 0 {
        return;
    }
    // yᵀ [outputs × batch] = w · xᵀ
    let mut by_unit = ctx.scratch::<T>(geo.outputs * batch);
    by_unit.par_chunks_mut(UNITS * batch).zip(w.par_chunks(UNITS * geo.inputs)).for_each(|(y, w)| {
        let product = Product { rows: y.len() / batch, columns: batch, depth: geo.inputs, accumulate: false };
        product.compute(y, batch, Matrix::rows_of(geo.inputs, w), Matrix::rows_of(geo.inputs, x).transposed());
    });
    y.par_chunks_mut(geo.outputs).enumerate().for_each(|(picture, y)| {
        widest(|| {
            for ((y, by_unit), &b) in y.iter_mut().zip(by_unit.chunks_exact(batch)).zip(b) {
                *y = by_unit[picture] + b;
            }
            if let Some(act) = act {
                activation::apply(act, y);
            }
        });
    });
}

pub(super) fn backward<T: Real>(
    ctx: &Context,
    geo: &Dense,
    act: Option<Activation>,
    kept: Kept<T>,
    dy: &mut [T],
    gradients: Gradients<T>,
) {
    let batch = dy.len() / geo.outputs;
    if batch == 0 {
        gradients.dw.fill(T::ZERO);
        return gradients.db.fill(T::ZERO);
    }
    if let Some(act) = act {
        dy.par_chunks_mut(PIECE)
            .zip(kept.y.par_chunks(PIECE))
            .for_each(|(dy, y)| widest(|| activation::differentiate(act, y, dy)));
    }
    let dz = &*dy;
    gradients.db.fill(T::ZERO);
    for dz in dz.chunks_exact(geo.outputs) {
        gradients.db.iter_mut().zip(dz).for_each(|(db, &dz)| *db += dz);
    }
    // dw [outputs × inputs] = dzᵀ · x
    gradients.dw.par_chunks_mut(UNITS * geo.inputs).enumerate().for_each(|(i, dw)| {
        let product = Product { rows: dw.len() / geo.inputs, columns: geo.inputs, depth: batch, accumulate: false };
        let dz = Matrix::rows_of(geo.outputs, &dz[i * UNITS..]).transposed();
        product.compute(dw, geo.inputs, dz, Matrix::rows_of(geo.inputs, kept.x));
    });
    if let Some(dx) = gradients.dx {
        // dxᵀ [inputs × batch] = wᵀ · dzᵀ
        let mut by_unit = ctx.scratch::<T>(geo.inputs * batch);
        by_unit.par_chunks_mut(UNITS * batch).enumerate().for_each(|(i, dx)| {
            let product = Product { rows: dx.len() / batch, columns: batch, depth: geo.outputs, accumulate: false };
            let w = Matrix::rows_of(geo.inputs, &kept.w[i * UNITS..]).transposed();
            product.compute(dx, batch, w, Matrix::rows_of(geo.outputs, dz).transposed());
        });
        dx.par_chunks_mut(geo.inputs).enumerate().for_each(|(picture, dx)| {
            dx.iter_mut().zip(by_unit.chunks_exact(batch)).for_each(|(dx, by_unit)| *dx = by_unit[picture]);
        });
    }
}
