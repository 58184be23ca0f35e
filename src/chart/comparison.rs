//! Several networks or settings over each other: the mean over the runs of each, and how far they lie apart.

use std::ops::Range;

use super::axis::{Axis, Scale};
use super::build::{Detail, step_label, y_label};
use super::model::{Band, ChartModel, Curve, Guide, Metric, Role, Shape};
use super::range::vertical_range;

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    Step,
    Epoch,
    /// Seconds of training.
    Time,
}

/// One of those that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Entrant {
    pub name: String,
    /// The evaluations of each of its runs, in their order: how far the run had come, and what was measured.
    pub runs: Vec<Vec<(f64, f64)>>,
}

impl Entrant {
    /// The means over all runs of their first, second, … evaluation, with the lowest and the highest value; as many as all runs
    /// have, so that a mean is never over other runs than the one before.
    fn means(&self) -> Vec<((f64, f64), Range<f64>)> {
        let all = self.runs.iter().map(Vec::len).min().unwrap_or(0);
        let over = |i: usize, part: fn(&(f64, f64)) -> f64| self.runs.iter().map(move |run| part(&run[i]));
        let mean = |i: usize, part: fn(&(f64, f64)) -> f64| over(i, part).sum::<f64>() / self.runs.len() as f64;
        (0..all)
            .map(|i| {
                let low = over(i, |point| point.1).fold(f64::INFINITY, f64::min);
                let high = over(i, |point| point.1).fold(f64::NEG_INFINITY, f64::max);
                ((mean(i, |point| point.0), mean(i, |point| point.1)), low..high)
            })
            .filter(|((x, y), _)| x.is_finite() && y.is_finite())
            .collect()
    }
}

/// The chart of `metric` on test pictures; `guessing` is what chance alone would give.
pub fn comparison(entrants: &[Entrant], metric: Metric, across: Across, guessing: Option<f64>, detail: Detail) -> ChartModel {
    let means: Vec<_> = entrants.iter().map(Entrant::means).collect();
    let mut curves = Vec::new();
    // Bands first, so that no line is hidden behind one.
    for (place, (entrant, points)) in (0..).zip(entrants.iter().zip(&means)) {
        if entrant.runs.len() > 1 {
            let band = |((x, _), range): &((f64, f64), Range<f64>)| Some(Band { step: *x, min: range.start, max: range.end });
            let shape = Shape::Band(points.iter().map(band).collect());
            curves.push(Curve { name: "".into(), role: Role::Spread(place), shape, latest: None });
        }
    }
    for (place, (entrant, points)) in (0..).zip(entrants.iter().zip(&means)) {
        let points: Vec<(f64, f64)> = points.iter().map(|(point, _)| *point).collect();
        let latest = points.last().map(|(_, value)| *value);
        curves.push(Curve {
            name: entrant.name.clone().into(),
            role: Role::Contender(place),
            shape: Shape::Points(points),
            latest,
        });
    }
    let vertical = vertical_range(&curves, std::iter::empty(), metric, Scale::Linear, true, detail);
    let label = |at: f64, step: f64| y_label(metric, at, step);
    let y = match vertical.step {
        Some(step) => Axis::stepped(vertical.range, step, label),
        None => Axis::new(vertical.range, Scale::Linear, detail.y_ticks, label),
    };
    let furthest = means.iter().flatten().map(|((x, _), _)| *x).fold(0.0, f64::max);
    let several = entrants.iter().any(|entrant| entrant.runs.len() > 1);
    ChartModel {
        metric,
        title: format!("Test {}", metric.title().to_lowercase()),
        x: x_axis(across, furthest, detail.x_ticks),
        y,
        curves,
        markers: Vec::new(),
        guides: guessing.map(|value| Guide { value, label: "guessing".into() }).into_iter().collect(),
        cursor: None,
        beyond: None,
        notes: if several { vec!["mean and range over seeds".into()] } else { Vec::new() },
    }
}

fn x_axis(across: Across, furthest: f64, ticks: usize) -> Axis {
    let range = 0.0..if furthest > 0.0 { furthest * 1.02 } else { 1.0 };
    let plain = |at: f64, _: f64| format!("{}", (at * 1e6).round() / 1e6);
    let (label, axis) = match across {
        Across::Step => ("step", Axis::new(range, Scale::Linear, ticks, |at, _| step_label(at))),
        Across::Epoch => ("epoch", Axis::new(range, Scale::Linear, ticks, plain)),
        Across::Time => ("seconds of training", Axis::new(range, Scale::Linear, ticks, plain)),
    };
    Axis { label, ..axis }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETAIL: Detail = Detail { columns: 100, x_ticks: 5, y_ticks: 5, rows: 0 };

    #[test]
    fn a_curve_is_the_mean_over_seeds_within_the_band_of_their_extremes() {
        let entrants =
            [Entrant { name: "lenet5".into(), runs: vec![vec![(1.0, 0.3), (2.0, 0.5)], vec![(1.0, 0.5), (2.0, 0.6)]] }];
        let model = comparison(&entrants, Metric::Accuracy, Across::Epoch, Some(0.1), DETAIL);
        let [band, line] = &model.curves[..] else { panic!("{:?}", model.curves) };
        assert_eq!(
            band.shape,
            Shape::Band(vec![Some(Band { step: 1.0, min: 0.3, max: 0.5 }), Some(Band { step: 2.0, min: 0.5, max: 0.6 }),])
        );
        assert_eq!(line.shape, Shape::Points(vec![(1.0, 0.4), (2.0, 0.55)]));
        assert_eq!((line.latest, &line.name[..]), (Some(0.55), "lenet5"));
        assert!(model.x.max >= 2.0 && model.y.max >= 0.6);
    }

    #[test]
    fn a_run_that_has_come_less_far_shortens_the_mean_and_one_run_has_no_band() {
        let whole = vec![(1.0, 0.3), (2.0, 0.5), (3.0, 0.7)];
        let short = Entrant { name: "a".into(), runs: vec![whole.clone(), vec![(1.0, 0.1)]] };
        let alone = Entrant { name: "b".into(), runs: vec![whole] };
        let model = comparison(&[short, alone], Metric::Loss, Across::Step, None, DETAIL);
        let lengths = model.curves.iter().map(|curve| match &curve.shape {
            Shape::Points(points) => points.len(),
            _ => 0,
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [0, 1, 3]);
    }

    #[test]
    fn nothing_to_compare_is_an_empty_chart() {
        let nothing = Entrant { name: "a".into(), runs: Vec::new() };
        assert!(comparison(&[nothing], Metric::Accuracy, Across::Time, None, DETAIL).is_empty());
    }
}
