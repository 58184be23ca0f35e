//! The last line: the keys that matter here, or a message for a while.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::action::Action;
use super::app::{App, Toast, Tone};
use super::keys::{Binding, Context, bindings};
use super::screens::Screen;
use super::theme::Theme;
use super::widgets::line;
use super::{rates, screens, shell};
use crate::knobs::Nudge;
use crate::session::Phase;

/// Rows that a message may take.
const MESSAGE_ROWS: usize = 3;
/// From this place on a key is among the last.
const PINNED: u8 = 90;
/// Cells between two keys.
const GAP: u16 = 2;

/// A key: its place, what it says, and what it does.
pub struct Item {
    pub area: Rect,
    keys: String,
    word: String,
    pub action: Action,
}

impl Item {
    fn width(&self) -> u16 {
        line::width(&self.keys) + 1 + line::width(&self.word)
    }

    /// Shown however little room there is.
    fn is_pinned(&self) -> bool {
        matches!(self.action, Action::Help | Action::Quit)
    }
}

/// The keys that matter here, as many as fit; help and quitting always.
pub fn items(app: &App, area: Rect) -> Vec<Item> {
    let contexts = app.contexts();
    let mut rows: Vec<Binding> = bindings().filter(|row| row.footer > 0 && contexts.contains(&row.context)).collect();
    // While something is open on a screen, its keys come first; help and quitting are last in any case.
    let opened = contexts.first().filter(|_| contexts.len() > 2);
    let waits = |row: &Binding| opened.is_some_and(|opened| row.context != *opened);
    rows.sort_by_key(|row| (row.footer / PINNED, waits(row), row.footer));
    let mut items: Vec<Item> = rows.iter().filter_map(|row| item(app, row)).collect();
    let pinned: u16 = items.iter().filter(|item| item.is_pinned()).map(|item| item.width() + GAP).sum();
    // A blank in front, and no gap behind the last.
    let mut room = (area.width + GAP - 1).saturating_sub(pinned);
    items.retain(|item| {
        let taken = if item.is_pinned() { 0 } else { item.width() + GAP };
        let fits = taken <= room;
        room -= if fits { taken } else { 0 };
        fits
    });
    let mut x = area.x + 1;
    for item in &mut items {
        item.area = Rect { x, width: item.width().min(area.right().saturating_sub(x)), height: 1, ..area };
        x += item.width() + GAP;
    }
    items
}

/// What a row says now; none where it would do nothing.
fn item(app: &App, row: &Binding) -> Option<Item> {
    let mut keys = row.keys.first()?.to_string();
    let mut word = row.word.to_string();
    match row.action {
        _ if does_nothing(app, row) => return None,
        Action::Accept | Action::RewindSlower if row.context == Context::Moments && app.readonly => return None,
        Action::Accept if row.context == Context::Rates && rates::suggested(app).is_none() => return None,
        Action::PauseOrResume if app.session().paused => word = "resume".into(),
        Action::Freeze if app.is_frozen() => word = "let go on".into(),
        Action::Nudge(knob, Nudge::Times(_)) => {
            keys = knob.spec().keys.iter().take(2).map(|(letter, _)| letter.to_string()).collect::<Vec<_>>().join(" ");
        }
        Action::Accept | Action::Pipeline if row.context == Context::Network => {
            word = screens::network::word(app, shell::frame(app, app.area).body, row.action)?;
        }
        Action::Up => keys = "↑↓".into(),
        Action::MoveCursor(_) => keys = "←→".into(),
        _ => {}
    }
    Some(Item { area: Rect::default(), keys, word, action: row.action })
}

/// Whether a key would change nothing at the moment.
fn does_nothing(app: &App, row: &Binding) -> bool {
    let session = app.session();
    let ended = app.worker_gone || session.phase == Phase::Failed;
    let nobody_listens = !app.is_steered() || ended;
    // A record has no network that could be asked.
    let asks_the_network = match row.context {
        Context::Layer => !matches!(row.action, Action::OtherLayer(_)),
        Context::Predictions => row.action != Action::OtherView,
        Context::Explain => matches!(row.action, Action::OtherPicture(_)),
        _ => false,
    };
    match row.action {
        _ if asks_the_network && app.recorded.is_some() => true,
        Action::Enlarge => match app.screen {
            Screen::Predictions => true,
            Screen::Network => app.network.draft.is_some(),
            Screen::Layer => app.recorded.is_some(),
            Screen::Train | Screen::Explain | Screen::Compare => false,
        },
        Action::Accept if row.context == Context::Train => nobody_listens,
        Action::PauseOrResume | Action::Steps(_) => app.readonly || ended || session.phase == Phase::Finished,
        Action::Nudge(knob, _) => nobody_listens || !app.has_use_for(knob),
        Action::Undo => nobody_listens || session.undoable().is_none(),
        Action::Save | Action::Moments => nobody_listens,
        _ => false,
    }
}

pub fn render(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    if let Some(toast) = &app.toast {
        return message(toast, area, buf, theme);
    }
    for item in items(app, area) {
        let text = Line::from(vec![Span::styled(item.keys, theme.key), Span::raw(" "), Span::styled(item.word, theme.dim)]);
        buf.set_line(item.area.x, item.area.y, &text, item.area.width);
    }
}

/// In the place of the keys, and on the rows above them where it is long.
fn message(toast: &Toast, footer: Rect, buf: &mut Buffer, theme: &Theme) {
    let sign = match toast.tone {
        Tone::Info => "●",
        Tone::Warning => "▲",
        Tone::Bad => "✖",
    };
    let lines = line::wrapped_within(&format!("{sign} {}", toast.text), footer.width.saturating_sub(2), MESSAGE_ROWS);
    let height = lines.len() as u16;
    let area = Rect { y: footer.bottom().saturating_sub(height), height, ..footer };
    line::clear(area, buf, theme.text);
    for (row, text) in area.rows().zip(lines) {
        line::spans(Rect { x: row.x + 1, width: row.width - 1, ..row }, buf, Line::styled(text, theme.tone(toast.tone)));
    }
}
