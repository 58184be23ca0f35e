//! The one place from which kernels are launched.

use candle_core::cuda_backend::cudarc::driver::{DeviceRepr, LaunchConfig, PushKernelArg};

use super::gpu::Gpu;
use crate::ops::Result;

/// Threads of a block, in every launch; `kernels.cu` files count on it.
pub const THREADS: u32 = 256;

/// One operation's kernels.
pub struct Module {
    pub name: &'static str,
    pub ptx: &'static str,
}

/// The kernels of the operation in the folder of that name, as build.rs compiled them.
macro_rules! module {
    ($name:literal) => {
        $crate::ops::cuda::Module { name: $name, ptx: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".ptx")) }
    };
}
pub(in crate::ops) use module;

/// How many blocks, in up to two directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    pub x: u32,
    pub y: u32,
}

impl Grid {
    /// A thread for each of `count` pieces of work.
    pub fn threads(count: usize) -> Grid {
        Grid::blocks(count.div_ceil(THREADS as usize))
    }

    pub fn blocks(count: usize) -> Grid {
        Grid { x: count as u32, y: 1 }
    }
}

/// A kernel's argument; the kernel's own type is named beside each.
pub enum Argument<'a> {
    /// A pointer, which may be null.
    Address(u64),
    /// unsigned
    Count(u32),
    /// unsigned long long
    Long(u64),
    /// int
    Integer(i32),
    /// float
    Number(f32),
    /// double
    Double(f64),
    /// A struct of the optimizer, by value.
    Tensors(&'a Tensors),
}

impl Argument<'_> {
    /// A count that fits in a kernel's `unsigned`: no tensor here has more elements.
    pub fn count(count: usize) -> Self {
        Argument::Count(count as u32)
    }
}

/// Tensors that one launch goes through together: `struct Tensors` of `numbers.cuh`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Tensors {
    pub count: u32,
    /// Place of the first one among all tensors of the network.
    pub first: u32,
    pub tensors: [Trained; Tensors::MOST],
}

/// Addresses of one trained tensor; `copy` is 0 where there is no BF16 copy.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Trained {
    pub weight: u64,
    pub velocity: u64,
    pub gradient: u64,
    pub copy: u64,
    pub length: u32,
    /// Of the blocks of a launch, the first that works on this tensor.
    pub first_block: u32,
}

impl Tensors {
    pub const MOST: usize = 32;
}

// SAFETY: plain numbers, laid out as in C, as `numbers.cuh` has them.
unsafe impl DeviceRepr for Tensors {}

impl Gpu {
    /// Launches a kernel; it runs when all that was launched before has run.
    ///
    /// # Safety
    ///
    /// The arguments are those that the kernel of that name takes, and the memory they point at is as large as it counts on.
    pub unsafe fn launch(&self, module: &Module, name: &str, grid: Grid, arguments: &[Argument]) -> Result<()> {
        if grid.x == 0 || grid.y == 0 {
            return Ok(());
        }
        let function = self.function(module, name)?;
        let mut launch = self.stream().launch_builder(&function);
        for argument in arguments {
            match argument {
                Argument::Address(value) | Argument::Long(value) => launch.arg(value),
                Argument::Count(value) => launch.arg(value),
                Argument::Integer(value) => launch.arg(value),
                Argument::Number(value) => launch.arg(value),
                Argument::Double(value) => launch.arg(value),
                Argument::Tensors(tensors) => launch.arg(*tensors),
            };
        }
        let config = LaunchConfig { grid_dim: (grid.x, grid.y, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 };
        // SAFETY: the caller vouches for the arguments.
        unsafe { launch.launch(config)? };
        Ok(())
    }
}
