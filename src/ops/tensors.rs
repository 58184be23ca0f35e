//! How the operations get at candle's tensors: checked once, read as slices, written in place.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Storage, Tensor, WithDType};

use super::{Error, Result};

/// One tensor of an operation's contract.
pub(super) struct Argument<'a> {
    name: &'static str,
    tensor: &'a Tensor,
    shape: Vec<usize>,
    dtype: DType,
    written: bool,
}

pub(super) fn reads<'a>(name: &'static str, tensor: &'a Tensor, shape: &[usize]) -> Argument<'a> {
    Argument { name, tensor, shape: shape.to_vec(), dtype: DType::F32, written: false }
}

pub(super) fn writes<'a>(name: &'static str, tensor: &'a Tensor, shape: &[usize]) -> Argument<'a> {
    Argument { written: true, ..reads(name, tensor, shape) }
}

impl Argument<'_> {
    pub(super) fn of(self, dtype: DType) -> Self {
        Argument { dtype, ..self }
    }
}

/// Checks each argument's shape, dtype and layout, and that no written tensor shares its memory with another argument
/// (candle guards each storage with a lock, so that sharing would end in a deadlock rather than an error).
pub(super) fn check(op: &'static str, arguments: &[Argument]) -> Result<()> {
    for a in arguments {
        if a.tensor.dims() != a.shape {
            return Err(Error::Shape { op, name: a.name, expected: a.shape.clone(), got: a.tensor.dims().to_vec() });
        }
        if a.tensor.dtype() != a.dtype {
            return Err(Error::DType { op, name: a.name, expected: a.dtype, got: a.tensor.dtype() });
        }
        if !is_dense(a.tensor) {
            return Err(Error::Strided { op, name: a.name });
        }
    }
    for (i, a) in arguments.iter().enumerate() {
        for b in &arguments[i + 1..] {
            if (a.written || b.written) && storage_address(a.tensor) == storage_address(b.tensor) {
                let (written, other) = if a.written { (a.name, b.name) } else { (b.name, a.name) };
                return Err(Error::Shared { op, written, other });
            }
        }
    }
    Ok(())
}

/// What a tensor between layers holds: F32, or on a device that multiplies in it BF16.
pub(super) fn numbers_of(tensor: &Tensor) -> DType {
    if tensor.dtype() == DType::BF16 && !tensor.device().is_cpu() { DType::BF16 } else { DType::F32 }
}

/// Whether the elements fill their memory in an order that the device's kernels know.
fn is_dense(tensor: &Tensor) -> bool {
    #[cfg(feature = "cuda")]
    if tensor.device().is_cuda() && super::cuda::is_channels_last(tensor) {
        return true;
    }
    tensor.is_contiguous()
}

/// The first dimension of `tensor`: pictures in the batch.
pub(super) fn batch_of(op: &'static str, name: &'static str, tensor: &Tensor, rank: usize) -> Result<usize> {
    match tensor.dims() {
        [batch, ..] if tensor.rank() == rank => Ok(*batch),
        got => {
            let mut expected = vec![0; rank];
            expected[..rank.min(got.len())].copy_from_slice(&got[..rank.min(got.len())]);
            Err(Error::Shape { op, name, expected, got: got.to_vec() })
        }
    }
}

/// The error of a device for which an operation has no kernel.
pub(super) fn no_kernel<T>(op: &'static str, device: &Device) -> Result<T> {
    Err(Error::Device { op, device: format!("{:?}", device.location()) })
}

fn storage_address(tensor: &Tensor) -> *const Storage {
    let (storage, _) = tensor.storage_and_layout();
    &raw const *storage
}

/// The elements of a contiguous tensor on the CPU; they stay locked for reading until the value is dropped.
pub(super) fn read<T: WithDType>(tensor: &Tensor) -> Result<impl Deref<Target = [T]> + '_> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(cpu) => cpu.as_slice::<T>()?,
        _ => return no_kernel("read", tensor.device()),
    };
    Ok(Elements { storage, start: layout.start_offset(), length: tensor.elem_count(), kind: PhantomData })
}

/// A lock on a storage that is known to be on the CPU and to hold `T`s.
struct Elements<Guard, T> {
    storage: Guard,
    start: usize,
    length: usize,
    kind: PhantomData<T>,
}

impl<Guard: Deref<Target = Storage>, T: WithDType> Deref for Elements<Guard, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &*self.storage {
            Storage::Cpu(cpu) => cpu.as_slice::<T>().map_or(&[], |all| &all[self.start..self.start + self.length]),
            _ => &[],
        }
    }
}

/// Hands the elements of a contiguous tensor on the CPU to `fill`, to be changed in place. Calls can be nested for several
/// tensors, as long as no two share their memory ([`check`] makes sure of it).
pub(super) fn write<T: Mutable, R>(tensor: &Tensor, fill: impl FnOnce(&mut [T]) -> R) -> Result<R> {
    let op = Write { fill: Cell::new(Some(fill)), filled: Cell::new(None), kind: PhantomData };
    tensor.inplace_op1(&op)?;
    op.filled.into_inner().ok_or(Error::Device { op: "write", device: format!("{:?}", tensor.device().location()) })
}

/// [`write`] for a tensor that is not always wanted.
pub(super) fn write_if<T: Mutable, R>(tensor: Option<&Tensor>, fill: impl FnOnce(Option<&mut [T]>) -> R) -> Result<R> {
    match tensor {
        Some(tensor) => write(tensor, |elements| fill(Some(elements))),
        None => Ok(fill(None)),
    }
}

struct Write<T, R, F> {
    fill: Cell<Option<F>>,
    filled: Cell<Option<R>>,
    kind: PhantomData<T>,
}

impl<T: Mutable, R, F: FnOnce(&mut [T]) -> R> InplaceOp1 for Write<T, R, F> {
    fn name(&self) -> &'static str {
        "write"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (Some(all), Some(fill)) = (T::of(storage), self.fill.take()) else {
            candle_core::bail!("write: the tensor does not hold {:?}", T::DTYPE)
        };
        let start = layout.start_offset();
        self.filled.set(Some(fill(&mut all[start..start + layout.shape().elem_count()])));
        Ok(())
    }
}

/// Element types that the operations write.
pub(super) trait Mutable: WithDType {
    fn of(storage: &mut CpuStorage) -> Option<&mut [Self]>;
}

impl Mutable for f32 {
    fn of(storage: &mut CpuStorage) -> Option<&mut [f32]> {
        match storage {
            CpuStorage::F32(elements) => Some(elements),
            _ => None,
        }
    }
}

impl Mutable for u8 {
    fn of(storage: &mut CpuStorage) -> Option<&mut [u8]> {
        match storage {
            CpuStorage::U8(elements) => Some(elements),
            _ => None,
        }
    }
}
