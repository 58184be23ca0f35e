//! The vertical range: wide enough for the curve, not ruled by a single spike.

use std::ops::Range;

use super::axis::{Scale, onto_rows, rounded_out};
use super::build::Detail;
use super::model::{Curve, Metric, Shape};

/// Share of the values at either end that need not rule the axis: of single steps, and of what is more than a single step.
const RARE_STEPS: f64 = 0.1;
const RARE: f64 = 0.02;
/// By how many times the range without them rare values may exceed it before they are cut off. A curve that begins far up is
/// no rare value, but one that once left by a hundredfold is.
const TOLERATED_STEPS: f64 = 0.75;
const TOLERATED: f64 = 8.0;
/// With fewer values than these none counts as rare.
const FEW: usize = 24;

/// A vertical axis to be.
pub(super) struct Vertical {
    pub range: Range<f64>,
    /// Where its ticks are given: their distance.
    pub step: Option<f64>,
    /// The largest value above it.
    pub beyond: Option<f64>,
}

/// The range for `curves`. The values in `keep` are always inside; with `outliers`, all are.
pub(super) fn vertical_range(
    curves: &[Curve],
    keep: impl Iterator<Item = f64>,
    metric: Metric,
    scale: Scale,
    outliers: bool,
    detail: Detail,
) -> Vertical {
    // Thought of in the scale's own terms, so that a spike is as far off as it looks.
    let into = |value: f64| if scale == Scale::Log { value.log10() } else { value };
    let out = |value: f64| if scale == Scale::Log { 10_f64.powf(value) } else { value };
    let values = |of: fn(&Shape) -> bool| -> Vec<f64> {
        let curves = curves.iter().filter(|curve| of(&curve.shape));
        curves.flat_map(|curve| curve.shape.values()).map(into).filter(|value| value.is_finite()).collect()
    };
    let (mut steps, mut lines) =
        (values(|shape| matches!(shape, Shape::Band(_))), values(|shape| !matches!(shape, Shape::Band(_))));
    let whole = extremes(&mut steps).into_iter().chain(extremes(&mut lines)).reduce(joined);
    let Some((min, max)) = whole else { return Vertical { range: unseen(metric, scale), step: None, beyond: None } };
    // Accuracies are bounded as they are.
    let all = outliers || metric == Metric::Accuracy;
    let typical = [usual(&steps, RARE_STEPS, TOLERATED_STEPS), usual(&lines, RARE, TOLERATED)];
    let (mut low, mut high) = if all { (min, max) } else { typical.into_iter().flatten().reduce(joined).unwrap_or((min, max)) };
    for value in keep.map(into).filter(|value| value.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    let beyond = (max > high).then(|| out(max));
    let room = ((high - low) * 0.04).max(least_room(metric, scale, high)).max(1e-9);
    let (low, high) = (low - room, high + room);
    if scale == Scale::Log {
        return Vertical { range: out(low)..out(high), step: None, beyond };
    }
    // An axis that comes near zero may as well begin there; a rate is always seen from there.
    let low = if low < high / 4.0 || metric == Metric::LearningRate { 0.0 } else { low };
    let most = if metric == Metric::Accuracy { 1.0 } else { f64::INFINITY };
    let (range, step) = match detail.rows {
        0 | 1 => (rounded_out(low, high.min(most), detail.y_ticks), None),
        rows => {
            let (range, step) = onto_rows(low, high.min(most), detail.y_ticks, rows);
            (range, Some(step))
        }
    };
    Vertical { range: range.start..range.end.min(most), step, beyond }
}

/// Left free above and below a curve, so that one that hardly moves looks like it.
fn least_room(metric: Metric, scale: Scale, high: f64) -> f64 {
    match (scale, metric) {
        (Scale::Log, _) => high.abs() * 0.02,
        (Scale::Linear, Metric::Accuracy) => 0.02,
        (Scale::Linear, Metric::Loss | Metric::LearningRate) => high.abs() * 0.05,
    }
}

/// Sorts the values; the first and the last.
fn extremes(values: &mut [f64]) -> Option<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    Some((*values.first()?, *values.last()?))
}

/// The range of sorted values without those that are rare and far off.
fn usual(sorted: &[f64], rare: f64, tolerated: f64) -> Option<(f64, f64)> {
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    if sorted.len() < FEW {
        return Some((min, max));
    }
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (low, high) = (at(rare), at(1.0 - rare));
    let tolerated = (high - low) * tolerated;
    Some((if min >= low - tolerated { min } else { low }, if max <= high + tolerated { max } else { high }))
}

fn joined(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// An axis for a curve that is yet to come.
fn unseen(metric: Metric, scale: Scale) -> Range<f64> {
    match (metric, scale) {
        (Metric::LearningRate, Scale::Log) => 1e-4..1.0,
        (_, Scale::Log) => 0.1..10.0,
        (Metric::Loss, Scale::Linear) => 0.0..2.5,
        (Metric::Accuracy, Scale::Linear) => 0.0..0.5,
        (Metric::LearningRate, Scale::Linear) => 0.0..0.02,
    }
}
