//! A run without a screen: progress on standard error, with `--json` every event as a line on standard output.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, eyre};
use crossbeam_channel::{Receiver, select};

use crate::link::{Delivery, link};
use crate::session::{Command, Event, FinishReason, Stamped};
use crate::worker::{Ending, Plan};
use crate::{signals, worker};

/// Exit status of a run whose loss or gradient was no finite number any more.
const DIVERGED: u8 = 3;

/// The same signal again within this time is one signal told twice.
const ECHO: Duration = Duration::from_millis(100);

/// How a run was left.
pub struct Left {
    /// Absent where a second signal ended the program's patience with it.
    pub ending: Option<Ending>,
    /// The signal that stopped it.
    pub signal: Option<i32>,
}

/// Trains until the budget is used up or a signal comes; returns the exit status.
pub fn train(plan: impl FnOnce() -> Result<Plan>, json: bool) -> Result<u8> {
    let signals = signals::listen(signals::ENDING)?;
    let Left { ending, signal } = drive(plan()?, &signals, &mut |batch| show(batch, json))?;
    match (ending, signal) {
        (Some(Ending { reason: FinishReason::Failed, failure }), None) => Err(eyre!(failure.unwrap_or_default())),
        (Some(Ending { failure: Some(failure), .. }), Some(signal)) => {
            say(&failure);
            Ok(signals::exit_status(signal))
        }
        (Some(Ending { reason: FinishReason::Diverged, .. }), _) => Ok(DIVERGED),
        (_, Some(signal)) => Ok(signals::exit_status(signal)),
        (_, None) => Ok(0),
    }
}

/// Trains until the budget is used up, a signal comes or `show`, which is given every event, says that nobody looks any more.
pub fn drive(plan: Plan, signals: &Receiver<i32>, show: &mut dyn FnMut(&[Stamped]) -> Result<bool>) -> Result<Left> {
    let (screen, worker_end) = link(Delivery::Lossless);
    let training = worker::spawn(plan, worker_end)?;
    let mut stopped: Option<(i32, Instant)> = None;
    loop {
        select! {
            recv(screen.events) -> batch => {
                let Ok(batch) = batch else { break };
                if !show(&batch)? {
                    break;
                }
            }
            recv(signals) -> signal => if let Ok(signal) = signal {
                match stopped {
                    None => stopped = Some((signal, Instant::now())),
                    // The system and the shell may both tell that a terminal has vanished.
                    Some((first, at)) if first == signal && at.elapsed() < ECHO => continue,
                    // Asked twice: now, whatever has not been saved.
                    Some(_) => return Ok(Left { ending: None, signal: Some(signal) }),
                }
                say("stopping; what was learned is saved first (once more: stop now)");
                // A full lane would mean that 256 commands wait for this run's own end.
                let _ = screen.commands.try_send(Command::Stop { save: true });
            }
        }
    }
    drop(screen);
    let ending = training.join().map_err(|_| eyre!("the training thread was lost"))?;
    Ok(Left { ending: Some(ending), signal: stopped.map(|(signal, _)| signal) })
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
        Err(error) => Err(error.into()),
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
