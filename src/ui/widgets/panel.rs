//! A part of a screen with a headed rule on top. No frames: they cost cells and say nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::line;
use crate::ui::theme::Theme;

/// Draws the head, `Loss  train 1.842 ───── log`, and returns what is left for the content.
pub fn panel(area: Rect, buf: &mut Buffer, theme: &Theme, title: &str, facts: Vec<Vec<Span<'_>>>, right: &str) -> Rect {
    if area.height == 0 {
        return area;
    }
    let head = Rect { height: 1, ..area };
    let title = format!("{title} ");
    let room = head.width.saturating_sub(line::width(&title));
    let facts = line::fitting(facts, "  ", room.saturating_sub(2));
    let right = if right.is_empty() { String::new() } else { format!(" {right} ") };
    let mut spans = vec![Span::styled(title, theme.title)];
    if facts.width() > 0 {
        spans.push(Span::raw(" "));
        spans.extend(facts.spans);
        spans.push(Span::raw(" "));
    }
    let written = Line::from(spans);
    let end = head.x + (written.width() as u16).min(head.width);
    line::spans(head, buf, written);
    // What the figures are comes before how they are drawn.
    let right = if line::width(&right) < head.right() - end { right } else { String::new() };
    let (begin, tail) = (head.right() - line::width(&right), u16::from(!right.is_empty()));
    // A rule only where nothing else stands: its style would shine through the text.
    for (from, to) in [(end, begin - tail), (head.right() - tail, head.right())] {
        buf.set_string(from, head.y, "─".repeat(usize::from(to - from)), theme.rule);
    }
    buf.set_string(begin - tail, head.y, &right, theme.dim);
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}
