//! Checks a run's folder: header, every line of the record, every file of every checkpoint.

use std::fs;

use serde::Serialize;

use super::checkpoint::{names, read_checkpoint};
use super::folder::RunFolder;
use super::record::read_record;
use super::told::missing;
use crate::session::{Event, RunHeader, Stamped};

/// What a run's folder holds, and what is wrong in it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Events of the record that are sound.
    pub events: usize,
    /// Checkpoints that are sound.
    pub checkpoints: usize,
    pub faults: Vec<String>,
    /// What a crash leaves behind and does no harm.
    pub remarks: Vec<String>,
}

impl Verified {
    pub fn text(&self) -> String {
        let mut text = format!("{} events and {} checkpoints are sound", self.events, self.checkpoints);
        for remark in &self.remarks {
            text += &format!("\nnote: {remark}");
        }
        for fault in &self.faults {
            text += &format!("\nwrong: {fault}");
        }
        text
    }
}

/// Reads everything there is; a fault in one place keeps no other from being found.
pub fn verify(folder: &RunFolder) -> Verified {
    let mut verified = Verified::default();
    let header = folder.header().map_err(|error| verified.faults.push(error.to_string())).ok();
    let events = check_record(folder, header.as_ref(), &mut verified);
    check_checkpoints(folder, header.as_ref(), &events, &mut verified);
    verified
}

fn check_record(folder: &RunFolder, header: Option<&RunHeader>, verified: &mut Verified) -> Vec<Stamped> {
    let path = folder.events_path();
    let events = match read_record(&path) {
        Ok((events, damage)) => {
            verified.events = events.len();
            verified.faults.extend(damage.iter().map(ToString::to_string));
            if !matches!(events.first(), Some(Stamped { event: Event::Started(started), .. }) if header.is_none_or(|header| header == &**started))
            {
                verified
                    .faults
                    .push(format!("{}: it does not begin with how the run was started, as run.json has it", path.display()));
            }
            verified.faults.extend(gaps(&events).into_iter().map(|gap| format!("{}: {gap}", path.display())));
            events
        }
        Err(error) => {
            verified.faults.push(error.to_string());
            Vec::new()
        }
    };
    if fs::read(&path).is_ok_and(|bytes| bytes.last().is_some_and(|last| *last != b'\n')) {
        verified.remarks.push(format!("{}: the last line was cut off, as by a crash; it is left out", path.display()));
    }
    events
}

/// Steps that do not follow the one before, or the moment that was gone back to.
fn gaps(events: &[Stamped]) -> Vec<String> {
    let (mut gaps, mut last, mut furthest) = (Vec::new(), 0, 0);
    for stamped in events {
        match &stamped.event {
            Event::Step(step) => {
                if step.step != last + 1 {
                    gaps.push(format!("step {} comes after step {last}", step.step));
                }
                last = step.step;
                furthest = last.max(furthest);
            }
            Event::Resumed(resumption) => {
                last = resumption.moment.step;
                if last > furthest {
                    gaps.push(format!("the run goes on from step {last}, but of the steps after {furthest} nothing is told"));
                }
                furthest = last.max(furthest);
            }
            _ => {}
        }
    }
    gaps
}

fn check_checkpoints(folder: &RunFolder, header: Option<&RunHeader>, events: &[Stamped], verified: &mut Verified) {
    let checkpoints = folder.checkpoints();
    let there = names(&checkpoints);
    for name in missing(events, &there) {
        verified.faults.push(format!("{} was saved and is not there", checkpoints.join(name).display()));
    }
    for name in there {
        let path = checkpoints.join(&name);
        let checked = read_checkpoint(&path).and_then(|saved| header.map_or(Ok(()), |header| saved.check(&header.model, &path)));
        match checked {
            Ok(()) => verified.checkpoints += 1,
            // A run that goes on clears away what newer ones replace.
            Err(_) if !path.exists() => {}
            Err(error) => verified.faults.push(error.to_string()),
        }
    }
    for entry in fs::read_dir(&checkpoints).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".tmp") {
            verified.remarks.push(format!("{} was not finished; the next save clears it away", entry.path().display()));
        }
    }
}
