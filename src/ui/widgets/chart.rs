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
/// Ends of epochs are marked on the axis with so many cells for each.
const CELLS_TO_AN_EPOCH_MARK: usize = 3;
/// Below this height the horizontal axis has no line of its own.
const LOW: u16 = 9;

/// How fine a chart drawn into `area` can be.
pub fn detail(area: Rect) -> Detail {
    let (width, height) = (area.width.saturating_sub(GUTTER), area.height.saturating_sub(1 + axis_rows(area)));
    Detail {
        columns: usize::from(width) * DOTS_WIDE,
        x_ticks: usize::from(width / 12).max(2),
        y_ticks: usize::from(height / 2).clamp(2, 8),
        rows: usize::from(height),
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
    legend(model, area, plot, buf, theme);
    labels::marks(model, plot, buf, theme);
}

/// What the points of a curve are drawn as; none for a curve that is a line.
pub fn sign(role: Role) -> Option<&'static str> {
    const CONTENDERS: [&str; Role::CONTENDERS] = ["●", "◆", "■", "▼", "○", "◇"];
    match role {
        Role::Test => Some("◆"),
        Role::Contender(place) => Some(CONTENDERS[usize::from(place) % CONTENDERS.len()]),
        _ => None,
    }
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
        let sign = sign(curve.role).unwrap_or("━");
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
    (0.0..=1.0).contains(&axis.fraction(step)).then(|| plot.x + (Raster::new(plot).x(axis, step) / DOTS_WIDE as i64) as u16)
}

/// Row of cells for a value; none outside the plot.
pub(super) fn row_of(axis: &Axis, plot: Rect, value: f64) -> Option<u16> {
    (0.0..=1.0).contains(&axis.fraction(value)).then(|| plot.y + (Raster::new(plot).y(axis, value) / DOTS_HIGH as i64) as u16)
}

/// The dots of a plot. The ends of the vertical axis are in the middle of the first and the last row, as its labels are.
#[derive(Clone, Copy)]
struct Raster {
    dots_wide: f64,
    rows: f64,
}

impl Raster {
    fn new(plot: Rect) -> Raster {
        Raster { dots_wide: f64::from(plot.width) * DOTS_WIDE as f64, rows: f64::from(plot.height) }
    }

    fn x(self, axis: &Axis, step: f64) -> i64 {
        (axis.fraction(step).clamp(-1.0, 2.0) * (self.dots_wide - 1.0)).round() as i64
    }

    /// Far outside is as good as a little outside.
    fn y(self, axis: &Axis, value: f64) -> i64 {
        let row = (1.0 - axis.fraction(value)).clamp(-1.0, 2.0) * (self.rows - 1.0);
        ((row + 0.5) * DOTS_HIGH as f64 - 0.5).round() as i64
    }
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
        let epochs: Vec<_> = model.markers.iter().filter(|marker| marker.kind == MarkerKind::EpochEnd).collect();
        // Where they would stand close they say nothing.
        let sparse = epochs.len() * CELLS_TO_AN_EPOCH_MARK <= usize::from(plot.width);
        for marker in epochs.iter().filter(|_| sparse) {
            if let Some(column) = column_of(&model.x, plot, marker.step as f64) {
                buf.set_string(column, plot.bottom(), "╫", theme.rule);
            }
        }
    }
    // What is counted is said in any case; a tick's number gives way to it.
    let name = model.x.label;
    let end = plot.right().saturating_sub(line::width(name));
    buf.set_string(end, labels, name, theme.dim);
    let mut free = plot.x.saturating_sub(2);
    for tick in &model.x.ticks {
        let Some(column) = column_of(&model.x, plot, tick.at) else { continue };
        let wide = line::width(&tick.label);
        let left = column.saturating_sub(wide / 2);
        if with_line {
            buf.set_string(column, plot.bottom(), "┬", theme.rule);
        }
        if left >= free && left + wide < end {
            buf.set_string(left, labels, &tick.label, theme.dim);
            free = left + wide + 2;
        }
    }
}

