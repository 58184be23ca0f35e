//! From a run and a point of view to a chart.

use std::ops::Range;

use super::axis::{Axis, Scale};
use super::model::*;
use super::range::{Vertical, vertical_range};
use super::view::{ChartView, Window, XUnit};
use crate::knobs::{Kind, Knob, number};
use crate::session::{Change, Evaluation, History, Road, Series, Session, Split, Summary};
use crate::spec::grouped;

/// How fine a drawing surface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Places side by side at which a curve can have a height of its own.
    pub columns: usize,
    /// Ticks that there is room for.
    pub x_ticks: usize,
    pub y_ticks: usize,
    /// Where heights come in few rows: how many, so that every tick can be put on one. 0 where they are fine.
    pub rows: usize,
}

/// Earlier steps that still weigh in a smoothed line, in units of its length: e⁻⁵ is 0.7 %.
const MEMORY: u64 = 5;
/// With more epochs or evaluations in view than these none of them is marked.
const MOST_LABELS: usize = 100;
/// Roads left that are still drawn, the newest ones.
const ROADS: usize = 3;
/// Changes of one setting nearer than this share of the view are one marker.
const TOGETHER: f64 = 0.02;

/// Another run on the chart of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Companion {
    pub name: String,
    pub session: Session,
}

/// The chart of `metric`, as fine as `detail` asks.
pub fn chart(session: &Session, metric: Metric, view: &ChartView, detail: Detail) -> ChartModel {
    chart_beside(session, &[], metric, view, detail)
}

/// The same with other runs beside it, a smoothed line and the evaluations of each.
pub fn chart_beside(session: &Session, companions: &[Companion], metric: Metric, view: &ChartView, detail: Detail) -> ChartModel {
    let last = match view.window {
        Window::All => companions.iter().map(|other| other.session.steps()).fold(session.furthest(), u64::max),
        _ => session.steps(),
    };
    let grid = Grid::new(view.steps(last), detail.columns);
    let present = match metric {
        Metric::LearningRate => vec![learning_rate(session, &grid)],
        _ => curves(series(&session.history, metric), &session.history.evaluations, metric, view, &grid),
    };
    let roads = session.roads.iter().rev().take(ROADS).filter(|road| road.end() > grid.from);
    let roads = roads.map(|road| left(road, metric, view, &grid));
    let others = companions.iter().enumerate().flat_map(|(place, other)| beside(place, other, metric, view, &grid));
    let curves: Vec<Curve> = roads.chain(present).chain(others).collect();
    let best = best(session, metric);
    let log = view.log && metric != Metric::Accuracy;
    let scale = if log { Scale::Log } else { Scale::Linear };
    let keep = best.map(|best| tested(best, metric)).into_iter().chain(curves.iter().filter_map(|curve| curve.latest));
    let Vertical { range, step, beyond } = vertical_range(&curves, keep, metric, scale, view.outliers, detail);
    // Ticks of a logarithmic axis have no digits in common.
    let y_label = |at: f64, step: f64| if log { number(four_digits(at)) } else { y_label(metric, at, step) };
    let y = match step {
        Some(step) => Axis::stepped(range, step, y_label),
        None => Axis::new(range, scale, detail.y_ticks, y_label),
    };
    let mut notes = Vec::new();
    if log {
        notes.push("log".to_string());
    }
    if view.smoothing > 0 && metric != Metric::LearningRate {
        notes.push(format!("smooth {}", view.smoothing));
    }
    if curves.iter().any(|curve| curve.role == Role::Left) {
        notes.push("dim: before going back".to_string());
    }
    ChartModel {
        metric,
        title: metric.title().to_string(),
        x: x_axis(session, view, &grid.steps(), detail.x_ticks),
        y,
        // After going back it may stand on a step that is not taken any more.
        cursor: view.cursor.map(|step| cursor(session, metric, step.min(session.steps().max(1)), &curves)),
        markers: markers(session, metric, &grid.steps(), best),
        guides: guides(session, metric),
        curves,
        beyond,
        notes,
    }
}

