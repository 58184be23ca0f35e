//! Three products by cuBLAS, which counts by columns: a tensor [rows, columns] is a matrix [columns × rows] there.
//!
//! | result | as cuBLAS sees it |
//! |---|---|
//! | y [b, outputs] | [outputs × b] = wᵀ · x |
//! | dx [b, inputs] | [inputs × b] = w · dz |
//! | dw [outputs, inputs] | [inputs × outputs] = x · dzᵀ |

use candle_core::Tensor;

use super::Dense;
use crate::ops::activation::{Activation, cuda as activation};
use crate::ops::cuda::blas::{Factor, Product};
use crate::ops::cuda::{Gpu, Order, address};
use crate::ops::form::Form;
use crate::ops::{Error, Result};

/// What the backward pass makes.
pub(super) struct Gradients<'a> {
    pub dx: Option<&'a Tensor>,
    pub dw: &'a Tensor,
    pub db: &'a Tensor,
}

fn factor(tensor: &Tensor, transposed: bool) -> Result<Factor> {
    Ok(Factor { address: address(tensor)?, column_by: tensor.dim(1)?, transposed })
}

fn check_numbers(form: Form, x: &Tensor) -> Result<()> {
    match x.dtype() == form.numbers() {
        true => Ok(()),
        false => Err(Error::DType { op: "dense", name: "x", expected: form.numbers(), got: x.dtype() }),
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn forward(
    gpu: &Gpu,
    form: Form,
    geo: &Dense,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    b: &Tensor,
    y: &Tensor,
) -> Result<()> {
    check_numbers(form, x)?;
    let product = Product {
        m: geo.outputs,
        n: x.dim(0)?,
        k: geo.inputs,
        left: factor(w, true)?,
        right: factor(x, false)?,
        numbers: x.dtype(),
        result: y.dtype(),
        precision: form.precision,
    };
    // SAFETY: the contract checked all shapes.
    unsafe { product.write(gpu, address(y)?)? };
    activation::forward(gpu, act, Some(b), y, Order::ChannelsLast)
}

#[allow(clippy::too_many_arguments)]
pub(super) fn backward(
    gpu: &Gpu,
    form: Form,
    geo: &Dense,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    y: &Tensor,
    dy: &Tensor,
    gradients: Gradients,
) -> Result<()> {
    check_numbers(form, x)?;
    activation::backward_with_bias(gpu, act, y, dy, gradients.db, Order::ChannelsLast)?;
    let (batch, dz) = (x.dim(0)?, dy);
    if let Some(dx) = gradients.dx {
        let product = Product {
            m: geo.inputs,
            n: batch,
            k: geo.outputs,
            left: factor(w, false)?,
            right: factor(dz, false)?,
            numbers: x.dtype(),
            result: dx.dtype(),
            precision: form.precision,
        };
        // SAFETY: the contract checked all shapes.
        unsafe { product.write(gpu, address(dx)?)? };
    }
    let product = Product {
        m: geo.inputs,
        n: geo.outputs,
        k: batch,
        left: factor(x, false)?,
        right: factor(dz, true)?,
        numbers: x.dtype(),
        result: gradients.dw.dtype(),
        precision: form.precision,
    };
    // SAFETY: the contract checked all shapes.
    unsafe { product.write(gpu, address(gradients.dw)?) }
}
