//! The transforms of one tile, as many channels side by side as fit in a vector.
//!
//! Winograd's minimal filtering F(4 × 4, 3 × 3) (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
//! sections 4.1 and 4.3): with d a tile of the input and g a kernel,
//!
//! y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//!
//! The rows of A and G hold the powers of the points 0, 1, −1, 2, −2 and ∞, for G divided by a number of each point. Both give the values of
//! a polynomial at the points ([`at_points`]); [`from_points`] is the transpose.

use crate::ops::Instructions;
use crate::ops::product::{Lanes, Plain};

/// Side of a tile of the input.
pub(super) const SIDE: usize = 6;
/// Side of a tile of the output.
pub(super) const SIDE_OUT: usize = 4;
/// Side of the convolution's kernel.
pub(super) const KERNEL: usize = SIDE + 1 - SIDE_OUT;
/// Products that take the place of a tile's convolution.
pub(super) const PLACES: usize = SIDE * SIDE;

/// Where the vectors of a square stand: (i, j) at i · down + j · right.
#[derive(Clone, Copy)]
pub(super) struct Square {
    pub down: usize,
    pub right: usize,
}

impl Square {
    /// All places of a tile one behind another, `apart` from each other.
    pub(super) fn of_places(apart: usize) -> Square {
        Square { down: SIDE * apart, right: apart }
    }

    /// What a square of `side` × `side` vectors takes.
    fn length(&self, side: usize, lanes: usize) -> usize {
        (side - 1) * (self.down + self.right) + lanes
    }
}

/// Reads a square of vectors, transforms it both ways, and writes the result.
///
/// # Safety
///
/// The instructions that it was compiled for must exist; both squares must lie in source and target.
type Kernel<T> = unsafe fn(source: *const T, source_at: Square, target: *mut T, target_at: Square);

/// A transform from `from` × `from` vectors to `to` × `to`.
#[derive(Clone, Copy)]
pub(super) struct Transform<T> {
    kernel: Kernel<T>,
    from: usize,
    to: usize,
    lanes: usize,
}

impl<T> Transform<T> {
    #[inline(always)]
    pub(super) fn run(&self, source: &[T], source_at: Square, target: &mut [T], target_at: Square) {
        assert!(source_at.length(self.from, self.lanes) <= source.len(), "a tile leaves its source");
        assert!(target_at.length(self.to, self.lanes) <= target.len(), "a tile leaves its target");
        // SAFETY: the asserts; and the instructions exist, or the context would not hold them.
        unsafe { (self.kernel)(source.as_ptr(), source_at, target.as_mut_ptr(), target_at) }
    }
}

/// All transforms, for one kind of vectors.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Transforms<T> {
    /// Numbers in a vector.
    pub(super) lanes: usize,
    /// Bᵀ d B
    pub(super) of_input: Transform<T>,
    /// G g Gᵀ
    pub(super) of_kernel: Transform<T>,
    /// Aᵀ m A
    pub(super) to_output: Transform<T>,
    /// A z Aᵀ, z a tile of the gradient by the output
    pub(super) of_gradient: Transform<T>,
    /// Gᵀ u G, u the gradient by what `of_kernel` gave
    pub(super) to_kernel: Transform<T>,
}

/// What each point's row of G is multiplied by.
const OF_POINT: [f64; SIDE] = [1.0 / 4.0, -1.0 / 6.0, -1.0 / 6.0, 1.0 / 24.0, 1.0 / 24.0, 1.0];

/// The steps of all kernels, generic over the vectors.
///
/// # Safety
///
/// Of all functions below: the vectors' instructions must exist; [`Kernel`]'s contract where there are pointers.
#[expect(clippy::needless_range_loop, reason = "the indices count registers, and several arrays share them")]
mod steps {
    use super::*;
    use crate::ops::Real;

    /// The transform `one` of each row, then of each column. `scale_from`, `scale_to`: what is read, or written, is multiplied by the numbers
    /// of its row's and its column's point.
    #[inline(always)]
    unsafe fn both_ways<L: Lanes, const N: usize, const K: usize>(
        [scale_from, scale_to]: [bool; 2],
        (source, from): (*const L::Element, Square),
        (target, to): (*mut L::Element, Square),
        one: impl Fn([L; N]) -> [L; K],
    ) {
        let scale = |i: usize, j: usize| L::Element::of(OF_POINT[i] * OF_POINT[j]);
        // SAFETY: as above.
        unsafe {
            let mut rows = [[L::zero(); K]; N];
            for i in 0..N {
                let mut row = [L::zero(); N];
                for j in 0..N {
                    row[j] = L::load(source.add(i * from.down + j * from.right));
                    if scale_from {
                        row[j] = row[j].times(scale(i, j));
                    }
                }
                rows[i] = one(row);
            }
            for j in 0..K {
                let mut column = [L::zero(); N];
                for i in 0..N {
                    column[i] = rows[i][j];
                }
                let column = one(column);
                for i in 0..K {
                    let value = if scale_to { column[i].times(scale(i, j)) } else { column[i] };
                    value.store(target.add(i * to.down + j * to.right));
                }
            }
        }
    }

