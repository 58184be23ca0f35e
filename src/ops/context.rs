//! What every operation is handed: memory for intermediate results that outlives a call.

use std::marker::PhantomData;
use std::mem::size_of;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use super::form::Form;
use super::real::Bits;
use super::simd::Instructions;

/// Scratch memory that is used again from call to call, so that a steady training step allocates nearly nothing.
///
/// Operations run on the current rayon pool. Their work is cut in a way that does not depend on the number of threads, and sums are
/// added in a fixed order, so that results are equal to the bit at any number of threads.
#[derive(Debug)]
pub struct Context {
    instructions: Instructions,
    idle: Mutex<Vec<Vec<Line>>>,
    form: Form,
    #[cfg(feature = "cuda")]
    gpu: Option<std::sync::Arc<super::cuda::Gpu>>,
}

/// Elements in a piece of elementwise work: large enough to be worth handing to a thread, small enough for its cache.
pub(super) const PIECE: usize = 1 << 14;

/// How many times larger or smaller than wanted scratch may be that is used again.
const FOLD: usize = 4;

/// A cache line: scratch begins at one, so that wide loads do not straddle two.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

impl Context {
    /// Uses the best instructions that this processor has.
    pub fn new() -> Self {
        Context {
            instructions: Instructions::best(),
            idle: Mutex::default(),
            form: Form::CPU,
            #[cfg(feature = "cuda")]
            gpu: None,
        }
    }

    /// Uses lesser instructions than the best, to compare; those that this processor does not have are replaced by the best that it has.
    pub fn with(instructions: Instructions) -> Self {
        if instructions.exist() { Context { instructions, ..Self::new() } } else { Self::new() }
    }

    /// For tensors on `device`.
    pub fn on(device: &candle_core::Device) -> super::Result<Self> {
        match device {
            #[cfg(feature = "cuda")]
            candle_core::Device::Cuda(cuda) => {
                Ok(Context { gpu: Some(std::sync::Arc::new(super::cuda::Gpu::new(cuda)?)), ..Self::new() })
            }
            _ => Ok(Self::new()),
        }
    }

    /// Another one for the same device, which shares its libraries' handles and its compiled kernels.
    pub fn alike(&self) -> Self {
        Context {
            form: self.form,
            #[cfg(feature = "cuda")]
            gpu: self.gpu.clone(),
            ..Self::with(self.instructions)
        }
    }

    /// Whether an operation is done when its call returns. A device of its own does it later, in order.
    pub fn waits(&self) -> bool {
        #[cfg(feature = "cuda")]
        return self.gpu.is_none();
        #[cfg(not(feature = "cuda"))]
        true
    }

    /// Bytes of the device's memory that nobody has; 0 where that is not known.
    pub fn free_memory(&self) -> u64 {
        #[cfg(feature = "cuda")]
        return self.gpu.as_ref().and_then(|gpu| gpu.memory().ok()).map_or(0, |(free, _)| free as u64);
        #[cfg(not(feature = "cuda"))]
        0
    }

    /// Gives memory that was freed, and scratch that nobody uses, back to the device: it keeps both for whoever asks next.
    pub fn trim(&self) {
        #[cfg(feature = "cuda")]
        if let Some(Err(error)) = self.gpu.as_ref().map(|gpu| gpu.trim()) {
            tracing::warn!(%error, "the device's memory could not be trimmed");
        }
    }

    /// How products are made from now on.
    pub fn set_form(&mut self, form: Form) {
        self.form = form;
    }

    pub fn form(&self) -> Form {
        self.form
    }

    #[cfg(feature = "cuda")]
    pub(super) fn gpu(&self) -> super::Result<&super::cuda::Gpu> {
        let missing = || super::Error::Device { op: "context", device: "a CUDA device; make the context on it".into() };
        self.gpu.as_deref().ok_or_else(missing)
    }

    pub fn instructions(&self) -> Instructions {
        self.instructions
    }

    /// Room for `length` numbers that hold whatever was left in them. It goes back when the value is dropped.
    pub(super) fn scratch<T: Bits>(&self, length: usize) -> Scratch<'_, T> {
        let lines_wanted = (length * size_of::<T>()).div_ceil(size_of::<Line>());
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that is large enough, or else the largest, which a larger one replaces; of much larger or smaller ones none, so
        // that each stays with those who need its size.
        let alike = |i: &usize| (lines_wanted / FOLD..=lines_wanted * FOLD).contains(&idle[*i].len());
        let best = (0..idle.len()).filter(alike).min_by_key(|&i| {
            let lines = idle[i].len();
            if lines >= lines_wanted { (false, lines) } else { (true, usize::MAX - lines) }
        });
        let mut lines = best.map(|i| idle.swap_remove(i)).unwrap_or_default();
        drop(idle);
        if lines.len() < lines_wanted {
            // The old one goes before the new one comes; what it held is not needed.
            drop(lines);
            lines = vec![Line([0; 64]); lines_wanted];
        }
        Scratch { home: self, lines, length, kind: PhantomData }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory on loan from a [`Context`].
pub(super) struct Scratch<'a, T> {
    home: &'a Context,
    lines: Vec<Line>,
    length: usize,
    kind: PhantomData<T>,
}

impl<T: Bits> Deref for Scratch<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `lines` holds at least `length` numbers' bytes, all initialized, aligned to 64, and any bits are a `T`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl<T: Bits> DerefMut for Scratch<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

impl<T> Drop for Scratch<'_, T> {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scratch_is_used_again_and_not_allocated_anew() {
        let context = Context::new();
        let large = context.scratch::<f32>(1000).as_ptr();
        {
            let small = context.scratch::<f64>(500);
            assert_eq!(small.as_ptr() as usize, large as usize);
            assert_eq!(small.len(), 500);
            assert_eq!(small.as_ptr() as usize % 64, 0);
        }
        assert_eq!(context.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn two_loans_at_once_do_not_overlap() {
        let context = Context::new();
        let (mut a, mut b) = (context.scratch::<f32>(10), context.scratch::<f32>(10));
        a.fill(1.0);
        b.fill(2.0);
        assert!(a.iter().all(|&v| v == 1.0));
    }
}
