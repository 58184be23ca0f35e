//! Panels: a matrix [steps × channels] cut into strips of channels, each strip one or two vectors wide and filled up with zeros.

use rayon::prelude::*;

use super::tile::VECTORS;
use super::transpose::Turn;
use crate::ops::Real;
use crate::ops::simd::Instructions;

/// How a number of channels is spread over panels.
#[derive(Clone, Copy, Debug)]
pub(in crate::ops) struct Panels {
    channels: usize,
    lanes: usize,
}

/// One panel: its place among the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) struct Panel {
    pub first: usize,
    pub channels: usize,
    /// Channels and the zeros behind them.
    pub width: usize,
}

/// A matrix in a slice: (step, channel) stands at step · step_by + channel · channel_by.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Strided<'a, T> {
    pub elements: &'a [T],
    pub step_by: usize,
    pub channel_by: usize,
}

impl Panels {
    pub(in crate::ops) fn of<T: Real>(instructions: Instructions, channels: usize) -> Self {
        Panels { channels, lanes: T::tiles(instructions).lanes }
    }

    /// Width of all panels but the last.
    fn widest(&self) -> usize {
        VECTORS * self.lanes
    }

    pub(in crate::ops) fn count(&self) -> usize {
        self.channels.div_ceil(self.widest())
    }

    pub(in crate::ops) fn get(&self, i: usize) -> Panel {
        let first = i * self.widest();
        let channels = (self.channels - first).min(self.widest());
        Panel { first, channels, width: channels.next_multiple_of(self.lanes) }
    }

    pub(in crate::ops) fn iter(&self) -> impl Iterator<Item = Panel> + use<> {
        let panels = *self;
        (0..panels.count()).map(move |i| panels.get(i))
    }

    /// Channels and zeros of all panels: numbers in a step.
    pub(in crate::ops) fn width(&self) -> usize {
        self.channels.next_multiple_of(self.lanes)
    }

    /// Packs all of `matrix` [steps × channels], the panels one behind another, each by itself on any thread.
    pub(in crate::ops) fn pack<T: Real>(&self, instructions: Instructions, steps: usize, matrix: Strided<T>, target: &mut [T]) {
        target[..steps * self.width()].par_chunks_mut((steps * self.widest()).max(1)).enumerate().for_each(|(i, target)| {
            let panel = self.get(i);
            instructions.run(
                #[inline(always)]
                || panel.pack(instructions, steps, matrix.skip_channels(panel.first), target),
            );
        });
    }
}

impl Panel {
    /// One panel for all `channels`, filled up to a multiple of `lanes`.
    pub(in crate::ops) fn alone(channels: usize, lanes: usize) -> Panel {
        Panel { first: 0, channels, width: channels.next_multiple_of(lanes) }
    }

    /// Where the panel begins when `steps` long panels stand one behind another.
    pub(in crate::ops) fn offset(&self, steps: usize) -> usize {
        self.first * steps
    }

    /// target [steps × width] from the matrix's first `channels` channels.
    #[inline(always)]
    pub(in crate::ops) fn pack<T: Real>(&self, instructions: Instructions, steps: usize, matrix: Strided<T>, target: &mut [T]) {
        let Strided { elements, step_by, channel_by } = matrix;
        let target = &mut target[..steps * self.width];
        if self.channels < self.width {
            target.chunks_exact_mut(self.width).for_each(|step| step[self.channels..].fill(T::ZERO));
        }
        if step_by == 1 {
            let turn = Turn { rows: self.channels, columns: steps, source_by: channel_by, target_by: self.width };
            return turn.run(instructions, elements, target);
        }
        for (step, target) in target.chunks_exact_mut(self.width).enumerate() {
            let row = elements[step * step_by..].iter().step_by(channel_by);
            target[..self.channels].iter_mut().zip(row).for_each(|(t, &s)| *t = s);
        }
    }
}

impl<'a, T> Strided<'a, T> {
    pub(in crate::ops) fn skip_channels(self, first: usize) -> Strided<'a, T> {
        Strided { elements: &self.elements[first * self.channel_by..], ..self }
    }
}
