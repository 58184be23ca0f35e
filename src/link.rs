//! The channels between the one who steers and the one who trains.
//!
//! Commands are few and bounded. Events come in batches; [`EventSender`] never waits: towards a screen it merges what the
//! channel cannot take, towards a pipe (lossless) it queues. What was seen inside the network has a lane of its own, in which
//! only the newest waits.

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, unbounded};

use crate::probe::Seen;
use crate::session::{Command, Event, Stamped};

/// Commands that may wait for the worker; it reads them between layers.
const COMMANDS: usize = 256;
/// Batches that may wait for a screen.
const BATCHES: usize = 8;
/// Past this many events held back, neighbours are merged.
const HELD: usize = 512;

/// The end that steers and shows.
#[derive(Clone, Debug)]
pub struct Link {
    pub commands: Sender<Command>,
    pub events: Receiver<Vec<Stamped>>,
    /// The newest answer to what is watched.
    pub seen: Receiver<Box<Seen>>,
}

/// The end that trains.
#[derive(Debug)]
pub struct WorkerLink {
    pub commands: Receiver<Command>,
    pub events: EventSender,
    pub seen: SeenSender,
}

/// A screen may lose resolution, a pipe may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Merging,
    Lossless,
}

pub fn link(delivery: Delivery) -> (Link, WorkerLink) {
    let (command_in, command_out) = bounded(COMMANDS);
    let (event_in, event_out) = match delivery {
        Delivery::Merging => bounded(BATCHES),
        Delivery::Lossless => unbounded(),
    };
    let (seen_in, seen_out) = bounded(1);
    let events = EventSender { lane: event_in, held: Vec::new() };
    let seen = SeenSender { lane: seen_in, stale: seen_out.clone() };
    (Link { commands: command_in, events: event_out, seen: seen_out }, WorkerLink { commands: command_out, events, seen })
}

/// Hands over what was seen; an answer that nobody took makes room for the newer one.
#[derive(Debug)]
pub struct SeenSender {
    lane: Sender<Box<Seen>>,
    stale: Receiver<Box<Seen>>,
}

impl SeenSender {
    pub fn send(&self, seen: Box<Seen>) {
        let mut newest = seen;
        while let Err(TrySendError::Full(again)) = self.lane.try_send(newest) {
            // Whether the reader was quicker or not, there is room now.
            let _ = self.stale.try_recv();
            newest = again;
        }
    }
}

/// What twins tell beyond the events of the first: those of the second, and the losses of both by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairNews {
    pub second: Vec<Stamped>,
    pub losses: Vec<(u64, [f64; 2])>,
}

/// Holds news of twins back until the reader has room. Events are merged as those of one run are; losses come as they are, two numbers
/// a step.
#[derive(Debug)]
pub struct PairSender {
    lane: Sender<PairNews>,
    held: PairNews,
}

/// The lane for news of twins.
pub fn pair_lane() -> (PairSender, Receiver<PairNews>) {
    let (lane, news) = bounded(BATCHES);
    (PairSender { lane, held: PairNews::default() }, news)
}

impl PairSender {
    /// Adds an event of the second to what will be sent.
    pub fn hold(&mut self, stamped: Stamped) {
        hold(&mut self.held.second, stamped);
    }

    /// Adds the losses of both at a step.
    pub fn hold_losses(&mut self, step: u64, losses: [f64; 2]) {
        self.held.losses.push((step, losses));
    }

    /// Sends what is held, if the reader has room; never waits.
    pub fn flush(&mut self) -> Result<(), ReaderGone> {
        if self.held == PairNews::default() {
            return Ok(());
        }
        offer(&self.lane, &mut self.held)
    }

    /// Sends what is held and waits until the reader took it.
    pub fn drain(&mut self) -> Result<(), ReaderGone> {
        self.lane.send(std::mem::take(&mut self.held)).map_err(|_| ReaderGone)
    }
}

/// What became of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderGone;

/// Holds events back until the reader has room, merging what can be merged.
#[derive(Debug)]
pub struct EventSender {
    lane: Sender<Vec<Stamped>>,
    held: Vec<Stamped>,
}

impl EventSender {
    /// Adds an event to what will be sent.
    pub fn hold(&mut self, stamped: Stamped) {
        hold(&mut self.held, stamped);
    }

    /// Sends what is held, if the reader has room; never waits.
    pub fn flush(&mut self) -> Result<(), ReaderGone> {
        if self.held.is_empty() {
            return Ok(());
        }
        offer(&self.lane, &mut self.held)
    }

    /// Sends what is held and waits until the reader took it: for the last words of a run.
    pub fn drain(&mut self) -> Result<(), ReaderGone> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.lane.send(std::mem::take(&mut self.held)).map_err(|_| ReaderGone)
    }
}

