//! A run without a screen: progress on standard error, with `--json` every event as a line on standard output.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, WrapErr, eyre};
use crossbeam_channel::{Receiver, SendError, Sender, bounded, never, select, unbounded};

use crate::link::{Delivery, Link, link};
use crate::session::{Command, Event, FinishReason, Stamped};
use crate::worker::{Ending, Plan};
use crate::{signals, worker};

/// Exit status of a run whose loss or gradient was no finite number any more.
pub const DIVERGED: u8 = 3;

/// The same signal again within this time is one signal told twice.
const ECHO: Duration = Duration::from_millis(100);

/// After a signal, whoever reads has this long to take what is still to be said.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Batches of events that may wait in memory for whoever reads: hours of a quick network, some ten megabytes. Past them steps are left
/// out, and that is said.
const MOST_WAITING: usize = 50_000;

/// How a run was left.
pub struct Left {
    /// Absent where a second signal ended the program's patience with it.
    pub ending: Option<Ending>,
    /// The signal that stopped it.
    pub signal: Option<i32>,
    /// Whether whoever reads took every word; where not, one more would wait for ever.
    pub heard: bool,
}

/// Trains until the budget is used up or a signal comes; returns the exit status.
pub fn train(plan: impl FnOnce() -> Result<Plan>, json: bool) -> Result<u8> {
    let signals = signals::listen(signals::ENDING)?;
    let plan = signals::end_at_once(&signals, plan)?;
    let Left { ending, signal, heard } = drive(plan, &signals, move |batch| show(batch, json))?;
    match (ending, signal) {
        (Some(Ending { reason: FinishReason::Failed, failure }), None) => Err(eyre!(failure.unwrap_or_default())),
        (Some(Ending { failure: Some(failure), .. }), Some(signal)) => {
            if heard {
                say(&failure);
            }
            Ok(signals::exit_status(signal))
        }
        (Some(Ending { reason: FinishReason::Diverged, .. }), _) => Ok(DIVERGED),
        (_, Some(signal)) => Ok(signals::exit_status(signal)),
        (_, None) => Ok(0),
    }
}

/// Trains until the budget is used up, a signal comes or `show`, which is given every event, says that nobody looks any more. A reader
/// that hangs holds up neither the training nor its end.
pub fn drive(plan: Plan, signals: &Receiver<i32>, show: impl FnMut(&[Stamped]) -> Result<bool> + Send + 'static) -> Result<Left> {
    let (Link { commands, events, .. }, worker_end) = link(Delivery::Lossless);
    let mut commands = Some(commands);
    let (words, shown) = speak(show)?;
    let training = worker::spawn(plan, worker_end)?;
    let mut queue = Queue { words, left_out: 0, most: MOST_WAITING };
    let mut stopped: Option<(i32, Instant)> = None;
    loop {
        select! {
            recv(events) -> batch => {
                let Ok(batch) = batch else { break };
                if queue.say(Said::Events(batch)).is_err() {
                    // Nobody reads any more: the run, which nobody steers any more either, is saved and stops.
                    commands = None;
                }
            }
            recv(signals) -> signal => if let Ok(signal) = signal {
                match stopped {
                    None => stopped = Some((signal, Instant::now())),
                    // The system and the shell may both tell that a terminal has vanished.
                    Some((first, at)) if first == signal && at.elapsed() < ECHO => continue,
                    // Asked twice: now, whatever has not been saved.
                    Some(_) => return Ok(Left { ending: None, signal: Some(signal), heard: false }),
                }
                let _ = queue.say(Said::Stopping);
                // A full lane would mean that 256 commands wait for this run's own end.
                let _ = commands.as_ref().map(|commands| commands.try_send(Command::Stop { save: true }));
            }
        }
    }
    let ending = training.join().map_err(|_| eyre!("the training thread was lost"))?;
    queue.end();
    let (spoken, last) = last_words(&shown, signals, stopped.map(|(signal, _)| signal));
    match (spoken, last) {
        (Some(Err(error)), None) => Err(error),
        (spoken, signal) => Ok(Left { ending: Some(ending), signal, heard: matches!(spoken, Some(Ok(()))) }),
    }
}

/// What is to be said.
enum Said {
    Events(Vec<Stamped>),
    LeftOut(usize),
    Stopping,
}

/// What waits to be said: bounded, for the record has everything and the memory of a machine has an end.
struct Queue {
    words: Sender<Said>,
    /// Events, since the last that was taken in.
    left_out: usize,
    /// Batches that may wait.
    most: usize,
}

impl Queue {
    /// Lets it wait to be said. While too much waits, of events only those count that cannot be merged.
    fn say(&mut self, mut said: Said) -> std::result::Result<(), SendError<Said>> {
        let full = self.words.len() >= self.most;
        if let (true, Said::Events(batch)) = (full, &mut said) {
            self.left_out += batch.iter().filter(|Stamped { event, .. }| event.is_mergeable() && !event.is_fleeting()).count();
            batch.retain(|stamped| !stamped.event.is_mergeable());
            if batch.is_empty() {
                return Ok(());
            }
        }
        if !full && self.left_out > 0 {
            self.words.send(Said::LeftOut(std::mem::take(&mut self.left_out)))?;
        }
        self.words.send(said)
    }

