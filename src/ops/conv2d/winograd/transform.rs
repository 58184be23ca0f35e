//! The transforms of one tile, as many channels side by side as fit in a vector.
//!
//! Winograd's minimal filtering F(4 × 4, 3 × 3) and F(4 × 4, 5 × 5) (Lavin and Gray 2016, "Fast algorithms for convolutional neural
//! networks", sections 4.1 and 4.3): with d a tile of the input and g a kernel,
//!
//! y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//!
//! The rows of A and G hold the powers of the points 0, ±1, ±2, for the larger kernel also ±½, and ∞, for G divided by a number of each
//! point. Both give the values of a polynomial at the points ([`at_points`]); [`from_points`] is the transpose. The columns of B hold the
//! polynomials that are 0 at all points but one, times that point's number.

use crate::ops::Instructions;
use crate::ops::product::{Lanes, Plain};

/// Sides of the kernels that there are transforms for.
pub(super) const KERNELS: [usize; 2] = [3, 5];
/// Side of a tile of the output.
pub(super) const SIDE_OUT: usize = 4;

/// Side of a tile of the input for kernels of a side of `kernel`: also how many points there are.
pub(super) const fn side(kernel: usize) -> usize {
    SIDE_OUT + kernel - 1
}

/// Products that take the place of a tile's convolution.
pub(super) const fn places(kernel: usize) -> usize {
    side(kernel) * side(kernel)
}

/// Where the vectors of a square stand: (i, j) at i · down + j · right.
#[derive(Clone, Copy)]
pub(super) struct Square {
    pub down: usize,
    pub right: usize,
}

