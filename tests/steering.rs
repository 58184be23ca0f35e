//! The training thread under steering, with a learner that computes nothing: what commands do, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use alexscope::engine::{
    Checkpoint, Flow, Gate, Learner, LearnerError, Pictures, Point, Script, Standing, StepPlan, StepResult, Stepped, Tested,
    Viewer,
};
use alexscope::knobs::{Knob, Settings};
use alexscope::link::{Delivery, Link, link};
use alexscope::probe::{Picture, PictureSight, Probe, Sight};
use alexscope::run::{RunFolder, read_events};
use alexscope::session::{
    Command, DatasetInfo, DeviceInfo, Divergence, Event, FinishReason, Pass, Phase, RunHeader, SaveReason, Session, Stamped,
};
use alexscope::spec::{Layer, LayerSpec, ModelSpec, PixelOrder, PixelScale, Pixels, WeightInit};
use alexscope::worker::{self, Ending, Plan, Prepared};

/// Layer passes in a step of the pretended learner.
const LAYERS: usize = 10;

/// An epoch of them outlasts every test.
const PICTURES: Pictures = Pictures { train: 3_200_000, test: 100 };

/// Longest wait for anything; generous, since other tests run at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Its loss is a function of the plan alone; each layer takes `layer_time`.
struct Pretender {
    layer_time: Duration,
    layers_passed: Arc<AtomicUsize>,
    diverges_at: u64,
    panics_at: u64,
}

impl Learner for Pretender {
    fn step(&mut self, plan: &StepPlan, _observe: bool, gate: &mut dyn Gate) -> Result<Stepped, LearnerError> {
        assert_ne!(plan.step, self.panics_at, "a fault in a layer");
        for done in 0..LAYERS {
            if gate.pass(Point { layer: "conv1", pass: Pass::Forward, done, of: LAYERS }) == Flow::Abandon {
                return Ok(Stepped::Abandoned);
            }
            thread::sleep(self.layer_time);
            self.layers_passed.fetch_add(1, Ordering::SeqCst);
        }
        if plan.step == self.diverges_at {
            return Ok(Stepped::Diverged(Divergence { step: plan.step, layer: "conv1".into(), what: "output".into() }));
        }
        let loss = 2.3 / plan.step as f64 + plan.learning_rate;
        Ok(Stepped::Taken(StepResult { loss, correct: 1, learning_rate: plan.learning_rate, seconds: 0.01, layers: None }))
    }

    fn evaluate(&mut self, pictures: usize, _: &Arc<Settings>, _: &mut dyn Gate) -> Result<Option<Tested>, LearnerError> {
        Ok(Some(Tested { loss_sum: pictures as f64, correct: pictures / 2, pictures, ..Default::default() }))
    }

    fn restore(&mut self, _: &Checkpoint) -> Result<(), LearnerError> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<Checkpoint, LearnerError> {
        Ok(Checkpoint::default())
    }

    fn viewer(&self) -> Result<Box<dyn Viewer>, LearnerError> {
        Ok(Box::new(PretendedEyes))
    }
}

/// Sees nothing but the step.
struct PretendedEyes;

impl Viewer for PretendedEyes {
    fn look(&mut self, probe: &Probe, standing: &Standing) -> Result<Sight, LearnerError> {
        let Probe::Pictures(pictures) = probe else { return Err(LearnerError("there are no layers here".into())) };
        let name = |picture: &Picture| format!("{picture} at step {}", standing.step);
        Ok(Sight::Pictures(pictures.iter().map(|picture| PictureSight { name: name(picture), ..Default::default() }).collect()))
    }

    fn rest(&mut self) {}
}

struct Run {
    link: Link,
    thread: JoinHandle<Ending>,
    layers_passed: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
    session: Session,
    seen: Vec<Stamped>,
}

#[derive(Default)]
struct Faults {
    diverges_at: u64,
    panics_at: u64,
    layer_time: Duration,
    unattended: bool,
    /// Settings that are not the usual ones.
    settings: &'static [(Knob, f64)],
    /// Where the checkpoints belong there is a file.
    nothing_can_be_saved: bool,
}

