//! The innermost loop: a tile of the result, all of it in registers, while the whole sum runs through.

use super::lanes::{Lanes, Plain};
use super::transpose::{Transpose, Turn, transpose};
use crate::ops::simd::Instructions;

/// A tile of `R` runs of `C` neighbours each, times `V` vectors: see [`tile`].
///
/// # Safety
///
/// The instructions that it was compiled for must exist. With the last run start s and the largest step t, `source` must have
/// s + t + `C` elements, `panel` `V` vectors for each step, and `target` room for `V` vectors at each of its rows; `starts` and `places`
/// have `R` elements.
pub(super) type Tile<T> = unsafe fn(source: *const T, starts: &[usize], steps: &[u32], panel: *const T, target: Target<T>);

/// Where a tile is left: row c of run r begins at `rows` + places[r] + c · `row_by`.
#[derive(Clone, Copy)]
pub(super) struct Target<'a, T> {
    pub rows: *mut T,
    pub places: &'a [usize],
    pub row_by: usize,
    /// Added to what is there already, or written over it.
    pub add: bool,
}

/// The tiles that exist for one kind of processor.
pub(in crate::ops) struct Tiles<T> {
    /// Numbers in a vector.
    pub lanes: usize,
    /// Neighbours that fit in a tile: the longest run.
    pub longest: usize,
    pub(super) transpose: Transpose<T>,
    /// The tile of so many runs, neighbours and vectors.
    pub(super) find: fn(usize, usize, usize) -> Option<Tile<T>>,
}

/// The most vectors side by side in a tile.
pub(super) const VECTORS: usize = 2;
/// The most runs in a tile.
pub(super) const LARGEST_ROWS: usize = 14;
/// Elements in the largest tile of all.
pub(super) const LARGEST: usize = LARGEST_ROWS * VECTORS * 16;

/// target[places[r] + c · row_by + lane] (+)= Σ source[starts[r] + steps[s] + c] · panel[s, lane], over all steps s in order.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "the indices count registers, and several arrays share them")]
unsafe fn tile<L: Lanes, const R: usize, const C: usize, const V: usize>(
    source: *const L::Element,
    starts: &[usize],
    steps: &[u32],
    panel: *const L::Element,
    target: Target<L::Element>,
) {
    // SAFETY: `Tile`'s contract.
    unsafe {
        let mut sums = [[[L::zero(); V]; C]; R];
        let mut runs = [source; R];
        for (run, start) in runs.iter_mut().zip(starts) {
            *run = run.add(*start);
        }
        let mut panel = panel;
        for &step in steps {
            let mut vectors = [L::zero(); V];
            for v in 0..V {
                vectors[v] = L::load(panel.add(v * L::COUNT));
            }
            for r in 0..R {
                for c in 0..C {
                    let factor = runs[r].add(step as usize + c);
                    for v in 0..V {
                        sums[r][c][v] = sums[r][c][v].add_product(factor, vectors[v]);
                    }
                }
            }
            panel = panel.add(V * L::COUNT);
        }
        for r in 0..R {
            for c in 0..C {
                let row = target.rows.add(*target.places.get_unchecked(r) + c * target.row_by);
                for v in 0..V {
                    let place = row.add(v * L::COUNT);
                    let sum = if target.add { L::load(place).add(sums[r][c][v]) } else { sums[r][c][v] };
                    sum.store(place);
                }
            }
        }
    }
}

/// [`tile`] and [`transpose`] compiled for one kind of vectors.
macro_rules! kernels {
    ($name:ident, $vector:ty, $element:ty $(, #[$attribute:meta])*) => {
        mod $name {
            use super::*;

            $(#[$attribute])*
            pub(super) unsafe fn tile<const R: usize, const C: usize, const V: usize>(
                source: *const $element,
                starts: &[usize],
                steps: &[u32],
                panel: *const $element,
                target: Target<$element>,
            ) {
                // SAFETY: `Tile`'s contract.
                unsafe { super::tile::<$vector, R, C, V>(source, starts, steps, panel, target) }
            }

            $(#[$attribute])*
            pub(super) unsafe fn transpose(turn: Turn, source: *const $element, target: *mut $element) {
                // SAFETY: `Transpose`'s contract.
                unsafe { super::transpose::<$vector>(turn, source, target) }
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

/// The tile of `$key`, (runs, neighbours, vectors), if it is one of those listed.
macro_rules! choose {
    ($key:expr, $kernel:ident, [$(($r:literal, $c:literal)),* $(,)?]) => {
        match $key {
            $(
                ($r, $c, 1) => Some($kernel::tile::<$r, $c, 1> as Tile<_>),
                ($r, $c, 2) => Some($kernel::tile::<$r, $c, 2> as Tile<_>),
            )*
            _ => None,
        }
    };
}

/// For 32 registers: 28 sums, 2 vectors of the panel, 1 factor.
#[cfg(target_arch = "x86_64")]
macro_rules! choose_of_14 {
    ($key:expr, $kernel:ident) => {
        choose!(
            $key,
            $kernel,
            [
                (1, 1),
                (2, 1),
                (4, 1),
                (7, 1),
                (14, 1),
                (1, 2),
                (2, 2),
                (4, 2),
                (7, 2),
                (1, 3),
                (2, 3),
                (4, 3),
                (1, 4),
                (2, 4),
                (3, 4),
                (1, 5),
                (2, 5),
                (1, 6),
                (2, 6),
                (1, 7),
                (2, 7),
                (1, 8),
                (1, 9),
                (1, 10),
                (1, 11),
                (1, 12),
                (1, 13),
                (1, 14),
            ]
        )
    };
}

/// For 16 registers: 12 sums, 2 vectors of the panel, 1 factor.
macro_rules! choose_of_6 {
    ($key:expr, $kernel:ident) => {
        choose!($key, $kernel, [(1, 1), (2, 1), (4, 1), (6, 1), (1, 2), (3, 2), (1, 3), (2, 3), (1, 4), (1, 5), (1, 6)])
    };
}

impl Tiles<f32> {
    pub(in crate::ops) fn of(instructions: Instructions) -> Self {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => {
                Tiles { lanes: 16, longest: 14, transpose: avx512::transpose, find: |r, c, v| choose_of_14!((r, c, v), avx512) }
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => {
                Tiles { lanes: 8, longest: 6, transpose: avx2::transpose, find: |r, c, v| choose_of_6!((r, c, v), avx2) }
            }
            _ => Tiles {
                lanes: 4,
                longest: 6,
                transpose: plain_f32::transpose,
                find: |r, c, v| choose_of_6!((r, c, v), plain_f32),
            },
        }
    }
}

impl Tiles<f64> {
    /// The proofs' numbers need no speed.
    pub(in crate::ops) fn of(_: Instructions) -> Self {
        Tiles { lanes: 2, longest: 6, transpose: plain_f64::transpose, find: |r, c, v| choose_of_6!((r, c, v), plain_f64) }
    }
}
