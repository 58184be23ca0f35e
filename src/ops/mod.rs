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
//! that it takes: AlexNet's layers at batch 32, by `cargo bench --bench ops`. Measured on 25 November 2026 on an AMD EPYC (Zen 5, AVX-512),
//! 2 cores: 511 GFLOP/s in a product, 57 GB/s in a copy (bytes read and written). The multiplications are those of the plain sum, of which
//! convolution by Winograd's transforms saves more than half: hence more than 100 % for conv2 to conv5. More than 100 % of the copy's rate is
//! reached where memory is updated in place. Dropout, fc8 and the loss take less than a tenth of a millisecond each and are left out; `all`
//! holds them.
//!
//! | operation | GFLOP | ms for them | MB | ms for them | reached, ms | GFLOP/s | GB/s | share of the limit |
//! | --- | --: | --: | --: | --: | --: | --: | --: | --: |
//! | conv1 forward | 6.75 | 13.20 | 57.1 | 1.00 | 16.03 | 421 | 3.6 | 82 % |
//! | conv1 backward | 6.75 | 13.20 | 94.3 | 1.66 | 18.64 | 362 | 5.1 | 71 % |
//! | pool1 forward | | | 48.4 | 0.85 | 1.96 | | 24.7 | 44 % |
//! | pool1 backward | | | 48.4 | 0.85 | 1.15 | | 42.0 | 74 % |
//! | lrn1 forward | | | 26.9 | 0.47 | 0.55 | | 48.7 | 86 % |
//! | lrn1 backward | | | 44.8 | 0.79 | 0.94 | | 47.6 | 84 % |
//! | conv2 forward | 14.33 | 28.03 | 34.1 | 0.60 | 18.05 | 794 | 1.9 | 155 % |
//! | conv2 backward | 28.67 | 56.07 | 58.0 | 1.02 | 42.04 | 682 | 1.4 | 133 % |
//! | pool2 forward | | | 30.8 | 0.54 | 1.69 | | 18.3 | 32 % |
//! | pool2 backward | | | 30.8 | 0.54 | 0.84 | | 36.5 | 64 % |
//! | lrn2 forward | | | 16.6 | 0.29 | 0.41 | | 40.8 | 72 % |
//! | lrn2 backward | | | 27.7 | 0.49 | 0.60 | | 46.4 | 82 % |
//! | conv3 forward | 9.57 | 18.72 | 17.4 | 0.31 | 14.41 | 664 | 1.2 | 130 % |
//! | conv3 backward | 19.14 | 37.44 | 25.7 | 0.45 | 29.47 | 649 | 0.9 | 127 % |
//! | lrn3 forward | | | 24.9 | 0.44 | 0.63 | | 39.8 | 70 % |
//! | lrn3 backward | | | 41.5 | 0.73 | 0.91 | | 45.7 | 80 % |
//! | conv4 forward | 7.18 | 14.04 | 19.3 | 0.34 | 13.88 | 517 | 1.4 | 101 % |
//! | conv4 backward | 14.35 | 28.08 | 27.6 | 0.49 | 26.06 | 551 | 1.1 | 108 % |
//! | lrn4 forward | | | 24.9 | 0.44 | 0.69 | | 35.9 | 63 % |
//! | lrn4 backward | | | 41.5 | 0.73 | 0.93 | | 44.6 | 78 % |
//! | conv5 forward | 4.78 | 9.36 | 15.6 | 0.27 | 9.66 | 495 | 1.6 | 97 % |
//! | conv5 backward | 9.57 | 18.72 | 21.2 | 0.37 | 17.40 | 550 | 1.2 | 108 % |
//! | pool5 forward | | | 7.0 | 0.12 | 0.68 | | 10.4 | 18 % |
//! | pool5 backward | | | 7.0 | 0.12 | 0.26 | | 27.0 | 48 % |
//! | fc6 forward | 2.42 | 4.73 | 151.0 | 2.66 | 6.51 | 371 | 23.2 | 73 % |
//! | fc6 backward | 4.83 | 9.45 | 302.0 | 5.31 | 16.23 | 298 | 18.6 | 58 % |
//! | fc7 forward | 1.07 | 2.10 | 67.1 | 1.18 | 2.84 | 378 | 23.6 | 74 % |
//! | fc7 backward | 2.15 | 4.20 | 134.2 | 2.36 | 7.03 | 306 | 19.1 | 60 % |
//! | check | | | 227.6 | 4.01 | 4.52 | | 50.4 | 89 % |
//! | sgd | | | 1138.2 | 20.03 | 16.41 | | 69.3 | 122 % |
//! | all | | | | 288.86 | 271.76 | | | 106 % |

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