/// Columns of equally many whole steps. They stand at multiples of their width, so that a window that moves along with a run
/// does not sum the same steps up anew each time.
pub(super) struct Grid {
    from: u64,
    width: u64,
    columns: usize,
}

impl Grid {
    pub(super) fn new(steps: Range<u64>, columns: usize) -> Grid {
        let span = (steps.end - steps.start).max(1);
        let width = span.div_ceil(columns.max(1) as u64);
        // The window's end itself is in view.
        let last = steps.end.div_ceil(width);
        let first = (steps.start / width).min(last);
        Grid { from: first * width, width, columns: (last - first + 1) as usize }
    }

    /// The steps that the axis spans: from the first column's first to the last column's first.
    pub(super) fn steps(&self) -> Range<u64> {
        self.from..self.from + self.width * (self.columns as u64 - 1).max(1)
    }

    /// Each column's place and sum, beginning `lead` columns before the grid. Where several steps came as one, the columns that
    /// it covers are left out; an empty one is a gap.
    fn columns(&self, series: &Series, lead: u64) -> Vec<Option<(f64, Summary)>> {
        let from = self.from - lead * self.width;
        let columns = self.columns + lead as usize;
        let sums = series.columns(from..from + self.width * columns as u64, columns);
        let place = |i: usize, sum: Summary| {
            let first = from + self.width * i as u64;
            ((first + sum.step) as f64 / 2.0, sum)
        };
        let mut empty = 0;
        let mut placed = Vec::with_capacity(columns);
        for (i, sum) in sums.into_iter().enumerate() {
            let Some(sum) = sum else {
                empty += 1;
                continue;
            };
            if sum.count < empty * self.width {
                placed.push(None);
            }
            empty = 0;
            placed.push(Some(place(i, sum)));
        }
        placed
    }
}

fn learning_rate(session: &Session, grid: &Grid) -> Curve {
    let points = means(grid.columns(&session.history.learning_rate, 0));
    let latest = newest(Metric::LearningRate, session, &points);
    Curve { name: "rate".into(), role: Role::LearningRate, shape: Shape::Line(points), latest }
}

/// What the legend says: of a line its end, of the learning rate itself the newest, which is no mean of a column.
fn newest(metric: Metric, session: &Session, line: &[Option<(f64, f64)>]) -> Option<f64> {
    let exact = session.last_step.filter(|_| metric == Metric::LearningRate).map(|last| last.learning_rate);
    exact.or_else(|| line.iter().rev().flatten().next().map(|(_, value)| *value))
}

fn curves(series: &Series, evaluations: &[Evaluation], metric: Metric, view: &ChartView, grid: &Grid) -> Vec<Curve> {
    let mut curves = stepwise(series, view, grid);
    let points = thinned(evaluations, metric, grid);
    let latest = tests(evaluations).last().map(|newest| tested(newest, metric));
    curves.push(Curve { name: "test".into(), role: Role::Test, shape: Shape::Points(points), latest });
    curves
}

/// What each step came to, and the smoothed line through it.
pub(super) fn stepwise(series: &Series, view: &ChartView, grid: &Grid) -> Vec<Curve> {
    let (columns, line) = smoothed_columns(series, view, grid);
    let mut curves = Vec::new();
    if grid.width > 1 {
        let band = |(step, sum): (f64, Summary)| Band { step, min: sum.min, max: sum.max };
        let bands = columns.iter().map(|column| column.map(band)).collect();
        curves.push(Curve { name: "each step".into(), role: Role::TrainRaw, shape: Shape::Band(bands), latest: None });
    } else if view.smoothing > 0 {
        curves.push(Curve { name: "each step".into(), role: Role::TrainRaw, shape: Shape::Line(means(columns)), latest: None });
    }
    let latest = line.iter().rev().flatten().next().map(|(_, value)| *value);
    curves.push(Curve { name: "train".into(), role: Role::Train, shape: Shape::Line(line), latest });
    curves
}

/// A road that the run left, from where it parted.
fn left(road: &Road, metric: Metric, view: &ChartView, grid: &Grid) -> Curve {
    let line = line(&road.history, metric, view, grid);
    let parted = |point: &(f64, f64)| point.0 >= road.from as f64;
    let line = line.into_iter().map(|point| point.filter(parted)).collect();
    Curve { name: "left".into(), role: Role::Left, shape: Shape::Line(line), latest: None }
}

