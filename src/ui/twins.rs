//! Twins on the screen: the run that is shown is the first of two in step with each other.

use std::sync::Arc;

use super::app::App;
use crate::chart::Companion;
use crate::contest::Pair;
use crate::link::PairNews;
use crate::session::{Command, Session};

/// What is known of both beyond the first one's session.
#[derive(Clone, Debug, PartialEq)]
pub struct Twins {
    pub pair: Pair,
    /// The second, drawn beside the first.
    pub second: Companion,
}

impl Twins {
    pub fn new(pair: Pair) -> Twins {
        let second = Companion { name: pair.names[1].clone(), session: Session::default() };
        Twins { pair, second }
    }

    pub fn absorb(&mut self, news: PairNews) {
        news.second.into_iter().for_each(|stamped| self.second.session.apply(stamped));
        news.losses.into_iter().for_each(|(step, losses)| self.pair.course.push(step, losses));
    }
}

impl App {
    /// The twins as they are shown.
    pub fn shown_twins(&self) -> Option<&Twins> {
        self.frozen_twins().unwrap_or(&self.twins).as_deref()
    }

    /// Runs on the charts of the one that is shown.
    pub fn beside(&self) -> &[Companion] {
        self.shown_twins().map_or(&self.companions, |twins| std::slice::from_ref(&twins.second))
    }

    pub fn absorb_news(&mut self, news: PairNews) {
        if let Some(twins) = &mut self.twins {
            Arc::make_mut(twins).absorb(news);
        }
    }

    /// Whether keys change the training: one that only looks on has none of these, twins keep to what they began with.
    pub fn is_steered(&self) -> bool {
        !self.readonly && self.twins.is_none()
    }

    /// Why a command is not sent.
    pub fn refusal(&self, command: &Command) -> Option<&'static str> {
        let holds = matches!(command, Command::Pause | Command::Resume | Command::Step(_) | Command::Stop { .. });
        match (self.readonly, self.twins.is_some()) {
            (true, _) => Some("read-only: this cockpit looks on, it changes nothing in the training"),
            (false, true) if !holds => Some("twins keep to what they began with; Space holds both, q ends them"),
            _ => None,
        }
    }
}
