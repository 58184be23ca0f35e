//! How far the run is, how fast it goes, and at which learning rate.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::knobs::Knob;
use crate::session::{Pass, Phase, Session};
use crate::spec::grouped;
use crate::ui::app::App;
use crate::ui::widgets::canvas::DOTS_WIDE;
use crate::ui::widgets::gauge::{gauge, sparkline};
use crate::ui::widgets::{line, panel};

/// Rows with the head.
pub const HEIGHT: u16 = 7;
/// From this width on there is room for full names.
const ROOMY: u16 = 34;
/// The same for the main figures alone, of which more stand on a line.
const ROOMY_BRIEF: u16 = 48;

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let session = app.shown();
    if area.height < HEIGHT {
        return brief(app, area, buf);
    }
    let theme = &app.theme;
    let step = grouped(session.steps());
    let facts = vec![vec![Span::styled(format!("step {step}"), theme.text)]];
    let mut rows = panel::panel(area, buf, theme, "Progress", facts, "").rows();
    let mut next = || rows.next().unwrap_or_default();

    let (epoch, share) = epoch_under_way(session);
    gauge_row(app, next(), buf, &epoch, share, &format!("{:.0} %", share * 100.0));
    let (what, share, at) = under_way(session);
    gauge_row(app, next(), buf, what, share, &at);
    let (share, words) = budget(session).map_or((0.0, "no end".into()), |budget| (budget.share, budget.words));
    gauge_row(app, next(), buf, "run", share, &words);
    let speed =
        session.recent_images_per_second().map_or("– images/s".into(), |rate| format!("{} images/s", three_digits(rate)));
    let elapsed = clock(session.time) + if area.width < ROOMY { "" } else { " elapsed" };
    line::between(next(), buf, Line::styled(speed, theme.text), Line::styled(elapsed, theme.dim));
    let left = seconds_left(session).map_or("–".into(), duration);
    line::between(
        next(),
        buf,
        Line::styled(format!("{left} left"), theme.text),
        Line::styled(test(session, area.width >= ROOMY), theme.test),
    );
    learning_rate(app, next(), buf);
}

/// The main figures on three lines.
fn brief(app: &App, area: Rect, buf: &mut Buffer) {
    let (session, theme) = (app.shown(), &app.theme);
    let mut rows = area.rows();
    let mut next = || rows.next().unwrap_or_default();
    let row = next();
    let (epoch, share) = epoch_under_way(session);
    gauge_row(app, row, buf, &epoch, share, &format!("step {}", grouped(session.steps())));
    let speed = session.recent_images_per_second().map_or("– img/s".into(), |rate| format!("{} img/s", three_digits(rate)));
    let left = seconds_left(session).map_or("–".into(), duration);
    line::between(
        next(),
        buf,
        Line::styled(format!("{speed} · {left} left"), theme.text),
        Line::styled(test(session, area.width >= ROOMY_BRIEF), theme.test),
    );
    learning_rate(app, next(), buf);
}

/// Name, gauge, and what it says in words.
fn gauge_row(app: &App, row: Rect, buf: &mut Buffer, name: &str, share: f64, words: &str) {
    const WORDS: u16 = 9;
    let names = line::width(&epoch_under_way(app.shown()).0).max(8) + 1;
    buf.set_stringn(row.x, row.y, name, usize::from(names.min(row.width)), app.theme.dim);
    let words_width = WORDS.max(line::width(words)).min(row.width.saturating_sub(names));
    let bar = Rect { x: row.x + names, width: row.width.saturating_sub(names + words_width + 1), ..row };
    gauge(bar, buf, &app.theme, share);
    let words = line::fitted(words, words_width);
    buf.set_string(row.right().saturating_sub(line::width(&words)), row.y, &words, app.theme.text);
}

/// `epoch 3`: the one under way.
/// The epoch under way and how much of it is done; at the end of a run the last one, which is whole.
fn epoch_under_way(session: &Session) -> (String, f64) {
    let epoch = session.epoch();
    let ended = session.finished.is_some() || session.phase == Phase::Finished;
    let (number, share) = match epoch.fract() {
        0.0 if ended && epoch > 0.0 => (epoch, 1.0),
        share => (epoch.floor() + 1.0, share),
    };
    (format!("epoch {}", grouped(number as u64)), share)
}

/// The step or evaluation under way: its name, how far it is, and where.
fn under_way(session: &Session) -> (&'static str, f64, String) {
    let Some(progress) = &session.progress else { return ("step", 0.0, String::new()) };
    let share = progress.done as f64 / progress.of.max(1) as f64;
    if progress.evaluating {
        return ("test", share, format!("{}/{}", progress.done, progress.of));
    }
    let arrow = match progress.pass {
        Pass::Forward => "→",
        Pass::Backward => "←",
        Pass::Update => "↻",
    };
    ("step", share, format!("{} {arrow}", progress.layer))
}

