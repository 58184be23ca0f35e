//! Two runs in step with each other: how far their losses lie apart.

use super::axis::{Axis, Scale};
use super::build::{Detail, step_label, y_label};
use super::model::{ChartModel, Curve, Guide, Marker, MarkerKind, Metric, Role, Shape};

/// How much of the smoothed difference the newest step is.
const NEWEST: f64 = 0.1;

/// The second loss minus the first at each step; `parted` is the step at which they first differ.
pub fn difference(title: &str, differences: &[(u64, f64)], parted: Option<u64>, detail: Detail) -> ChartModel {
    let (mut average, mut weight) = (0.0, 0.0);
    let smoothed: Vec<_> = differences
        .iter()
        .map(|(step, value)| {
            average = (1.0 - NEWEST) * average + NEWEST * value;
            weight = (1.0 - NEWEST) * weight + NEWEST;
            Some((*step as f64, average / weight))
        })
        .collect();
    let each = differences.iter().map(|(step, value)| Some((*step as f64, *value))).collect();
    let reach = differences.iter().map(|(_, value)| value.abs()).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let (low, high) = differences.iter().fold((0.0_f64, 0.0_f64), |(low, high), (_, v)| (low.min(*v), high.max(*v)));
    let room = (reach * 0.08).max(1e-6);
    let last = differences.last().map_or(1, |(step, _)| *step).max(2);
    let x = Axis::new(0.0..last as f64, Scale::Linear, detail.x_ticks, |at, _| step_label(at));
    let latest = smoothed.iter().rev().flatten().next().map(|(_, value)| *value);
    let markers =
        parted.map(|step| Marker { step, kind: MarkerKind::Change, label: format!("they part at step {step}"), value: None });
    ChartModel {
        metric: Metric::Loss,
        title: title.into(),
        x: Axis { label: "step", ..x },
        y: Axis::new(low - room..high + room, Scale::Linear, detail.y_ticks, |at, step| y_label(Metric::Loss, at, step)),
        curves: vec![
            Curve { name: "each step".into(), role: Role::TrainRaw, shape: Shape::Line(each), latest: None },
            Curve { name: "smoothed".into(), role: Role::Train, shape: Shape::Line(smoothed), latest },
        ],
        markers: markers.into_iter().collect(),
        guides: vec![Guide { value: 0.0, label: "no difference".into() }],
        cursor: None,
        beyond: None,
        notes: Vec::new(),
    }
}
