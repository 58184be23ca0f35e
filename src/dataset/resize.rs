//! Bilinear scaling of a plane, separable: rows are widened once, then blended in pairs.

/// Where each output pixel of one axis takes its value: with half-pixel centres, output pixel `i` lies at
/// `(i + 0.5) · from / to − 0.5` of the input, held inside it (no corner alignment; PyTorch's `align_corners=False`).
#[derive(Clone, Debug)]
struct Axis {
    /// The input pixel before it, the one after it, and the weight of each.
    taps: Vec<Tap>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    pub before: usize,
    pub after: usize,
    pub weight_before: f32,
    pub weight_after: f32,
}

/// Where each of `to` output pixels takes its value among `from` input pixels.
pub fn taps(from: usize, to: usize) -> Vec<Tap> {
    Axis::new(from, to).taps
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What PyTorch makes of the plane (37 r + 101 c + r c) mod 256 / 255 with
    /// `torch.nn.functional.interpolate(…, mode="bilinear", align_corners=False)`.
    struct Golden {
        side: usize,
        /// Row, column, value.
        points: [(usize, usize, f32); 5],
        sum: f64,
    }

    const GOLDENS: [Golden; 2] = [
        Golden {
            side: 227,
            points: [(0, 226, 0.2313726), (226, 0, 0.4823529), (113, 113, 0.5460787), (5, 218, 0.5354593), (207, 17, 0.186134)],
            sum: 26016.98776506819,
        },
        Golden {
            side: 28,
            points: [(0, 0, 0.0386755), (0, 27, 0.2886943), (27, 27, 0.4823725), (5, 19, 0.3075825), (8, 17, 0.6222689)],
            sum: 395.6465778313577,
        },
    ];

    fn plane(side: usize) -> Vec<f32> {
        (0..side * side).map(|i| (i / side, i % side)).map(|(r, c)| ((r * 37 + c * 101 + r * c) % 256) as f32 / 255.0).collect()
    }

    #[test]
    fn scaling_agrees_with_pytorch() {
        for Golden { side, points, sum } in GOLDENS {
            let mut scaled = vec![f32::NAN; side * side];
            Bilinear::new(32, side, side).scale(&plane(32), &mut scaled);
            for (row, column, expected) in points {
                let found = scaled[row * side + column];
                // PyTorch keeps positions in f32, so that its weights are off by some 1e-5.
                assert!((found - expected).abs() < 2e-5, "{side}: ({row}, {column}) is {found}, not {expected}");
            }
            let found: f64 = scaled.iter().map(|&value| f64::from(value)).sum();
            assert!((found / sum - 1.0).abs() < 1e-6, "{side}: sum {found}, not {sum}");
        }
    }

    /// The formula as it is written, for one output pixel.
    fn directly(plane: &[f32], from: usize, [height, width]: [usize; 2], [row, column]: [usize; 2]) -> f64 {
        let at = |i: usize, to: usize| ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
        let (y, x) = (at(row, height), at(column, width));
        let mut value = 0.0;
        for (r, row) in plane.chunks(from).enumerate() {
            for (c, &pixel) in row.iter().enumerate() {
                // The tent of bilinear interpolation around (y, x).
                value += f64::from(pixel) * (1.0 - (y - r as f64).abs()).max(0.0) * (1.0 - (x - c as f64).abs()).max(0.0);
            }
        }
        value
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn scaling_agrees_with_the_formula(from in 1_usize..=32, height in 1_usize..=70, width in 1_usize..=70) {
            let plane = plane(from);
            let mut scaled = vec![f32::NAN; height * width];
            Bilinear::new(from, height, width).scale(&plane, &mut scaled);
            for (i, &found) in scaled.iter().enumerate() {
                let expected = directly(&plane, from, [height, width], [i / width, i % width]);
                prop_assert!((f64::from(found) - expected).abs() < 1e-6, "pixel {}: {} is not {}", i, found, expected);
            }
        }
    }
}
