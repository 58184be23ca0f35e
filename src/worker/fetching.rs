//! The fetch of CIFAR-10, in a thread of its own beside training.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use super::Desk;
use crate::session::{Event, FetchState};

impl Desk {
    pub(super) fn start_fetch(&mut self) {
        let Some(fetch) = self.fetch.clone() else {
            return self.emit(Event::Rejected { command: "fetch".into(), reason: "CIFAR-10 is already here".into() });
        };
        if self.fetching.is_some() {
            return;
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        self.fetching = Some(cancelled.clone());
        let report = self.fetch_in.clone();
        let started = thread::Builder::new().name("fetch".into()).spawn(move || {
            // Nobody listening any more is no reason to fail: the run has ended.
            let mut progress = |bytes, of| drop(report.send(FetchState::Running { bytes, of }));
            let state = match fetch(&mut progress, &cancelled) {
                Ok(folder) => FetchState::Done { folder },
                Err(reason) => FetchState::Failed { reason },
            };
            drop(report.send(state));
        });
        if let Err(error) = started {
            self.emit(Event::Fetch(FetchState::Failed { reason: error.to_string() }));
        }
    }
}