    #[inline(always)]
    pub(super) unsafe fn of_input<L: Lanes>(source: *const L::Element, from: Square, target: *mut L::Element, to: Square) {
        let number = L::Element::of;
        // SAFETY: as above.
        unsafe {
            both_ways::<L, SIDE, SIDE>(
                [false, false],
                (source, from),
                (target, to),
                #[inline(always)]
                |[d0, d1, d2, d3, d4, d5]| {
                    let (even, odd) = (d4.sub(d2.times(number(4.0))), d3.sub(d1.times(number(4.0))));
                    let (even_2, odd_2) = (d4.sub(d2), d3.sub(d1).times(number(2.0)));
                    [
                        d0.times(number(4.0)).sub(d2.times(number(5.0))).add(d4),
                        even.add(odd),
                        even.sub(odd),
                        even_2.add(odd_2),
                        even_2.sub(odd_2),
                        d1.times(number(4.0)).sub(d3.times(number(5.0))).add(d5),
                    ]
                },
            )
        }
    }

    /// From the coefficients of a polynomial to its values.
    #[inline(always)]
    pub(super) unsafe fn to_values<L: Lanes, const N: usize, const SCALED: bool>(
        source: *const L::Element,
        from: Square,
        target: *mut L::Element,
        to: Square,
    ) {
        // SAFETY: as above.
        unsafe {
            both_ways::<L, N, SIDE>(
                [false, SCALED],
                (source, from),
                (target, to),
                #[inline(always)]
                |z| at_points(z),
            )
        }
    }

    /// The transpose of [`to_values`].
    #[inline(always)]
    pub(super) unsafe fn from_values<L: Lanes, const N: usize, const SCALED: bool>(
        source: *const L::Element,
        from: Square,
        target: *mut L::Element,
        to: Square,
    ) {
        // SAFETY: as above.
        unsafe {
            both_ways::<L, SIDE, N>(
                [SCALED, false],
                (source, from),
                (target, to),
                #[inline(always)]
                |t| from_points(t),
            )
        }
    }

    /// Σ zⱼ aʲ at each point a; at ∞ what belongs to the highest power.
    #[inline(always)]
    unsafe fn at_points<L: Lanes, const N: usize>(z: [L; N]) -> [L; SIDE] {
        // SAFETY: as above.
        unsafe {
            let (mut even, mut odd, mut even_2, mut odd_2) = (z[0], z[1], z[0], z[1].times(L::Element::of(2.0)));
            for j in 2..N {
                let times_power = z[j].times(L::Element::of((1 << j) as f64));
                if j % 2 == 0 {
                    (even, even_2) = (even.add(z[j]), even_2.add(times_power));
                } else {
                    (odd, odd_2) = (odd.add(z[j]), odd_2.add(times_power));
                }
            }
            [z[0], even.add(odd), even.sub(odd), even_2.add(odd_2), even_2.sub(odd_2), z[N - 1]]
        }
    }

    /// The transpose of [`at_points`].
    #[inline(always)]
    unsafe fn from_points<L: Lanes, const N: usize>(t: [L; SIDE]) -> [L; N] {
        // SAFETY: as above.
        unsafe {
            let (even, odd, even_2, odd_2) = (t[1].add(t[2]), t[1].sub(t[2]), t[3].add(t[4]), t[3].sub(t[4]));
            let mut z = [L::zero(); N];
            for j in 0..N {
                let power = L::Element::of((1 << j) as f64);
                z[j] = if j % 2 == 0 { even.add(even_2.times(power)) } else { odd.add(odd_2.times(power)) };
            }
            z[0] = z[0].add(t[0]);
            z[N - 1] = z[N - 1].add(t[SIDE - 1]);
            z
        }
    }
}

/// The kernels compiled for one kind of vectors, and the table of them.
macro_rules! kernels {
    ($name:ident, $vector:ty, $element:ty $(, #[$attribute:meta])*) => {
        mod $name {
            use super::*;

            $(#[$attribute])*
            unsafe fn of_input(source: *const $element, from: Square, target: *mut $element, to: Square) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::of_input::<$vector>(source, from, target, to) }
            }

            $(#[$attribute])*
            unsafe fn to_values<const N: usize, const SCALED: bool>(
                source: *const $element,
                from: Square,
                target: *mut $element,
                to: Square,
            ) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::to_values::<$vector, N, SCALED>(source, from, target, to) }
            }

            $(#[$attribute])*
            unsafe fn from_values<const N: usize, const SCALED: bool>(
                source: *const $element,
                from: Square,
                target: *mut $element,
                to: Square,
            ) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::from_values::<$vector, N, SCALED>(source, from, target, to) }
            }

            pub(super) fn transforms() -> Transforms<$element> {
                let lanes = <$vector as Lanes>::COUNT;
                let transform = |kernel: Kernel<$element>, from, to| Transform { kernel, from, to, lanes };
                Transforms {
                    lanes,
                    of_input: transform(of_input, SIDE, SIDE),
                    of_kernel: transform(to_values::<KERNEL, true>, KERNEL, SIDE),
                    to_output: transform(from_values::<SIDE_OUT, false>, SIDE, SIDE_OUT),
                    of_gradient: transform(to_values::<SIDE_OUT, false>, SIDE_OUT, SIDE),
                    to_kernel: transform(from_values::<KERNEL, true>, SIDE, KERNEL),
                }
            }
        }
    };
}

kernels!(plain_f32, Plain<f32, 4>, f32);
kernels!(plain_f64, Plain<f64, 2>, f64);
#[cfg(target_arch = "x86_64")]
kernels!(avx2, std::arch::x86_64::__m256, f32, #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "x86_64")]
kernels!(avx512, std::arch::x86_64::__m512, f32, #[target_feature(enable = "avx512f")]);

impl Transforms<f32> {
    pub(in crate::ops) fn of(instructions: Instructions) -> Self {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512::transforms(),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2::transforms(),
            _ => plain_f32::transforms(),
        }
    }
}

impl Transforms<f64> {
    pub(in crate::ops) fn of(_: Instructions) -> Self {
        plain_f64::transforms()
    }
}
