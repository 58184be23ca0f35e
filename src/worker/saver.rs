//! Writes checkpoints from copies, so that a step waits for the copy and not for the disk.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, unbounded};

use crate::engine::Checkpoint;
use crate::fault;
use crate::knobs::Settings;
use crate::run::{CheckpointError, RealDisk, SavedState, clear_litter, prune_checkpoints, write_checkpoint};
use crate::session::SaveReason;

/// A moment to be written.
pub struct Job {
    pub checkpoints: PathBuf,
    pub state: SavedState,
    pub checkpoint: Checkpoint,
    /// The record, which must be on the disk before a checkpoint of what it tells.
    pub record: Option<File>,
}

/// What became of one.
#[derive(Debug)]
pub enum Report {
    Saved { step: u64, name: String, reason: SaveReason, settings: Box<Settings> },
    NotSaved { why: String, reason: SaveReason },
    NotCleared { why: String },
    Dropped { names: Vec<String> },
}

/// A thread that writes one checkpoint after another. Dropping it waits until all are written.
pub struct Saver {
    jobs: Option<Sender<Job>>,
    pub reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

impl Saver {
    pub fn start() -> std::io::Result<Saver> {
        let (jobs, to_do) = bounded::<Job>(1);
        let (report, reports) = unbounded();
        let work = move || {
            for job in to_do {
                if catch_unwind(AssertUnwindSafe(|| write(&job, &report))).is_err() {
                    let why = "a fault of the program, which is in the log".into();
                    drop(report.send(Report::NotSaved { why, reason: job.state.reason }));
                }
            }
        };
        let thread = thread::Builder::new().name("save".into()).spawn(work)?;
        Ok(Saver { jobs: Some(jobs), reports, thread: Some(thread) })
    }

    /// Hands a moment over. While two others wait for the disk, one that nobody asked for is left out; false then.
    pub fn save(&self, job: Job) -> Result<bool, String> {
        let gone = || "the thread that writes checkpoints has ended".to_string();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        match jobs.try_send(job) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(job)) if matches!(job.state.reason, SaveReason::Asked | SaveReason::Ending) => {
                jobs.send(job).map(|()| true).map_err(|_| gone())
            }
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }

    /// Waits until everything is written.
    pub fn finish(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its reports are all there is to know.
            let _ = thread.join();
        }
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.finish();
    }
}

fn write(job: &Job, report: &Sender<Report>) {
    let Job { checkpoints, state, checkpoint, record } = job;
    if let Some(Err(error)) = record.as_ref().map(File::sync_all) {
        // What it has not of the record, it has of the network.
        tracing::warn!(%error, "the record may be incomplete");
    }
    fault::point("write");
    // Nobody listens any more when the run has ended; the files are what counts.
    let not_cleared = |error: CheckpointError| drop(report.send(Report::NotCleared { why: error.to_string() }));
    clear_litter(&RealDisk, checkpoints).unwrap_or_else(not_cleared);
    let written = write_checkpoint(&RealDisk, checkpoints, state, &checkpoint.parameters, &checkpoint.velocities);
    let _ = report.send(match written {
        Ok(name) => {
            let settings = Box::new(state.moment.settings.clone());
            Report::Saved { step: state.moment.step, name, reason: state.reason, settings }
        }
        Err(error) => Report::NotSaved { why: error.to_string(), reason: state.reason },
    });
    match prune_checkpoints(&RealDisk, checkpoints) {
        Ok(names) if names.is_empty() => {}
        Ok(names) => drop(report.send(Report::Dropped { names })),
        Err(error) => not_cleared(error),
    }
}
