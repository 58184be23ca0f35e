//! Saving and going back: the worker's dealings with checkpoints.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::saver::{Job, Report, Saver};
use super::{Desk, resumed};
use crate::engine::{Checkpoint, Engine, Learner, Outcome};
use crate::fault;
use crate::run::{SavedState, read_checkpoint};
use crate::session::{Event, Notice, SaveReason, Stamped};

/// A checkpoint that could not be written is tried again after this long.
const RETRY: Duration = Duration::from_secs(10);

/// Bytes of the record that may wait in memory for a disk that takes none: hours of a quick network.
const MOST_BEHIND: usize = 64 << 20;

/// Why the run did not go back.
pub(super) enum NotBack {
    /// Nothing was changed.
    Refused(String),
    /// The weights are nobody's.
    HalfWay(String),
}

impl From<String> for NotBack {
    fn from(reason: String) -> NotBack {
        NotBack::Refused(reason)
    }
}

impl Desk {
    /// Adds an event to the record. While the disk takes none, training goes on and the record waits in memory, up to a bound.
    pub(super) fn record(&mut self, stamped: &Stamped) {
        let Some(recorder) = &mut self.recorder else { return };
        let was_behind = recorder.behind() > 0;
        let written = recorder.append(stamped).and_then(|()| recorder.flush());
        let too_far = recorder.behind() > MOST_BEHIND;
        let notice = match written {
            Ok(()) if was_behind => Notice { text: "the record is written again; nothing of it was lost".into(), warning: false },
            Err(error) if too_far => {
                self.recorder = None;
                Notice { text: format!("{error}; this run is no longer recorded"), warning: true }
            }
            Err(error) if !was_behind => {
                Notice { text: format!("{error}; training goes on, and the record waits in memory"), warning: true }
            }
            Ok(()) | Err(_) => return,
        };
        self.emit(Event::Notice(notice));
    }

    /// Copies the moment and hands it to the thread that writes.
    pub(super) fn save(&mut self, reason: SaveReason, engine: &Engine, learner: &dyn Learner) -> Outcome {
        let Some((folder, _)) = &self.folder else {
            return Outcome::NotSaved("this run keeps no folder; start it with one to save".into());
        };
        let state = SavedState {
            version: self.header.version.clone(),
            model: self.header.model.name.clone(),
            reason,
            moment: engine.moment(),
        };
        let checkpoints = folder.checkpoints();
        fault::point("save");
        let record = self.recorder.as_ref().and_then(|recorder| recorder.file().ok());
        let handed_over = learner
            .checkpoint()
            .map_err(|error| error.to_string())
            .and_then(|checkpoint| self.saver()?.save(Job { checkpoints, state, checkpoint, record }));
        match handed_over {
            Ok(true) => Outcome::Copied,
            Ok(false) => {
                if reason == SaveReason::BeforeChange {
                    let text = "two checkpoints still wait for the disk, so the moment before this change is not saved";
                    self.emit(warning(text.into()));
                }
                Outcome::LeftOut
            }
            Err(why) => {
                self.unsaved = Some(why.clone());
                Outcome::NotSaved(why)
            }
        }
    }

    fn saver(&mut self) -> Result<&mut Saver, String> {
        if self.saver.is_none() {
            self.saver = Some(Saver::start().map_err(|error| error.to_string())?);
        }
        self.saver.as_mut().ok_or_else(|| "no thread writes checkpoints".into())
    }

    /// Waits until every checkpoint under way is on the disk.
    pub(super) fn finish_saving(&mut self) {
        if let Some(saver) = &mut self.saver {
            saver.finish();
        }
        self.take_reports();
        self.saver = None;
    }

    /// Whether what was learned so far is in a checkpoint; known for certain once no save is under way.
    pub(super) fn has_saved(&self, engine: &Engine) -> bool {
        self.unsaved.is_none() && engine.is_saved()
    }

