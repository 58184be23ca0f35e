//! A [`ChartModel`] on cells: a stippled band for the single steps, a line over it, marks with labels where nothing is hidden.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::canvas::{Canvas, DOTS_HIGH, DOTS_WIDE};
use super::{labels, line, panel};
use crate::chart::{Axis, Band, ChartModel, Detail, MarkerKind, Role, Shape};
use crate::ui::theme::Theme;

/// Cells that the labels of the vertical axis may take, with the axis itself.
const GUTTER: u16 = 8;
/// Below this height the horizontal axis has no line of its own.
const LOW: u16 = 9;

/// How fine a chart drawn into `area` can be.
pub fn detail(area: Rect) -> Detail {
    let (width, height) = (area.width.saturating_sub(GUTTER), area.height.saturating_sub(1 + axis_rows(area)));
    Detail {
        columns: usize::from(width) * DOTS_WIDE,
        x_ticks: usize::from(width / 12).max(2),
        y_ticks: usize::from(height / 3).clamp(2, 8),
    }
}

fn axis_rows(area: Rect) -> u16 {
    if area.height < LOW { 1 } else { 2 }
}

/// The cells between the axes of a chart drawn into `area`.
pub fn plot_area(model: &ChartModel, area: Rect) -> Rect {
    let gutter = model.y.ticks.iter().map(|tick| line::width(&tick.label)).max().unwrap_or(0) + 1;
    let gutter = gutter.clamp(5, GUTTER).min(area.width);
    Rect {
        x: area.x + gutter,
        y: area.y + 1,
        width: area.width - gutter,
        height: area.height.saturating_sub(1 + axis_rows(area)),
    }
}

/// The step under a column of cells, if it lies between the axes.
pub fn step_at(model: &ChartModel, plot: Rect, column: u16) -> Option<u64> {
    (plot.left()..plot.right()).contains(&column).then(|| {
        let share = (f64::from(column - plot.x) + 0.5) / f64::from(plot.width);
        model.x.value(share).round().max(0.0) as u64
    })
}

/// Draws the chart with its head; `waiting` is said where there is nothing to draw yet.
pub fn draw(model: &ChartModel, waiting: &str, area: Rect, buf: &mut Buffer, theme: &Theme) {
    panel::panel(area, buf, theme, &model.title, facts(model, theme), &model.notes.join(" · "));
    let plot = plot_area(model, area);
    if plot.width < 4 || plot.height < 2 {
        return;
    }
    vertical_axis(model, plot, buf, theme);
    horizontal_axis(model, plot, area.bottom(), buf, theme);
    if model.is_empty() {
        let text = line::fitted(waiting, plot.width);
        let left = plot.x + (plot.width - line::width(&text)) / 2;
        buf.set_string(left, plot.y + plot.height / 2, text, theme.dim);
        return;
    }
    curves(model, plot, theme).render(plot, buf);
    points(model, plot, buf, theme);
    spikes(model, plot, buf, theme);
    labels::marks(model, plot, buf, theme);
}

/// What the head says: the cursor's exact values, or the newest ones.
fn facts<'a>(model: &'a ChartModel, theme: &Theme) -> Vec<Vec<Span<'a>>> {
    if let Some(cursor) = &model.cursor {
        let fact = |(name, value): &'a (&'static str, String)| {
            vec![Span::styled(format!("{name} "), theme.dim), Span::styled(value.as_str(), theme.text)]
        };
        return cursor.readings.iter().map(fact).collect();
    }
    let mut facts = Vec::new();
    for curve in &model.curves {
        let Some(latest) = curve.latest else { continue };
        let sign = if curve.role == Role::Test { "◆" } else { "━" };
        let style = theme.curve(curve.role);
        facts.push(vec![Span::styled(format!("{sign} {} {}", curve.name, model.metric.format(latest)), style)]);
    }
    let best = model.markers.iter().find(|marker| marker.kind == MarkerKind::Best);
    facts.extend(best.map(|best| vec![Span::styled(best.label.as_str(), theme.marker(best.kind))]));
    facts
        .extend(model.beyond.map(|beyond| vec![Span::styled(format!("▲ up to {}", model.metric.format(beyond)), theme.warning)]));
    facts
}

/// Column of cells for a step; none outside the plot.
pub(super) fn column_of(axis: &Axis, plot: Rect, step: f64) -> Option<u16> {
    let share = axis.fraction(step);
    (0.0..=1.0).contains(&share).then(|| plot.x + ((share * f64::from(plot.width)) as u16).min(plot.width - 1))
}

/// Row of cells for a value; none outside the plot.
pub(super) fn row_of(axis: &Axis, plot: Rect, value: f64) -> Option<u16> {
    let share = axis.fraction(value);
    (0.0..=1.0).contains(&share).then(|| plot.y + (((1.0 - share) * f64::from(plot.height)) as u16).min(plot.height - 1))
}

fn vertical_axis(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let axis = plot.x - 1;
    for y in plot.rows().map(|row| row.y) {
        buf.set_string(axis, y, "│", theme.rule);
    }
    let mut last = None;
    for tick in &model.y.ticks {
        let Some(row) = row_of(&model.y, plot, tick.at).filter(|row| last != Some(*row)) else { continue };
        last = Some(row);
        let label = line::fitted(&tick.label, GUTTER - 1);
        buf.set_string(axis.saturating_sub(line::width(&label)), row, &label, theme.dim);
        buf.set_string(axis, row, "┤", theme.rule);
    }
}

