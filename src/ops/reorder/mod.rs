//! The same numbers in another order of memory, another width, or both: from a picture's planes to its channels together and back, from F32
//! to BF16 and back; and to the host, as the shape says.

#[cfg(feature = "cuda")]
mod cuda;

use candle_core::{DType, Device, Tensor};

use super::tensors::{check, no_kernel, reads, writes};
use super::{Context, Result};

/// Overwrites `y` with the numbers of `x`, which has the same shape.
pub fn copy(ctx: &Context, x: &Tensor, y: &Tensor) -> Result<()> {
    const OP: &str = "reorder";
    check(OP, &[reads("x", x, x.dims()).of(x.dtype()), writes("y", y, x.dims()).of(y.dtype())])?;
    match x.device() {
        Device::Cpu => Ok(y.slice_set(x, 0, 0)?),
        #[cfg(feature = "cuda")]
        Device::Cuda(_) => cuda::copy(ctx.gpu()?, x, y),
        device => {
            let _ = ctx;
            no_kernel(OP, device)
        }
    }
}

/// The numbers of `x`, a tensor of F32 or BF16 on any device, in the order that its shape says.
pub fn read(ctx: &Context, x: &Tensor) -> Result<Vec<f32>> {
    if x.device().is_cpu() {
        return Ok(x.flatten_all()?.to_vec1()?);
    }
    let planes = Tensor::zeros(x.dims(), DType::F32, x.device())?;
    copy(ctx, x, &planes)?;
    Ok(planes.flatten_all()?.to_vec1()?)
}
