//! A learning-rate test: the loss over the rate, on a logarithmic axis.

use super::axis::{Axis, Scale};
use super::build::{Detail, y_label};
use super::model::{ChartModel, Curve, Metric, Role, Shape};
use crate::knobs::number;
use crate::session::RateTest;

/// Where the smoothed loss has left the range from the lowest to the first by this much of it, the rest is not shown.
const ABOVE: f64 = 0.3;

/// Of the single steps' losses one in so many may lie beyond the range, on either side.
const BEYOND: usize = 20;

/// The range of the single steps' losses up to where the smoothed loss leaves for good, without the rarest.
fn scatter(test: &RateTest, left: f64) -> (f64, f64) {
    let within = test.points.iter().rposition(|point| point.smoothed <= left).map_or(0, |last| last + 1);
    let mut losses: Vec<f64> = test.points[..within].iter().map(|point| point.loss).filter(|loss| loss.is_finite()).collect();
    losses.sort_by(f64::total_cmp);
    let rarest = losses.len() / BEYOND;
    match losses.get(rarest..losses.len() - rarest) {
        Some([least, .., most]) => (*least, *most),
        _ => (f64::INFINITY, f64::NEG_INFINITY),
    }
}

/// The chart of a test; empty for one without steps.
pub fn rates(test: &RateTest, detail: Detail) -> ChartModel {
    let first = test.points.first().map_or(1.0, |point| point.smoothed);
    let lowest = test.points.iter().map(|point| point.smoothed).fold(first, f64::min);
    let room = ((first - lowest) * ABOVE).max(first.abs() * 0.05).max(1e-9);
    let (least, most) = scatter(test, first + room);
    let (low, high) = ((lowest - room).min(least), (first + room).max(most));
    let lowest_rate = test.points.first().map_or(1e-6, |point| point.rate);
    let highest_rate = test.points.last().map_or(10.0, |point| point.rate).max(lowest_rate * 10.0);
    let line = |value: fn(&crate::session::RatePoint) -> f64| {
        Shape::Line(test.points.iter().map(|point| Some((point.rate, value(point).clamp(low, high)))).collect())
    };
    let mut curves = vec![
        Curve { name: "each step".into(), role: Role::TrainRaw, shape: line(|point| point.loss), latest: None },
        Curve { name: "smoothed".into(), role: Role::Train, shape: line(|point| point.smoothed), latest: None },
    ];
    let mut notes = vec!["loss over learning rate".to_string()];
    if let Some(suggested) = test.suggested {
        let away = |point: &&crate::session::RatePoint| (point.rate / suggested).ln().abs();
        let height = test.points.iter().min_by(|a, b| away(a).total_cmp(&away(b))).map_or(first, |point| point.smoothed);
        notes.push(format!("suggested: {}", number(suggested)));
        curves.push(Curve {
            name: "suggested".into(),
            role: Role::Test,
            shape: Shape::Points(vec![(suggested, height)]),
            latest: None,
        });
    }
    let x = Axis::new(lowest_rate..highest_rate, Scale::Log, detail.x_ticks, |at, _| number(at));
    ChartModel {
        metric: Metric::Loss,
        title: "Learning-rate test".into(),
        x: Axis { label: "learning rate", ..x },
        y: Axis::new(low.max(0.0)..high, Scale::Linear, detail.y_ticks, |at, step| y_label(Metric::Loss, at, step)),
        curves,
        markers: Vec::new(),
        guides: Vec::new(),
        cursor: None,
        beyond: None,
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network that has learned: its smoothed loss hardly moves until the rate is too high, single steps scatter about it.
    #[test]
    fn late_in_a_run_the_axis_holds_the_scatter_of_single_steps_and_not_where_the_loss_is_lost() {
        let mut test = RateTest::default();
        for place in 0..200 {
            let rate = RateTest::rate(1e-6, 10.0, place, 200);
            let scatter = if place % 2 == 0 { 0.3 } else { -0.3 };
            let lost = if place > 180 { 100.0 } else { 0.0 };
            test.push(rate, 0.6 + scatter + lost);
        }
        let detail = Detail { columns: 100, x_ticks: 5, y_ticks: 5, rows: 0 };
        let y = rates(&test, detail).y;
        assert!(y.min <= 0.3 && (0.9..1.5).contains(&y.max), "{} to {}", y.min, y.max);
    }
}
