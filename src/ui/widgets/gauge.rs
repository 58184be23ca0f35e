//! Progress as a line, and a row of values as little bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

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

/// `▁▂▄▇`: values between the lowest and the highest of them; in the middle where all are alike.
pub fn bars(values: &[Option<f64>]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (min, max) = values.iter().flatten().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let bar = |value: f64| {
        let share = if max - min > 1e-9 * max.abs() { (value - min) / (max - min) } else { 0.4 };
        BARS[(share * 7.0).round().clamp(0.0, 7.0) as usize]
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_span_from_the_lowest_to_the_highest() {
        assert_eq!(bars(&[Some(1.0), None, Some(2.0), Some(3.0)]), "▁ ▅█");
        assert_eq!(bars(&[Some(0.01); 3]), "▄▄▄");
    }
}
