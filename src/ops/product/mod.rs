//! The one product behind convolution and dense layers, forward and backward:
//!
//! result[run + c, lane] = Σₛ source[run + steps[s] + c] · panel[s, lane]
//!
//! A matrix product whose left matrix is never written down: each of its elements is found in `source` at the sum of where its row starts
//! (the runs) and where its column stands (the steps). The patches of a convolution are of that kind, since from one output pixel to the next all
//! places in the input move by the same distance; so is a matrix in rows or in columns. The right matrix stands in panels as wide as
//! a few vector registers.

mod lanes;
mod panel;
#[cfg(test)]
mod tests;
mod tile;
mod transpose;

pub(super) use lanes::{Lanes, Plain};
pub(super) use panel::{Panel, Panels, Strided};
pub(super) use tile::Tiles;
use tile::{Target, Tile};
pub(super) use transpose::Turn;

use super::Real;
use super::simd::Instructions;

/// Rows of the result whose places in the source are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The first one's place in the source.
    pub start: usize,
    /// The first one's place in the result.
    pub place: usize,
    pub length: usize,
}

impl Run {
    /// Cuts `length` neighbours into runs that differ by one at most, none longer than `longest`.
    pub(super) fn cut(start: usize, place: usize, length: usize, longest: usize) -> impl Iterator<Item = Run> {
        let pieces = length.div_ceil(longest);
        let border = move |piece: usize| piece * length / pieces.max(1);
        (0..pieces).map(move |i| Run { start: start + border(i), place: place + border(i), length: border(i + 1) - border(i) })
    }
}

/// What is multiplied; see the module's formula.
pub(super) struct Product<'a, T> {
    pub source: &'a [T],
    pub runs: &'a [Run],
    pub steps: &'a [u32],
    /// [steps × width]
    pub panel: &'a [T],
    /// One or two vectors.
    pub width: usize,
}

/// A tile on its way from the registers to where it belongs, a cache line's borders kept.
#[repr(C, align(64))]
struct Aligned<T>([T; tile::LARGEST]);

impl<'a, T: Real> Product<'a, T> {
    /// Hands each run and its part of the result, [run's length × width], to `take`, in the order of the runs.
    #[inline(always)]
    pub(super) fn for_each_run(&self, instructions: Instructions, mut take: impl FnMut(Run, &mut [T])) {
        let mut result = Aligned([T::ZERO; tile::LARGEST]);
        for piece in self.pieces(instructions) {
            let size = piece.runs[0].length * self.width;
            // SAFETY: `result` has room for the largest tile.
            unsafe { piece.compute(result.0.as_mut_ptr(), self.width, false, |i, _| i * size) };
            piece.runs.iter().zip(result.0.chunks_exact_mut(size)).for_each(|(run, part)| take(*run, part));
        }
    }

    /// Writes row c of each run to `result` from (place + c) · `row_by` on, as wide as the panel, or adds it to what is there.
    #[inline(always)]
    pub(super) fn write_rows(&self, instructions: Instructions, result: &mut [T], row_by: usize, add: bool) {
        let rows = self.runs.iter().map(|run| run.place + run.length).max().unwrap_or(0);
        assert!(rows == 0 || (rows - 1) * row_by + self.width <= result.len(), "a row leaves the result");
        for piece in self.pieces(instructions) {
            // SAFETY: the assert.
            unsafe { piece.compute(result.as_mut_ptr(), row_by, add, |_, run| run.place * row_by) };
        }
    }

    /// The runs, as many together as fit in a tile.
    #[inline(always)]
    fn pieces(&self, instructions: Instructions) -> impl Iterator<Item = Piece<'_, 'a, T>> {
        let tiles = T::tiles(instructions);
        let furthest_run = self.runs.iter().map(|run| run.start + run.length).max().unwrap_or(0);
        let furthest_step = self.steps.iter().max().map_or(0, |&step| step as usize);
        assert!(furthest_run + furthest_step <= self.source.len(), "a run leaves its source");
        let room = self.panel.len() >= self.steps.len() * self.width;
        assert!(room && self.width.is_multiple_of(tiles.lanes), "the panel does not fit the steps");
        let mut rest = self.runs;
        std::iter::from_fn(move || {
            let length = rest.first()?.length;
            let alike = rest.iter().take(tiles.longest / length.max(1)).take_while(|run| run.length == length).count();
            let found = (1..=alike).rev().find_map(|rows| Some((rows, (tiles.find)(rows, length, self.width / tiles.lanes)?)));
            let Some((rows, tile)) = found else { unreachable!("a run of {length} is longer than any tile") };
            let (runs, others) = rest.split_at(rows);
            rest = others;
            Some(Piece { product: self, runs, tile })
        })
    }
}

/// Runs of one length that one tile computes.
struct Piece<'p, 'a, T> {
    product: &'p Product<'a, T>,
    runs: &'a [Run],
    tile: Tile<T>,
}

impl<T: Real> Piece<'_, '_, T> {
    /// Leaves row c of the run at `place` + c · `row_by` in `result`.
    ///
    /// # Safety
    ///
    /// `result` has room for that.
    #[inline(always)]
    unsafe fn compute(&self, result: *mut T, row_by: usize, add: bool, place: impl Fn(usize, &Run) -> usize) {
        let Product { source, steps, panel, .. } = *self.product;
        let (mut starts, mut places) = ([0; tile::LARGEST_ROWS], [0; tile::LARGEST_ROWS]);
        for (i, run) in self.runs.iter().enumerate() {
            (starts[i], places[i]) = (run.start, place(i, run));
        }
        let target = Target { rows: result, places: &places[..self.runs.len()], row_by, add };
        // SAFETY: `pieces` asserts that all that is read lies inside source and panel, the caller vouches for the target, and the
        // instructions exist, or the context would not hold them.
        unsafe { (self.tile)(source.as_ptr(), &starts[..self.runs.len()], steps, panel.as_ptr(), target) }
    }
}