    /// Nothing more will be said.
    fn end(self) {
        if self.left_out > 0 {
            let _ = self.words.send(Said::LeftOut(self.left_out));
        }
    }
}

/// A thread that says things, and waits for whoever reads them. It ends when nobody does any more, and tells why.
fn speak(mut show: impl FnMut(&[Stamped]) -> Result<bool> + Send + 'static) -> io::Result<(Sender<Said>, Receiver<Result<()>>)> {
    let (words, to_say) = unbounded();
    let (done, shown) = bounded(1);
    let work = move || {
        let mut speak = || -> Result<()> {
            for said in &to_say {
                match said {
                    Said::Stopping => say("stopping; what was learned is saved first (once more: stop now)"),
                    Said::LeftOut(events) => say(&format!(
                        "whoever reads is so far behind that {events} events were left out here; the run's record has them"
                    )),
                    Said::Events(batch) if !show(&batch)? => break,
                    Said::Events(_) => {}
                }
            }
            Ok(())
        };
        let spoken = speak();
        drop(to_say);
        // Whoever waited for it may have left.
        let _ = done.send(spoken);
    };
    thread::Builder::new().name("output".into()).spawn(work)?;
    Ok((words, shown))
}

/// Waits until all is said, after a signal only for so long; how that went, if it was, and the signal.
fn last_words(shown: &Receiver<Result<()>>, signals: &Receiver<i32>, signal: Option<i32>) -> (Option<Result<()>>, Option<i32>) {
    let enough = signal.map_or_else(never, |_| crossbeam_channel::after(LAST_WORDS));
    select! {
        recv(shown) -> spoken => (spoken.ok(), signal),
        recv(signals) -> another => (None, another.ok().or(signal)),
        recv(enough) -> _ => (None, signal),
    }
}

/// Prints events; false where nobody reads standard output any more.
fn show(batch: &[Stamped], json: bool) -> Result<bool> {
    for stamped in batch {
        if json && !stamped.event.is_fleeting() && !print_line(stamped)? {
            return Ok(false);
        }
        if let Some(line) = in_words(&stamped.event) {
            say(&line);
        }
    }
    Ok(true)
}

/// A line of progress. Training does not end because nobody reads it.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// False where nobody reads any more.
fn print_line(stamped: &Stamped) -> Result<bool> {
    let line = serde_json::to_string(stamped)?;
    match writeln!(io::stdout(), "{line}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).wrap_err("standard output takes no more events; what was learned is saved"),
    }
}

/// An event as a line for a person; none where it is not worth one.
pub fn in_words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started(header) => {
            let stand_in = if header.data.stand_in { ", a stand-in for CIFAR-10" } else { "" };
            format!(
                "{} on {}{stand_in}; {} threads; record in {}",
                header.model.name, header.data.name, header.device.threads, header.folder
            )
        }
        Event::Resumed(resumption) => format!("going on from {}", resumption.checkpoint),
        Event::Step(step) => format!(
            "step {:>6}  epoch {:.3}  loss {:.4}  accuracy {:.3}  learning rate {}  {:.1} images/s",
            step.step, step.epoch, step.loss, step.accuracy, step.learning_rate, step.images_per_second
        ),
        Event::Evaluated(e) => {
            format!("step {:>6}  test loss {:.4}  test accuracy {:.4} on {} pictures", e.step, e.loss, e.accuracy, e.examples)
        }
        Event::Changed(change) => format!("step {:>6}  {} {} → {}", change.step, change.knob, change.from, change.to),
        Event::Saved { path, .. } => format!("saved {path}"),
        Event::Rejected { command, reason } => format!("refused {command}: {reason}"),
        Event::Diverged(d) => {
            format!("step {}: the {} of {} is not a finite number; the update was not made", d.step, d.what, d.layer)
        }
        Event::Notice(notice) => notice.text.clone(),
        Event::Finished { step, seconds, .. } => format!("finished after {step} steps in {seconds:.1} s"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Notice, StepStats};

    fn step(step: u64) -> Said {
        let stats =
            StepStats { step, epoch: 0.0, loss: 1.0, accuracy: 0.1, learning_rate: 0.01, images_per_second: 40.0, merged: None };
        Said::Events(vec![Stamped { event: Event::Step(stats), time: 0.0 }])
    }

    fn notice() -> Said {
        let event = Event::Notice(Notice { text: "a milestone".into(), warning: false });
        Said::Events(vec![Stamped { event, time: 0.0 }])
    }

    #[test]
    fn behind_a_reader_that_hangs_steps_are_left_out_and_counted_and_milestones_wait() {
        let (words, to_say) = unbounded();
        let mut queue = Queue { words, left_out: 0, most: 10 };
        for at in 1..=100 {
            queue.say(step(at)).unwrap();
        }
        queue.say(notice()).unwrap();
        assert_eq!((to_say.len(), queue.left_out), (11, 90));
        let waited: Vec<Said> = to_say.try_iter().collect();
        assert!(matches!(&waited[10], Said::Events(batch) if matches!(batch[0].event, Event::Notice(_))));
        queue.say(step(101)).unwrap();
        assert!(matches!(to_say.try_recv(), Ok(Said::LeftOut(90))));
        assert!(
            matches!(to_say.try_recv(), Ok(Said::Events(batch)) if matches!(batch[0].event, Event::Step(s) if s.step == 101))
        );
        assert!(to_say.is_empty());
    }
}
