//! Text laid out on one line of cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Padding, Widget};

use crate::ui::theme::Theme;

/// Cells that a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// The text cut to `room` cells, with `…` where something is missing.
pub fn fitted(text: &str, room: u16) -> String {
    if width(text) <= room {
        return text.to_string();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if width(&kept) + 1 > room {
            kept.pop();
            break;
        }
    }
    if room > 0 {
        kept.push('…');
    }
    kept
}

/// Writes `left` from the left and `right` up to the right border; where both do not fit, `left` is cut.
pub fn between(area: Rect, buf: &mut Buffer, left: Line<'_>, right: Line<'_>) {
    let right_width = (right.width() as u16).min(area.width);
    let gap = u16::from(right_width > 0);
    let left_room = area.width.saturating_sub(right_width + gap);
    spans(Rect { width: left_room, ..area }, buf, left);
    buf.set_line(area.right() - right_width, area.y, &right, right_width);
}

/// Writes a line; where it does not fit, it ends in `…`.
pub fn spans(area: Rect, buf: &mut Buffer, line: Line<'_>) {
    let mut x = area.x;
    for span in line.spans {
        let room = area.right().saturating_sub(x);
        if room == 0 {
            return;
        }
        let text = fitted(&span.content, room);
        let style = line.style.patch(span.style);
        (x, _) = buf.set_stringn(x, area.y, &text, usize::from(room), style);
    }
}

/// As many of `parts`, the first first, as fit into `room` with `gap` between them.
pub fn fitting<'a>(parts: Vec<Vec<Span<'a>>>, gap: &'a str, room: u16) -> Line<'a> {
    let mut line: Vec<Span<'a>> = Vec::new();
    let mut taken = 0;
    for part in parts {
        let wide: u16 = part.iter().map(|span| width(&span.content)).sum();
        let gap_width = if line.is_empty() { 0 } else { width(gap) };
        if taken + gap_width + wide > room {
            continue;
        }
        if !line.is_empty() {
            line.push(Span::raw(gap));
        }
        taken += gap_width + wide;
        line.extend(part);
    }
    Line::from(line)
}

/// All `parts` in lines of `room` cells with `gap` between them; a line breaks between parts.
pub fn flowing<'a>(parts: Vec<Vec<Span<'a>>>, gap: &'a str, room: u16) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for part in parts {
        let wide: usize = part.iter().map(Span::width).sum();
        match lines.last_mut() {
            Some(line) if line.width() + Span::raw(gap).width() + wide <= usize::from(room) => {
                line.push_span(Span::raw(gap));
                line.spans.extend(part);
            }
            _ => lines.push(Line::from(part)),
        }
    }
    lines
}

/// Breaks a text between words.
pub fn wrapped(text: &str, room: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fitted(word, room)),
        }
    }
    lines
}

/// The same in at most `most` lines; where a word is missing, the last one ends in `…`.
pub fn wrapped_within(text: &str, room: u16, most: usize) -> Vec<String> {
    let mut lines = wrapped(text, room);
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(fitted(&rest, room));
    }
    lines
}

/// Fills an area with one style and blanks.
pub fn clear(area: Rect, buf: &mut Buffer, style: Style) {
    for position in area.intersection(buf.area).positions() {
        buf[position].reset();
        buf[position].set_style(style);
    }
}

/// A rectangle in the middle of another, no larger than it.
pub fn centred(outer: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(outer.width), height.min(outer.height));
    Rect { x: outer.x + (outer.width - width) / 2, y: outer.y + (outer.height - height) / 2, width, height }
}

/// Clears an area, frames it with a title, and returns what is inside, with a column free at either side.
pub fn frame(area: Rect, buf: &mut Buffer, theme: &Theme, title: &str) -> Rect {
    clear(area, buf, theme.overlay);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.overlay.patch(theme.rule))
        .title(Span::styled(format!(" {title} "), theme.overlay.patch(theme.title)))
        .padding(Padding::horizontal(1));
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!([fitted("learning rate", 8), fitted("lr", 8), fitted("lr", 1), fitted("lr", 0)], ["learnin…", "lr", "…", ""]);
    }

    #[test]
    fn a_part_that_does_not_fit_makes_way_for_a_shorter_one() {
        let part = |text: &'static str| vec![Span::raw(text)];
        let line = fitting(vec![part("first"), part("much too long"), part("third")], "  ", 12);
        assert_eq!(line.to_string(), "first  third");
    }

    #[test]
    fn parts_flow_over_lines_and_lose_no_one() {
        let part = |text: &'static str| vec![Span::raw(text)];
        let lines = flowing(vec![part("one"), part("two"), part("much too long"), part("three")], ", ", 9);
        assert_eq!(lines.iter().map(Line::to_string).collect::<Vec<_>>(), ["one, two", "much too long", "three"]);
    }

    #[test]
    fn text_breaks_between_words() {
        assert_eq!(wrapped("share of the last update", 10), ["share of", "the last", "update"]);
        assert_eq!(wrapped_within("share of the last update", 10, 2), ["share of", "the last …"]);
    }
}