fn model() -> ModelSpec {
    ModelSpec {
        name: "pretended".into(),
        title: String::new(),
        about: String::new(),
        input: [3, 32, 32],
        // As many as the pixels: a network without a weight.
        classes: 3072,
        towers: 1,
        pixels: Pixels { order: PixelOrder::Rgb, scale: PixelScale::Standardize },
        init: WeightInit::He,
        training: Default::default(),
        layers: vec![Layer { name: "flatten".into(), what: LayerSpec::Flatten, bias: 0.0 }],
    }
}

fn start(faults: Faults) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(Some(folder.path()), "pretended", std::time::SystemTime::now()).unwrap();
    let mut settings = Settings::new();
    settings.set(Knob::EvaluateEvery, 0.0).unwrap();
    faults.settings.iter().for_each(|(knob, value)| settings.set(*knob, *value).unwrap());
    if faults.nothing_can_be_saved {
        std::fs::write(run.checkpoints(), "").unwrap();
    }
    let header = RunHeader {
        version: "0".into(),
        run: run.name(),
        folder: String::new(),
        model: model(),
        settings,
        data: DatasetInfo {
            name: "none".into(),
            stand_in: true,
            folder: String::new(),
            classes: Vec::new(),
            train: PICTURES.train,
            test: PICTURES.test,
        },
        device: DeviceInfo { name: "CPU".into(), threads: 1 },
        started_at: 0,
        parent: None,
        weights: None,
    };
    let layers_passed = Arc::new(AtomicUsize::new(0));
    let learner = Pretender {
        layer_time: faults.layer_time,
        layers_passed: layers_passed.clone(),
        diverges_at: faults.diverges_at,
        panics_at: faults.panics_at,
    };
    let (screen, worker_end) = link(Delivery::Lossless);
    let plan = Plan {
        header,
        script: Script::default(),
        folder: Some((run.clone(), run.lock().unwrap())),
        resume: None,
        notices: Vec::new(),
        observer: None,
        prepare: Box::new(move |_| Ok(Prepared { learner: Box::new(learner), pictures: PICTURES })),
        fetch: None,
        unattended: faults.unattended,
    };
    let thread = worker::spawn(plan, worker_end).unwrap();
    Run { link: screen, thread, layers_passed, folder, session: Session::default(), seen: Vec::new() }
}

impl Run {
    fn send(&self, command: Command) {
        self.link.commands.send(command).unwrap();
    }

    /// Reads events until `done` holds of the session.
    fn until(&mut self, what: &str, done: impl Fn(&Session) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(&self.session) {
            assert!(Instant::now() < end, "{what} did not come; {:?}", self.session.phase);
            let Ok(batch) = self.link.events.recv_timeout(Duration::from_millis(50)) else { continue };
            self.take(batch);
        }
    }

    fn take(&mut self, batch: Vec<Stamped>) {
        for stamped in batch {
            self.session.apply(stamped.clone());
            self.seen.push(stamped);
        }
    }

    fn end(mut self) -> (Ending, Session, Vec<Stamped>, tempfile::TempDir) {
        let ending = self.thread.join().unwrap();
        while let Ok(batch) = self.link.events.try_recv() {
            for stamped in batch {
                self.session.apply(stamped.clone());
                self.seen.push(stamped);
            }
        }
        (ending, self.session, self.seen, self.folder)
    }
}

