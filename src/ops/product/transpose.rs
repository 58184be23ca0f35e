//! Rows that become columns, a square of vectors at a time.

use super::lanes::Lanes;
use super::tile::Tiles;
use crate::ops::Real;
use crate::ops::simd::Instructions;

/// A matrix that is turned around and where it goes: target[c · target_by + r] = source[r · source_by + c].
#[derive(Clone, Copy)]
pub(in crate::ops) struct Turn {
    pub rows: usize,
    pub columns: usize,
    pub source_by: usize,
    pub target_by: usize,
}

/// # Safety
///
/// The instructions that it was compiled for must exist; all elements of [`Turn`] must lie in source and target.
pub(super) type Transpose<T> = unsafe fn(turn: Turn, source: *const T, target: *mut T);

impl Turn {
    #[inline(always)]
    pub(in crate::ops) fn run<T: Real>(self, instructions: Instructions, source: &[T], target: &mut [T]) {
        let Turn { rows, columns, source_by, target_by } = self;
        if rows == 0 || columns == 0 {
            return;
        }
        assert!((rows - 1) * source_by + columns <= source.len(), "a row leaves its source");
        assert!((columns - 1) * target_by + rows <= target.len(), "a column leaves its target");
        let Tiles { transpose, .. } = T::tiles(instructions);
        // SAFETY: the asserts; and the instructions exist, or the context would not hold them.
        unsafe { transpose(self, source.as_ptr(), target.as_mut_ptr()) }
    }
}

/// [`Transpose`] with vectors of one kind.
#[inline(always)]
pub(super) unsafe fn transpose<L: Lanes>(turn: Turn, source: *const L::Element, target: *mut L::Element) {
    let Turn { rows, columns, source_by, target_by } = turn;
    // SAFETY: `Transpose`'s contract; nothing beyond the last row and column is touched.
    unsafe {
        for c in (0..columns).step_by(L::COUNT) {
            let width = (columns - c).min(L::COUNT);
            for r in (0..rows).step_by(L::COUNT) {
                let height = (rows - r).min(L::COUNT);
                let mut square = L::zeros();
                for (i, row) in square.as_mut().iter_mut().enumerate().take(height) {
                    *row = L::load_first(source.add((r + i) * source_by + c), width);
                }
                L::transpose(&mut square);
                for (i, column) in square.as_mut().iter().enumerate().take(width) {
                    column.store_first(target.add((c + i) * target_by + r), height);
                }
            }
        }
    }
}
