//! The settings with what is in force, what was sent, and what waits for its time.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::knobs::{Applies, Knob};
use crate::ui::app::{App, Edit, Overlay};
use crate::ui::widgets::{line, panel};

/// Rows under the list that explain the selected setting.
pub const HELP_ROWS: u16 = 3;
/// With fewer rows than these the list has them all.
const ROOM_FOR_HELP: u16 = 9;

/// The list, the help under it, and the first row of the list that is shown.
fn places(app: &App, content: Rect) -> (Rect, Rect, usize) {
    let help_rows = if content.height >= ROOM_FOR_HELP { HELP_ROWS } else { u16::from(editing(app).is_some()) };
    let list = Rect { height: content.height.saturating_sub(help_rows), ..content };
    let help = Rect { y: list.bottom(), height: help_rows, ..content };
    let rows = usize::from(list.height.max(1));
    let first = (app.train.selected + 1)
        .saturating_sub(rows)
        .max(app.train.selected.saturating_sub(rows / 2))
        .min(app.knobs().len().saturating_sub(rows));
    (list, help, first)
}

fn editing(app: &App) -> Option<&Edit> {
    match &app.overlay {
        Some(Overlay::Edit(edit)) => Some(edit),
        _ => None,
    }
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let waiting = app.sent.values().len() + app.session().pending.len();
    let facts = if waiting > 0 { vec![vec![Span::styled(format!("{waiting} pending"), theme.pending)]] } else { Vec::new() };
    let content = panel::panel(area, buf, theme, "Settings", facts, "");
    let (list, help, first) = places(app, content);
    for (i, (row, knob)) in list.rows().zip(app.knobs().into_iter().skip(first)).enumerate() {
        setting(app, knob, first + i == app.train.selected, row, buf);
    }
    explain(app, help, buf);
}

/// The setting under a place on the screen, as its row.
pub fn knob_at(app: &App, area: Rect, place: Position) -> Option<usize> {
    let content = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let (list, _, first) = places(app, content);
    let row = first + usize::from(place.y.checked_sub(list.y)?);
    (list.contains(place) && row < app.knobs().len()).then_some(row)
}

fn setting(app: &App, knob: Knob, selected: bool, row: Rect, buf: &mut Buffer) {
    let (theme, spec) = (&app.theme, knob.spec());
    let name = match knob {
        Knob::LrnLayer(layer) => format!("  LRN layer {layer}"),
        _ => spec.label.to_string(),
    };
    if selected {
        buf.set_style(row, theme.selected);
    }
    let mark = if selected { "› " } else { "  " };
    let name_style = if selected { theme.selected } else { theme.dim };
    let left = Line::from(vec![Span::styled(mark, theme.key), Span::styled(name, name_style)]);
    let inner = Rect { width: row.width.saturating_sub(1), ..row };
    if let Some(edit) = editing(app).filter(|edit| edit.knob == knob) {
        line::spans(inner, buf, left);
        let wide = (row.width / 2).min(18);
        edit.field.render(Rect { x: row.right() - wide, width: wide, ..row }, buf, theme.overlay);
        return;
    }
    let room = inner.width.saturating_sub(left.width() as u16 + 1);
    line::between(inner, buf, left, Line::from(value(app, knob, room)));
}

/// `0.01`, `0.01 → 0.005 …` while no answer came, `32 → 64 next epoch` while it waits.
fn value(app: &App, knob: Knob, room: u16) -> Vec<Span<'static>> {
    let (theme, settings) = (&app.theme, &app.session().settings);
    // A single layer's switch says nothing while all of them are off.
    let idle = matches!(knob, Knob::LrnLayer(_)) && !settings.is_on(Knob::Lrn);
    let in_force = Span::styled(settings.text(knob), if idle { theme.dim } else { theme.text });
    if let Some(sent) = app.sent.latest(knob) {
        let sent = format!("→ {} …", knob.spec().format(sent));
        let both = line::width(&in_force.content) + 1 + line::width(&sent) <= room;
        let sent = Span::styled(sent, theme.pending);
        return if both { vec![in_force, Span::raw(" "), sent] } else { vec![sent] };
    }
    if let Some(pending) = app.session().pending.iter().find(|pending| pending.knob == knob) {
        let when = match pending.applies {
            Applies::NextStep => "next step",
            Applies::NextEpoch => "next epoch",
            Applies::NewRun => "new run",
        };
        let told = [format!(" → {} {when}", pending.to), format!(" → {}", pending.to)];
        let fits = |text: &&String| line::width(&in_force.content) + line::width(text) <= room;
        let text = told.iter().find(fits).unwrap_or(&told[1]);
        return vec![in_force, Span::styled(text.clone(), theme.pending)];
    }
    let unit = knob.spec().unit;
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    vec![in_force, Span::styled(unit, theme.dim)]
}

fn explain(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let knob = editing(app).map_or_else(|| super::selected(app), |edit| edit.knob);
    let spec = knob.spec();
    let mut lines = Vec::new();
    match editing(app) {
        Some(Edit { error: Some(error), .. }) => {
            lines.extend(line::wrapped(error, area.width).into_iter().map(|text| (text, theme.bad)))
        }
        editing => {
            if let Some(pending) = app.session().pending.iter().find(|pending| pending.knob == knob) {
                let waiting = format!("{} is accepted, {}", pending.to, pending.applies);
                lines.extend(line::wrapped(&waiting, area.width).into_iter().map(|text| (text, theme.pending)));
            }
            let facts = format!("{} · {}", spec.range(), spec.applies);
            let style = if editing.is_some() { theme.text } else { theme.dim };
            lines.extend(line::wrapped(&facts, area.width).into_iter().map(|text| (text, style)));
            lines.extend(line::wrapped(spec.help, area.width).into_iter().map(|text| (text, theme.dim)));
        }
    }
    let hidden = lines.len() > usize::from(area.height);
    for (row, (mut text, style)) in area.rows().zip(lines) {
        if hidden && row.y + 1 == area.bottom() {
            text = line::fitted(&format!("{text} …"), area.width);
        }
        buf.set_stringn(row.x, row.y, text, usize::from(row.width), style);
    }
}
