//! What is around every screen: tabs and state above, the line that must be said, keys below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::action::Action;
use super::app::{App, Overlay, Toast, Tone};
use super::keys::{Binding, Context, bindings};
use super::screens::Screen;
use super::theme::Theme;
use super::widgets::line;
use super::{banner, help, palette, screens};
use crate::knobs::Nudge;
use crate::session::Phase;
use crate::spec::grouped;

/// The least that everything still makes sense on.
pub const LEAST: (u16, u16) = (40, 12);

/// Rows that a message may take.
const MESSAGE_ROWS: usize = 3;
/// From this width on a screen has a margin.
const ROOMY: u16 = 60;

/// Where the parts of the screen are.
pub struct Frame {
    pub header: Rect,
    /// Of no height where nothing must be said.
    pub banner: Rect,
    pub body: Rect,
    pub footer: Rect,
}

pub fn frame(app: &App, area: Rect) -> Frame {
    let row = |y: u16| Rect { y, height: 1, ..area };
    let banner = banner::rows(app, area.width);
    let top = 1 + banner;
    let body = Rect { y: area.y + top, height: area.height.saturating_sub(top + 1), ..area };
    Frame {
        header: row(area.y),
        banner: Rect { height: banner, ..row(area.y + 1) },
        body: body.inner(Margin::new(u16::from(area.width >= ROOMY), 0)),
        footer: row(area.bottom().saturating_sub(1)),
    }
}

/// Draws the whole screen.
pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    line::clear(area, buf, app.theme.text);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return too_small(app, area, buf);
    }
    let frame = frame(app, area);
    header(app, frame.header, buf);
    banner::render(app, frame.banner, buf);
    screens::view(app, frame.body, buf);
    footer(app, frame.footer, buf);
    match &app.overlay {
        Some(Overlay::Help(scrolled)) => help::render(*scrolled, area, buf, &app.theme),
        Some(Overlay::Palette(state)) => palette::render(state, app, area, buf),
        Some(Overlay::Dialog(dialog)) => dialog.render(area, buf, &app.theme),
        Some(Overlay::Edit(_)) | None => {}
    }
}

fn too_small(app: &App, area: Rect, buf: &mut Buffer) {
    let session = app.shown();
    let lines = [
        format!("{}×{} is too small", area.width, area.height),
        format!("{}×{} is needed", LEAST.0, LEAST.1),
        String::new(),
        format!("step {}", grouped(session.steps())),
        session.last_step.map_or(String::new(), |last| format!("loss {:.3}", last.loss)),
    ];
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
    for (y, text) in (top..area.bottom()).zip(&lines) {
        let text = line::fitted(text, area.width);
        buf.set_string(area.x + (area.width - line::width(&text)) / 2, y, text, app.theme.text);
    }
}

/// Each screen's tab with its place in the header.
pub fn tabs(header: Rect) -> Vec<(Rect, Screen)> {
    let mut x = header.x;
    let place = |(i, screen): (usize, Screen)| {
        let width = line::width(&tab_label(i, screen));
        let area = Rect { x, width, ..header };
        x += width;
        (area, screen)
    };
    Screen::ALL.into_iter().enumerate().map(place).collect()
}

fn tab_label(index: usize, screen: Screen) -> String {
    format!(" {} {} ", index + 1, screen.title())
}

fn header(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let mut end = area.x;
    for (i, (place, screen)) in tabs(area).into_iter().enumerate() {
        let open = screen == app.screen;
        // The open tab is bracketed, so that it is known without colour.
        let label = tab_label(i, screen);
        buf.set_string(place.x, area.y, &label, if open { theme.tab } else { theme.dim });
        end = place.right();
    }
    let mut chips = vec![phase_chip(app)];
    if app.is_frozen() {
        chips.insert(0, (format!(" ▣ FROZEN at {} ", grouped(app.shown().steps())), theme.frozen));
    }
    if app.readonly {
        chips.insert(0, (" read-only ".into(), theme.busy));
    }
    let mut x = area.right();
    for (text, style) in chips.iter().rev() {
        let wide = line::width(text);
        if x < end + wide + 1 {
            break;
        }
        x -= wide;
        buf.set_string(x, area.y, text, *style);
        x = x.saturating_sub(1);
    }
    let room = x.saturating_sub(end + 2);
    if let Some(about) = about(app).iter().find(|text| line::width(text) <= room) {
        buf.set_string(end + 2, area.y, about, theme.dim);
    }
}

/// `alexnet on Emoji-10 · CPU (AVX-512), 2 threads`, and shorter and shorter ways to say it.
fn about(app: &App) -> Vec<String> {
    let Some(header) = &app.session().header else { return vec![app.model.name.clone()] };
    let (model, data, device) = (&header.model.name, &header.data.name, &header.device);
    let plain_name = device.name.split(" (").next().unwrap_or_default();
    let threads = if device.threads == 1 { "1 thread".to_string() } else { format!("{} threads", device.threads) };
    vec![
        format!("{model} on {data} · {}, {threads}", device.name),
        format!("{model} on {data} · {plain_name}, {threads}"),
        format!("{model} on {data} · {plain_name}"),
        format!("{model} on {data}"),
        model.clone(),
    ]
}

