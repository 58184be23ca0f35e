//! A dense (fully connected) layer with its bias and the activation behind it: y[b, o] = φ( bias[o] + Σᵢ w[o, i] · x[b, i] ).

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};

use super::activation::Activation;
use super::tensors::{batch_of, check, no_kernel, numbers_of, read, reads, write, write_if, writes};
use super::{Context, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    pub inputs: usize,
    pub outputs: usize,
}

/// Writes `y` [b, outputs] from `x` [b, inputs], `w` [outputs, inputs] and `b` [outputs]; without `act` φ is the identity.
pub fn forward(
    ctx: &Context,
    geo: &Dense,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    b: &Tensor,
    y: &Tensor,
) -> Result<()> {
    const OP: &str = "dense forward";
    let (batch, numbers) = (batch_of(OP, "x", x, 2)?, numbers_of(x));
    check(
        OP,
        &[
            reads("x", x, &[batch, geo.inputs]).of(numbers),
            reads("w", w, &[geo.outputs, geo.inputs]).of(numbers),
            reads("b", b, &[geo.outputs]),
            writes("y", y, &[batch, geo.outputs]).of(numbers),
        ],
    )?;
    match x.device() {
        Device::Cpu => {
            let (x, w, b) = (read(x)?, read(w)?, read(b)?);
            write(y, |y| cpu::forward::<f32>(ctx, geo, act, &x, &w, &b, y))
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, ctx.form(), geo, act, x, w, b, y),
        device => no_kernel(OP, device),
    }
}

/// The gradients of the loss: overwrites `dx` (where it is wanted), `dw` and `db`, given `dy`, the gradient by `y`.
///
/// `x` and `y` are those of the forward pass. `dy` is consumed: it is turned in place into the gradient by what the activation was
/// given. dw and db are sums over the batch.
#[allow(clippy::too_many_arguments)]
pub fn backward(
    ctx: &Context,
    geo: &Dense,
    act: Option<Activation>,
    x: &Tensor,
    w: &Tensor,
    y: &Tensor,
    dy: &Tensor,
    dx: Option<&Tensor>,
    dw: &Tensor,
    db: &Tensor,
) -> Result<()> {
    const OP: &str = "dense backward";
    let (batch, numbers) = (batch_of(OP, "x", x, 2)?, numbers_of(x));
    let mut arguments = vec![
        reads("x", x, &[batch, geo.inputs]).of(numbers),
        reads("w", w, &[geo.outputs, geo.inputs]).of(numbers),
        reads("y", y, &[batch, geo.outputs]).of(numbers),
        writes("dy", dy, &[batch, geo.outputs]).of(numbers),
        writes("dw", dw, &[geo.outputs, geo.inputs]),
        writes("db", db, &[geo.outputs]),
    ];
    arguments.extend(dx.map(|dx| writes("dx", dx, &[batch, geo.inputs]).of(numbers)));
    check(OP, &arguments)?;
    match x.device() {
        Device::Cpu => {
            let (x, w, y) = (read(x)?, read(w)?, read(y)?);
            write(dy, |dy| {
                write(dw, |dw| {
                    write(db, |db| {
                        write_if(dx, |dx| {
                            cpu::backward::<f32>(
                                ctx,
                                geo,
                                act,
                                cpu::Kept { x: &x, w: &w, y: &y },
                                dy,
                                cpu::Gradients { dx, dw, db },
                            )
                        })
                    })
                })
            })???
        }
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::backward(ctx.gpu()?, ctx.form(), geo, act, x, w, y, dy, cuda::Gradients { dx, dw, db }),
        device => no_kernel(OP, device),
    }
}