/// Another run's smoothed line and its evaluations.
fn beside(place: usize, other: &Companion, metric: Metric, view: &ChartView, grid: &Grid) -> Vec<Curve> {
    let Companion { name, session } = other;
    let line = line(&session.history, metric, view, grid);
    let role = Role::Beside((place % Role::BESIDE) as u8);
    let latest = newest(metric, session, &line);
    let mut curves = vec![Curve { name: name.clone().into(), role, shape: Shape::Line(line), latest }];
    if metric != Metric::LearningRate {
        let points = Shape::Points(thinned(&session.history.evaluations, metric, grid));
        curves.push(Curve { name: "".into(), role, shape: points, latest: None });
    }
    curves
}

fn series(history: &History, metric: Metric) -> &Series {
    match metric {
        Metric::Loss => &history.train_loss,
        Metric::Accuracy => &history.train_accuracy,
        Metric::LearningRate => &history.learning_rate,
    }
}

/// The line that stands for a history: smoothed, but for the learning rate, which has no noise.
fn line(history: &History, metric: Metric, view: &ChartView, grid: &Grid) -> Points {
    match metric {
        Metric::LearningRate => means(grid.columns(series(history, metric), 0)),
        _ => smoothed_columns(series(history, metric), view, grid).1,
    }
}

type Points = Vec<Option<(f64, f64)>>;

/// The columns of the grid, and the smoothed line through them, which remembers what lies before the grid.
fn smoothed_columns(series: &Series, view: &ChartView, grid: &Grid) -> (Vec<Option<(f64, Summary)>>, Points) {
    let lead = (MEMORY * u64::from(view.smoothing)).div_ceil(grid.width).min(grid.from / grid.width);
    let mut columns = grid.columns(series, lead);
    let mut line = smoothed(&columns, view.smoothing);
    let lead = columns.iter().take_while(|column| column.is_none_or(|(step, _)| step < grid.from as f64)).count();
    (columns.split_off(lead), line.split_off(lead))
}

fn means(columns: Vec<Option<(f64, Summary)>>) -> Points {
    columns.into_iter().map(|column| column.map(|(step, sum)| (step, sum.mean))).collect()
}

/// An exponential moving average over `steps` steps, put together from columns: each counts as often as it has steps, so the
/// line is the same however far one zooms. Divided by the sum of its weights, as Adam does (Kingma and Ba 2015, section 3),
/// so that it does not begin at zero.
fn smoothed(columns: &[Option<(f64, Summary)>], steps: u32) -> Points {
    let keep = 1.0 - 1.0 / f64::from(steps.max(1));
    let (mut value, mut weight) = (0.0, 0.0);
    let average = |(step, sum): (f64, Summary)| {
        let kept = keep.powf(sum.count as f64);
        value = kept * value + (1.0 - kept) * sum.mean;
        weight = kept * weight + (1.0 - kept);
        (step, value / weight)
    };
    let mut average = average;
    columns.iter().map(|column| column.map(&mut average)).collect()
}

fn tests(evaluations: &[Evaluation]) -> impl DoubleEndedIterator<Item = &Evaluation> {
    evaluations.iter().filter(|evaluation| evaluation.split == Split::Test)
}

/// What an evaluation says about a metric.
fn tested(evaluation: &Evaluation, metric: Metric) -> f64 {
    match metric {
        Metric::Loss | Metric::LearningRate => evaluation.loss,
        Metric::Accuracy => evaluation.accuracy,
    }
}

