//! Bilinear scaling of a plane, separable: rows are widened once, then blended in pairs.

/// Where each output pixel of one axis takes its value: with half-pixel centres, output pixel `i` lies at
/// `(i + 0.5) · from / to − 0.5` of the input, held inside it (no corner alignment; PyTorch's `align_corners=False`).
#[derive(Clone, Debug)]
struct Axis {
    /// The input pixel before it, the one after it, and the weight of each.
    taps: Vec<Tap>,
}

#[derive(Clone, Copy, Debug)]
struct Tap {
    before: usize,
    after: usize,
    weight_before: f32,
    weight_after: f32,
}

impl Axis {
    fn new(from: usize, to: usize) -> Axis {
        let scale = from as f64 / to as f64;
        let tap = |i: usize| {
            let at = ((i as f64 + 0.5) * scale - 0.5).max(0.0);
            let before = (at.floor() as usize).min(from - 1);
            let after = (before + 1).min(from - 1);
            let share = if after == before { 0.0 } else { at - before as f64 };
            Tap { before, after, weight_before: (1.0 - share) as f32, weight_after: share as f32 }
        };
        Axis { taps: (0..to).map(tap).collect() }
    }
}

/// Scales planes of one size to another, with the positions and weights computed once.
#[derive(Clone, Debug)]
pub(super) struct Bilinear {
    from: usize,
    x: Axis,
    y: Axis,
    /// Input rows at the output's width: `from × width`.
    widened: Vec<f32>,
}

impl Bilinear {
    /// From `from × from` to `height × width`, none of them 0.
    pub fn new(from: usize, height: usize, width: usize) -> Bilinear {
        Bilinear { from, x: Axis::new(from, width), y: Axis::new(from, height), widened: vec![0.0; from * width] }
    }

    /// `plane`: `from × from`; `scaled`: `height × width`.
    pub fn scale(&mut self, plane: &[f32], scaled: &mut [f32]) {
        let width = self.x.taps.len();
        for (row, wide) in plane.chunks_exact(self.from).zip(self.widened.chunks_exact_mut(width)) {
            for (value, tap) in wide.iter_mut().zip(&self.x.taps) {
                *value = tap.weight_before * row[tap.before] + tap.weight_after * row[tap.after];
            }
        }
        for (row, tap) in scaled.chunks_exact_mut(width).zip(&self.y.taps) {
            let before = &self.widened[tap.before * width..][..width];
            let after = &self.widened[tap.after * width..][..width];
            for ((value, &a), &b) in row.iter_mut().zip(before).zip(after) {
                *value = tap.weight_before * a + tap.weight_after * b;
            }
        }
    }
}
