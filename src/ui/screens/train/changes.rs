//! The log of changes: what was set when, and what can be taken back.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::chart::short_change;
use crate::spec::grouped;
use crate::ui::app::App;
use crate::ui::widgets::{line, panel};

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let (theme, session) = (&app.theme, app.session());
    let undoable = session.undoable();
    let facts = match undoable {
        Some(_) if app.is_steered() => vec![vec![Span::styled("u", theme.key), Span::styled(" undoes ↶", theme.dim)]],
        _ => Vec::new(),
    };
    let rows = panel::panel(area, buf, theme, "Changes", facts, "");
    if session.history.changes.is_empty() {
        buf.set_stringn(rows.x, rows.y, "none yet", usize::from(rows.width), theme.dim);
        return;
    }
    let wide = grouped(session.steps() + 1).len();
    for (row, change) in rows.rows().zip(session.history.changes.iter().rev().skip(app.train.scrolled)) {
        let next_to_undo = undoable.is_some_and(|undoable| std::ptr::eq(undoable, change));
        let step = format!("{:>wide$} ", grouped(change.step));
        let left = Line::from(vec![Span::styled(step, theme.dim), Span::styled(short_change(change), theme.change)]);
        let right = if next_to_undo { Line::styled("↶", theme.key) } else { Line::default() };
        line::between(row, buf, left, right);
    }
}
