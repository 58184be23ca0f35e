//! Several networks or settings over each other: the mean over the runs of each, and how far they lie apart.

use std::ops::Range;

use super::axis::{Axis, Scale};
use super::build::{Detail, step_label, y_label};
use super::model::{Band, ChartModel, Curve, Metric, Role, Shape};
use super::range::vertical_range;

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Across {
    Step,
    #[default]
    Epoch,
    /// Seconds of training.
    Time,
}

impl Across {
    /// What comes next when one looks at one after the other.
    pub fn next(self) -> Across {
        match self {
            Across::Step => Across::Epoch,
            Across::Epoch => Across::Time,
            Across::Time => Across::Step,
        }
    }
}

/// How far a band reaches around a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// From the lowest run to the highest.
    #[default]
    Range,
    /// The deviation between the runs, with n − 1, to either side.
    Deviation,
}

impl Spread {
    pub fn other(self) -> Spread {
        match self {
            Spread::Range => Spread::Deviation,
            Spread::Deviation => Spread::Range,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Spread::Range => "mean and range over seeds",
            Spread::Deviation => "mean ± deviation over seeds",
        }
    }

    /// The band about the mean of `values`.
    fn band(self, values: &[f64], mean: f64) -> Range<f64> {
        match self {
            Spread::Range => {
                values.iter().copied().fold(f64::INFINITY, f64::min)..values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            }
            Spread::Deviation => {
                let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
                let deviation = (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt();
                mean - deviation..mean + deviation
            }
        }
    }
}

/// One of those that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Entrant {
    pub name: String,
    /// The evaluations of each of its runs, in their order: how far the run had come, and what was measured.
    pub runs: Vec<Vec<(f64, f64)>>,
    /// The same of a run that has not ended; it has a line of its own, and no part in the mean.
    pub under_way: Vec<(f64, f64)>,
}

impl Entrant {
    /// The means over all runs of their first, second, … evaluation, with the band about each; as many as all runs have, so that
    /// a mean is never over other runs than the one before.
    fn means(&self, spread: Spread) -> Vec<((f64, f64), Range<f64>)> {
        let all = self.runs.iter().map(Vec::len).min().unwrap_or(0);
        let over = |i: usize, part: fn(&(f64, f64)) -> f64| self.runs.iter().map(|run| part(&run[i])).collect::<Vec<f64>>();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        (0..all)
            .map(|i| {
                let (places, values) = (over(i, |point| point.0), over(i, |point| point.1));
                let height = mean(&values);
                ((mean(&places), height), spread.band(&values, height))
            })
            .filter(|((x, y), _)| x.is_finite() && y.is_finite())
            .collect()
    }
}

/// The chart of `metric` on test pictures.
pub fn comparison(entrants: &[Entrant], metric: Metric, across: Across, spread: Spread, detail: Detail) -> ChartModel {
    let means: Vec<_> = entrants.iter().map(|entrant| entrant.means(spread)).collect();
    let places = || (0..Role::CONTENDERS as u8).cycle();
    let mut curves = Vec::new();
    // Bands first, so that no line is hidden behind one.
    for (place, (entrant, points)) in places().zip(entrants.iter().zip(&means)) {
        if entrant.runs.len() > 1 {
            let band = |((x, _), range): &((f64, f64), Range<f64>)| Some(Band { step: *x, min: range.start, max: range.end });
            let shape = Shape::Band(points.iter().map(band).collect());
            curves.push(Curve { name: "".into(), role: Role::Spread(place), shape, latest: None });
        }
    }
    for (place, entrant) in places().zip(entrants).filter(|(_, entrant)| !entrant.under_way.is_empty()) {
        let shape = Shape::Points(entrant.under_way.clone());
        curves.push(Curve { name: "".into(), role: Role::Contender(place), shape, latest: None });
    }
    for (place, (entrant, points)) in places().zip(entrants.iter().zip(&means)) {
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
    let under_way = entrants.iter().flat_map(|entrant| &entrant.under_way).map(|(x, _)| *x);
    let furthest = means.iter().flatten().map(|((x, _), _)| *x).chain(under_way).fold(0.0, f64::max);
    let several = entrants.iter().any(|entrant| entrant.runs.len() > 1);
    ChartModel {
        metric,
        title: format!("Test {}", metric.title().to_lowercase()),
        x: x_axis(across, furthest, detail.x_ticks),
        y,
        curves,
        markers: Vec::new(),
        guides: Vec::new(),
        cursor: None,
        beyond: None,
        notes: if several { vec![spread.words().into()] } else { Vec::new() },
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

    fn entrant(name: &str, runs: Vec<Vec<(f64, f64)>>) -> Entrant {
        Entrant { name: name.into(), runs, under_way: Vec::new() }
    }

    #[test]
    fn a_curve_is_the_mean_over_seeds_within_the_band_of_their_extremes() {
        let entrants = [entrant("lenet5", vec![vec![(1.0, 0.3), (2.0, 0.5)], vec![(1.0, 0.5), (2.0, 0.6)]])];
        let model = comparison(&entrants, Metric::Accuracy, Across::Epoch, Spread::Range, DETAIL);
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
    fn a_band_of_deviations_lies_about_the_mean_to_either_side() {
        let entrants = [entrant("a", vec![vec![(1.0, 0.4)], vec![(1.0, 0.6)]])];
        let model = comparison(&entrants, Metric::Accuracy, Across::Step, Spread::Deviation, DETAIL);
        let Shape::Band(bands) = &model.curves[0].shape else { panic!("{:?}", model.curves) };
        // Of 0.4 and 0.6 with n − 1: √(0.01 + 0.01).
        let (band, deviation) = (bands[0].unwrap(), 0.02_f64.sqrt());
        assert!((band.min - (0.5 - deviation)).abs() < 1e-12 && (band.max - (0.5 + deviation)).abs() < 1e-12, "{band:?}");
    }

    #[test]
    fn a_run_under_way_has_a_line_of_its_own_and_leaves_the_mean_as_it_is() {
        let under_way = vec![(1.0, 0.2), (9.0, 0.9)];
        let entrant = Entrant { under_way: under_way.clone(), ..entrant("a", vec![vec![(1.0, 0.4)]]) };
        let model = comparison(&[entrant], Metric::Accuracy, Across::Step, Spread::Range, DETAIL);
        let [own, mean] = &model.curves[..] else { panic!("{:?}", model.curves) };
        assert_eq!((&own.shape, &own.name[..]), (&Shape::Points(under_way), ""));
        assert_eq!(mean.shape, Shape::Points(vec![(1.0, 0.4)]));
        assert!(model.x.max >= 9.0 && model.y.max >= 0.9);
    }

    #[test]
    fn a_run_that_has_come_less_far_shortens_the_mean_and_one_run_has_no_band() {
        let whole = vec![(1.0, 0.3), (2.0, 0.5), (3.0, 0.7)];
        let short = entrant("a", vec![whole.clone(), vec![(1.0, 0.1)]]);
        let alone = entrant("b", vec![whole]);
        let model = comparison(&[short, alone], Metric::Loss, Across::Step, Spread::Range, DETAIL);
        let lengths = model.curves.iter().map(|curve| match &curve.shape {
            Shape::Points(points) => points.len(),
            _ => 0,
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [0, 1, 3]);
    }

    #[test]
    fn nothing_to_compare_is_an_empty_chart() {
        let nothing = entrant("a", Vec::new());
        assert!(comparison(&[nothing], Metric::Accuracy, Across::Time, Spread::Range, DETAIL).is_empty());
    }
}
