//! What the open screen wants to see of the network, and what came of it.

use std::time::Duration;

use super::app::{App, Effect};
use super::figures::milliseconds;
use super::screens::{Screen, explain, layer, predictions};
use super::theme::ThemeName;
use super::widgets::raster::Depth;
use crate::mosaic::Ground;
use crate::probe::{Probe, Seen};
use crate::session::Command;

#[derive(Debug, Default)]
pub struct Looking {
    /// What the trainer was told.
    watched: Option<Probe>,
    /// Its newest answer.
    seen: Option<Box<Seen>>,
    /// How many have come.
    answers: u64,
    /// The step at which looking began, and the time that pictures for the terminal have taken since.
    since: u64,
    encoding: Duration,
}

impl Looking {
    /// The trainer did not hear what it was told last.
    pub fn not_heard(&mut self) {
        self.watched = None;
    }

    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Pictures for the terminal took so long to make.
    pub fn encoded(&mut self, took: Duration) {
        self.encoding += took;
    }

    /// What an answer costs the training: `2.1 ms/step`, and on a terminal that takes pictures `2.1 ms/step + 0.4 for images`.
    pub fn cost(&self, seen: &Seen) -> String {
        let looking = format!("{} ms/step", milliseconds(seen.per_step));
        if self.encoding.is_zero() {
            return looking;
        }
        let steps = seen.step.saturating_sub(self.since).max(1) as f64;
        format!("{looking} + {} for images", milliseconds(self.encoding.as_secs_f64() * 1e3 / steps))
    }
}

/// Tells the trainer what to look at, where that is something else than before.
pub fn rewatch(app: &mut App) -> Option<Effect> {
    let wanted = match app.screen {
        Screen::Layer => Some(layer::probe(app)),
        Screen::Predictions => predictions::probe(app),
        Screen::Explain => Some(explain::probe(app)),
        Screen::Train | Screen::Network | Screen::Compare => None,
    };
    // Behind a record there is no network.
    if app.worker_gone || app.recorded.is_some() || wanted == app.looking.watched {
        return None;
    }
    if app.looking.watched.is_none() {
        (app.looking.since, app.looking.encoding) = (app.session().steps(), Duration::ZERO);
    }
    app.looking.watched.clone_from(&wanted);
    Some(Effect::Send(Command::Watch(wanted)))
}

/// Takes an answer in; a frozen display keeps the one that it shows.
pub fn absorb(app: &mut App, seen: Box<Seen>) {
    if !app.is_frozen() {
        layer::absorb(app, &seen);
        predictions::absorb(app, &seen);
        app.looking.seen = Some(seen);
        app.looking.answers += 1;
    }
}

impl App {
    /// The newest answer to what was looked at.
    pub fn seen_now(&self) -> Option<&Seen> {
        self.looking.seen.as_deref()
    }

    /// How many colours there are for pictures.
    pub fn depth(&self) -> Depth {
        match self.theme.name {
            ThemeName::Dark | ThemeName::Light if self.true_colour => Depth::True,
            ThemeName::Dark | ThemeName::Light => Depth::Cube,
            ThemeName::Ansi | ThemeName::Mono => Depth::Shades { below_zero: self.theme.train },
        }
    }

    pub fn ground(&self) -> Ground {
        if self.theme.name == ThemeName::Light { Ground::Light } else { Ground::Dark }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pictures_for_the_terminal_cost_is_told_beside_what_looking_costs() {
        let sight = Err(String::new());
        let seen = Seen { probe: Probe::Pictures(Vec::new()), step: 120, took: 3.0, per_step: 2.1, sight };
        let mut looking = Looking { since: 100, ..Looking::default() };
        assert_eq!(looking.cost(&seen), "2.10 ms/step");
        looking.encoded(Duration::from_millis(15));
        looking.encoded(Duration::from_millis(10));
        assert_eq!(looking.cost(&seen), "2.10 ms/step + 1.25 for images");
    }
}
