//! A run without a screen: progress on standard error, with `--json` every event as a line on standard output.

use std::io::{self, Write};

use color_eyre::eyre::{Result, eyre};

use crate::cli::TrainArgs;
use crate::link::{Delivery, link};
use crate::session::{Event, FinishReason, Stamped};
use crate::{start, worker};

/// Trains until the budget is used up; returns the exit status.
pub fn train(arguments: &TrainArgs) -> Result<u8> {
    let plan = start::plan(arguments, true)?;
    let (screen, worker_end) = link(Delivery::Lossless);
    let training = worker::spawn(plan, worker_end)?;
    let mut reader_is_there = true;
    while let Ok(batch) = screen.events.recv() {
        for stamped in &batch {
            if arguments.json && reader_is_there && !stamped.event.is_fleeting() {
                reader_is_there = print_line(stamped)?;
            }
            if let Some(line) = in_words(&stamped.event) {
                eprintln!("{line}");
            }
        }
        if !reader_is_there {
            break;
        }
    }
    drop(screen);
    let ending = training.join().map_err(|_| eyre!("the training thread was lost"))?;
    match ending.reason {
        FinishReason::Budget | FinishReason::Stopped => Ok(0),
        FinishReason::Diverged => Ok(3),
        FinishReason::Failed => Err(eyre!(ending.failure.unwrap_or_default())),
    }
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
fn in_words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started(header) => {
            let stand_in = if header.data.stand_in { ", a stand-in for CIFAR-10" } else { "" };
            format!(
                "{} on {}{stand_in}; {} threads; record in {}",
                header.model.name, header.data.name, header.device.threads, header.folder
            )
        }
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
