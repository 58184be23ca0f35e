//! Events: into the record first, then to whoever watches.

use std::time::Instant;

use super::{Desk, FEED};
use crate::session::{Event, FetchState, Stamped};

impl Desk {
    pub(super) fn emit_all(&mut self, events: Vec<Event>) {
        events.into_iter().for_each(|event| self.emit(event));
    }

    /// Seconds since the run began, without those in which nobody worked on it.
    pub(super) fn time(&self) -> f64 {
        self.time_before + self.started.elapsed().as_secs_f64()
    }

    /// Records an event, then holds it for whoever watches.
    pub(super) fn emit(&mut self, event: Event) {
        if matches!(event, Event::Fetch(FetchState::Done { .. } | FetchState::Failed { .. })) {
            self.fetching = None;
        }
        let stamped = Stamped { event, time: self.time() };
        if !stamped.event.is_fleeting() {
            self.record(&stamped);
        }
        if !stamped.event.is_fleeting()
            && let Some(observer) = &mut self.observer
        {
            observer(&stamped);
        }
        self.link.events.hold(stamped);
    }

    /// Hands over what is held, at most 30 times a second.
    pub(super) fn feed(&mut self) {
        if self.fed.elapsed() >= FEED {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        self.fed = Instant::now();
        // A reader that is gone shows as a closed command lane, which ends the run in order.
        let _ = self.link.events.flush();
    }
}
