//! A run's record as comma-separated values (RFC 4180), a file for each kind of thing.

use std::path::{Path, PathBuf};

use super::{ExchangeError, Result};
use crate::session::{Event, Stamped};
use crate::whole_file;

const STEPS: &str = "step,epoch,seconds,loss,accuracy,learning_rate,images_per_second";
const EVALUATIONS: &str = "step,epoch,seconds,split,loss,accuracy,pictures";
const CHANGES: &str = "step,seconds,setting,from,to";

/// Writes `steps.csv`, `evaluations.csv` and `changes.csv` into `folder`; returns their paths.
pub fn write(folder: &Path, events: &[Stamped]) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).map_err(ExchangeError::writing(folder))?;
    let mut written = Vec::new();
    for (name, head, line) in [
        ("steps.csv", STEPS, step as fn(&Stamped) -> Option<String>),
        ("evaluations.csv", EVALUATIONS, evaluation),
        ("changes.csv", CHANGES, change),
    ] {
        let lines: String = events.iter().filter_map(line).map(|line| line + "\n").collect();
        let path = folder.join(name);
        whole_file::write(&path, format!("{head}\n{lines}").as_bytes()).map_err(ExchangeError::writing(&path))?;
        written.push(path);
    }
    Ok(written)
}

fn step(Stamped { event, time }: &Stamped) -> Option<String> {
    let Event::Step(s) = event else { return None };
    Some(format!("{},{},{time},{},{},{},{}", s.step, s.epoch, s.loss, s.accuracy, s.learning_rate, s.images_per_second))
}

fn evaluation(Stamped { event, time }: &Stamped) -> Option<String> {
    let Event::Evaluated(e) = event else { return None };
    let split = if e.split == crate::session::Split::Test { "test" } else { "train" };
    Some(format!("{},{},{time},{split},{},{},{}", e.step, e.epoch, e.loss, e.accuracy, e.examples))
}

fn change(Stamped { event, time }: &Stamped) -> Option<String> {
    let Event::Changed(c) = event else { return None };
    Some(format!("{},{time},{},{},{}", c.step, c.knob, c.from, c.to))
}
