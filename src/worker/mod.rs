//! The training thread: the only owner of tensors, and the only `thread::spawn` of training but for that of twins.
//!
//! It carries out what the engine decides, asks for commands between any two layers, writes the record, and hands events to
//! whoever watches, without ever waiting for them.

mod fetching;
mod gate;
mod keeping;
mod lookout;
mod rates;
mod saver;
mod steering;
mod telling;
mod training;

pub use self::lookout::Lookout;
pub use self::training::is_time_to_observe;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use self::saver::Saver;
use crate::engine::{Checkpoint, Engine, Learner, Pictures, Script};
use crate::fault;
use crate::knobs::Knob;
use crate::link::WorkerLink;
use crate::run::{Recorder, RunFolder, RunLock, Saved, read_record, untold};
use crate::session::{
    Command, DeviceInfo, Event, FetchState, FinishReason, Moment, Notice, Phase, Resumption, RunHeader, SaveReason, Stamped,
};

/// Screens are fed at most this often.
const FEED: Duration = Duration::from_millis(33);

/// Fetches CIFAR-10: is told where to report bytes done and in all, and when to give up; returns the folder.
pub type Fetch = Arc<dyn Fn(&mut dyn FnMut(u64, u64), &AtomicBool) -> Result<String, String> + Send + Sync>;

/// A learner and the numbers that the engine must know of its data.
pub struct Prepared {
    pub learner: Box<dyn Learner>,
    pub pictures: Pictures,
}

/// Makes the learner, inside the worker thread. May say in words what it is doing.
pub type Prepare = Box<dyn FnOnce(&mut dyn FnMut(&str)) -> Result<Prepared, String> + Send>;

/// Told of every event that is part of the record.
pub type Observer = Box<dyn FnMut(&Stamped) + Send>;

/// Everything a run needs to begin.
pub struct Plan {
    pub header: RunHeader,
    pub script: Script,
    /// Where the record goes, held for this program alone; `None` keeps none.
    pub folder: Option<(RunFolder, RunLock)>,
    /// The saved moment to go on from; `None` begins anew.
    pub resume: Option<Resume>,
    /// What is worth saying before anything happens.
    pub notices: Vec<Notice>,
    pub observer: Option<Observer>,
    pub prepare: Prepare,
    pub fetch: Option<Fetch>,
    /// Leave when the budget is used up or the loss diverges, instead of waiting for commands.
    pub unattended: bool,
}

/// A run that goes on.
pub struct Resume {
    pub saved: Saved,
    /// Seconds that the run has behind it.
    pub time: f64,
    /// What went wrong with newer checkpoints.
    pub warnings: Vec<String>,
    /// Settings that hold from the next step on.
    pub changes: Vec<(Knob, f64)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    pub reason: FinishReason,
    /// Why, where it failed.
    pub failure: Option<String>,
}

/// Starts the training thread.
pub fn spawn(plan: Plan, link: WorkerLink) -> std::io::Result<JoinHandle<Ending>> {
    thread::Builder::new().name("training".into()).spawn(move || run(plan, link))
}

fn run(plan: Plan, link: WorkerLink) -> Ending {
    let threads = plan.header.device.threads;
    let Plan { header, script, folder, resume, notices, observer, prepare, fetch, unattended } = plan;
    let (fetch_in, fetch_out) = unbounded();
    let mut desk = Desk {
        link,
        recorder: None,
        observer,
        rate_test_due: false,
        saver: None,
        folder,
        started: Instant::now(),
        time_before: resume.as_ref().map_or(0.0, |resume| resume.time),
        fed: Instant::now(),
        observed: None,
        gauged: None,
        watched: false,
        lookout: Lookout::default(),
        unattended,
        at_rest: true,
        unsaved: None,
        save_again: None,
        header,
        fetch,
        fetching: None,
        fetch_in,
        fetch_out,
    };
    let ending = catch_unwind(AssertUnwindSafe(|| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("compute-{index}"))
            .build()
            .map_err(|error| format!("cannot start {threads} computing threads: {error}"))?;
        pool.install(|| desk.work(script, notices, prepare, resume))
    }))
    .unwrap_or_else(|panic| Err(panicked(&*panic)));
    desk.close(ending)
}