fn curves(model: &ChartModel, plot: Rect, theme: &Theme) -> Canvas {
    let raster = Raster::new(plot);
    let at = |(step, value): (f64, f64)| (raster.x(&model.x, step), raster.y(&model.y, value));
    let mut layers = vec![Role::TrainRaw, Role::Left];
    layers.extend((0..Role::CONTENDERS as u8).map(Role::Spread));
    layers.extend((0..Role::BESIDE as u8).map(Role::Beside));
    layers.extend((0..Role::CONTENDERS as u8).map(Role::Contender));
    layers.extend([Role::Test, Role::LearningRate, Role::Train]);
    let styles = layers.iter().map(|role| theme.curve(*role)).collect();
    let mut canvas = Canvas::new(plot.width, plot.height, styles);
    for curve in &model.curves {
        let layer = layers.iter().position(|role| *role == curve.role).unwrap_or(0) as u8;
        match &curve.shape {
            Shape::Band(bands) => {
                let edges = |band: &Band| (at((band.step, band.max)), at((band.step, band.min)));
                band(&bands.iter().map(|column| column.as_ref().map(edges)).collect::<Vec<_>>(), &mut canvas, layer);
            }
            Shape::Line(points) => {
                for (i, point) in points.iter().enumerate() {
                    let Some(here) = point.map(at) else { continue };
                    let before = i.checked_sub(1).and_then(|before| points[before]).map_or(here, at);
                    canvas.line(before, here, layer);
                }
            }
            Shape::Points(points) => {
                for pair in points.windows(2) {
                    canvas.line(at(pair[0]), at(pair[1]), layer);
                }
            }
        }
    }
    canvas
}

/// Highest and lowest dot of a column.
type Edges = ((i64, i64), (i64, i64));

/// The edges in full and every other dot between them, so that a line in front stands out without colour too.
fn band(columns: &[Option<Edges>], canvas: &mut Canvas, layer: u8) {
    for (i, column) in columns.iter().enumerate() {
        let Some((top, bottom)) = *column else { continue };
        upright(top.0, top.1, bottom.1, canvas, layer);
        let Some((top_before, bottom_before)) = i.checked_sub(1).and_then(|before| columns[before]) else { continue };
        let width = top.0 - top_before.0;
        for ahead in 1..width {
            let between = |from: i64, to: i64| from + (to - from) * ahead / width;
            let (high, low) = (between(top_before.1, top.1), between(bottom_before.1, bottom.1));
            upright(top_before.0 + ahead, high, low, canvas, layer);
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
    for curve in model.curves.iter().filter(|curve| !curve.name.is_empty()) {
        let (Shape::Points(points), Some(sign)) = (&curve.shape, sign(curve.role)) else { continue };
        // Signs that would touch each other say less than the line through them.
        let crowded = points.len() > usize::from(plot.width / 3);
        for point in points.iter().filter(|_| !crowded) {
            if let (Some(x), Some(y)) = (column_of(&model.x, plot, point.0), row_of(&model.y, plot, point.1)) {
                buf.set_string(x, y, sign, theme.curve(curve.role));
            }
        }
    }
}

/// Names in the plot's upper right corner the curves of other runs that the head has no room for.
fn legend(model: &ChartModel, area: Rect, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let head: String = Rect { height: 1, ..area }.positions().map(|place| buf[place].symbol()).collect();
    let others = model.curves.iter().filter(|curve| matches!(curve.role, Role::Beside(_)));
    let unnamed = others.filter(|curve| !curve.name.is_empty() && !head.contains(curve.name.as_ref()));
    let rows = Rect { height: plot.height / 2, ..plot }.rows();
    for (curve, row) in unnamed.zip(rows) {
        let sign = sign(curve.role).unwrap_or("━");
        let text = line::fitted(&format!("{sign} {}", curve.name), plot.width / 2);
        buf.set_string(plot.right() - line::width(&text), row.y, &text, theme.curve(curve.role));
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
