//! The vertical range: wide enough for the curve, not ruled by a single spike.

use std::ops::Range;

use super::axis::{Scale, rounded_out};
use super::model::{Curve, Metric, Shape};

/// Share of the values at either end that must not rule the axis.
const RARE: f64 = 0.02;
/// A range without its rare values may be exceeded by this share of itself before they are cut off.
const TOLERATED: f64 = 0.75;
/// With fewer values than these none counts as rare.
const FEW: usize = 24;

/// The range for `curves`, and the largest value above it. The values in `keep` are always inside; with `outliers`, all are.
pub(super) fn vertical_range(
    curves: &[Curve],
    keep: impl Iterator<Item = f64>,
    metric: Metric,
    scale: Scale,
    outliers: bool,
    ticks: usize,
) -> (Range<f64>, Option<f64>) {
    // Thought of in the scale's own terms, so that a spike is as far off as it looks.
    let into = |value: f64| if scale == Scale::Log { value.log10() } else { value };
    let out = |value: f64| if scale == Scale::Log { 10_f64.powf(value) } else { value };
    let mut values: Vec<f64> = curves.iter().flat_map(values_of).map(into).filter(|value| value.is_finite()).collect();
    let Some((min, max)) = extremes(&mut values) else { return (unseen(metric), None) };
    let (mut low, mut high) = if outliers || values.len() < FEW { (min, max) } else { robust(&values, min, max) };
    for value in keep.map(into).filter(|value| value.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    let beyond = (max > high).then(|| out(max));
    let room = ((high - low) * 0.04).max(high.abs() * 0.02).max(1e-9);
    let (low, high) = (low - room, high + room);
    let range = match scale {
        Scale::Log => out(low)..out(high),
        Scale::Linear => {
            // An axis that comes near zero may as well begin there.
            let low = if low < high / 2.0 { 0.0 } else { low };
            let range = rounded_out(low, high, ticks);
            if metric == Metric::Accuracy { range.start.max(0.0)..range.end.min(1.0) } else { range }
        }
    };
    (range, beyond)
}

fn values_of(curve: &Curve) -> Vec<f64> {
    match &curve.shape {
        Shape::Band(bands) => bands.iter().flatten().flat_map(|band| [band.min, band.max]).collect(),
        Shape::Line(points) => points.iter().flatten().map(|(_, value)| *value).collect(),
        Shape::Points(points) => points.iter().map(|(_, value)| *value).collect(),
    }
}

/// Sorts the values; the first and the last.
fn extremes(values: &mut [f64]) -> Option<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    Some((*values.first()?, *values.last()?))
}

fn robust(sorted: &[f64], min: f64, max: f64) -> (f64, f64) {
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (low, high) = (at(RARE), at(1.0 - RARE));
    let tolerated = (high - low) * TOLERATED;
    let low = if min >= low - tolerated { min } else { low };
    let high = if max <= high + tolerated { max } else { high };
    (low, high)
}

/// An axis for a curve that is yet to come.
fn unseen(metric: Metric) -> Range<f64> {
    match metric {
        Metric::Loss => 0.0..2.5,
        Metric::Accuracy => 0.0..0.5,
        Metric::LearningRate => 1e-3..0.02,
    }
}