/// The state in a word, with a sign of its own.
fn phase_chip(app: &App) -> (String, Style) {
    let (session, theme) = (app.session(), &app.theme);
    if app.leaving.is_some() {
        return (" ▼ STOPPING ".into(), theme.busy);
    }
    let (text, style) = match session.phase {
        Phase::Paused if session.divergence.is_some() => ("✖ DIVERGED", theme.failed),
        Phase::Preparing => ("◌ PREPARING", theme.busy),
        Phase::Training => ("▶ TRAINING", theme.training),
        Phase::Paused => ("‖ PAUSED", theme.paused),
        Phase::Evaluating => ("◇ EVALUATING", theme.busy),
        Phase::Saving => ("▼ SAVING", theme.busy),
        Phase::Finished => ("■ FINISHED", theme.paused),
        Phase::Failed => ("✖ FAILED", theme.failed),
    };
    (format!(" {text} "), style)
}

/// A key of the footer: its place, what it says, and what it does.
pub struct FooterItem {
    pub area: Rect,
    keys: String,
    word: String,
    pub action: Action,
}

/// The keys that matter here, as many as fit; help and quitting always.
pub fn footer_items(app: &App, area: Rect) -> Vec<FooterItem> {
    let contexts = app.contexts();
    let mut rows: Vec<Binding> = bindings().filter(|row| row.footer > 0 && contexts.contains(&row.context)).collect();
    let rank = |row: &Binding| contexts.iter().position(|context| *context == row.context);
    rows.sort_by_key(|row| {
        (
            row.footer / 90,
            rank(row).filter(|_| contexts.len() > 1).map_or(0, |rank| usize::from(rank > 0 && contexts.len() > 2)),
            row.footer,
        )
    });
    let mut items: Vec<FooterItem> = rows.iter().filter_map(|row| footer_item(app, row)).collect();
    let width = |item: &FooterItem| line::width(&item.keys) + 1 + line::width(&item.word) + 2;
    let pinned: u16 = items.iter().filter(|item| matches!(item.action, Action::Help | Action::Quit)).map(width).sum();
    // A blank in front, and none behind the last.
    let mut room = (area.width + 1).saturating_sub(pinned);
    items.retain(|item| {
        let fits = matches!(item.action, Action::Help | Action::Quit) || width(item) <= room;
        if fits && !matches!(item.action, Action::Help | Action::Quit) {
            room -= width(item);
        }
        fits
    });
    let mut x = area.x + 1;
    for item in &mut items {
        let wide = width(item) - 2;
        item.area = Rect { x, y: area.y, width: wide.min(area.right().saturating_sub(x)), height: 1 };
        x += wide + 2;
    }
    items
}

/// What a row says now; none where it would do nothing.
fn footer_item(app: &App, row: &Binding) -> Option<FooterItem> {
    let session = app.session();
    let mut keys = row.keys.first()?.to_string();
    let mut word = row.word.to_string();
    match row.action {
        Action::PauseOrResume if session.phase == Phase::Paused => word = "resume".into(),
        Action::Freeze if app.is_frozen() => word = "let go on".into(),
        Action::Undo if session.undoable().is_none() => return None,
        Action::Nudge(knob, Nudge::Times(_)) => {
            keys = knob.spec().keys.iter().take(2).map(|(letter, _)| letter.to_string()).collect::<Vec<_>>().join(" ");
        }
        Action::Up | Action::Left if row.keys.len() > 1 => keys = "↑↓".into(),
        Action::Accept | Action::Pipeline if row.context == Context::Network => {
            word = screens::network::word(app, frame(app, app.area).body, row.action)?;
        }
        Action::MoveCursor(_) => keys = "←→".into(),
        _ => {}
    }
    let steers = matches!(row.action, Action::PauseOrResume | Action::Steps(_) | Action::Nudge(..) | Action::Undo | Action::Save);
    let ended = session.phase == Phase::Finished && matches!(row.action, Action::PauseOrResume | Action::Steps(_));
    let useless = matches!(row.action, Action::Nudge(knob, _) if !app.has_use_for(knob));
    let idle = app.readonly || app.worker_gone || session.phase == Phase::Failed || ended || useless;
    (!(steers && idle)).then_some(FooterItem { area: Rect::default(), keys, word, action: row.action })
}

/// In the place of the footer, and on the rows above it where it is long.
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

fn footer(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    if let Some(toast) = &app.toast {
        return message(toast, area, buf, theme);
    }
    for item in footer_items(app, area) {
        let text = Line::from(vec![Span::styled(item.keys, theme.key), Span::raw(" "), Span::styled(item.word, theme.dim)]);
        buf.set_line(item.area.x, item.area.y, &text, item.area.width);
    }
}
