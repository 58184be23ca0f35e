//! Twins with a cockpit: the screen's thread draws, a thread of their own trains both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, TryRecvError};

use super::Audience;
use crate::contest::Course;
use crate::engine::{Engine, Learner, StepResult};
use crate::knobs::Settings;
use crate::link::{PairSender, WorkerLink};
use crate::session::{Command, Event, Notice, Phase, Stamped};
use crate::worker::{Lookout, is_time_to_observe};

/// The screen is fed at most this often.
const FEED: Duration = Duration::from_millis(33);

/// A cockpit that looks on. It may pause both, look into the first, and stop.
pub struct Watched {
    link: WorkerLink,
    news: PairSender,
    lookout: Lookout,
    fed: Instant,
    /// When the layers were measured last, and in which step.
    observed: Option<(Instant, u64)>,
    layers: bool,
    paused: bool,
    /// Steps until they pause.
    counted: Option<u32>,
    stopping: bool,
    /// The first has come to its end; what the second has still to do shows nothing of it.
    finished: bool,
    /// What the twins do, and the time of the newest event.
    phase: Phase,
    time: f64,
}

impl Watched {
    pub fn new(link: WorkerLink, news: PairSender) -> Watched {
        Watched {
            link,
            news,
            lookout: Lookout::default(),
            fed: Instant::now(),
            observed: None,
            layers: false,
            paused: false,
            counted: None,
            stopping: false,
            finished: false,
            phase: Phase::Preparing,
            time: 0.0,
        }
    }

    /// Gets eyes for the first.
    pub fn open(&mut self, first: &dyn Learner) -> Result<(), String> {
        self.lookout.open(first)
    }

    /// The last words, or why there are no better ones; hands over all that is held.
    pub fn close(mut self, said: Result<String, String>) {
        let event = match said {
            Ok(text) => Event::Notice(Notice { text, warning: false }),
            Err(reason) => Event::Failed { reason },
        };
        self.link.events.hold(Stamped { event, time: self.time });
        // The second's first: when the other lane closes, all is told. A screen that is gone needs nothing more.
        let _ = self.news.drain();
        let _ = self.link.events.drain();
    }

    fn feed(&mut self) {
        if self.fed.elapsed() >= FEED {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.fed = Instant::now();
        // A reader that is gone shows as a closed command lane.
        let _ = self.news.flush();
        let _ = self.link.events.flush();
    }

    fn show(&mut self, phase: Phase) {
        self.link.events.hold(Stamped { event: Event::Phase { phase, detail: String::new() }, time: self.time });
    }

    fn take_commands(&mut self, step: u64) {
        loop {
            match self.link.commands.try_recv() {
                Ok(command) => self.command(command, step),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.stopping = true;
                    return;
                }
            }
        }
    }

    fn command(&mut self, command: Command, step: u64) {
        match command {
            Command::Pause => self.paused = true,
            Command::Resume => (self.paused, self.counted) = (false, None),
            Command::Step(count) => (self.paused, self.counted) = (false, Some(count)),
            Command::Stop { .. } => self.stopping = true,
            Command::Watch(probe) => self.lookout.watch(probe, step),
            Command::WatchLayers(watched) => (self.layers, self.observed) = (watched, None),
            other => {
                let reason = "twins keep the settings that they began with".into();
                let event = Event::Rejected { command: format!("{other:?}"), reason };
                self.link.events.hold(Stamped { event, time: self.time });
            }
        }
    }

    /// Holds while a person pauses; `first` can be looked into meanwhile.
    fn hold(&mut self, first: Option<&Engine>) {
        if !self.paused || self.stopping || self.finished {
            return;
        }
        self.show(Phase::Paused);
        while self.paused && !self.stopping {
            if let Some(engine) = first {
                self.lookout.look(engine, &self.link.seen, true);
            }
            self.flush();
            let step = first.map_or(0, |engine| engine.position().step);
            match self.link.commands.recv_timeout(FEED) {
                Ok(command) => self.command(command, step),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stopping = true,
            }
        }
        self.show(self.phase);
        self.flush();
    }
}

impl Audience for Watched {
    fn event(&mut self, place: usize, stamped: Stamped) {
        self.time = self.time.max(stamped.time);
        if let Event::Phase { phase, .. } = &stamped.event {
            self.phase = *phase;
        }
        // What is being done at the moment is told of whichever does it.
        let of_the_moment = matches!(stamped.event, Event::Phase { .. } | Event::Progress(_));
        if place == 1 {
            self.news.hold(stamped.clone());
        }
        self.finished |= place == 0 && matches!(stamped.event, Event::Finished { .. });
        if place == 0 || (of_the_moment && !self.finished) {
            self.link.events.hold(stamped);
        }
        self.feed();
    }

