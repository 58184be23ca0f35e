//! A vector register: some numbers side by side.

use crate::ops::Real;

/// # Safety
///
/// All methods may only be called where the processor has the vector's instructions; those with pointers need as many readable or
/// writable elements behind them as they say, [`Lanes::COUNT`] where they say nothing.
pub(in crate::ops) trait Lanes: Copy {
    type Element: Real;
    /// As many vectors as one has elements.
    type Square: AsMut<[Self]>;
    const COUNT: usize;

    unsafe fn zero() -> Self;
    unsafe fn zeros() -> Self::Square;
    unsafe fn load(from: *const Self::Element) -> Self;
    unsafe fn store(self, to: *mut Self::Element);
    /// `count` elements, the others zero.
    unsafe fn load_first(from: *const Self::Element, count: usize) -> Self;
    /// `count` elements, the others left alone.
    unsafe fn store_first(self, to: *mut Self::Element, count: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn times(self, factor: Self::Element) -> Self;
    /// self + factor · other, the one factor, which is read, for all lanes.
    unsafe fn add_product(self, factor: *const Self::Element, other: Self) -> Self;
    /// Rows become columns.
    unsafe fn transpose(square: &mut Self::Square);
}

/// Numbers in an array, which the compiler keeps in whatever registers there are.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Plain<T, const COUNT: usize>([T; COUNT]);

impl<T: Real, const COUNT: usize> Lanes for Plain<T, COUNT> {
    type Element = T;
    type Square = [Self; COUNT];
    const COUNT: usize = COUNT;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Plain([T::ZERO; COUNT])
    }
    #[inline(always)]
    unsafe fn zeros() -> Self::Square {
        [Plain([T::ZERO; COUNT]); COUNT]
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
    unsafe fn load_first(from: *const T, count: usize) -> Self {
        // SAFETY: the caller vouches for the elements.
        Plain(std::array::from_fn(|i| if i < count { unsafe { *from.add(i) } } else { T::ZERO }))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut T, count: usize) {
        for (i, &v) in self.0.iter().enumerate().take(count) {
            // SAFETY: the caller vouches for the elements.
            unsafe { *to.add(i) = v }
        }
    }
    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, &v)| *sum += v);
        self
    }
    #[inline(always)]
    unsafe fn sub(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(rest, &v)| *rest = *rest - v);
        self
    }
    #[inline(always)]
    unsafe fn times(mut self, factor: T) -> Self {
        self.0.iter_mut().for_each(|v| *v *= factor);
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
    #[inline(always)]
    unsafe fn transpose(square: &mut Self::Square) {
        let rows = *square;
        *square = std::array::from_fn(|i| Plain(std::array::from_fn(|j| rows[j].0[i])));
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    impl Lanes for __m512 {
        type Element = f32;
        type Square = [Self; 16];
        const COUNT: usize = 16;

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: this and all below: the caller vouches for instructions and elements.
            unsafe { _mm512_setzero_ps() }
        }
        #[inline(always)]
        unsafe fn zeros() -> Self::Square {
            unsafe { [_mm512_setzero_ps(); 16] }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm512_storeu_ps(to, self) }
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self {
            unsafe { _mm512_maskz_loadu_ps(first_of_16(count), from) }
        }
        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            unsafe { _mm512_mask_storeu_ps(to, first_of_16(count), self) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            unsafe { _mm512_add_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            unsafe { _mm512_sub_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn times(self, factor: f32) -> Self {
            unsafe { _mm512_mul_ps(self, _mm512_set1_ps(factor)) }
        }
        #[inline(always)]
        unsafe fn add_product(self, factor: *const f32, other: Self) -> Self {
            unsafe { _mm512_fmadd_ps(_mm512_set1_ps(*factor), other, self) }
        }
        #[inline(always)]
        unsafe fn transpose(square: &mut Self::Square) {
            unsafe {
                // Quarters of a vector first: that of row 4i + k then holds column k of four rows.
                for rows in square.as_chunks_mut::<4>().0 {
                    let [a, b, c, d] = *rows;
                    let low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
                    let high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
                    let next_low = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
                    let next_high = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
                    *rows = [
                        _mm512_castpd_ps(_mm512_unpacklo_pd(low, next_low)),
                        _mm512_castpd_ps(_mm512_unpackhi_pd(low, next_low)),
                        _mm512_castpd_ps(_mm512_unpacklo_pd(high, next_high)),
                        _mm512_castpd_ps(_mm512_unpackhi_pd(high, next_high)),
                    ];
                }
                // Then the quarters change places: even ones and odd ones of each two, and again.
                for k in 0..4 {
                    let [a, b, c, d] = [square[k], square[4 + k], square[8 + k], square[12 + k]];
                    let (even, next_even) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
                    let (odd, next_odd) = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
                    square[k] = _mm512_shuffle_f32x4::<0x88>(even, next_even);
                    square[4 + k] = _mm512_shuffle_f32x4::<0x88>(odd, next_odd);
                    square[8 + k] = _mm512_shuffle_f32x4::<0xdd>(even, next_even);
                    square[12 + k] = _mm512_shuffle_f32x4::<0xdd>(odd, next_odd);
                }
            }
        }
    }

    #[inline(always)]
    fn first_of_16(count: usize) -> __mmask16 {
        ((1_u32 << count.min(16)) - 1) as __mmask16
    }

    impl Lanes for __m256 {
        type Element = f32;
        type Square = [Self; 8];
        const COUNT: usize = 8;

        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: this and all below: the caller vouches for instructions and elements.
            unsafe { _mm256_setzero_ps() }
        }
        #[inline(always)]
        unsafe fn zeros() -> Self::Square {
            unsafe { [_mm256_setzero_ps(); 8] }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm256_storeu_ps(to, self) }
        }
        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self {
            unsafe { _mm256_maskload_ps(from, first_of_8(count)) }
        }
        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            unsafe { _mm256_maskstore_ps(to, first_of_8(count), self) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            unsafe { _mm256_add_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            unsafe { _mm256_sub_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn times(self, factor: f32) -> Self {
            unsafe { _mm256_mul_ps(self, _mm256_set1_ps(factor)) }
        }
        #[inline(always)]
        unsafe fn add_product(self, factor: *const f32, other: Self) -> Self {
            unsafe { _mm256_fmadd_ps(_mm256_set1_ps(*factor), other, self) }
        }
        #[inline(always)]
        unsafe fn transpose(square: &mut Self::Square) {
            unsafe {
                // As above, with halves of a vector.
                for rows in square.as_chunks_mut::<4>().0 {
                    let [a, b, c, d] = *rows;
                    let low = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
                    let high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
                    let next_low = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
                    let next_high = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
                    *rows = [
                        _mm256_castpd_ps(_mm256_unpacklo_pd(low, next_low)),
                        _mm256_castpd_ps(_mm256_unpackhi_pd(low, next_low)),
                        _mm256_castpd_ps(_mm256_unpacklo_pd(high, next_high)),
                        _mm256_castpd_ps(_mm256_unpackhi_pd(high, next_high)),
                    ];
                }
                for k in 0..4 {
                    let (a, b) = (square[k], square[4 + k]);
                    square[k] = _mm256_permute2f128_ps::<0x20>(a, b);
                    square[4 + k] = _mm256_permute2f128_ps::<0x31>(a, b);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn first_of_8(count: usize) -> __m256i {
        // SAFETY: the caller vouches for the instructions.
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }
}
