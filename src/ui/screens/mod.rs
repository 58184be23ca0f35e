//! The screens. Each has a state, a `view` that draws it from the [`App`](super::app::App), and an `act` for the keys that mean
//! something else on it than elsewhere.

pub mod layer;
pub mod network;
pub mod train;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::app::{App, Effect};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Train,
    Network,
    Layer,
}

impl Screen {
    /// In the order of their tabs; the first is on key 1.
    pub const ALL: [Screen; 3] = [Screen::Train, Screen::Network, Screen::Layer];

    pub fn title(self) -> &'static str {
        match self {
            Screen::Train => "Train",
            Screen::Network => "Network",
            Screen::Layer => "Layer",
        }
    }

    /// The screen so many tabs further on, around the end.
    pub fn neighbour(self, by: isize) -> Screen {
        let here = Screen::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        Screen::ALL[(here as isize + by).rem_euclid(Screen::ALL.len() as isize) as usize]
    }
}

/// Draws the open screen.
pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    match app.screen {
        Screen::Train => train::view(app, area, buf),
        Screen::Network => network::view(app, area, buf),
        Screen::Layer => layer::view(app, area, buf),
    }
}

/// What the open screen makes of a key that moves or looks.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match app.screen {
        Screen::Train => train::act(app, action),
        Screen::Network => network::act(app, action),
        Screen::Layer => layer::act(app, action),
    }
}