    fn taken(&mut self, place: usize, result: &StepResult, settings: &Arc<Settings>) {
        if place == 0 {
            self.lookout.stepped(result, settings);
        }
    }

    fn stepped(&mut self, course: &Course) {
        if let Some((step, losses)) = course.newest() {
            self.news.hold_losses(step, losses);
        }
        self.counted = self.counted.map(|left| left.saturating_sub(1));
        if self.counted == Some(0) {
            (self.paused, self.counted) = (true, None);
        }
        self.feed();
    }

    fn goes_on(&mut self, evaluating: bool) -> bool {
        self.take_commands(0);
        if evaluating {
            self.hold(None);
        }
        !self.stopping
    }

    fn rests(&mut self, first: &Engine) -> bool {
        self.take_commands(first.position().step);
        self.lookout.look(first, &self.link.seen, false);
        self.hold(Some(first));
        !self.stopping
    }

    fn watches_layers(&mut self, place: usize, step: u64) -> bool {
        let due = is_time_to_observe(self.observed, step);
        let observe = place == 0 && self.layers && (due || self.counted.is_some());
        if observe {
            self.observed = Some((Instant::now(), step));
        }
        observe
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Delivery, Link, PairNews, link, pair_lane};
    use crate::session::{FinishReason, Session};

    fn watched() -> (Link, crossbeam_channel::Receiver<PairNews>, Watched) {
        let (screen, worker_end) = link(Delivery::Merging);
        let (news_in, news) = pair_lane();
        (screen, news, Watched::new(worker_end, news_in))
    }

    #[test]
    fn a_pause_is_shown_and_holds_until_they_are_to_go_on_or_to_stop() {
        let (screen, _news, mut watched) = watched();
        [Command::Pause, Command::Resume, Command::Pause].into_iter().for_each(|command| screen.commands.send(command).unwrap());
        // In the middle of a step nothing holds: both are to stand at the same one.
        assert!(watched.goes_on(false));
        let held = std::thread::spawn(move || watched.goes_on(true));
        let shown: Vec<Event> = screen.events.recv().unwrap().into_iter().map(|stamped| stamped.event).collect();
        assert!(matches!(shown[..], [Event::Phase { phase: Phase::Paused, .. }]), "{shown:?}");
        screen.commands.send(Command::Stop { save: true }).unwrap();
        assert!(!held.join().unwrap());
    }

    #[test]
    fn steps_that_are_asked_for_are_taken_by_both_and_then_they_hold() {
        let (screen, news, mut watched) = watched();
        screen.commands.send(Command::Step(2)).unwrap();
        assert!(watched.goes_on(true));
        let mut course = Course::default();
        for step in 1..=2 {
            assert!(!watched.paused);
            course.push(step, [2.0, 1.5]);
            watched.stepped(&course);
        }
        assert!(watched.paused);
        watched.flush();
        let losses: Vec<_> = news.try_iter().flat_map(|news| news.losses).collect();
        assert_eq!(losses, [(1, [2.0, 1.5]), (2, [2.0, 1.5])]);
    }

    #[test]
    fn what_the_second_has_still_to_test_does_not_set_the_first_going_again() {
        let (screen, _news, mut watched) = watched();
        let tell = |watched: &mut Watched, place: usize, event: Event| watched.event(place, Stamped { event, time: 1.0 });
        let phase = |phase: Phase| Event::Phase { phase, detail: String::new() };
        let (loss, test_accuracy, best_test_accuracy) = (None, None, None);
        let (step, epoch, reason, seconds) = (6, 1.0, FinishReason::Budget, 9.0);
        let finished = Event::Finished { step, epoch, reason, seconds, loss, test_accuracy, best_test_accuracy };
        tell(&mut watched, 0, finished.clone());
        [phase(Phase::Evaluating), phase(Phase::Training), finished].into_iter().for_each(|event| tell(&mut watched, 1, event));
        watched.close(Ok("kept".into()));
        let mut shown = Session::default();
        screen.events.try_iter().flatten().for_each(|stamped| shown.apply(stamped));
        assert!(shown.finished.is_some());
    }

    #[test]
    fn a_screen_that_is_gone_ends_them() {
        let (screen, _news, mut watched) = watched();
        drop(screen);
        assert!(!watched.goes_on(false));
    }
}