    /// Says what became of checkpoints.
    pub(super) fn take_reports(&mut self) {
        while let Some(report) = self.saver.as_ref().and_then(|saver| saver.reports.try_recv().ok()) {
            let event = match report {
                Report::Saved { step, name, reason, settings } => {
                    self.unsaved = None;
                    // What somebody asked for is kept; what is saved by itself does not stand for it.
                    self.save_again =
                        self.save_again.filter(|(_, again)| *again == SaveReason::Asked && reason != SaveReason::Asked);
                    Event::Saved { step, path: name, reason, settings: Some(settings) }
                }
                Report::Dropped { names } => Event::Dropped { paths: names },
                Report::NotSaved { why, reason: SaveReason::Ending } => {
                    self.unsaved = Some(why.clone());
                    warning(format!("not saved: {why}"))
                }
                Report::NotSaved { why, reason } => {
                    self.unsaved = Some(why.clone());
                    // Of the moment before a change only a later one is left.
                    let asked = reason == SaveReason::Asked || matches!(self.save_again, Some((_, SaveReason::Asked)));
                    let reason = if asked { SaveReason::Asked } else { SaveReason::Scheduled };
                    self.save_again = Some((Instant::now() + RETRY, reason));
                    warning(format!("not saved: {why}; training goes on, and it is tried again in {} s", RETRY.as_secs()))
                }
                Report::NotCleared { why } => warning(format!("an old checkpoint was not cleared away: {why}")),
            };
            self.emit(event);
        }
    }

    /// Brings engine and learner back to a saved moment. The one that is left is saved before, and the one that the run goes on
    /// from is saved anew, so that it is the newest.
    pub(super) fn rewind(
        &mut self,
        name: &str,
        slower: bool,
        engine: &mut Engine,
        learner: &mut dyn Learner,
    ) -> Result<(), NotBack> {
        let (folder, _) = self.folder.as_ref().ok_or_else(|| "this run keeps no folder, so nothing was saved".to_string())?;
        let checkpoints = folder.checkpoints();
        self.finish_saving();
        // Before anything is written: a newer checkpoint may take this one's place.
        let folder = checkpoints.join(name);
        let saved = read_checkpoint(&folder).map_err(|error| error.to_string())?;
        // Before anything is changed: weights restored by half would be nobody's.
        saved.check(&self.header.model, &folder).map_err(|error| error.to_string())?;
        if !self.has_saved(engine) {
            self.save_now(SaveReason::BeforeRewind, engine, learner)
                .map_err(|reason| format!("what was learned since would be lost, for it cannot be saved: {reason}"))?;
        }
        let checkpoint = Checkpoint { parameters: saved.parameters, velocities: saved.velocities };
        if let Err(error) = learner.restore(&checkpoint) {
            // What is half-way between two moments must neither train on nor be saved.
            self.at_rest = false;
            let way_on = "`alexscope resume` goes on from the newest checkpoint";
            return Err(NotBack::HalfWay(format!("the weights of {name} could not be put in place: {error}; {way_on}")));
        }
        self.lookout.restored();
        self.emit(resumed(saved.name, &saved.state.moment, &self.header.device));
        let moment = saved.state.moment;
        let events = engine.rewind(moment, slower);
        if let Outcome::NotSaved(reason) = self.save(SaveReason::Rewound, engine, learner) {
            self.emit(warning(reason));
        }
        self.emit_all(events);
        Ok(())
    }

    /// Saves the moment and waits until it is on the disk.
    fn save_now(&mut self, reason: SaveReason, engine: &Engine, learner: &dyn Learner) -> Result<(), String> {
        if let Outcome::NotSaved(why) = self.save(reason, engine, learner) {
            return Err(why);
        }
        self.finish_saving();
        self.unsaved.clone().map_or(Ok(()), Err)
    }

    /// Saves the last moment, unless a checkpoint holds it: one that was left out or could not be written does not.
    pub(super) fn save_the_end(&mut self, engine: &Engine, learner: &dyn Learner) {
        self.finish_saving();
        if !self.has_saved(engine) {
            // Why it could not be is kept for the last words.
            self.save(SaveReason::Ending, engine, learner);
        }
    }

    /// After a failure: keeps what the steps before it have learned, if the weights are whole.
    pub(super) fn save_from_failure(&mut self, engine: &Engine, learner: &dyn Learner) {
        if !self.at_rest || self.folder.is_none() || engine.position().step == 0 {
            return;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| self.save(SaveReason::Ending, engine, learner)));
        if let Ok(Outcome::NotSaved(why)) = outcome {
            self.emit(warning(format!("not saved: {why}")));
        }
    }
}

fn warning(text: String) -> Event {
    Event::Notice(Notice { text, warning: true })
}