#[test]
fn what_is_watched_is_answered_while_training_and_while_paused_and_never_recorded() {
    let mut run = start(Faults { layer_time: Duration::from_millis(1), ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    assert!(run.link.seen.is_empty(), "nobody looks, so nothing is computed");
    let probe = |place| Probe::Pictures(vec![Picture::Test(place)]);
    run.send(Command::Watch(Some(probe(3))));
    let first = run.link.seen.recv_timeout(PATIENCE).unwrap();
    let second = run.link.seen.recv_timeout(PATIENCE).unwrap();
    assert_eq!((&first.probe, second.step > first.step), (&probe(3), true));
    run.send(Command::Pause);
    run.until("the pause", |session| session.phase == Phase::Paused);
    run.send(Command::Watch(Some(probe(4))));
    let sight = loop {
        let seen = run.link.seen.recv_timeout(PATIENCE).unwrap();
        if seen.probe == probe(4) {
            break seen.sight;
        }
    };
    let Ok(Sight::Pictures(pictures)) = sight else { panic!("{sight:?}") };
    assert!(pictures[0].name.starts_with("test picture 4 at step"), "{}", pictures[0].name);
    assert!(run.link.seen.recv_timeout(Duration::from_millis(300)).is_err(), "the network stands still; so does the picture");
    run.send(Command::Watch(None));
    run.send(Command::Resume);
    run.until("more steps", |session| session.phase == Phase::Training);
    assert!(run.link.seen.recv_timeout(Duration::from_millis(300)).is_err(), "nobody looks any more");
    run.send(Command::Stop { save: false });
    let (_, _, _, folder) = run.end();
    let record = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert!(!record.contains("test picture"), "what was seen is no part of the record");
}

#[test]
fn a_pause_takes_hold_within_one_layer_and_a_resume_finishes_the_same_step() {
    let mut run = start(Faults { layer_time: Duration::from_millis(30), ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    run.send(Command::Pause);
    let passed = run.layers_passed.load(Ordering::SeqCst);
    run.until("the pause", |session| session.phase == Phase::Paused);
    let held = run.layers_passed.load(Ordering::SeqCst);
    assert!(held <= passed + 2, "{} layers ran on after the pause", held - passed);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(run.layers_passed.load(Ordering::SeqCst), held);
    let steps = run.session.steps();
    run.send(Command::Step(1));
    run.until("the rest of the step", |session| session.steps() == steps + 1 && session.phase == Phase::Paused);
    let layers = run.layers_passed.load(Ordering::SeqCst) as u64;
    assert_eq!(layers, (steps + 1) * LAYERS as u64, "no layer was computed twice");
    run.send(Command::Resume);
    run.until("more steps", |session| session.steps() > steps + 1);
    run.send(Command::Stop { save: false });
    assert_eq!(run.end().0, Ending { reason: FinishReason::Stopped, failure: None });
}

#[test]
fn a_rate_test_in_the_middle_of_a_held_step_leaves_the_run_where_it_stood() {
    let mut run = start(Faults { layer_time: Duration::from_millis(1), ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    run.send(Command::Pause);
    run.until("the pause", |session| session.phase == Phase::Paused);
    let before = (run.session.steps(), run.session.settings.clone());
    run.send(Command::TestRate);
    run.until("the test", |session| session.rate_test.is_some() && session.phase == Phase::Paused);
    let test = run.session.rate_test.clone().unwrap();
    assert!(test.points.len() > 10 && test.points.windows(2).all(|pair| pair[0].rate < pair[1].rate));
    assert_eq!((run.session.steps(), run.session.settings.clone()), before);
    run.send(Command::Resume);
    run.until("the next step", |session| session.steps() > before.0);
    run.send(Command::Stop { save: false });
    let (_, live, _, folder) = run.end();
    let mut replayed = Session::default();
    read_events(&folder.path().join("events.jsonl")).unwrap().into_iter().for_each(|event| replayed.apply(event));
    assert_eq!(replayed.rate_test, live.rate_test);
}

#[test]
fn the_record_folds_to_what_the_screen_saw() {
    let layer_time = Duration::from_millis(1);
    let mut run = start(Faults { unattended: true, layer_time, ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    run.send(Command::Set { knob: Knob::LearningRate, value: 0.005 });
    run.send(Command::Set { knob: Knob::BatchSize, value: 64.0 });
    run.until("some steps", |session| session.steps() >= 40 && !session.pending.is_empty());
    run.send(Command::Set { knob: Knob::Steps, value: 1.0 });
    run.until("the end", |session| session.finished.is_some());
    let (ending, live, _, folder) = run.end();
    assert_eq!(ending.reason, FinishReason::Budget);
    let mut replayed = Session::default();
    read_events(&folder.path().join("events.jsonl")).unwrap().into_iter().for_each(|event| replayed.apply(event));
    assert_eq!(replayed, live);
    assert_eq!((replayed.history.changes.len(), replayed.pending.len()), (2, 1));
}

#[test]
fn a_layer_that_panics_ends_the_run_with_its_words_and_keeps_the_record() {
    let run = start(Faults { panics_at: 3, ..Faults::default() });
    let (ending, session, _, folder) = run.end();
    assert_eq!(ending.reason, FinishReason::Failed);
    assert!(session.failure.unwrap().contains("a fault in a layer"));
    let last = read_events(&folder.path().join("events.jsonl")).unwrap().pop().unwrap();
    assert!(matches!(last.event, Event::Failed { .. }));
}

#[test]
fn divergence_pauses_a_watched_run_and_ends_an_unattended_one() {
    let mut watched = start(Faults { diverges_at: 5, ..Faults::default() });
    watched.until("the divergence", |session| session.divergence.is_some() && session.phase == Phase::Paused);
    assert_eq!(watched.session.steps(), 4);
    watched.send(Command::Stop { save: false });
    assert_eq!(watched.end().0.reason, FinishReason::Stopped);
    let (ending, session, ..) = start(Faults { diverges_at: 5, unattended: true, ..Faults::default() }).end();
    assert_eq!((ending.reason, session.finished), (FinishReason::Diverged, Some(FinishReason::Diverged)));
}

#[test]
fn saving_in_the_middle_of_a_paused_step_happens_at_once() {
    let mut run = start(Faults { layer_time: Duration::from_millis(20), ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    run.send(Command::Pause);
    run.until("the pause", |session| session.phase == Phase::Paused);
    run.send(Command::Save);
    run.until("the save", |session| !session.saved.is_empty());
    let (step, name) = (run.session.saved[0].step, run.session.saved[0].path.clone());
    assert_eq!(step, run.session.steps());
    assert!(run.folder.path().join("checkpoints").join(name).join("manifest.json").exists());
    run.send(Command::Stop { save: false });
    run.end();
}

#[test]
fn the_last_step_of_a_budget_is_saved_also_where_the_disk_is_slower_than_the_training() {
    let settings = &[(Knob::Steps, 200.0), (Knob::CheckpointEvery, 1.0)];
    let run = start(Faults { unattended: true, settings, ..Faults::default() });
    let (ending, session, _, _folder) = run.end();
    assert_eq!(ending, Ending { reason: FinishReason::Budget, failure: None });
    assert_eq!(session.saved.last().map(|saved| saved.step), Some(200));
}

#[test]
fn the_end_of_a_budget_is_saved_while_the_run_stays_open() {
    let mut run = start(Faults { settings: &[(Knob::Steps, 3.0)], ..Faults::default() });
    run.until("the save", |session| session.phase == Phase::Finished && !session.saved.is_empty());
    assert_eq!(run.session.saved[0].step, 3);
    run.send(Command::Stop { save: true });
    let (ending, session, ..) = run.end();
    assert_eq!((ending.reason, session.saved.len()), (FinishReason::Budget, 1), "the same moment is not saved twice");
}

#[test]
fn of_a_run_without_a_step_nothing_is_saved() {
    let run = start(Faults { layer_time: Duration::from_millis(500), ..Faults::default() });
    run.send(Command::Stop { save: true });
    let (ending, session, ..) = run.end();
    assert_eq!((ending, session.saved.len()), (Ending { reason: FinishReason::Stopped, failure: None }, 0));
}

#[test]
fn a_fault_in_the_middle_of_a_rate_test_saves_nothing_of_the_weights_that_it_tried() {
    // The run is held seconds before the step with the fault; the sweep comes to it.
    let mut run = start(Faults { panics_at: 60, layer_time: Duration::from_millis(10), ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    run.send(Command::Pause);
    run.until("the pause", |session| session.phase == Phase::Paused);
    assert!(run.session.steps() < 59, "it was held too late");
    run.send(Command::TestRate);
    run.until("the fault", |session| session.failure.is_some());
    let (ending, _, _, folder) = run.end();
    assert_eq!(ending.reason, FinishReason::Failed);
    assert!(!folder.path().join("checkpoints").exists());
}

#[test]
fn an_end_that_is_not_saved_is_a_failure_unless_nothing_was_to_be_saved() {
    let failed = |ending: Ending| ending.failure.is_some_and(|why| why.contains("what was learned could not be saved"));
    let faults = || Faults { nothing_can_be_saved: true, layer_time: Duration::from_millis(1), ..Faults::default() };
    // The save that is scheduled for the last step is the one that fails.
    let settings = &[(Knob::Steps, 3.0), (Knob::CheckpointEvery, 3.0)];
    assert!(failed(start(Faults { unattended: true, settings, ..faults() }).end().0));
    for save in [true, false] {
        let mut run = start(faults());
        run.until("the first step", |session| session.steps() >= 1);
        // Asked for, it outweighs the save of the end.
        run.send(Command::Save);
        run.send(Command::Stop { save });
        assert_eq!(failed(run.end().0), save);
    }
}

#[test]
fn when_nobody_steers_any_more_the_run_saves_and_stops() {
    let mut run = start(Faults { layer_time: Duration::from_millis(1), ..Faults::default() });
    run.until("the first step", |session| session.steps() >= 1);
    let Run { link, thread, folder, .. } = run;
    drop(link);
    assert_eq!(thread.join().unwrap().reason, FinishReason::Stopped);
    assert_eq!(std::fs::read_dir(folder.path().join("checkpoints")).unwrap().count(), 1);
}

#[test]
fn a_rewind_goes_back_to_a_saved_moment_pauses_and_keeps_the_old_road() {
    let mut run = start(Faults { layer_time: Duration::from_millis(1), ..Faults::default() });
    run.until("a few steps", |session| session.steps() >= 3);
    run.send(Command::Save);
    run.until("the save", |session| !session.saved.is_empty());
    let (step, name) = (run.session.saved[0].step, run.session.saved[0].path.clone());
    run.send(Command::Set { knob: Knob::LearningRate, value: 0.5 });
    run.until("more steps", |session| session.steps() >= step + 4);
    run.send(Command::Rewind { checkpoint: name, slower: false });
    run.until("the rewind", |session| session.phase == Phase::Paused && !session.roads.is_empty());
    assert_eq!((run.session.steps(), run.session.settings.get(Knob::LearningRate)), (step, 0.01));
    assert_eq!(run.session.roads[0].from, step);
    run.until("the moment that was left", |session| session.saved.iter().any(|saved| saved.reason == SaveReason::Rewound));
    let left = run.session.saved.iter().find(|saved| saved.reason == SaveReason::BeforeRewind).unwrap();
    assert!(left.step >= step + 4 && left.road == Some(0), "{left:?}");
    let newest = run.session.saved.last().unwrap();
    assert_eq!((newest.step, newest.road), (step, None), "a resumption goes on from here");
    run.send(Command::Rewind { checkpoint: "0099-step-00000099".into(), slower: false });
    run.until("the refusal", |session| session.notices.iter().any(|(_, notice)| notice.text.contains("0099")));
    run.send(Command::Step(1));
    run.until("the next step", |session| session.steps() == step + 1);
    run.send(Command::Stop { save: false });
    let (_, live, _, folder) = run.end();
    let mut replayed = Session::default();
    read_events(&folder.path().join("events.jsonl")).unwrap().into_iter().for_each(|event| replayed.apply(event));
    assert_eq!(replayed, live);
}

#[test]
fn a_run_whose_moment_cannot_be_saved_does_not_go_back_and_loses_nothing() {
    let mut run = start(Faults { layer_time: Duration::from_millis(1), ..Faults::default() });
    run.until("a few steps", |session| session.steps() >= 3);
    run.send(Command::Save);
    run.until("the save", |session| !session.saved.is_empty());
    let (saved_at, checkpoint) = (run.session.saved[0].step, run.session.saved[0].path.clone());
    run.until("more steps", |session| session.steps() >= saved_at + 4);
    run.send(Command::Pause);
    run.until("the pause", |session| session.phase == Phase::Paused);
    let step = run.session.steps();
    // Where the next checkpoint would be written there is a file.
    let taken = format!(".0002-step-{step:08}.{}.tmp", std::process::id());
    std::fs::write(run.folder.path().join("checkpoints").join(taken), "").unwrap();
    run.send(Command::Rewind { checkpoint, slower: false });
    run.until("the refusal", |session| session.notices.iter().any(|(_, notice)| notice.text.contains("would be lost")));
    assert_eq!(run.session.steps(), step);
    run.send(Command::Step(1));
    run.until("the next step", |session| session.steps() == step + 1);
}
