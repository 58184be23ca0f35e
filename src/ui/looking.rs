//! What the open screen wants to see of the network, and what came of it.

use super::app::{App, Effect};
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
}

impl Looking {
    /// The trainer did not hear what it was told last.
    pub fn not_heard(&mut self) {
        self.watched = None;
    }

    pub fn answers(&self) -> u64 {
        self.answers
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
    if app.worker_gone || wanted == app.looking.watched {
        return None;
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
