//! Marks on a chart and their labels, placed where they hide nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::chart::{column_of, row_of};
use super::line;
use crate::chart::{ChartModel, Marker, MarkerKind};
use crate::ui::theme::Theme;

/// Fewer cells than these to an epoch, and their ends are marked on the axis only.
const CELLS_TO_AN_EPOCH: usize = 8;
/// Evaluations are labelled one by one on charts of at least this height.
const TALL: u16 = 20;

/// Vertical marks, guides, the cursor, and labels in the order of their weight.
pub fn marks(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let epochs = model.markers.iter().filter(|marker| marker.kind == MarkerKind::EpochEnd).count();
    let epochs_fit = epochs * CELLS_TO_AN_EPOCH <= usize::from(plot.width);
    let shown = |marker: &&Marker| match marker.kind {
        MarkerKind::EpochEnd => epochs_fit,
        MarkerKind::Evaluation => plot.height >= TALL,
        MarkerKind::Saved => false,
        MarkerKind::Change | MarkerKind::Best | MarkerKind::Diverged => true,
    };
    let mut markers: Vec<&Marker> = model.markers.iter().filter(shown).collect();
    markers.sort_by_key(|marker| marker.kind);
    for marker in &markers {
        if let Some(x) = column_of(&model.x, plot, marker.step as f64).filter(|_| marker.value.is_none()) {
            upright(x, plot, "┊", theme.marker(marker.kind), buf);
        }
    }
    if let Some(x) = model.cursor.as_ref().and_then(|cursor| column_of(&model.x, plot, cursor.step as f64)) {
        upright(x, plot, "│", theme.cursor, buf);
        buf.set_string(x, plot.bottom().min(buf.area.bottom() - 1), "▴", theme.cursor);
    }
    for marker in &markers {
        let Some(x) = column_of(&model.x, plot, marker.step as f64) else { continue };
        let style = theme.marker(marker.kind);
        match marker.value.map(|value| row_of(&model.y, plot, value)) {
            Some(Some(y)) => {
                if marker.kind == MarkerKind::Best {
                    buf.set_string(x, y, "★", style);
                }
                beside_a_point(&marker.label, (x, y), plot, style, buf);
            }
            Some(None) => {}
            None => beside_a_line(marker, x, plot, style, buf),
        }
    }
    guides(model, plot, buf, theme);
}

/// A line of `sign` in the cells that are blank.
fn upright(x: u16, plot: Rect, sign: &str, style: Style, buf: &mut Buffer) {
    for y in plot.top()..plot.bottom() {
        if buf[(x, y)].symbol() == " " {
            buf.set_string(x, y, sign, style);
        }
    }
}

/// Next to its line, in the highest row where it hides nothing. A change is labelled in any case.
fn beside_a_line(marker: &Marker, x: u16, plot: Rect, style: Style, buf: &mut Buffer) {
    let wide = line::width(&marker.label);
    let right = (x + 1..=x + 1 + wide, x + 1);
    let left = (x.saturating_sub(wide + 1)..=x.saturating_sub(1), x.saturating_sub(wide));
    let fits = |columns: &std::ops::RangeInclusive<u16>| *columns.start() >= plot.x && *columns.end() <= plot.right();
    for y in plot.top()..plot.bottom() {
        for (columns, start) in [&right, &left] {
            if fits(columns) && is_blank(columns.clone(), y, plot, buf) {
                buf.set_string(*start, y, &marker.label, style);
                return;
            }
        }
        // Labels belong at the top; only a change is worth looking further down for.
        if marker.kind > MarkerKind::Best && y > plot.top() {
            return;
        }
    }
}

/// Above, below or beside a point, if there is a blank place.
fn beside_a_point(label: &str, (x, y): (u16, u16), plot: Rect, style: Style, buf: &mut Buffer) {
    let wide = line::width(label);
    let centred = x.saturating_sub(wide / 2).clamp(plot.x, plot.right().saturating_sub(wide).max(plot.x));
    let places = [(centred, y.wrapping_sub(1)), (centred, y + 1), (x + 2, y), (x.saturating_sub(wide + 1), y)];
    for (start, row) in places {
        let inside = (plot.top()..plot.bottom()).contains(&row) && start >= plot.x && start + wide <= plot.right();
        if inside && is_blank(start..=start + wide, row, plot, buf) {
            buf.set_string(start, row, label, style);
            return;
        }
    }
}

fn is_blank(mut columns: std::ops::RangeInclusive<u16>, y: u16, plot: Rect, buf: &Buffer) -> bool {
    columns.all(|x| !plot.contains(Position::new(x, y)) || matches!(buf[(x, y)].symbol(), " "))
}

fn guides(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    for guide in &model.guides {
        let Some(y) = row_of(&model.y, plot, guide.value) else { continue };
        let label = format!("{} {}", guide.label, model.metric.format(guide.value));
        let wide = line::width(&label);
        let start = plot.right().saturating_sub(wide);
        let labelled = wide < plot.width / 2 && is_blank(start..=plot.right(), y, plot, buf);
        let dots = plot.left()..if labelled { start.saturating_sub(1) } else { plot.right() };
        for x in dots.step_by(2) {
            if buf[(x, y)].symbol() == " " {
                buf.set_string(x, y, "·", theme.rule);
            }
        }
        if labelled {
            buf.set_string(start, y, &label, theme.dim);
        }
    }
}
