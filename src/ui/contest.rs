//! A comparison that the run on the screen is part of, and how a person looks at its runs.

use std::sync::Arc;

use super::app::App;
use super::graphics::ImageChoice;
use super::screens::Screen;
use super::screens::compare::CompareScreen;
use super::theme::{Theme, ThemeName};
use crate::contest::{Figures, Place};
use crate::mosaic::Ground;
use crate::session::Stamped;

/// Contenders, what their runs came to, and the run that trains.
#[derive(Clone, Debug, PartialEq)]
pub struct Contest {
    pub figures: Figures,
    pub live: Option<Place>,
    /// The test accuracy that the time to is told of; what all reached where none was named.
    pub target: Option<f64>,
}

impl Contest {
    pub fn absorb(&mut self, stamped: &Stamped) {
        if let Some(live) = self.live {
            self.figures.absorb(live, stamped);
        }
    }
}

/// Where and how a person looks; kept from one run to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    pub screen: Screen,
    pub compare: CompareScreen,
    pub theme: ThemeName,
    /// Nobody chose the colours: they may follow the terminal's ground.
    pub by_ground: bool,
    pub images: ImageChoice,
}

impl Look {
    /// At the Train screen.
    pub fn first(theme: ThemeName, images: ImageChoice) -> Look {
        Look { screen: Screen::Train, compare: CompareScreen::default(), theme, by_ground: false, images }
    }
}

impl App {
    pub fn look(&self) -> Look {
        Look {
            screen: self.screen,
            compare: self.compare,
            theme: self.theme.name,
            by_ground: self.by_ground,
            images: self.images,
        }
    }

    pub fn resume_look(&mut self, look: Look) {
        self.theme = Theme::named(look.theme);
        self.by_ground = look.by_ground;
        (self.screen, self.compare, self.images) = (look.screen, look.compare, look.images);
    }

    /// Takes dark colours for light ones on a light ground, where nobody chose them.
    pub fn suit(&mut self, ground: Ground) {
        if self.by_ground && ground == Ground::Light && self.theme.name == ThemeName::Dark {
            self.theme = Theme::named(ThemeName::Light);
        }
        self.by_ground = false;
    }

    /// Lets the comparison take an event of the run in.
    pub fn absorb_into_contest(&mut self, stamped: &Stamped) {
        if let Some(contest) = &mut self.contest {
            Arc::make_mut(contest).absorb(stamped);
        }
    }
}
