//! Pictures laid out so that a convolution becomes a [`product`](crate::ops::product): zeros around them, and every place that the kernel
//! meets at a fixed distance from the place of its window.

use super::Conv2d;
use crate::ops::Real;
use crate::ops::product::Run;

/// The layout of some planes of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub channels: usize,
    /// Height and width of the planes that are laid out.
    source: (usize, usize),
    /// Row and column of their first element; negative where the first rows or columns are not needed.
    origin: (isize, isize),
    /// Distance between elements that were neighbours.
    spread: usize,
    rows: usize,
    /// Columns that are this many apart stand next to each other: a row begins with columns 0, phases, 2·phases, …
    phases: usize,
    columns_of_phase: usize,
}

impl Conv2d {
    pub(super) fn in_group(&self) -> usize {
        self.in_channels / self.groups
    }

    pub(super) fn out_group(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Weights of one output channel.
    pub(super) fn patch(&self) -> usize {
        self.in_group() * self.kernel * self.kernel
    }

    pub(super) fn input_pixels(&self) -> usize {
        self.input.0 * self.input.1
    }

    pub(super) fn output_pixels(&self) -> usize {
        self.output.0 * self.output.1
    }

    /// Length of the input that the windows of `outputs` neighbours cover.
    fn covered(&self, outputs: usize) -> usize {
        (outputs - 1) * self.stride + self.kernel
    }

    /// A group's input, as far as windows cover it. With as many `phases` as the stride, outputs that are neighbours find their
    /// inputs next to each other.
    pub(super) fn input_stage(&self, phases: usize) -> Stage {
        Stage {
            channels: self.in_group(),
            source: self.input,
            origin: (self.pad[0] as isize, self.pad[1] as isize),
            spread: 1,
            rows: self.covered(self.output.0),
            phases,
            columns_of_phase: self.covered(self.output.1).div_ceil(phases),
        }
    }

    /// A group's output gradient, such that the input's gradient is its convolution at stride 1 with the kernel turned around: element (i, j)
    /// meets the last corner of the kernel where it met the first corner forward.
    pub(super) fn gradient_stage(&self) -> Stage {
        let origin = |pad: usize| self.kernel as isize - 1 - pad as isize;
        Stage {
            channels: self.out_group(),
            source: self.output,
            origin: (origin(self.pad[0]), origin(self.pad[1])),
            spread: self.stride,
            rows: self.input.0 + self.kernel - 1,
            phases: 1,
            columns_of_phase: self.input.1 + self.kernel - 1,
        }
    }
}

impl Stage {
    fn row(&self) -> usize {
        self.phases * self.columns_of_phase
    }

    fn plane(&self) -> usize {
        self.rows * self.row()
    }

    /// Numbers in the layout of one picture.
    pub(super) fn picture(&self) -> usize {
        self.channels * self.plane()
    }

    fn offset(&self, channel: usize, row: usize, column: usize) -> usize {
        channel * self.plane() + row * self.row() + column % self.phases * self.columns_of_phase + column / self.phases
    }

    /// Offsets of a window's places: channels, kernel rows and kernel columns, in the order of the weights.
    pub(super) fn window(&self, kernel: usize) -> Vec<u32> {
        let rows = (0..self.channels).flat_map(|channel| (0..kernel).map(move |u| (channel, u)));
        rows.flat_map(|(channel, u)| (0..kernel).map(move |v| self.offset(channel, u, v) as u32)).collect()
    }

    /// The same places, as runs of kernel columns.
    pub(super) fn window_runs(&self, kernel: usize, longest: usize) -> Vec<Run> {
        let rows = (0..self.channels * kernel).map(|row| (row, self.offset(row / kernel, row % kernel, 0)));
        rows.flat_map(|(row, start)| Run::cut(start, row * kernel, kernel, longest)).collect()
    }

    /// Where the windows of `rows` × `columns` outputs stand in each of `pictures`, `stride` apart.
    pub(super) fn pixels(&self, pictures: usize, (rows, columns): (usize, usize), stride: usize) -> Vec<u32> {
        let all_rows = (0..pictures).flat_map(|picture| (0..rows).map(move |row| (picture, row)));
        let first = |(picture, row)| picture * self.picture() + self.offset(0, row * stride, 0);
        all_rows.flat_map(|row| (0..columns).map(move |column| (first(row) + column * stride) as u32)).collect()
    }

    /// The same windows as runs; those of a row are neighbours, either by a stride of 1 or by as many phases.
    pub(super) fn pixel_runs(&self, pictures: usize, (rows, columns): (usize, usize), stride: usize, longest: usize) -> Vec<Run> {
        let all_rows =
            (0..pictures * rows).map(|row| (row, row / rows * self.picture() + self.offset(0, row % rows * stride, 0)));
        all_rows.flat_map(|(row, start)| Run::cut(start, row * columns, columns, longest)).collect()
    }

    /// The planes of one group in a whole picture.
    pub(super) fn planes_of_group<'a, T>(&self, group: usize, picture: &'a [T]) -> &'a [T] {
        let size = self.channels * self.source.0 * self.source.1;
        &picture[group * size..][..size]
    }

    /// Lays out the planes of one picture; everything outside of them becomes zero.
    #[inline(always)]
    pub(super) fn fill<T: Real>(&self, planes: &[T], target: &mut [T]) {
        target.fill(T::ZERO);
        let (height, width) = self.source;
        let columns = self.phases * self.columns_of_phase;
        for (plane, target) in planes.chunks_exact(height * width).zip(target.chunks_exact_mut(self.plane())) {
            for (r, source) in plane.chunks_exact(width).enumerate() {
                let row = (r * self.spread) as isize + self.origin.0;
                if row < 0 || row as usize >= self.rows {
                    continue;
                }
                let target = &mut target[row as usize * self.row()..][..self.row()];
                if self.spread > 1 {
                    self.spread_row(source, target);
                } else {
                    for (phase, target) in target.chunks_exact_mut(self.columns_of_phase).enumerate() {
                        // Column j of the phase is column j · phases + phase of the row: that of the source from `origin` on.
                        let before = (self.origin.1 - phase as isize).max(0) as usize;
                        let first = before.div_ceil(self.phases).min(target.len());
                        let end = (width as isize + self.origin.1 - phase as isize).clamp(0, columns as isize) as usize;
                        let end = end.div_ceil(self.phases).clamp(first, target.len());
                        let from = (first * self.phases + phase) as isize - self.origin.1;
                        let source = &source[(from.max(0) as usize).min(width)..];
                        if self.phases == 1 {
                            target[first..end].copy_from_slice(&source[..end - first]);
                        } else {
                            target[first..end].iter_mut().zip(source.iter().step_by(self.phases)).for_each(|(t, &s)| *t = s);
                        }
                    }
                }
            }
        }
    }

    /// One row of a plane whose elements are set apart, the others zero; there is one phase.
    #[inline(always)]
    fn spread_row<T: Real>(&self, source: &[T], target: &mut [T]) {
        for (c, &value) in source.iter().enumerate() {
            let column = (c * self.spread) as isize + self.origin.1;
            if let Some(target) = usize::try_from(column).ok().and_then(|column| target.get_mut(column)) {
                *target = value;
            }
        }
    }
}