/// Sends what is held if the reader has room, else goes on holding it.
fn offer<T: Default>(lane: &Sender<T>, held: &mut T) -> Result<(), ReaderGone> {
    match lane.try_send(std::mem::take(held)) {
        Ok(()) => Ok(()),
        Err(TrySendError::Full(news)) => {
            *held = news;
            Ok(())
        }
        Err(TrySendError::Disconnected(_)) => Err(ReaderGone),
    }
}

/// Adds an event to those held back.
fn hold(held: &mut Vec<Stamped>, stamped: Stamped) {
    if let (Event::Progress(_), Some(Stamped { event: Event::Progress(_), .. })) = (&stamped.event, held.last()) {
        held.pop();
    }
    held.push(stamped);
    if held.len() > HELD {
        *held = merge_neighbours(std::mem::take(held));
    }
}

/// Halves the number of mergeable events: each pair of neighbouring steps becomes one, of fleeting ones and layer figures the
/// newest stays. Milestones stay as they are and where they are.
fn merge_neighbours(events: Vec<Stamped>) -> Vec<Stamped> {
    let mut merged: Vec<Stamped> = Vec::with_capacity(events.len());
    let mut open_pair = false;
    for next in events {
        if open_pair
            && let Some(Stamped { event: Event::Step(earlier), .. }) = merged.last()
            && let Event::Step(later) = &next.event
        {
            let event = Event::Step(earlier.merge(*later));
            merged.pop();
            merged.push(Stamped { event, time: next.time });
            open_pair = false;
            continue;
        }
        if !matches!(next.event, Event::Step(_)) && next.event.is_mergeable() {
            let kind = std::mem::discriminant(&next.event);
            merged.retain(|earlier| std::mem::discriminant(&earlier.event) != kind);
        }
        open_pair = matches!(next.event, Event::Step(_));
        merged.push(next);
    }
    merged
}

impl Link {
    /// The next batch of events, if one waits.
    pub fn try_events(&self) -> Result<Option<Vec<Stamped>>, ReaderGone> {
        match self.events.try_recv() {
            Ok(batch) => Ok(Some(batch)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ReaderGone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Probe;
    use crate::session::{Change, Notice, StepStats};

    fn step(step: u64, loss: f64) -> Stamped {
        let stats = StepStats {
            step,
            epoch: step as f64 / 100.0,
            loss,
            accuracy: 0.1,
            learning_rate: 0.01,
            images_per_second: 40.0,
            merged: None,
        };
        Stamped { event: Event::Step(stats), time: step as f64 }
    }

    #[test]
    fn a_reader_that_stops_reading_costs_resolution_but_no_milestone_and_no_spike() {
        let (screen, mut worker) = link(Delivery::Merging);
        for i in 1..=20_000 {
            worker.events.hold(step(i, if i == 7_777 { 99.0 } else { 1.0 }));
            if i % 1_000 == 0 {
                let notice = Notice { text: format!("milestone {i}"), warning: false };
                worker.events.hold(Stamped { event: Event::Notice(notice), time: i as f64 });
            }
            worker.events.flush().unwrap();
        }
        assert!(worker.events.held.len() <= HELD + 1);
        let (mut steps, mut milestones, mut highest, mut last) = (0, 0, 0.0_f64, 0);
        loop {
            worker.events.flush().unwrap();
            let Some(batch) = screen.try_events().unwrap() else { break };
            for stamped in batch {
                match stamped.event {
                    Event::Step(stats) => {
                        assert!(stats.step > last, "steps stay in order");
                        last = stats.step;
                        steps += stats.as_merged().count;
                        highest = highest.max(stats.as_merged().loss_max);
                    }
                    Event::Notice(_) => milestones += 1,
                    _ => {}
                }
            }
        }
        assert_eq!((steps, milestones, highest, last), (20_000, 20, 99.0, 20_000));
    }

    #[test]
    fn of_what_was_seen_only_the_newest_waits() {
        let (screen, worker) = link(Delivery::Merging);
        for step in 1..=3 {
            let sight = Err(String::new());
            worker.seen.send(Box::new(Seen { probe: Probe::Pictures(Vec::new()), step, took: 0.0, per_step: 0.0, sight }));
        }
        assert_eq!(screen.seen.try_recv().map(|seen| seen.step), Ok(3));
        assert!(screen.seen.is_empty());
    }

    #[test]
    fn steps_are_not_merged_across_a_change() {
        let change = Change { step: 1, knob: crate::knobs::Knob::Lrn, from: "on".into(), to: "off".into() };
        let events = vec![step(1, 1.0), Stamped { event: Event::Changed(change), time: 1.0 }, step(2, 2.0)];
        assert_eq!(merge_neighbours(events.clone()), events);
    }

    #[test]
    fn a_vanished_reader_is_told_apart_from_a_slow_one() {
        let (screen, mut worker) = link(Delivery::Merging);
        drop(screen);
        worker.events.hold(step(1, 1.0));
        assert_eq!(worker.events.flush(), Err(ReaderGone));
    }
}
