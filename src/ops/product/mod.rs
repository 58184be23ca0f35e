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
mod tile;

pub(super) use panel::{Panel, Panels, Strided};
pub(super) use tile::Tiles;

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

impl<T: Real> Product<'_, T> {
    /// Hands each run and its part of the result, [run's length × width], to `take`, in the order of the runs.
    #[inline(always)]
    pub(super) fn for_each_run(&self, instructions: Instructions, mut take: impl FnMut(Run, &[T])) {
        let Product { source, runs, steps, panel, width } = *self;
        let tiles = T::tiles(instructions);
        let furthest_run = runs.iter().map(|run| run.start + run.length).max().unwrap_or(0);
        let furthest_step = steps.iter().max().map_or(0, |&step| step as usize);
        assert!(furthest_run + furthest_step <= source.len(), "a run leaves its source");
        assert!(panel.len() >= steps.len() * width && width.is_multiple_of(tiles.lanes), "the panel does not fit the steps");
        let mut result = Aligned([T::ZERO; tile::LARGEST]);
        let mut rest = runs;
        while let [Run { length, .. }, ..] = *rest {
            let alike = rest.iter().take(tiles.longest / length.max(1)).take_while(|run| run.length == length).count();
            let found = (1..=alike).rev().find_map(|rows| Some((rows, (tiles.find)(rows, length, width / tiles.lanes)?)));
            let Some((rows, tile)) = found else { unreachable!("a run of {length} is longer than any tile") };
            let (these, others) = rest.split_at(rows);
            let mut starts = [0; tile::LARGEST_ROWS];
            starts.iter_mut().zip(these).for_each(|(start, run)| *start = run.start);
            // SAFETY: the asserts keep all that is read inside source and panel; `result` has room for the largest tile; the instructions
            // exist, or the context would not hold them.
            unsafe { tile(source.as_ptr(), &starts[..rows], steps, panel.as_ptr(), result.0.as_mut_ptr()) };
            for (run, part) in these.iter().zip(result.0.chunks_exact(length * width)) {
                take(*run, part);
            }
            rest = others;
        }
    }
}
