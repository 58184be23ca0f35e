//! Where tiles lie in pictures, and pictures laid out so that every tile is whole.

use rayon::prelude::*;

use super::transform::{SIDE_OUT, Square};
use crate::ops::context::Scratch;
use crate::ops::conv2d::Conv2d;
use crate::ops::product::{Panel, Turn};
use crate::ops::{Context, Real};

/// Where the tiles of a picture lie.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub input: (usize, usize),
    pub output: (usize, usize),
    kernel: usize,
    /// Zeros above and to the left of the input; less than none where its first rows or columns are not needed.
    pad: (isize, isize),
}

impl Grid {
    fn rows(&self) -> usize {
        self.output.0.div_ceil(SIDE_OUT)
    }

    fn columns(&self) -> usize {
        self.output.1.div_ceil(SIDE_OUT)
    }

    /// Tiles of a picture.
    pub(super) fn count(&self) -> usize {
        self.rows() * self.columns()
    }

    /// The input as far as the tiles reach, with zeros around it.
    pub(super) fn inputs(&self) -> Layout {
        let beyond = self.kernel - 1;
        Layout {
            sides: self.input,
            before: self.pad,
            rows: self.rows() * SIDE_OUT + beyond,
            columns: self.columns() * SIDE_OUT + beyond,
            grid: *self,
        }
    }

    /// The output as far as the tiles reach.
    pub(super) fn outputs(&self) -> Layout {
        Layout {
            sides: self.output,
            before: (0, 0),
            rows: self.rows() * SIDE_OUT,
            columns: self.columns() * SIDE_OUT,
            grid: *self,
        }
    }
}

/// Pixels of a picture with all channels of each side by side, and as many zeros around them as the tiles need.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Height and width of the picture.
    sides: (usize, usize),
    /// Rows above it and columns to its left.
    before: (isize, isize),
    rows: usize,
    pub columns: usize,
    grid: Grid,
}

impl Layout {
    pub(super) fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// The first pixel of a tile that is the `nth` of some pictures.
    pub(super) fn of_tile(&self, nth: usize) -> usize {
        let (picture, tile) = (nth / self.grid.count(), nth % self.grid.count());
        let (row, column) = (tile / self.grid.columns(), tile % self.grid.columns());
        picture * self.pixels() + (row * self.columns + column) * SIDE_OUT
    }

    /// A tile's vectors where each pixel has `width` numbers.
    pub(super) fn square(&self, width: usize) -> Square {
        Square { down: self.columns * width, right: width }
    }

    /// Lays out the channels of `panel` of some pictures, which begin with the `first` of each picture's `all`.
    pub(super) fn stage<'a, T: Real>(
        &self,
        ctx: &'a Context,
        pictures: &[T],
        all: usize,
        first: usize,
        panel: Panel,
    ) -> Scratch<'a, T> {
        let ((height, width), instructions) = (self.sides, ctx.instructions());
        let picture = all * height * width;
        let mut staged = ctx.scratch::<T>(pictures.len() / picture * self.pixels() * panel.width);
        let skipped = (-self.before.1).max(0) as usize;
        let column = self.before.1.max(0) as usize;
        let columns = width.saturating_sub(skipped).min(self.columns - column);
        let turn = Turn { rows: panel.channels, columns, source_by: height * width, target_by: panel.width };
        staged.par_chunks_mut(self.pixels() * panel.width).zip(pictures.par_chunks(picture)).for_each(|(staged, picture)| {
            staged.fill(T::ZERO);
            instructions.run(
                #[inline(always)]
                || {
                    for row in 0..height {
                        let to = row as isize + self.before.0;
                        if (0..self.rows as isize).contains(&to) {
                            let source = &picture[(first * height + row) * width + skipped..];
                            turn.run(instructions, source, &mut staged[(to as usize * self.columns + column) * panel.width..]);
                        }
                    }
                },
            );
        });
        staged
    }
}

impl Conv2d {
    pub(super) fn grid(&self) -> Grid {
        Grid { input: self.input, output: self.output, kernel: self.kernel, pad: (self.pad[0] as isize, self.pad[1] as isize) }
    }

    /// The grid of the convolution that gives the input's gradient.
    pub(super) fn gradient_grid(&self) -> Grid {
        let pad = |pad: usize| self.kernel as isize - 1 - pad as isize;
        Grid { input: self.output, output: self.input, kernel: self.kernel, pad: (pad(self.pad[0]), pad(self.pad[1])) }
    }
}