/// The evaluations in view; of those that fall into one column, only the lowest and the highest.
fn thinned(evaluations: &[Evaluation], metric: Metric, grid: &Grid) -> Vec<(f64, f64)> {
    let steps = grid.steps();
    let in_view = tests(evaluations).filter(|evaluation| (steps.start..=steps.end).contains(&evaluation.step));
    let points = in_view.map(|evaluation| (evaluation.step as f64, tested(evaluation, metric)));
    let points: Vec<(f64, f64)> = points.filter(|(_, value)| value.is_finite()).collect();
    let column = |point: &(f64, f64)| point.0 as u64 / grid.width;
    let mut thinned = Vec::with_capacity(points.len());
    for together in points.chunk_by(|a, b| column(a) == column(b)) {
        let low = together.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = together.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut both: Vec<(f64, f64)> = low.into_iter().chain(high).copied().collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        both.dedup();
        thinned.extend(both);
    }
    thinned
}

/// The best evaluation by this metric.
fn best(session: &Session, metric: Metric) -> Option<&Evaluation> {
    let finite = tests(&session.history.evaluations).filter(|evaluation| tested(evaluation, metric).is_finite());
    match metric {
        Metric::Loss => finite.min_by(|a, b| a.loss.total_cmp(&b.loss)),
        Metric::Accuracy => session.best(),
        Metric::LearningRate => None,
    }
}

fn markers(session: &Session, metric: Metric, steps: &Range<u64>, best: Option<&Evaluation>) -> Vec<Marker> {
    let near = ((steps.end - steps.start) as f64 * TOGETHER) as u64;
    // A long run has thousands of these: a label is written only for what is in view.
    let in_view = |step: u64| (steps.start..=steps.end).contains(&step);
    let plain = |step: u64, kind: MarkerKind, label: &dyn Fn() -> String| {
        in_view(step).then(|| Marker { step, kind, label: label(), value: None })
    };
    let mut markers: Vec<Marker> = Vec::new();
    let changes = together(&session.history.changes, near);
    markers.extend(changes.iter().filter_map(|change| plain(change.step, MarkerKind::Change, &|| short_change(change))));
    let epochs = (1..).zip(&session.history.epoch_ends).filter(|(_, step)| in_view(**step));
    // More than these no surface could label.
    let few = epochs.clone().count() <= MOST_LABELS;
    markers.extend(
        epochs.filter(|_| few).filter_map(|(epoch, step)| plain(*step, MarkerKind::EpochEnd, &|| format!("epoch {epoch}"))),
    );
    markers.extend(session.saved.iter().filter_map(|saved| plain(saved.step, MarkerKind::Saved, &|| "saved".into())));
    let bad = session.divergence.iter();
    markers.extend(bad.filter_map(|bad| plain(bad.step, MarkerKind::Diverged, &|| format!("{} not finite", bad.layer))));
    if metric != Metric::LearningRate {
        let on_curve = |evaluation: &Evaluation, kind: MarkerKind, sign: &str| {
            let value = tested(evaluation, metric);
            Marker { step: evaluation.step, kind, label: format!("{sign}{}", metric.format(value)), value: Some(value) }
        };
        let evaluations: Vec<&Evaluation> =
            tests(&session.history.evaluations).filter(|evaluation| in_view(evaluation.step)).collect();
        if evaluations.len() <= MOST_LABELS {
            markers.extend(evaluations.into_iter().map(|evaluation| on_curve(evaluation, MarkerKind::Evaluation, "")));
        }
        markers.extend(best.filter(|best| in_view(best.step)).map(|best| on_curve(best, MarkerKind::Best, "★ ")));
    }
    markers.sort_by_key(|marker| (marker.step, marker.kind));
    markers
}

/// Changes of one number soon after each other as one; one that returns to where it began stays in its parts.
fn together(changes: &[Change], near: u64) -> Vec<Change> {
    let mut merged: Vec<Change> = Vec::new();
    for change in changes {
        let numeric = !matches!(change.knob.spec().kind, Kind::Toggle | Kind::Choice(_));
        match merged.last_mut() {
            Some(last) if numeric && last.knob == change.knob && change.step - last.step <= near && last.from != change.to => {
                last.to.clone_from(&change.to);
            }
            _ => merged.push(change.clone()),
        }
    }
    merged
}

