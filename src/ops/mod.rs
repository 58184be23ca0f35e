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
//!
//! # What the processor allows, and what is reached
//!
//! The time that each operation would need at the rate of a large product of matrices, or of a large copy, whichever is longer, beside the time
//! that it takes: AlexNet's layers at batch 32, by `cargo bench --bench ops`. Measured on 24 November 2026 on an Intel Xeon with AVX-512, 2 cores:
//! 431 GFLOP/s in a product, 27 GB/s in a copy (bytes read and written). The multiplications are those of the plain sum, of which convolution by
//! Winograd's transforms saves more than half: hence more than 100 % for conv3 to conv5. When this was measured, conv2 (5 × 5) was still the
//! plain sum. More than 100 % of the copy's rate is reached where memory is updated in place.
//!
//! | operation | GFLOP | ms for them | MB | ms for them | reached, ms | GFLOP/s | GB/s | share of the limit |
//! | --- | --: | --: | --: | --: | --: | --: | --: | --: |
//! | conv1 forward | 6.75 | 15.66 | 57.1 | 2.10 | 20.47 | 330 | 2.8 | 76 % |
//! | conv1 backward | 6.75 | 15.66 | 94.3 | 3.47 | 22.92 | 294 | 4.1 | 68 % |
//! | pool1 forward | | | 48.4 | 1.78 | 2.16 | | 22.4 | 82 % |
//! | pool1 backward | | | 48.4 | 1.78 | 1.86 | | 26.0 | 96 % |
//! | lrn1 forward | | | 26.9 | 0.99 | 1.07 | | 25.0 | 92 % |
//! | lrn1 backward | | | 44.8 | 1.65 | 1.67 | | 26.8 | 98 % |
//! | conv2 forward | 14.33 | 33.27 | 34.1 | 1.25 | 35.19 | 407 | 1.0 | 95 % |
//! | conv2 backward | 28.67 | 66.55 | 58.0 | 2.13 | 74.81 | 383 | 0.8 | 89 % |
//! | pool2 forward | | | 30.8 | 1.13 | 1.77 | | 17.4 | 64 % |
//! | pool2 backward | | | 30.8 | 1.13 | 1.02 | | 30.2 | 111 % |
//! | lrn2 forward | | | 16.6 | 0.61 | 0.58 | | 28.6 | 105 % |
//! | lrn2 backward | | | 27.7 | 1.02 | 0.90 | | 30.7 | 113 % |
//! | conv3 forward | 9.57 | 22.22 | 17.4 | 0.64 | 14.59 | 656 | 1.2 | 152 % |
//! | conv3 backward | 19.14 | 44.43 | 25.7 | 0.95 | 30.67 | 624 | 0.8 | 145 % |
//! | lrn3 forward | | | 24.9 | 0.92 | 0.89 | | 27.9 | 103 % |
//! | lrn3 backward | | | 41.5 | 1.53 | 1.38 | | 30.0 | 111 % |
//! | conv4 forward | 7.18 | 16.66 | 19.3 | 0.71 | 12.12 | 592 | 1.6 | 137 % |
//! | conv4 backward | 14.35 | 33.32 | 27.6 | 1.01 | 25.51 | 563 | 1.1 | 131 % |
//! | lrn4 forward | | | 24.9 | 0.92 | 0.89 | | 27.9 | 103 % |
//! | lrn4 backward | | | 41.5 | 1.53 | 1.44 | | 28.8 | 106 % |
//! | conv5 forward | 4.78 | 11.11 | 15.6 | 0.57 | 8.69 | 551 | 1.8 | 128 % |
//! | conv5 backward | 9.57 | 22.22 | 21.2 | 0.78 | 19.38 | 494 | 1.1 | 115 % |
//! | pool5 forward | | | 7.0 | 0.26 | 0.76 | | 9.2 | 34 % |
//! | pool5 backward | | | 7.0 | 0.26 | 0.24 | | 29.4 | 108 % |
//! | fc6 forward | 2.42 | 5.61 | 151.0 | 5.56 | 9.73 | 248 | 15.5 | 58 % |
//! | fc6 backward | 4.83 | 11.22 | 302.0 | 11.11 | 28.27 | 171 | 10.7 | 40 % |
//! | fc7 forward | 1.07 | 2.49 | 67.1 | 2.47 | 3.44 | 312 | 19.5 | 72 % |
//! | fc7 backward | 2.15 | 4.99 | 134.2 | 4.94 | 10.43 | 206 | 12.9 | 48 % |
//! | check | | | 227.6 | 8.38 | 14.33 | | 15.9 | 58 % |
//! | sgd | | | 1138.2 | 41.88 | 24.47 | | 46.5 | 171 % |
//! | all | | | | 371.36 | 372.32 | | | 100 % |

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
