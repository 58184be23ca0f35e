//! Two runs in step with each other: how far their losses lie apart.

use super::axis::{Axis, Scale};
use super::build::{Detail, Grid, step_label, stepwise, y_label};
use super::model::{ChartModel, Curve, Guide, Marker, MarkerKind, Metric, Role};
use super::view::ChartView;
use crate::session::Series;

/// Left free above and below, as a share of the widest difference.
const ROOM: f64 = 0.08;
/// How far the axis reaches to either side where there is none.
const UNPARTED: f64 = 0.01;

/// The second loss minus the first at each step; `parted` is the step at which they first differ.
pub fn difference(title: &str, differences: &Series, parted: Option<u64>, view: &ChartView, detail: Detail) -> ChartModel {
    let last = differences.last_step().unwrap_or(0);
    let grid = Grid::new(view.steps(last), detail.columns);
    let mut curves = if differences.is_empty() { Vec::new() } else { stepwise(differences, view, &grid) };
    curves.iter_mut().filter(|curve| curve.role == Role::Train).for_each(|curve| curve.name = "difference".into());
    let (low, high) = curves
        .iter()
        .flat_map(|curve: &Curve| curve.shape.values())
        .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    // Until they part, the axis is that of a difference one would see.
    let reach = high.max(-low);
    let room = if reach > 0.0 { reach * ROOM } else { UNPARTED };
    let steps = grid.steps();
    let label = |step: u64| format!("they part at step {step}");
    let marker = |step: &u64| Marker { step: *step, kind: MarkerKind::Change, label: label(*step), value: None };
    let x = Axis::new(steps.start as f64..steps.end as f64, Scale::Linear, detail.x_ticks, |at, _| step_label(at));
    ChartModel {
        metric: Metric::Loss,
        title: title.into(),
        x: Axis { label: "step", ..x },
        y: Axis::new(low - room..high + room, Scale::Linear, detail.y_ticks, |at, step| y_label(Metric::Loss, at, step)),
        curves,
        markers: parted.iter().filter(|step| (steps.start..=steps.end).contains(step)).map(marker).collect(),
        guides: vec![Guide { value: 0.0, label: "no difference".into() }],
        cursor: None,
        beyond: None,
        notes: if view.smoothing > 0 { vec![format!("smooth {}", view.smoothing)] } else { Vec::new() },
    }
}
