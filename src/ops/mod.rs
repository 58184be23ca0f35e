//! One folder an operation: the contract (`mod.rs`: shapes, settings, errors), the CPU's kernels (`cpu.rs`), the proofs (`tests.rs`).
//!
//! The contract's functions take candle tensors. Outputs are tensors that the caller made beforehand; they are overwritten in place and
//! never made anew. Forward and backward stand side by side, and the backward's arguments say what the forward has to keep.
//! Tensors are contiguous and hold `f32`, `[batch, channels, height, width]` or `[batch, units]`. The kernels under them work on
//! slices and are generic over `Real`, so that central differences in `f64` prove the very code that trains in `f32`.
//!
//! | operation | forward keeps for backward |
//! |---|---|
//! | [`conv2d`] | input, output (the activation is part of it) |
//! | [`dense`] | input, output (the activation is part of it) |
//! | [`max_pool2d`] | place of each maximum in its window |
//! | [`lrn`] | input, output, denominators |
//! | [`activation`] | output |
//! | [`dropout`] | which units spoke |
//! | [`softmax_cross_entropy`] | nothing: the gradient is made on the way |
//!
//! With the feature `cuda` each has a half for NVIDIA's devices too (`cuda.rs` and its kernels, `kernels.cu`); what those share is in
//! `ops::cuda`. There, tensors between layers may hold BF16, and [batch, channels, height, width] may lie with the channels last: see [`Form`].
//! `feed` makes the network's input there, and [`reorder`] carries numbers between forms.
//!
//! [`sgd`] turns gradients into an update, [`statistics`] looks at tensors without changing them.

pub mod activation;
pub mod conv2d;
pub mod dense;
pub mod dropout;
pub mod lrn;
pub mod max_pool2d;
pub mod sgd;
pub mod softmax_cross_entropy;
pub mod statistics;

mod context;
#[cfg(feature = "cuda")]
pub mod cuda;
mod error;
#[cfg(feature = "cuda")]
pub mod feed;
mod form;
mod moment;
mod product;
mod real;
pub mod reorder;
mod simd;
mod tensors;
#[cfg(test)]
mod testing;

pub use context::Context;
pub use error::{Error, Result, says_out_of_memory};
pub use form::{Form, Precision};
pub use moment::Moment;
use real::Real;
pub use simd::Instructions;
