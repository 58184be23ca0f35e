//! Progress as a line, and a row of values as little bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::{Canvas, DOTS_HIGH};
use crate::ui::theme::Theme;

/// `━━━━━━╸─────`: `share` (0 to 1) of the area's first line.
pub fn gauge(area: Rect, buf: &mut Buffer, theme: &Theme, share: f64) {
    if area.is_empty() {
        return;
    }
    let halves = (share.clamp(0.0, 1.0) * f64::from(area.width) * 2.0).round() as usize;
    let (full, half) = (halves / 2, halves % 2);
    let rest = usize::from(area.width) - full - half;
    let line = Line::from(vec![
        Span::styled("━".repeat(full), theme.gauge),
        Span::styled("╸".repeat(half), theme.gauge),
        Span::styled("─".repeat(rest), theme.rule),
    ]);
    buf.set_line(area.x, area.y, &line, area.width);
}

/// A curve one row high, between the lowest and the highest of the values; in the middle where all are alike.
pub fn sparkline(area: Rect, buf: &mut Buffer, style: Style, values: &[Option<f64>]) {
    let (min, max) = values.iter().flatten().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let span = max - min;
    let flat = span <= 1e-6 * max.abs();
    let dot = |(x, value): (usize, f64)| {
        let share = if flat { 0.34 } else { (value - min) / span };
        (x as i64, ((1.0 - share) * (DOTS_HIGH - 1) as f64).round() as i64)
    };
    let mut canvas = Canvas::new(area.width, 1, vec![style]);
    let points: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(x, value)| Some((x, (*value)?))).collect();
    for (i, point) in points.iter().enumerate() {
        canvas.line(dot(points[i.saturating_sub(1)]), dot(*point), 0);
    }
    canvas.render(area, buf);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparks(values: &[Option<f64>]) -> String {
        let area = Rect::new(0, 0, values.len() as u16 / 2, 1);
        let mut buf = Buffer::empty(area);
        sparkline(area, &mut buf, Style::new(), values);
        buf.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn a_sparkline_spans_from_the_lowest_to_the_highest() {
        assert_eq!(sparks(&[Some(0.0), Some(1.0), Some(2.0), Some(3.0)]), "⡠⠊");
        assert_eq!(sparks(&[Some(0.01); 6]), "⠤⠤⠤", "alike is in the middle");
    }
}
