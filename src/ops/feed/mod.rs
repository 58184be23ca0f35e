//! The input stage on a device: pictures that lie there as bytes become the network's input, moved, mirrored, as values and scaled
//! bilinearly, in one pass. What it computes is what `dataset` makes on the host; the tables come from there.

mod cuda;

use candle_core::{DType, Device, Tensor};

use super::tensors::{batch_of, check, no_kernel, reads, writes};
use super::{Context, Error, Result};

/// How one picture is seen; as in `kernels.cu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Shown {
    /// Its place among the pictures.
    pub picture: u32,
    /// Pixels by which it moves.
    pub right: i32,
    pub down: i32,
    pub mirrored: i32,
}

/// Where a row or a column of the result takes its value from; as in `kernels.cu`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Tap {
    pub before: u32,
    pub after: u32,
    pub weight_before: f32,
    pub weight_after: f32,
}

/// What all batches of a network share.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Pixels along each side of a picture.
    pub side: usize,
    /// U8 [pictures, 3, side, side], on the device.
    pub bytes: Tensor,
    /// [3, 256]: the value of each byte, by the picture's channels.
    pub values: Tensor,
    /// Blue first.
    pub reversed: bool,
    rows: Tensor,
    columns: Tensor,
}

/// Bytes of plain numbers, to be carried to the device.
fn bytes_of<T: Copy>(values: &[T], device: &Device) -> Result<Tensor> {
    // SAFETY: the two types here are four numbers of four bytes, without gaps.
    let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) };
    Ok(Tensor::from_slice(bytes, bytes.len(), device)?)
}

impl Feed {
    /// `values` [3 × 256], and a tap for each row and column of the network's input.
    pub fn new(side: usize, bytes: Tensor, values: &[f32], reversed: bool, rows: &[Tap], columns: &[Tap]) -> Result<Feed> {
        let device = bytes.device().clone();
        let values = Tensor::from_slice(values, (3, 256), &device)?;
        let (rows, columns) = (bytes_of(rows, &device)?, bytes_of(columns, &device)?);
        Ok(Feed { side, bytes, values, reversed, rows, columns })
    }
}

/// Overwrites `x` [b, 3, height, width], F32 or BF16, with the pictures as `shown` says.
pub fn forward(ctx: &Context, feed: &Feed, shown: &[Shown], x: &Tensor) -> Result<()> {
    const OP: &str = "feed";
    let batch = batch_of(OP, "x", x, 4)?;
    let pictures = feed.bytes.dim(0)?;
    let (height, width) = (feed.rows.elem_count() / size_of::<Tap>(), feed.columns.elem_count() / size_of::<Tap>());
    check(
        OP,
        &[
            reads("bytes", &feed.bytes, &[pictures, 3, feed.side, feed.side]).of(DType::U8),
            writes("x", x, &[shown.len(), 3, height, width]).of(x.dtype()),
        ],
    )?;
    if let Some(wrong) = shown.iter().find(|shown| shown.picture as usize >= pictures) {
        let problem = format!("picture {} is asked for, and there are {pictures}, counted from 0", wrong.picture);
        return Err(Error::Settings { op: OP, problem });
    }
    match x.device() {
        Device::Cuda(_) => cuda::forward(ctx.gpu()?, feed, &bytes_of(shown, x.device())?, batch, x),
        device => no_kernel(OP, device),
    }
}
