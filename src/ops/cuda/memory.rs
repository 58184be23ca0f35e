//! Where candle's tensors lie on the device, and in which order.

use candle_core::cuda_backend::cudarc::driver::DevicePtr;
use candle_core::{CudaStorage, DType, Storage, Tensor};

use crate::ops::{Error, Result};

/// How the numbers of [batch, channels, height, width] follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// A plane of pixels for each channel: as the shape says (NCHW).
    Planes,
    /// All channels of a pixel together (NHWC), which the tensor cores want.
    ChannelsLast,
}

impl Order {
    /// The order that all of an operation's tensors share.
    pub fn of(op: &'static str, tensors: &[(&'static str, &Tensor)]) -> Result<Order> {
        let all = |lies: fn(&Tensor) -> bool| tensors.iter().find(|(_, tensor)| !lies(tensor));
        match (all(Tensor::is_contiguous), all(is_channels_last)) {
            (None, _) => Ok(Order::Planes),
            (_, None) => Ok(Order::ChannelsLast),
            (Some((name, _)), _) => Err(Error::Strided { op, name }),
        }
    }
}

/// Whether a tensor is a view [b, c, h, w] of one that lies as [b, h, w, c].
pub(in crate::ops) fn is_channels_last(tensor: &Tensor) -> bool {
    tensor.rank() == 4 && tensor.permute((0, 2, 3, 1)).is_ok_and(|tensor| tensor.is_contiguous())
}

/// How kernels find a channel and a pixel: element (b, c, p) lies at b · channels · pixels + c · by_channel + p · by_pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    pub channels: usize,
    pub pixels: usize,
    pub order: Order,
}

impl Plane {
    /// Of a tensor [b, c, h, w], or [b, units], whose units are channels of one pixel.
    pub fn of(tensor: &Tensor, order: Order) -> Plane {
        match *tensor.dims() {
            [_, channels, height, width] => Plane { channels, pixels: height * width, order },
            ref dims => Plane { channels: dims.iter().skip(1).product(), pixels: 1, order: Order::ChannelsLast },
        }
    }
}

/// The address of a tensor's first element. The tensor outlives the launch that uses it: its memory goes back in the stream's order.
pub fn address(tensor: &Tensor) -> Result<u64> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cuda(cuda) = &*storage else {
        return Err(Error::Device { op: "address", device: format!("{:?}", tensor.device().location()) });
    };
    let first = match tensor.dtype() {
        DType::F32 => start::<f32>(cuda)?,
        DType::BF16 => start::<half::bf16>(cuda)?,
        DType::F64 => start::<f64>(cuda)?,
        DType::U8 => start::<u8>(cuda)?,
        DType::U32 => start::<u32>(cuda)?,
        got => return Err(Error::DType { op: "address", name: "tensor", expected: DType::F32, got }),
    };
    Ok(first + (layout.start_offset() * tensor.dtype().size_in_bytes()) as u64)
}

fn start<T: candle_core::cuda_backend::CudaDType>(storage: &CudaStorage) -> Result<u64> {
    let slice = storage.as_cuda_slice::<T>()?;
    Ok(slice.device_ptr(slice.stream()).0)
}

/// Bytes of a tensor's elements.
pub fn byte_count(tensor: &Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}

/// What the names of kernels for a tensor's numbers end in.
pub fn number_suffix(dtype: DType) -> &'static str {
    if dtype == DType::BF16 { "bf16" } else { "f32" }
}
