//! The list of keys, read from the table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::keys::{Binding, Context, bindings};
use super::theme::Theme;
use super::widgets::line;

/// Cells for the keys before their explanation.
const KEYS: u16 = 14;

/// Every row of the table as lines of at most `width` cells.
fn lines(width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let all: Vec<Binding> = bindings().collect();
    for context in Context::ALL {
        let mut rows = all.iter().filter(|row| row.context == context).peekable();
        if rows.peek().is_none() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(context.title(), theme.title));
        for row in rows {
            let mut keys = Some(format!("{:>wide$}  ", row.label(), wide = usize::from(KEYS - 2)));
            for text in line::wrapped(&row.help, width.saturating_sub(KEYS)) {
                let keys = keys.take().unwrap_or_else(|| " ".repeat(usize::from(KEYS)));
                lines.push(Line::from(vec![Span::styled(keys, theme.key), Span::raw(text)]));
            }
        }
    }
    lines
}

fn place(screen: Rect) -> Rect {
    line::centred(screen, screen.width.saturating_sub(4).min(84), screen.height.saturating_sub(2))
}

/// How far the list can be scrolled on a screen.
pub fn last_scroll(screen: Rect, theme: &Theme) -> u16 {
    let area = place(screen);
    (lines(area.width.saturating_sub(4), theme).len() as u16).saturating_sub(area.height.saturating_sub(2))
}

/// Lines that a page key scrolls by.
pub fn page(screen: Rect) -> u16 {
    place(screen).height.saturating_sub(4).max(1)
}

pub fn render(scrolled: u16, screen: Rect, buf: &mut Buffer, theme: &Theme) {
    let last = last_scroll(screen, theme);
    let scrolled = scrolled.min(last);
    let inner = line::frame(place(screen), buf, theme, "Keys");
    let lines = lines(inner.width, theme);
    for (row, text) in inner.rows().zip(lines.into_iter().skip(usize::from(scrolled))) {
        buf.set_line(row.x, row.y, &text, row.width);
    }
    let more = match (scrolled > 0, scrolled < last) {
        (true, true) => " ↑↓ more ",
        (true, false) => " ↑ more ",
        (false, true) => " ↓ more ",
        (false, false) => return,
    };
    buf.set_string(inner.right().saturating_sub(line::width(more)), inner.bottom(), more, theme.overlay.patch(theme.key));
}
