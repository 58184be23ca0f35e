//! The Network screen: every layer with its shape and live figures.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::spec::grouped;
use crate::ui::action::Action;
use crate::ui::app::{App, Effect};
use crate::ui::widgets::panel;

#[derive(Debug, Default)]
pub struct NetworkScreen {
    pub selected: usize,
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let rows = panel::panel(area, buf, &app.theme, &app.model.name, Vec::new(), &app.model.title);
    let Ok(trace) = app.model.trace() else { return };
    for (i, (row, layer)) in rows.rows().zip(&trace.layers).enumerate() {
        let style = if i == app.network.selected { app.theme.selected } else { app.theme.text };
        let text = format!(" {:<12}{:<12}{:>14}", layer.name, layer.kind, grouped(layer.parameters));
        buf.set_stringn(row.x, row.y, text, usize::from(row.width), style);
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let last = app.model.layers.len().saturating_sub(1);
    let selected = &mut app.network.selected;
    match action {
        Action::Up => *selected = selected.saturating_sub(1),
        Action::Down => *selected = (*selected + 1).min(last),
        Action::First => *selected = 0,
        Action::Last => *selected = last,
        _ => {}
    }
    Vec::new()
}
