//! The CUDA halves of all operations, and networks that train on a GPU, held against the CPU.
//!
//! They need `--features cuda`. Where there is no device each test says so and passes; `tests/cuda/on_cpu.sh` runs them on a machine that
//! has neither a GPU nor CUDA, against an emulation.
#![cfg(feature = "cuda")]

mod bench;
mod near;
mod networks;
mod operations;
mod picture_feed;
