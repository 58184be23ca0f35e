//! What the kernels need of a number: `f32` in training, `f64` where central differences prove the same code.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

use super::conv2d::Transforms;
use super::product::Tiles;
use super::simd::Instructions;

/// A number of which any pattern of bits is a value, which lets [`super::Context`] hand out used memory as scratch.
pub(super) trait Bits: Copy {}

impl Bits for u8 {}
impl Bits for f32 {}
impl Bits for f64 {}

/// A floating-point number.
pub(super) trait Real:
    Bits
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + MulAssign
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const NEG_INFINITY: Self;

    /// The innermost loops of [`super::product`] for these numbers.
    fn tiles(instructions: Instructions) -> Tiles<Self>;
    /// The innermost loops of convolution by Winograd's transforms, for kernels of a side of 3 or 5.
    fn transforms(instructions: Instructions, kernel: usize) -> Transforms<Self>;
    fn of(value: f64) -> Self;
    fn to_f64(self) -> f64;
    /// self + a · b: fused where the package is built for a processor that can, else two operations (a fused one in software is slow).
    fn add_product(self, a: Self, b: Self) -> Self;
    fn is_nan(self) -> bool;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    /// ln(1 + x), exact for small x.
    fn ln_1p(self) -> Self;
    /// eˣ − 1, exact for small x.
    fn exp_m1(self) -> Self;
    fn powf(self, exponent: Self) -> Self;
}

macro_rules! real {
    ($type:ident) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $type::NEG_INFINITY;

            fn tiles(instructions: Instructions) -> Tiles<Self> {
                Tiles::<$type>::of(instructions)
            }
            fn transforms(instructions: Instructions, kernel: usize) -> Transforms<Self> {
                Transforms::<$type>::of(instructions, kernel)
            }
            #[inline(always)]
            fn add_product(self, a: Self, b: Self) -> Self {
                if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, self) } else { self + a * b }
            }
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            fn exp(self) -> Self {
                self.exp()
            }
            fn ln_1p(self) -> Self {
                self.ln_1p()
            }
            fn exp_m1(self) -> Self {
                self.exp_m1()
            }
            fn powf(self, exponent: Self) -> Self {
                self.powf(exponent)
            }
        }
    };
}

real!(f32);
real!(f64);