fn horizontal_axis(model: &ChartModel, plot: Rect, bottom: u16, buf: &mut Buffer, theme: &Theme) {
    let labels = bottom - 1;
    let with_line = plot.bottom() < labels;
    if with_line {
        buf.set_string(plot.x - 1, plot.bottom(), format!("└{}", "─".repeat(usize::from(plot.width))), theme.rule);
        for marker in model.markers.iter().filter(|marker| marker.kind == MarkerKind::EpochEnd) {
            if let Some(column) = column_of(&model.x, plot, marker.step as f64) {
                buf.set_string(column, plot.bottom(), "╫", theme.rule);
            }
        }
    }
    let mut free = plot.x.saturating_sub(2);
    for tick in &model.x.ticks {
        let Some(column) = column_of(&model.x, plot, tick.at) else { continue };
        let wide = line::width(&tick.label);
        let left = column.saturating_sub(wide / 2).min(plot.right().saturating_sub(wide));
        if with_line {
            buf.set_string(column, plot.bottom(), "┬", theme.rule);
        }
        if left >= free && left + wide <= plot.right() {
            buf.set_string(left, labels, &tick.label, theme.dim);
            free = left + wide + 2;
        }
    }
    let name = model.x.label;
    if free + line::width(name) <= plot.right() {
        buf.set_string(plot.right() - line::width(name), labels, name, theme.dim);
    }
}

/// Dots of the plot.
struct Raster<'a> {
    model: &'a ChartModel,
    width: f64,
    height: f64,
}

impl Raster<'_> {
    fn x(&self, step: f64) -> i64 {
        (self.model.x.fraction(step).clamp(-1.0, 2.0) * (self.width - 1.0)).round() as i64
    }

    /// Far outside is as good as a little outside.
    fn y(&self, value: f64) -> i64 {
        ((1.0 - self.model.y.fraction(value)).clamp(-1.0, 2.0) * (self.height - 1.0)).round() as i64
    }
}

fn curves(model: &ChartModel, plot: Rect, theme: &Theme) -> Canvas {
    let raster =
        Raster { model, width: f64::from(plot.width) * DOTS_WIDE as f64, height: f64::from(plot.height) * DOTS_HIGH as f64 };
    let layers = [Role::TrainRaw, Role::Test, Role::LearningRate, Role::Train];
    let mut canvas = Canvas::new(plot.width, plot.height, layers.map(|role| theme.curve(role)).to_vec());
    for curve in &model.curves {
        let layer = layers.iter().position(|role| *role == curve.role).unwrap_or(0) as u8;
        match &curve.shape {
            Shape::Band(bands) => band(bands, &raster, &mut canvas, layer),
            Shape::Line(points) => {
                for pair in points.windows(2) {
                    if let [Some(a), Some(b)] = pair {
                        canvas.line((raster.x(a.0), raster.y(a.1)), (raster.x(b.0), raster.y(b.1)), layer);
                    }
                }
                if let [Some(only)] = points.iter().filter(|point| point.is_some()).collect::<Vec<_>>()[..] {
                    canvas.dot(raster.x(only.0), raster.y(only.1), layer);
                }
            }
            Shape::Points(points) => {
                for pair in points.windows(2) {
                    let at = |point: (f64, f64)| (raster.x(point.0), raster.y(point.1));
                    canvas.line(at(pair[0]), at(pair[1]), layer);
                }
            }
        }
    }
    canvas
}

/// The edges in full and every other dot between them, so that a line in front stands out without colour too.
fn band(bands: &[Option<Band>], raster: &Raster, canvas: &mut Canvas, layer: u8) {
    let lone = bands.iter().flatten().map(|band| (raster.x(band.step), *band));
    for (x, band) in lone {
        upright(x, raster.y(band.max), raster.y(band.min), canvas, layer);
    }
    for pair in bands.windows(2) {
        let [Some(a), Some(b)] = pair else { continue };
        let (xa, xb) = (raster.x(a.step), raster.x(b.step));
        for x in xa + 1..xb {
            let share = (x - xa) as f64 / (xb - xa) as f64;
            let between = |a: f64, b: f64| a + (b - a) * share;
            upright(x, raster.y(between(a.max, b.max)), raster.y(between(a.min, b.min)), canvas, layer);
        }
    }
}

fn upright(x: i64, top: i64, bottom: i64, canvas: &mut Canvas, layer: u8) {
    for y in top..=bottom {
        if y == top || y == bottom || (x + y) % 2 == 0 {
            canvas.dot(x, y, layer);
        }
    }
}

fn points(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let Some(curve) = model.curves.iter().find(|curve| matches!(curve.shape, Shape::Points(_))) else { return };
    let Shape::Points(points) = &curve.shape else { return };
    // Signs that would touch each other say less than the line through them.
    let crowded = points.len() > usize::from(plot.width / 3);
    for point in points.iter().filter(|_| !crowded) {
        if let (Some(x), Some(y)) = (column_of(&model.x, plot, point.0), row_of(&model.y, plot, point.1)) {
            buf.set_string(x, y, "◆", theme.curve(curve.role));
        }
    }
}

/// Where a band reaches beyond the axis, the border says so.
fn spikes(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    for curve in &model.curves {
        let high: Vec<f64> = match &curve.shape {
            Shape::Band(bands) => bands.iter().flatten().filter(|band| band.max > model.y.max).map(|band| band.step).collect(),
            Shape::Line(points) => points.iter().flatten().filter(|point| point.1 > model.y.max).map(|point| point.0).collect(),
            Shape::Points(points) => points.iter().filter(|point| point.1 > model.y.max).map(|point| point.0).collect(),
        };
        for step in high {
            if let Some(column) = column_of(&model.x, plot, step) {
                buf.set_string(column, plot.y, "▲", theme.curve(curve.role));
            }
        }
    }
}