impl Square {
    /// All places of a tile one behind another, `apart` from each other.
    pub(super) fn of_places(kernel: usize, apart: usize) -> Square {
        Square { down: side(kernel) * apart, right: apart }
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

/// All transforms, for one kind of vectors and one side of the kernel.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Transforms<T> {
    /// Side of the kernel.
    pub(super) kernel: usize,
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

/// What each point's row of G is multiplied by, where there are `side` of them: 1 over the product of its distances from the others.
const fn of_point(side: usize, i: usize) -> f64 {
    const SIX: [f64; 6] = [1.0 / 4.0, -1.0 / 6.0, -1.0 / 6.0, 1.0 / 24.0, 1.0 / 24.0, 1.0];
    const EIGHT: [f64; 8] = [-1.0, -2.0 / 9.0, -2.0 / 9.0, 1.0 / 90.0, 1.0 / 90.0, 32.0 / 45.0, 32.0 / 45.0, 1.0];
    if side == SIX.len() { SIX[i] } else { EIGHT[i] }
}

/// Powers 0 to 4 of the points between 0 and ∞, of which there are two each, p and −p.
const POWERS: [[f64; 5]; 3] = [[1.0; 5], [1.0, 2.0, 4.0, 8.0, 16.0], [1.0, 0.5, 0.25, 0.125, 0.0625]];

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
        let scale = |side: usize, i: usize, j: usize| L::Element::of(of_point(side, i) * of_point(side, j));
        // SAFETY: as above.
        unsafe {
            let mut rows = [[L::zero(); K]; N];
            for i in 0..N {
                let mut row = [L::zero(); N];
                for j in 0..N {
                    row[j] = L::load(source.add(i * from.down + j * from.right));
                    if scale_from {
                        row[j] = row[j].times(scale(N, i, j));
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
                    let value = if scale_to { column[i].times(scale(K, i, j)) } else { column[i] };
                    value.store(target.add(i * to.down + j * to.right));
                }
            }
        }
    }

    #[inline(always)]
    pub(super) unsafe fn of_six<L: Lanes>(source: *const L::Element, from: Square, target: *mut L::Element, to: Square) {
        let number = L::Element::of;
        // SAFETY: as above.
        unsafe {
            both_ways::<L, 6, 6>(
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

    #[inline(always)]
    pub(super) unsafe fn of_eight<L: Lanes>(source: *const L::Element, from: Square, target: *mut L::Element, to: Square) {
        let number = L::Element::of;
        // SAFETY: as above.
        unsafe {
            both_ways::<L, 8, 8>(
                [false, false],
                (source, from),
                (target, to),
                #[inline(always)]
                |[d0, d1, d2, d3, d4, d5, d6, d7]| {
                    let (even, odd) = (d2.sub(d4.times(number(4.25))).add(d6), d1.sub(d3.times(number(4.25))).add(d5));
                    let even_2 = d2.times(number(0.25)).sub(d4.times(number(1.25))).add(d6);
                    let odd_2 = d1.times(number(0.5)).sub(d3.times(number(2.5))).add(d5.times(number(2.0)));
                    let even_half = d2.times(number(4.0)).sub(d4.times(number(5.0))).add(d6);
                    let odd_half = d1.times(number(2.0)).sub(d3.times(number(2.5))).add(d5.times(number(0.5)));
                    [
                        d6.sub(d0).add(d2.sub(d4).times(number(5.25))),
                        even.add(odd),
                        even.sub(odd),
                        even_2.add(odd_2),
                        even_2.sub(odd_2),
                        even_half.add(odd_half),
                        even_half.sub(odd_half),
                        d7.sub(d1).add(d3.sub(d5).times(number(5.25))),
                    ]
                },
            )
        }
    }

    /// From the coefficients of a polynomial to its values at `S` points.
    #[inline(always)]
    pub(super) unsafe fn to_values<L: Lanes, const N: usize, const S: usize, const SCALED: bool>(
        source: *const L::Element,
        from: Square,
        target: *mut L::Element,
        to: Square,
    ) {
        // SAFETY: as above.
        unsafe {
            both_ways::<L, N, S>(
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
    pub(super) unsafe fn from_values<L: Lanes, const N: usize, const S: usize, const SCALED: bool>(
        source: *const L::Element,
        from: Square,
        target: *mut L::Element,
        to: Square,
    ) {
        // SAFETY: as above.
        unsafe {
            both_ways::<L, S, N>(
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
    unsafe fn at_points<L: Lanes, const N: usize, const S: usize>(z: [L; N]) -> [L; S] {
        // SAFETY: as above.
        unsafe {
            let mut values = [L::zero(); S];
            (values[0], values[S - 1]) = (z[0], z[N - 1]);
            for pair in 0..S / 2 - 1 {
                let powers = POWERS[pair];
                let (mut even, mut odd) = (z[0], z[1].times(L::Element::of(powers[1])));
                for j in 2..N {
                    let term = z[j].times(L::Element::of(powers[j]));
                    if j % 2 == 0 { even = even.add(term) } else { odd = odd.add(term) }
                }
                (values[1 + 2 * pair], values[2 + 2 * pair]) = (even.add(odd), even.sub(odd));
            }
            values
        }
    }

    /// The transpose of [`at_points`].
    #[inline(always)]
    unsafe fn from_points<L: Lanes, const N: usize, const S: usize>(t: [L; S]) -> [L; N] {
        // SAFETY: as above.
        unsafe {
            let mut z = [L::zero(); N];
            for pair in 0..S / 2 - 1 {
                let (even, odd) = (t[1 + 2 * pair].add(t[2 + 2 * pair]), t[1 + 2 * pair].sub(t[2 + 2 * pair]));
                for j in 0..N {
                    z[j] = z[j].add(if j % 2 == 0 { even } else { odd }.times(L::Element::of(POWERS[pair][j])));
                }
            }
            z[0] = z[0].add(t[0]);
            z[N - 1] = z[N - 1].add(t[S - 1]);
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
            unsafe fn of_six(source: *const $element, from: Square, target: *mut $element, to: Square) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::of_six::<$vector>(source, from, target, to) }
            }

            $(#[$attribute])*
            unsafe fn of_eight(source: *const $element, from: Square, target: *mut $element, to: Square) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::of_eight::<$vector>(source, from, target, to) }
            }

            $(#[$attribute])*
            unsafe fn to_values<const N: usize, const S: usize, const SCALED: bool>(
                source: *const $element,
                from: Square,
                target: *mut $element,
                to: Square,
            ) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::to_values::<$vector, N, S, SCALED>(source, from, target, to) }
            }

            $(#[$attribute])*
            unsafe fn from_values<const N: usize, const S: usize, const SCALED: bool>(
                source: *const $element,
                from: Square,
                target: *mut $element,
                to: Square,
            ) {
                // SAFETY: `Kernel`'s contract.
                unsafe { steps::from_values::<$vector, N, S, SCALED>(source, from, target, to) }
            }

            /// For kernels of side `K`, with `S` points.
            fn table<const K: usize, const S: usize>(of_input: Kernel<$element>) -> Transforms<$element> {
                let lanes = <$vector as Lanes>::COUNT;
                let transform = |kernel: Kernel<$element>, from, to| Transform { kernel, from, to, lanes };
                Transforms {
                    kernel: K,
                    lanes,
                    of_input: transform(of_input, S, S),
                    of_kernel: transform(to_values::<K, S, true>, K, S),
                    to_output: transform(from_values::<SIDE_OUT, S, false>, S, SIDE_OUT),
                    of_gradient: transform(to_values::<SIDE_OUT, S, false>, SIDE_OUT, S),
                    to_kernel: transform(from_values::<K, S, true>, S, K),
                }
            }

            pub(super) fn transforms(kernel: usize) -> Transforms<$element> {
                match kernel {
                    3 => table::<3, { side(3) }>(of_six),
                    5 => table::<5, { side(5) }>(of_eight),
                    _ => unreachable!("no transforms for a kernel of {kernel} × {kernel}"),
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
    pub(in crate::ops) fn of(instructions: Instructions, kernel: usize) -> Self {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512::transforms(kernel),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2::transforms(kernel),
            _ => plain_f32::transforms(kernel),
        }
    }
}

impl Transforms<f64> {
    pub(in crate::ops) fn of(_: Instructions, kernel: usize) -> Self {
        plain_f64::transforms(kernel)
    }
}
