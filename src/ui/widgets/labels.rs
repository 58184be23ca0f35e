//! Marks on a chart and their labels, placed where they hide nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::chart::{column_of, row_of};
use super::line;
use crate::chart::{ChartModel, Marker, MarkerKind, Metric};
use crate::ui::theme::Theme;

/// Fewer cells than these to an epoch, and their ends are marked on the axis only.
const CELLS_TO_AN_EPOCH: usize = 8;
/// Evaluations are labelled one by one on charts of at least this height, with so many cells for each.
const TALL: u16 = 20;
const CELLS_TO_AN_EVALUATION: usize = 12;

/// Vertical marks, guides, the cursor, and labels in the order of their weight.
pub fn marks(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    let named = model.metric != Metric::LearningRate;
    let count = |kind: MarkerKind| model.markers.iter().filter(|marker| marker.kind == kind).count();
    let epochs_fit = count(MarkerKind::EpochEnd) * CELLS_TO_AN_EPOCH <= usize::from(plot.width);
    let evaluations = count(MarkerKind::Evaluation);
    let evaluations_fit = plot.height >= TALL && evaluations * CELLS_TO_AN_EVALUATION <= usize::from(plot.width);
    let shown = |marker: &&Marker| match marker.kind {
        MarkerKind::EpochEnd => epochs_fit,
        MarkerKind::Evaluation => evaluations_fit,
        MarkerKind::Saved => false,
        MarkerKind::Change | MarkerKind::Best | MarkerKind::Diverged => true,
    };
    let mut markers: Vec<&Marker> = model.markers.iter().filter(shown).collect();
    markers.sort_by_key(|marker| marker.kind);
    for marker in &markers {
        if let Some(x) = column_of(&model.x, plot, marker.step as f64).filter(|_| marker.value.is_none()) {
            upright(x, plot, "┊", if marker.kind == MarkerKind::EpochEnd { theme.rule } else { theme.marker(marker.kind) }, buf);
        }
    }
    if let Some(x) = model.cursor.as_ref().and_then(|cursor| column_of(&model.x, plot, cursor.step as f64)) {
        upright(x, plot, "│", theme.cursor, buf);
        mark_on_the_axis(x, plot.bottom(), buf, theme);
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
            // A curve of the learning rate says itself what was changed.
            None if named => beside_a_line(marker, x, plot, style, buf),
            None => {}
        }
    }
    guides(model, plot, buf, theme);
}

/// The cursor's place on the axis, where it has a line of its own and not only numbers.
fn mark_on_the_axis(x: u16, y: u16, buf: &mut Buffer, theme: &Theme) {
    if let Some(cell) = buf.cell_mut((x, y)).filter(|cell| matches!(cell.symbol(), "─" | "┬" | "╫")) {
        cell.set_symbol("▴").set_style(theme.cursor);
    }
}

/// A line of `sign` in the cells that are blank.
fn upright(x: u16, plot: Rect, sign: &str, style: Style, buf: &mut Buffer) {
    for y in plot.top()..plot.bottom() {
        if buf[(x, y)].symbol() == " " {
            buf.set_string(x, y, sign, style);
        }
    }
}

/// Next to its line, in the highest row where it hides nothing; a change also where it hides a piece of a curve, but no other label.
fn beside_a_line(marker: &Marker, x: u16, plot: Rect, style: Style, buf: &mut Buffer) {
    let wide = line::width(&marker.label);
    let sides = [x + 1, x.saturating_sub(wide)];
    let sides = sides.into_iter().filter(|start| *start >= plot.x && start + wide <= plot.right());
    let important = marker.kind <= MarkerKind::Best;
    let rows = if important { plot.height } else { plot.height.min(2) };
    let places = (plot.y..plot.y + rows).flat_map(|y| sides.clone().map(move |start| (start, y)));
    let fits = |(start, y): &(u16, u16)| {
        (*start..start + wide).all(|x| may_be_covered(x, *y, important, buf)) && stands_apart(*start, wide, *y, plot, buf)
    };
    let readable = |(start, y): &(u16, u16)| {
        important && (*start..start + wide).all(|x| !is_text(x, *y, buf)) && stands_apart(*start, wide, *y, plot, buf)
    };
    let place = places.clone().find(fits).or_else(|| places.clone().find(readable));
    if let Some((start, y)) = place {
        buf.set_string(start, y, &marker.label, style);
    }
}

/// Blank, or for what is important, a vertical mark.
fn may_be_covered(x: u16, y: u16, important: bool, buf: &Buffer) -> bool {
    let symbol = buf[(x, y)].symbol();
    symbol == " " || (important && symbol == "┊")
}

/// No other text touches a label of `wide` cells.
fn stands_apart(start: u16, wide: u16, y: u16, plot: Rect, buf: &Buffer) -> bool {
    let is_taken = |x: u16| plot.contains(Position::new(x, y)) && is_text(x, y, buf);
    !is_taken(start.wrapping_sub(1)) && !is_taken(start + wide)
}

fn is_text(x: u16, y: u16, buf: &Buffer) -> bool {
    buf[(x, y)].symbol().chars().any(|sign| sign.is_alphanumeric() || sign == '★')
}

/// Above, below or beside a point, if there is a blank place.
fn beside_a_point(label: &str, (x, y): (u16, u16), plot: Rect, style: Style, buf: &mut Buffer) {
    let wide = line::width(label);
    let centred = x.saturating_sub(wide / 2).clamp(plot.x, plot.right().saturating_sub(wide).max(plot.x));
    let places = [(centred, y.wrapping_sub(1)), (centred, y + 1), (x + 2, y), (x.saturating_sub(wide + 1), y)];
    for (start, row) in places {
        let inside = (plot.top()..plot.bottom()).contains(&row) && start >= plot.x && start + wide <= plot.right();
        if inside && is_blank(start..start + wide, row, buf) && stands_apart(start, wide, row, plot, buf) {
            buf.set_string(start, row, label, style);
            return;
        }
    }
}

fn is_blank(mut columns: std::ops::Range<u16>, y: u16, buf: &Buffer) -> bool {
    columns.all(|x| may_be_covered(x, y, true, buf))
}

fn guides(model: &ChartModel, plot: Rect, buf: &mut Buffer, theme: &Theme) {
    for guide in &model.guides {
        let Some(y) = row_of(&model.y, plot, guide.value) else { continue };
        let label = format!("{} {}", guide.label, model.metric.format(guide.value));
        let wide = line::width(&label);
        let start = plot.right().saturating_sub(wide);
        let labelled = wide < plot.width / 2 && is_blank(start..plot.right(), y, buf);
        let dots = plot.left()..if labelled { start.saturating_sub(1) } else { plot.right() };
        for x in dots.step_by(2) {
            if buf[(x, y)].symbol() == " " && stands_apart(x, 1, y, plot, buf) {
                buf.set_string(x, y, "·", theme.rule);
            }
        }
        if labelled {
            buf.set_string(start, y, &label, theme.dim);
        }
    }
}