/// How the run will end.
struct Budget {
    share: f64,
    /// Training pictures to go.
    pictures: f64,
    /// `of 90 ep.`, `of 20,000`
    words: String,
}

/// Whichever of epochs and steps is used up first; none where neither is limited.
fn budget(session: &Session) -> Option<Budget> {
    let train = session.header.as_ref().map_or(1.0, |header| header.data.train as f64);
    let batch = session.settings.get(Knob::BatchSize);
    let limit = |knob: Knob| Some(session.settings.get(knob)).filter(|limit| *limit > 0.0);
    let by_epochs = limit(Knob::Epochs).map(|epochs| Budget {
        share: session.epoch() / epochs,
        pictures: (epochs - session.epoch()).max(0.0) * train,
        words: format!("of {epochs} ep."),
    });
    let by_steps = limit(Knob::Steps).map(|steps| {
        let done = session.steps() as f64;
        Budget { share: done / steps, pictures: (steps - done).max(0.0) * batch, words: format!("of {}", grouped(steps as u64)) }
    });
    by_epochs.into_iter().chain(by_steps).min_by(|a, b| a.pictures.total_cmp(&b.pictures))
}

fn seconds_left(session: &Session) -> Option<f64> {
    Some(budget(session)?.pictures / session.recent_images_per_second()?)
}

fn test(session: &Session, roomy: bool) -> String {
    let name = if roomy { "best test" } else { "best" };
    session.best().map_or(String::new(), |best| format!("{name} {:.1} %", best.accuracy * 100.0))
}

fn learning_rate(app: &App, row: Rect, buf: &mut Buffer) {
    let session = app.shown();
    let rate = session.last_step.map_or_else(|| session.settings.get(Knob::LearningRate), |last| last.learning_rate);
    let name = format!("rate {} ", crate::chart::Metric::LearningRate.format(rate));
    buf.set_stringn(row.x, row.y, &name, usize::from(row.width), app.theme.text);
    let room = row.width.saturating_sub(line::width(&name));
    let columns = session.history.learning_rate.columns(0..session.steps() + 1, usize::from(room) * DOTS_WIDE);
    let values: Vec<Option<f64>> = columns.iter().map(|column| column.map(|sum| sum.mean)).collect();
    let right = Rect { x: row.right() - room, width: room, ..row };
    sparkline(right, buf, app.theme.rate, &values);
}

/// `34.5`, `1,240`
fn three_digits(rate: f64) -> String {
    match rate {
        r if r < 9.995 => format!("{r:.2}"),
        r if r < 99.95 => format!("{r:.1}"),
        r => grouped(r.round() as u64),
    }
}

/// `0:01:23`
fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `40 s`, `12 min`, `3 h 20 min`, `36 h`, `5 days`: as exact as a forecast deserves.
fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        s if s < 90 => format!("{s} s"),
        s if s < 90 * 60 => format!("{} min", (s + 30) / 60),
        s if s < 10 * 3600 => format!("{} h {} min", s / 3600, s / 60 % 60),
        s if s < 72 * 3600 => format!("{} h", (s + 1800) / 3600),
        s => format!("{} days", (s + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Event, Stamped, StepStats};

    #[test]
    fn a_forecast_is_as_exact_as_it_deserves() {
        assert_eq!(
            [40.0, 600.0, 12_000.0, 131_000.0, 450_000.0].map(duration),
            ["40 s", "10 min", "3 h 20 min", "36 h", "5 days"]
        );
    }

    #[test]
    fn the_budget_that_is_used_up_first_is_the_one_that_is_named() {
        let mut session = Session::default();
        for (steps, epochs, words) in [(0.0, 0.0, None), (500.0, 2.0, Some("of 2 ep.")), (1.0, 90.0, Some("of 1"))] {
            session.settings.set(Knob::Steps, steps).unwrap();
            session.settings.set(Knob::Epochs, epochs).unwrap();
            assert_eq!(budget(&session).map(|budget| budget.words).as_deref(), words);
        }
    }

    #[test]
    fn elapsed_time_reads_like_a_clock() {
        assert_eq!(clock(3_723.9), "1:02:03");
    }

    #[test]
    fn a_run_that_has_ended_stands_in_its_last_epoch_and_one_that_goes_on_in_the_next() {
        let mut session = Session::default();
        let step = |step, epoch| {
            let stats =
                StepStats { step, epoch, loss: 1.0, accuracy: 0.5, learning_rate: 0.1, images_per_second: 1.0, merged: None };
            Stamped { event: Event::Step(stats), time: 0.0 }
        };
        session.apply(step(1, 0.5));
        assert_eq!(epoch_under_way(&session), ("epoch 1".into(), 0.5));
        session.apply(step(2, 1.0));
        assert_eq!(epoch_under_way(&session), ("epoch 2".into(), 0.0));
        session.phase = Phase::Finished;
        assert_eq!(epoch_under_way(&session), ("epoch 1".into(), 1.0));
    }
}