/// `lr 0.01→0.005`, `lrn off`, `batch size 32→64`.
pub fn short_change(change: &Change) -> String {
    match (change.knob, change.knob.spec().kind) {
        (Knob::LearningRate, _) => format!("lr {}→{}", change.from, change.to),
        (knob, Kind::Toggle) => format!("{} {}", knob.name(), change.to),
        (knob, _) => format!("{} {}→{}", knob.spec().label, change.from, change.to),
    }
}

/// What guessing would give.
fn guides(session: &Session, metric: Metric) -> Vec<Guide> {
    let Some(header) = &session.header else { return Vec::new() };
    let classes = header.model.classes as f64;
    let value = match metric {
        Metric::Loss => classes.ln(),
        Metric::Accuracy => 1.0 / classes,
        Metric::LearningRate => return Vec::new(),
    };
    vec![Guide { value, label: "guessing".to_string() }]
}

fn cursor(session: &Session, metric: Metric, step: u64, curves: &[Curve]) -> Cursor {
    let mut readings = vec![("step", grouped(step)), ("epoch", format!("{:.2}", session.epoch_at(step)))];
    let series = series(&session.history, metric);
    if let Some(sum) = series.nearest(step) {
        readings.push((if metric == Metric::LearningRate { "rate" } else { "train" }, metric.format(sum.mean)));
        if sum.count > 1 && sum.min < sum.max {
            readings.push(("from", metric.format(sum.min)));
            readings.push(("to", metric.format(sum.max)));
        }
    }
    let line = curves.iter().find(|curve| curve.role == Role::Train);
    if let Some(Curve { shape: Shape::Line(points), .. }) = line {
        let away = |point: &(f64, f64)| (point.0 - step as f64).abs();
        if let Some((_, value)) = points.iter().flatten().min_by(|a, b| away(a).total_cmp(&away(b))) {
            readings.push(("smoothed", metric.format(*value)));
        }
    }
    if metric != Metric::LearningRate {
        let known = tests(&session.history.evaluations).rev().find(|evaluation| evaluation.step <= step);
        readings.extend(known.map(|evaluation| ("test", metric.format(tested(evaluation, metric)))));
        let rate = session.history.learning_rate.nearest(step);
        readings.extend(rate.map(|rate| ("lr", Metric::LearningRate.format(rate.mean))));
    }
    Cursor { step, readings }
}

fn x_axis(session: &Session, view: &ChartView, steps: &Range<u64>, ticks: usize) -> Axis {
    let range = steps.start as f64..steps.end as f64;
    match view.x_unit {
        XUnit::Step => Axis { label: "step", ..Axis::new(range, Scale::Linear, ticks, |at, _| step_label(at)) },
        XUnit::Epoch => {
            let epochs = session.epoch_at(steps.start)..session.epoch_at(steps.end);
            let mut axis = Axis::new(epochs, Scale::Linear, ticks, |at, _| format!("{}", (at * 1e6).round() / 1e6));
            for tick in &mut axis.ticks {
                tick.at = session.step_at(tick.at);
            }
            Axis { label: "epoch", min: range.start, max: range.end, ..axis }
        }
    }
}

/// `500`, `2,500`, `20k`, `1.5M`
pub(super) fn step_label(step: f64) -> String {
    match step {
        s if s >= 1e6 => format!("{}M", (s / 1e4).round() / 100.0),
        s if s >= 1e4 && s % 100.0 == 0.0 => format!("{}k", s / 1e3),
        s => grouped(s.round() as u64),
    }
}

pub(super) fn y_label(metric: Metric, at: f64, step: f64) -> String {
    let decimals =
        |step: f64| (0..6).find(|d| (step * 10_f64.powi(*d)).fract().min(1.0 - (step * 10_f64.powi(*d)).fract()) < 1e-6);
    match metric {
        Metric::Accuracy => {
            let decimals = if step.is_finite() { decimals(step * 100.0).unwrap_or(2) as usize } else { 0 };
            format!("{:.decimals$} %", at * 100.0)
        }
        Metric::LearningRate => metric.format(at),
        Metric::Loss if at != 0.0 && (step < 1e-3 || at.abs() >= 1e5) => format!("{at:.1e}"),
        Metric::Loss => format!("{:.*}", decimals(step.min(1e5)).unwrap_or(3) as usize, at),
    }
}
