//! A histogram in cells: upright bars in eighths.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::probe::Spread;

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws the counts over the whole area: several to a column, or one over several columns. A bar's height is the root
/// of its count, so that the rare ones are seen beside the many that are zero.
pub fn draw(area: Rect, buf: &mut Buffer, style: Style, spread: &Spread) {
    if area.is_empty() || spread.counts.is_empty() {
        return;
    }
    let bars = spread.counts.len();
    let columns = usize::from(area.width);
    let sum = |column: usize| {
        let first = column * bars / columns;
        spread.counts[first..((column + 1) * bars / columns).max(first + 1)].iter().sum::<u32>()
    };
    let counts: Vec<f64> = (0..columns).map(|column| f64::from(sum(column)).sqrt()).collect();
    let most = counts.iter().copied().fold(1.0, f64::max);
    for (x, count) in (area.x..).zip(counts) {
        let eighths = (count / most * f64::from(area.height) * 8.0).round() as usize;
        // A value that is there at all leaves a trace.
        let eighths = if count > 0.0 { eighths.max(1) } else { 0 };
        for (row, y) in (area.y..area.bottom()).rev().enumerate() {
            buf.set_string(x, y, EIGHTHS[eighths.saturating_sub(row * 8).min(8)], style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rare_is_seen_and_what_is_not_there_is_not() {
        let area = Rect::new(0, 0, 4, 2);
        let mut buf = Buffer::empty(area);
        let spread = Spread { low: 0.0, high: 1.0, counts: vec![10_000, 0, 1, 2_500], zeros: 0, total: 12_501 };
        draw(area, &mut buf, Style::new(), &spread);
        let row = |y| (0..4).map(|x| buf[(x, y)].symbol()).collect::<String>();
        assert_eq!((row(0), row(1)), ("█   ".into(), "█ ▁█".into()));
    }
}
