//! A vector register: some numbers side by side.

use crate::ops::Real;

/// # Safety
///
/// All methods may only be called where the processor has the vector's instructions; those with pointers need [`Lanes::COUNT`]
/// readable or writable elements behind them (one behind `factor`).
pub(super) trait Lanes: Copy {
    type Element: Real;
    const COUNT: usize;

    unsafe fn zero() -> Self;
    unsafe fn load(from: *const Self::Element) -> Self;
    unsafe fn store(self, to: *mut Self::Element);
    unsafe fn add(self, other: Self) -> Self;
    /// self + factor · other, the one factor for all lanes.
    unsafe fn add_product(self, factor: *const Self::Element, other: Self) -> Self;
}

/// Numbers in an array, which the compiler keeps in whatever registers there are.
#[derive(Clone, Copy)]
pub(super) struct Plain<T, const COUNT: usize>([T; COUNT]);

impl<T: Real, const COUNT: usize> Lanes for Plain<T, COUNT> {
    type Element = T;
    const COUNT: usize = COUNT;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Plain([T::ZERO; COUNT])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller vouches for the elements.
        Plain(unsafe { from.cast::<[T; COUNT]>().read() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller vouches for the elements.
        unsafe { to.cast::<[T; COUNT]>().write(self.0) }
    }
    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, &v)| *sum += v);
        self
    }
    #[inline(always)]
    unsafe fn add_product(mut self, factor: *const T, other: Self) -> Self {
        // SAFETY: the caller vouches for the element.
        let factor = unsafe { *factor };
        for (sum, &v) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.add_product(factor, v);
        }
        self
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    macro_rules! lanes {
        ($vector:ident, $count:literal, $zero:ident, $load:ident, $store:ident, $broadcast:ident, $add:ident, $add_product:ident) => {
            impl Lanes for $vector {
                type Element = f32;
                const COUNT: usize = $count;

                #[inline(always)]
                unsafe fn zero() -> Self {
                    // SAFETY: the caller vouches for the instructions.
                    unsafe { $zero() }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: the caller vouches for instructions and elements.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: the caller vouches for instructions and elements.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instructions.
                    unsafe { $add(self, other) }
                }
                #[inline(always)]
                unsafe fn add_product(self, factor: *const f32, other: Self) -> Self {
                    // SAFETY: the caller vouches for instructions and element.
                    unsafe { $add_product($broadcast(*factor), other, self) }
                }
            }
        };
    }

    lanes!(__m512, 16, _mm512_setzero_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_add_ps, _mm512_fmadd_ps);
    lanes!(__m256, 8, _mm256_setzero_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_add_ps, _mm256_fmadd_ps);
}
