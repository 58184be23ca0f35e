//! What must be said as long as it holds, on rows of its own under the tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::app::{App, Recorded, Tone};
use super::widgets::{gauge::gauge, line};
use crate::session::{Divergence, FetchState, Phase};
use crate::spec::{bytes, grouped};

/// Rows that bad news may take; good news has one.
const MOST_ROWS: usize = 3;

enum Banner {
    Text(Tone, String),
    Fetching { bytes: u64, of: u64 },
}

fn banner(app: &App) -> Option<Banner> {
    let session = app.session();
    if let Some(reason) = &session.failure {
        let keys = if !app.is_steered() { "q quits" } else { "N starts a new run, q quits" };
        return Some(Banner::Text(Tone::Bad, format!("✖ {reason} · {keys}")));
    }
    if app.worker_gone && session.finished.is_none() {
        return Some(Banner::Text(Tone::Bad, "✖ the trainer ended without a word · q quits".into()));
    }
    if let Some(bad) = &session.divergence {
        let keys = "R goes back, also at a tenth of the rate; < lowers it, Space tries again";
        return Some(Banner::Text(Tone::Bad, offering(app, &diverged(bad), keys)));
    }
    let step = grouped(session.steps());
    match app.recorded {
        Some(Recorded::SoFar) => {
            let text = format!("▷ a program trains this run; this is its record so far, up to step {step}");
            return Some(Banner::Text(Tone::Info, text));
        }
        Some(Recorded::BrokenOff) => {
            let text = format!("✖ this run was broken off after step {step} · `alexscope resume` goes on with it");
            return Some(Banner::Text(Tone::Bad, text));
        }
        Some(Recorded::Waiting) => {
            return Some(Banner::Text(Tone::Info, "◌ nobody has taken this run up yet · `alexscope resume` does".into()));
        }
        Some(Recorded::Whole) | None => {}
    }
    if session.phase == Phase::Finished {
        let text = offering(app, "■ the budget is used up", "raise `epochs` or `steps` to go on, or N starts anew");
        return Some(Banner::Text(Tone::Info, text));
    }
    match news(app) {
        Some(FetchState::Running { bytes, of }) => return Some(Banner::Fetching { bytes: *bytes, of: *of }),
        Some(FetchState::Failed { reason }) => {
            let keys = if !app.is_steered() { "Esc hides this" } else { "D tries again, Esc hides this" };
            return Some(Banner::Text(Tone::Warning, format!("▲ CIFAR-10 was not fetched: {reason} · {keys}")));
        }
        Some(FetchState::Done { .. }) => {
            return Some(Banner::Text(Tone::Info, offering(app, "✔ CIFAR-10 is here", "N starts a new run with it")));
        }
        None => {}
    }
    let stands_in = session.header.as_ref().map_or(app.data_missing, |header| header.data.stand_in);
    let long = offering(app, "Emoji-10 stands in for CIFAR-10", "D fetches it");
    let fits = line::width(&long) + 2 <= app.area.width;
    let text = if fits { long } else { offering(app, "Emoji-10 stands in", "D gets CIFAR-10") };
    stands_in.then_some(Banner::Text(Tone::Info, text))
}

/// What is so, and the keys that change it, which a cockpit that only looks on does not have.
fn offering(app: &App, what: &str, keys: &str) -> String {
    if !app.is_steered() { what.into() } else { format!("{what} · {keys}") }
}

fn diverged(bad: &Divergence) -> String {
    let what = match bad.what.as_str() {
        "loss" => "the loss".to_string(),
        what => format!("{}'s {what}", bad.layer),
    };
    format!("✖ step {} was not taken: {what} is not finite", grouped(bad.step))
}

/// How fetching goes or went, unless a person put it away.
fn news(app: &App) -> Option<&FetchState> {
    app.session().fetch.as_ref().filter(|state| app.seen.as_ref() != Some(state))
}

/// Whether the banner says how fetching went and can be put away.
pub fn can_be_hidden(app: &App) -> bool {
    news(app).is_some_and(|state| !matches!(state, FetchState::Running { .. }))
}

/// The lines of a text on a screen of that width, with a column free at either side.
fn lines(tone: Tone, text: &str, width: u16) -> Vec<String> {
    line::wrapped_within(text, width.saturating_sub(2), if tone == Tone::Info { 1 } else { MOST_ROWS })
}

/// Rows that the banner takes; 0 where nothing must be said.
pub fn rows(app: &App, width: u16) -> u16 {
    match banner(app) {
        None => 0,
        Some(Banner::Fetching { .. }) => 1,
        Some(Banner::Text(tone, text)) => lines(tone, &text, width).len() as u16,
    }
}

pub fn render(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    match banner(app) {
        None => {}
        Some(Banner::Text(tone, text)) => {
            for (row, text) in area.rows().zip(lines(tone, &text, area.width)) {
                line::spans(Rect { x: area.x + 1, width: area.width - 1, ..row }, buf, Line::styled(text, theme.tone(tone)));
            }
        }
        Some(Banner::Fetching { bytes: done, of }) => {
            let share = done as f64 / of.max(1) as f64;
            let left = format!(" fetching CIFAR-10 {:>3.0} % of {} ", share * 100.0, bytes(of));
            buf.set_string(area.x, area.y, &left, theme.text);
            let taken = line::width(&left);
            let bar = Rect { x: area.x + taken, width: area.width.saturating_sub(taken + 1).min(40), ..area };
            gauge(bar, buf, theme, share);
        }
    }
}
