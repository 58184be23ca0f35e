//! The training thread: the only owner of tensors, and the only `thread::spawn` of training.
//!
//! It carries out what the engine decides, asks for commands between any two layers, writes the record, and hands events to
//! whoever watches, without ever waiting for them.

mod keeping;
mod lookout;
mod rates;
mod saver;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, select, unbounded};

use self::lookout::Lookout;
use self::saver::Saver;
use crate::engine::{Action, Checkpoint, Engine, Flow, Gate, Learner, Outcome, Pictures, Point, Script, Stepped};
use crate::fault;
use crate::link::WorkerLink;
use crate::run::{Recorder, RunFolder, RunLock, Saved};
use crate::session::{
    Command, DeviceInfo, Event, FetchState, FinishReason, Moment, Notice, Pass, Phase, Progress, Resumption, RunHeader,
    SaveReason, Stamped,
};

/// Screens are fed at most this often.
const FEED: Duration = Duration::from_millis(33);
/// Layers' outputs and norms are measured at most this often, and not before so many steps: for AlexNet measuring takes a ninth of a
/// step. Steps that a person takes one by one are all measured.
const OBSERVE: Duration = Duration::from_secs(2);
const OBSERVE_STEPS: u64 = 25;
/// The device's figures are read at most this often.
const GAUGE: Duration = Duration::from_secs(2);

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
        unsaved: false,
        lost: None,
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
    /// The newest checkpoint could not be written.
    unsaved: bool,
    /// Why the last checkpoint of the run could not be written.
    lost: Option<String>,
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
        let mut engine = match resume {
            Some(Resume { saved, .. }) => {
                let checkpoint = Checkpoint { parameters: saved.parameters, velocities: saved.velocities };
                prepared.learner.restore(&checkpoint).map_err(|error| error.to_string())?;
                Engine::resume(saved.state.moment, script, prepared.pictures, lrn_layers)
            }
            None => Engine::new(self.header.settings.clone(), script, prepared.pictures, lrn_layers),
        };
        self.lookout.open(&*prepared.learner)?;
        self.emit(Event::Phase { phase: Phase::Training, detail: String::new() });
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
        self.emit(resumed(resume.saved.name.clone(), &resume.saved.state.moment, &self.header.device));
        Ok(())
    }

    fn train(&mut self, engine: &mut Engine, learner: &mut dyn Learner) -> Result<FinishReason, String> {
        loop {
            self.take_commands(engine);
            if self.rate_test_due {
                self.test_rates(engine, learner)?;
            }
            self.look(engine, false);
            let (action, events) = engine.next_action();
            self.emit_all(events);
            self.feed();
            let outcome = match action {
                Action::Step(plan) => {
                    let observe = self.watched && (engine.counts_steps() || self.is_time_to_observe(plan.step));
                    let mut gate = StepGate { desk: self, engine, step: plan.step, evaluating: false, held_before: false };
                    fault::point("step");
                    let stepped = learner.step(&plan, observe, &mut gate).map_err(|error| error.to_string())?;
                    self.at_rest = true;
                    if observe {
                        self.observed = Some((Instant::now(), plan.step));
                    }
                    match stepped {
                        Stepped::Taken(mut result) => {
                            let layers = result.layers.take();
                            self.lookout.stepped(&result, &plan.settings);
                            let outcome = Outcome::Stepped(result);
                            let events = engine.absorb(outcome);
                            self.emit_all(events);
                            if let Some(layers) = layers {
                                self.emit(Event::Layers(layers));
                            }
                            self.gauge(learner);
                            self.feed();
                            continue;
                        }
                        Stepped::Diverged(divergence) => Outcome::Diverged(divergence),
                        Stepped::NoRoom(reason) => Outcome::NoRoom(reason),
                        Stepped::Abandoned => Outcome::Abandoned,
                    }
                }
                Action::Evaluate { pictures, settings } => {
                    let (step, held_before) = (engine.position().step, engine.is_paused());
                    let mut gate = StepGate { desk: self, engine, step, evaluating: true, held_before };
                    fault::point("evaluate");
                    match learner.evaluate(pictures, &settings, &mut gate).map_err(|error| error.to_string())? {
                        Some(tested) => Outcome::Evaluated(tested),
                        None => Outcome::Abandoned,
                    }
                }
                Action::Save(reason) => self.save(reason, engine, learner),
                Action::Rewind { checkpoint, slower } => {
                    if let Err(reason) = self.rewind(&checkpoint, slower, engine, learner) {
                        self.emit(Event::Rejected { command: format!("rewind to {checkpoint}"), reason });
                    }
                    continue;
                }
                Action::Wait => {
                    self.wait(engine);
                    continue;
                }
                Action::End(FinishReason::Budget) if !self.unattended => continue,
                Action::End(reason) => {
                    if reason == FinishReason::Budget && self.folder.is_some() && !engine.is_saved() {
                        self.save(SaveReason::Ending, engine, learner);
                    }
                    return self.say_goodbye(engine, reason);
                }
            };
            let no_room = if let Outcome::NoRoom(reason) = &outcome { Some(reason.clone()) } else { None };
            let events = engine.absorb(outcome);
            self.emit_all(events);
            if let (true, Some(reason)) = (self.unattended, no_room) {
                if !engine.has_halved() {
                    return Err(reason);
                }
                // Nobody is there to agree.
                let events = engine.command(Command::Resume);
                self.emit_all(events);
            }
            if self.unattended && engine.has_diverged() {
                return self.say_goodbye(engine, FinishReason::Diverged);
            }
        }
    }

    fn is_time_to_observe(&self, step: u64) -> bool {
        self.observed.is_none_or(|(at, last)| at.elapsed() >= OBSERVE && step.abs_diff(last) >= OBSERVE_STEPS)
    }

    fn say_goodbye(&mut self, engine: &Engine, reason: FinishReason) -> Result<FinishReason, String> {
        self.finish_saving();
        if let Some(why) = self.lost.take() {
            return Err(format!("what was learned could not be saved: {why}"));
        }
        let last = engine.finished(reason, self.time());
        self.emit(last);
        Ok(reason)
    }

    /// Takes all commands that wait.
    fn take_commands(&mut self, engine: &mut Engine) {
        loop {
            match self.link.commands.try_recv() {
                Ok(command) => self.command(engine, command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.nobody_steers(engine);
                    break;
                }
            }
        }
        while let Ok(state) = self.fetch_out.try_recv() {
            self.emit(Event::Fetch(state));
        }
        self.take_reports();
        if let Some((at, reason)) = self.save_again
            && at <= Instant::now()
        {
            self.save_again = None;
            engine.want_save(reason);
        }
    }

    /// Waits for the next command, feeding whoever watches.
    fn wait(&mut self, engine: &mut Engine) {
        self.take_reports();
        self.look(engine, true);
        self.flush();
        let commands = self.link.commands.clone();
        let fetched = self.fetch_out.clone();
        select! {
            recv(commands) -> command => match command {
                Ok(command) => self.command(engine, command),
                Err(_) => self.nobody_steers(engine),
            },
            recv(fetched) -> state => if let Ok(state) = state {
                self.emit(Event::Fetch(state));
            },
            // What the screen had no room for is offered again.
            default(FEED) => {}
        }
    }

    /// Whoever steered is gone: keep what was learned, then stop.
    fn nobody_steers(&mut self, engine: &mut Engine) {
        let events = engine.command(Command::Stop { save: true });
        self.emit_all(events);
    }

    fn command(&mut self, engine: &mut Engine, command: Command) {
        match command {
            Command::WatchLayers(watched) => {
                self.watched = watched;
                self.observed = None;
            }
            Command::Watch(probe) => self.lookout.watch(probe, engine.position().step),
            Command::FetchData => self.start_fetch(),
            Command::TestRate => self.rate_test_due = true,
            command => {
                let events = engine.command(command);
                self.emit_all(events);
            }
        }
    }

    /// Says now and then how the device is.
    fn gauge(&mut self, learner: &dyn Learner) {
        if self.gauged.is_none_or(|at| at.elapsed() >= GAUGE) {
            self.gauged = Some(Instant::now());
            if let Some(gauge) = learner.gauge() {
                self.emit(Event::Gauge(gauge));
            }
        }
    }

    /// Shows the network to whoever watches.
    fn look(&mut self, engine: &Engine, idle: bool) {
        self.lookout.look(engine, &self.link.seen, idle);
    }

    fn start_fetch(&mut self) {
        let Some(fetch) = self.fetch.clone() else {
            return self.emit(Event::Rejected { command: "fetch".into(), reason: "CIFAR-10 is already here".into() });
        };
        if self.fetching.is_some() {
            return;
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        self.fetching = Some(cancelled.clone());
        let report = self.fetch_in.clone();
        let started = thread::Builder::new().name("fetch".into()).spawn(move || {
            // Nobody listening any more is no reason to fail: the run has ended.
            let mut progress = |bytes, of| drop(report.send(FetchState::Running { bytes, of }));
            let state = match fetch(&mut progress, &cancelled) {
                Ok(folder) => FetchState::Done { folder },
                Err(reason) => FetchState::Failed { reason },
            };
            drop(report.send(state));
        });
        if let Err(error) = started {
            self.emit(Event::Fetch(FetchState::Failed { reason: error.to_string() }));
        }
    }

    fn emit_all(&mut self, events: Vec<Event>) {
        events.into_iter().for_each(|event| self.emit(event));
    }

    /// Seconds since the run began, without those in which nobody worked on it.
    fn time(&self) -> f64 {
        self.time_before + self.started.elapsed().as_secs_f64()
    }

    /// Records an event, then holds it for whoever watches.
    fn emit(&mut self, event: Event) {
        if matches!(event, Event::Fetch(FetchState::Done { .. } | FetchState::Failed { .. })) {
            self.fetching = None;
        }
        let stamped = Stamped { event, time: self.time() };
        if !stamped.event.is_fleeting() {
            self.record(&stamped);
        }
        if !stamped.event.is_fleeting()
            && let Some(observer) = &mut self.observer
        {
            observer(&stamped);
        }
        self.link.events.hold(stamped);
    }

    /// Hands over what is held, at most 30 times a second.
    fn feed(&mut self) {
        if self.fed.elapsed() >= FEED {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.fed = Instant::now();
        // A reader that is gone shows as a closed command lane, which ends the run in order.
        let _ = self.link.events.flush();
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

/// Stands between two layers: takes commands, holds while paused, feeds the screen.
struct StepGate<'a> {
    desk: &'a mut Desk,
    engine: &'a mut Engine,
    step: u64,
    evaluating: bool,
    /// The pause was there when this began, so it is not meant for this.
    held_before: bool,
}

impl StepGate<'_> {
    /// A step that is held gives way to a test of rates, as it does to a save; it is taken again.
    fn wants_abandon(&self) -> bool {
        let test = self.desk.rate_test_due && self.engine.is_paused() && !self.evaluating;
        test || self.engine.wants_abandon(self.evaluating)
    }
}

impl Gate for StepGate<'_> {
    fn pass(&mut self, at: Point) -> Flow {
        // Told before an update; every other point lies before or after all of it.
        self.desk.at_rest = at.pass != Pass::Update;
        fault::point(if self.desk.at_rest { "layer" } else { "update" });
        self.desk.emit(Event::Progress(Progress {
            step: self.step,
            done: at.done,
            of: at.of,
            evaluating: self.evaluating,
            layer: at.layer.into(),
            pass: at.pass,
        }));
        self.desk.take_commands(self.engine);
        self.desk.look(self.engine, false);
        self.held_before &= self.engine.is_paused();
        self.desk.feed();
        while self.engine.is_paused() && !self.held_before && !self.wants_abandon() {
            self.desk.wait(self.engine);
        }
        if self.wants_abandon() { Flow::Abandon } else { Flow::Continue }
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