/// What the training thread has at hand, apart from engine and learner.
struct Desk {
    link: WorkerLink,
    recorder: Option<Recorder>,
    observer: Option<Observer>,
    /// Somebody wants learning rates tested as soon as no step is under way.
    rate_test_due: bool,
    saver: Option<Saver>,
    folder: Option<(RunFolder, RunLock)>,
    started: Instant,
    /// Seconds that the run had behind it when this program took it up.
    time_before: f64,
    fed: Instant,
    /// When layers were measured last, and in which step.
    observed: Option<(Instant, u64)>,
    gauged: Option<Instant>,
    watched: bool,
    lookout: Lookout,
    unattended: bool,
    /// The weights are those that a step left, not half-way to the next one's.
    at_rest: bool,
    /// Why the newest checkpoint could not be written.
    unsaved: Option<String>,
    /// When to try again, and why it is worth it.
    save_again: Option<(Instant, SaveReason)>,
    header: RunHeader,
    fetch: Option<Fetch>,
    /// Set to give the fetch up.
    fetching: Option<Arc<AtomicBool>>,
    fetch_in: Sender<FetchState>,
    fetch_out: Receiver<FetchState>,
}

impl Desk {
    fn work(
        &mut self,
        script: Script,
        notices: Vec<Notice>,
        prepare: Prepare,
        resume: Option<Resume>,
    ) -> Result<FinishReason, String> {
        self.open_record(resume.as_ref())?;
        self.emit_all(notices.into_iter().map(Event::Notice).collect());
        self.emit(Event::Phase { phase: Phase::Preparing, detail: String::new() });
        self.feed();
        fault::point("prepare");
        let mut prepared = prepare(&mut |detail| {
            self.emit(Event::Phase { phase: Phase::Preparing, detail: detail.into() });
            self.feed();
        })?;
        let lrn_layers = self.header.model.lrn_layers();
        let mut changes = Vec::new();
        let mut engine = match resume {
            Some(Resume { saved, changes: wanted, .. }) => {
                changes = wanted;
                let checkpoint = Checkpoint { parameters: saved.parameters, velocities: saved.velocities };
                prepared.learner.restore(&checkpoint).map_err(|error| error.to_string())?;
                Engine::resume(saved.state.moment, script, prepared.pictures, lrn_layers)
            }
            None => Engine::new(self.header.settings.clone(), script, prepared.pictures, lrn_layers),
        };
        self.lookout.open(&*prepared.learner)?;
        self.emit(Event::Phase { phase: Phase::Training, detail: String::new() });
        for (knob, value) in changes {
            let events = engine.command(Command::Set { knob, value });
            self.emit_all(events);
        }
        let learner = &mut *prepared.learner;
        let ended = catch_unwind(AssertUnwindSafe(|| self.train(&mut engine, learner)));
        let reason = match ended {
            Ok(Ok(reason)) => return Ok(reason),
            Ok(Err(reason)) => reason,
            Err(panic) => panicked(&*panic),
        };
        self.save_from_failure(&engine, learner);
        Err(reason)
    }

    /// Begins the record, or goes on with it.
    fn open_record(&mut self, resume: Option<&Resume>) -> Result<(), String> {
        if let Some((folder, _)) = &self.folder {
            let opened = if resume.is_some() { folder.go_on() } else { folder.begin(&self.header) };
            self.recorder = Some(opened.map_err(|error| error.to_string())?);
        }
        let Some(resume) = resume else {
            self.emit(Event::Started(Box::new(self.header.clone())));
            return Ok(());
        };
        for warning in &resume.warnings {
            self.emit(Event::Notice(Notice { text: warning.clone(), warning: true }));
        }
        // A record that cannot be read is among the warnings.
        if let Some((folder, _)) = &self.folder
            && let Ok((events, _)) = read_record(&folder.events_path())
        {
            self.emit_all(untold(&events, &folder.checkpoints()));
        }
        self.emit(resumed(resume.saved.name.clone(), &resume.saved.state.moment, &self.header.device));
        Ok(())
    }

    fn close(&mut self, ended: Result<FinishReason, String>) -> Ending {
        self.finish_saving();
        if let Some(cancelled) = self.fetching.take() {
            cancelled.store(true, Ordering::Relaxed);
        }
        let ending = match ended {
            Ok(reason) => Ending { reason, failure: None },
            Err(reason) => {
                tracing::error!(%reason, "the run failed");
                self.emit(Event::Failed { reason: reason.clone() });
                Ending { reason: FinishReason::Failed, failure: Some(reason) }
            }
        };
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.sync()
        {
            tracing::warn!(%error, "the record may be incomplete");
        }
        let _ = self.link.events.drain();
        ending
    }
}

fn resumed(checkpoint: String, moment: &Moment, device: &DeviceInfo) -> Event {
    let version = env!("CARGO_PKG_VERSION").into();
    Event::Resumed(Box::new(Resumption { checkpoint, moment: moment.clone(), device: device.clone(), version }))
}

/// What a panic said.
fn panicked(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| text.to_string()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the training thread panicked: {}", words.unwrap_or_else(|| "without a word".into()))
}
