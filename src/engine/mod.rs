//! The training state machine: no tensors, no threads, no clock.
//!
//! The worker asks [`Engine::next_action`] what to do, lets a [`Learner`] do it, and tells the result to [`Engine::absorb`].
//! Commands may come at any time, also in the middle of a step. What follows from each is a list of events: the engine
//! decides, the events are what it decided.

mod learner;
mod rate_test;
mod room;
mod schedule;
mod script;
#[cfg(test)]
mod tests;
mod viewer;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use learner::{Checkpoint, Flow, Gate, Learner, LearnerError, Onward, Point, StepResult, Stepped, Tensors, Tested};
pub use rate_test::{Sweep, rate_test};
pub use schedule::learning_rate;
pub use script::{Script, ScriptError, ScriptLine};
pub use viewer::{Standing, Viewer};

use crate::knobs::{Applies, Knob, Nudge, Settings};
use crate::session::{
    Change, Command, Confusion, Divergence, Evaluation, Event, FinishReason, Moment, Phase, SaveReason, Split, StepStats,
};

/// Where a run stands: what lies behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Steps taken.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u32,
    /// Training pictures of the current epoch that were used.
    pub offset: usize,
}

/// A stretch of the training pictures in an epoch's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRange {
    pub epoch: u32,
    pub first: usize,
    pub count: usize,
}

/// Everything a learner must know to take one step; the same plan on the same weights is the same step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPlan {
    /// Number of the step, from 1.
    pub step: u64,
    pub batch: BatchRange,
    /// The batch of the step after, so that it can be prepared meanwhile.
    pub next: BatchRange,
    /// After schedule and warm-up.
    pub learning_rate: f64,
    pub settings: Arc<Settings>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Step(StepPlan),
    /// Evaluate on the first `pictures` of the test set.
    Evaluate {
        pictures: usize,
        settings: Arc<Settings>,
    },
    Save(SaveReason),
    /// Go back to a checkpoint, then [`Engine::rewind`].
    Rewind {
        checkpoint: String,
        slower: bool,
    },
    /// Nothing to do until a command comes.
    Wait,
    /// The run is over.
    End(FinishReason),
}

/// What became of an [`Action`].
#[derive(Clone, Debug)]
pub enum Outcome {
    Stepped(StepResult),
    Diverged(Divergence),
    /// There is no room for a batch of this size, in words.
    NoRoom(String),
    Evaluated(Tested),
    /// What was to be saved is in safe hands.
    Copied,
    NotSaved(String),
    /// Given up half-way, nothing was changed.
    Abandoned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// Take so many steps, then pause.
    Counting(u32),
    Paused,
    /// The budget is used up.
    Done,
}

/// How many pictures a run has.
#[derive(Clone, Copy, Debug)]
pub struct Pictures {
    pub train: usize,
    pub test: usize,
}

#[derive(Debug)]
pub struct Engine {
    settings: Arc<Settings>,
    /// Accepted, in force from the next epoch.
    waiting: BTreeMap<Knob, f64>,
    /// Lines that are still to come, and all of them.
    script: Script,
    whole_script: Script,
    pictures: Pictures,
    lrn_layers: u8,
    position: Position,
    state: State,
    in_flight: Option<BatchRange>,
    /// Test pictures of the evaluation that is due.
    evaluation_due: Option<usize>,
    save_due: Option<SaveReason>,
    /// The settings before the changes that a save is due for.
    settings_before: Option<Arc<Settings>>,
    /// The step of the newest checkpoint.
    saved_at: u64,
    /// The checkpoint to go back to.
    rewind_due: Option<(String, bool)>,
    stopping: bool,
    diverged: bool,
    halved: bool,
    last_loss: Option<f64>,
    last_tested: Option<f64>,
    best_tested: Option<f64>,
}

impl Engine {
    /// `lrn_layers`: how many LRN layers the network has, so that `lrn.7` can be refused.
    pub fn new(settings: Settings, script: Script, pictures: Pictures, lrn_layers: u8) -> Engine {
        Engine {
            settings: Arc::new(settings),
            waiting: BTreeMap::new(),
            whole_script: script.clone(),
            script,
            pictures,
            lrn_layers,
            position: Position::default(),
            state: State::Running,
            in_flight: None,
            evaluation_due: None,
            save_due: None,
            settings_before: None,
            saved_at: 0,
            rewind_due: None,
            stopping: false,
            diverged: false,
            halved: false,
            last_loss: None,
            last_tested: None,
            best_tested: None,
        }
    }

    /// An engine that goes on from a saved moment. Lines of the script that were in force there are not applied again.
    pub fn resume(moment: Moment, script: Script, pictures: Pictures, lrn_layers: u8) -> Engine {
        let mut engine = Engine::new(moment.settings.clone(), script, pictures, lrn_layers);
        engine.stand_at(moment);
        engine
    }

    /// Goes back to a saved moment and pauses there; the learner must have done the same. Lines of the script that lie
    /// ahead again will be applied again. `slower` then takes a tenth of the learning rate.
    pub fn rewind(&mut self, moment: Moment, slower: bool) -> Vec<Event> {
        self.script = self.whole_script.clone();
        self.stand_at(moment);
        self.state = State::Paused;
        let mut events = vec![phase(Phase::Paused, "")];
        if slower {
            let tenth = Knob::LearningRate.spec().nudge(self.settings.get(Knob::LearningRate), Nudge::Times(0.1));
            events.extend(self.set(Knob::LearningRate, tenth));
        }
        events
    }

    /// Whether a checkpoint holds what was learned so far.
    pub fn is_saved(&self) -> bool {
        self.position.step <= self.saved_at
    }

    fn stand_at(&mut self, moment: Moment) {
        self.script.due(moment.step);
        let waiting = moment.waiting.iter().filter_map(|(knob, text)| Some((*knob, knob.spec().parse(text).ok()?)));
        self.waiting = waiting.collect();
        self.settings = Arc::new(moment.settings);
        self.position = Position { step: moment.step, epoch: moment.epoch, offset: moment.offset };
        self.saved_at = moment.step;
        self.evaluation_due = moment.evaluation_due;
        self.last_loss = moment.loss;
        self.last_tested = moment.test_accuracy;
        self.best_tested = moment.best_test_accuracy;
        (self.in_flight, self.save_due, self.settings_before, self.rewind_due) = (None, None, None, None);
        self.diverged = false;
    }

    /// Where the run stands, for [`Engine::resume`]. A step under way is not part of it.
    pub fn moment(&self) -> Moment {
        Moment {
            step: self.position.step,
            epoch: self.position.epoch,
            offset: self.position.offset,
            settings: (**self.settings_before.as_ref().unwrap_or(&self.settings)).clone(),
            waiting: self.waiting.iter().map(|(knob, value)| (*knob, knob.spec().format(*value))).collect(),
            evaluation_due: self.evaluation_due,
            loss: self.last_loss,
            test_accuracy: self.last_tested,
            best_test_accuracy: self.best_tested,
        }
    }

    pub fn position(&self) -> Position {
        self.position
    }

    pub fn pictures(&self) -> Pictures {
        self.pictures
    }

    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Whether a person takes the steps one by one.
    pub fn counts_steps(&self) -> bool {
        matches!(self.state, State::Counting(_))
    }

    /// A step under way must hold still.
    pub fn is_paused(&self) -> bool {
        self.state == State::Paused
    }

    /// What is under way must be given up: the run stops, or somebody who paused wants something that needs the weights
    /// at rest. Nothing is lost: a step is a function of its plan and is taken again, and so is an evaluation.
    pub fn wants_abandon(&self, evaluating: bool) -> bool {
        let something_else = self.save_due.is_some() || (!evaluating && self.evaluation_due.is_some());
        self.stopping || self.rewind_due.is_some() || (self.is_paused() && something_else)
    }

    /// Whether the run ended because its loss or gradient was no number any more.
    pub fn has_diverged(&self) -> bool {
        self.diverged
    }

    /// Epochs behind the run as a number that grows with every step.
    pub fn epoch(&self) -> f64 {
        f64::from(self.position.epoch) + self.position.offset as f64 / self.pictures.train.max(1) as f64
    }

    /// Number of the first step that a change made now can reach.
    fn next_step(&self) -> u64 {
        self.position.step + 1 + u64::from(self.in_flight.is_some())
    }

    /// Takes a command, at any time.
    pub fn command(&mut self, command: Command) -> Vec<Event> {
        match command {
            Command::Pause => self.pause(),
            Command::Resume => self.go_on(State::Running),
            Command::Step(count) => self.go_on(State::Counting(count.max(1))),
            Command::Set { knob, value } => self.set(knob, value),
            Command::Evaluate => {
                self.evaluation_due.get_or_insert(self.pictures_to_test());
                Vec::new()
            }
            Command::Save => {
                self.want_save(SaveReason::Asked);
                Vec::new()
            }
            Command::Rewind { checkpoint, slower } => {
                self.rewind_due = Some((checkpoint, slower));
                Vec::new()
            }
            // Whoever vanished is noticed more than once.
            Command::Stop { .. } if self.stopping => Vec::new(),
            Command::Stop { save } => {
                self.stopping = true;
                if save {
                    self.want_save(SaveReason::Ending);
                }
                Vec::new()
            }
            // The worker's own business.
            Command::WatchLayers(_) | Command::Watch(_) | Command::FetchData | Command::TestRate => Vec::new(),
        }
    }

    fn pause(&mut self) -> Vec<Event> {
        if !matches!(self.state, State::Running | State::Counting(_)) {
            return Vec::new();
        }
        self.state = State::Paused;
        vec![phase(Phase::Paused, "")]
    }

    fn go_on(&mut self, to: State) -> Vec<Event> {
        if self.budget_is_used_up() {
            self.state = State::Done;
            return vec![rejected("resume", "the budget is used up: raise epochs or steps first")];
        }
        let was = std::mem::replace(&mut self.state, to);
        (self.diverged, self.halved) = (false, false);
        if was == to { Vec::new() } else { vec![phase(Phase::Training, "")] }
    }

    fn set(&mut self, knob: Knob, value: f64) -> Vec<Event> {
        let spec = knob.spec();
        let asked = format!("{knob} {}", spec.format(value));
        if let Err(error) = spec.check(value) {
            return vec![rejected(&asked, &error.to_string())];
        }
        if let Knob::LrnLayer(layer) = knob
            && !(1..=self.lrn_layers).contains(&layer)
        {
            return vec![rejected(&asked, &format!("this network has {} LRN layers, counted from 1", self.lrn_layers))];
        }
        match spec.applies {
            Applies::NextStep => self.put(knob, value).into_iter().collect(),
            Applies::NextEpoch if self.position == Position::default() && self.in_flight.is_none() => {
                self.put(knob, value).into_iter().collect()
            }
            Applies::NextEpoch => {
                self.waiting.insert(knob, value);
                vec![Event::Pending { knob, to: spec.format(value), applies: spec.applies }]
            }
            // The engine only says so; who starts the new run takes the value along.
            Applies::NewRun => vec![Event::Pending { knob, to: spec.format(value), applies: spec.applies }],
        }
    }

    /// A save that is due already stays due for the reason that weighs more.
    pub fn want_save(&mut self, reason: SaveReason) {
        let weight = |reason: SaveReason| match reason {
            SaveReason::Scheduled => 0,
            SaveReason::BeforeChange | SaveReason::BeforeRewind | SaveReason::Rewound => 1,
            SaveReason::Ending => 2,
            SaveReason::Asked => 3,
        };
        self.save_due = Some(self.save_due.map_or(reason, |due| if weight(due) > weight(reason) { due } else { reason }));
    }

    /// Asks for a checkpoint of the moment before a change, unless that moment is saved or follows from the seed.
    fn save_before_change(&mut self) {
        let reached = self.position.step + u64::from(self.in_flight.is_some());
        if reached > self.saved_at && self.settings_before.is_none() {
            self.settings_before = Some(self.settings.clone());
            self.want_save(SaveReason::BeforeChange);
        }
    }

    fn put(&mut self, knob: Knob, value: f64) -> Option<Event> {
        let from = self.settings.text(knob);
        if self.settings.get(knob) != value {
            self.save_before_change();
        }
        let settings = Arc::make_mut(&mut self.settings);
        // Checked before; a value out of range changes nothing.
        settings.set(knob, value).ok()?;
        let to = settings.text(knob);
        (from != to).then(|| Event::Changed(Change { step: self.next_step(), knob, from, to }))
    }

    /// What is to be done now. Script lines that are due are applied first, so it also returns events.
    pub fn next_action(&mut self) -> (Action, Vec<Event>) {
        let mut events = Vec::new();
        if matches!(self.state, State::Running | State::Counting(_)) && !self.stopping {
            for (knob, value) in self.script.due(self.position.step + 1) {
                events.extend(self.set(knob, value));
            }
        }
        let action = self.action(&mut events);
        if let Action::Step(plan) = &action {
            self.in_flight = Some(plan.batch);
        }
        (action, events)
    }

    fn action(&mut self, events: &mut Vec<Event>) -> Action {
        if let Some((checkpoint, slower)) = self.rewind_due.take() {
            return Action::Rewind { checkpoint, slower };
        }
        if let Some(reason) = self.save_due {
            return Action::Save(reason);
        }
        if self.stopping {
            return Action::End(FinishReason::Stopped);
        }
        if let Some(pictures) = self.evaluation_due {
            events.push(phase(Phase::Evaluating, &format!("on {pictures} test pictures")));
            return Action::Evaluate { pictures, settings: self.settings.clone() };
        }
        match self.state {
            State::Paused => Action::Wait,
            State::Done if !self.budget_is_used_up() => {
                self.state = State::Running;
                events.push(phase(Phase::Training, ""));
                self.action(events)
            }
            State::Done => Action::Wait,
            State::Running | State::Counting(_) if self.budget_is_used_up() => {
                self.state = State::Done;
                events.push(phase(Phase::Finished, "the budget of steps or epochs is used up"));
                Action::End(FinishReason::Budget)
            }
            State::Running | State::Counting(_) => Action::Step(self.plan()),
        }
    }

    fn plan(&self) -> StepPlan {
        let batch = self.batch_at(self.position);
        StepPlan {
            step: self.position.step + 1,
            batch,
            next: self.batch_at(self.after(batch)),
            learning_rate: learning_rate(&self.settings, self.position.step, self.epoch(), self.steps_per_epoch()),
            settings: self.settings.clone(),
        }
    }

    fn batch_at(&self, position: Position) -> BatchRange {
        let count = self.settings.count(Knob::BatchSize).min(self.pictures.train - position.offset);
        BatchRange { epoch: position.epoch, first: position.offset, count }
    }

    fn after(&self, batch: BatchRange) -> Position {
        let end = batch.first + batch.count;
        let (epoch, offset) = if end >= self.pictures.train { (batch.epoch + 1, 0) } else { (batch.epoch, end) };
        Position { step: self.position.step + 1, epoch, offset }
    }

    fn steps_per_epoch(&self) -> f64 {
        self.pictures.train as f64 / self.settings.get(Knob::BatchSize).max(1.0)
    }

    fn budget_is_used_up(&self) -> bool {
        let (steps, epochs) = (self.settings.count(Knob::Steps) as u64, self.settings.count(Knob::Epochs));
        (steps > 0 && self.position.step >= steps) || (epochs > 0 && self.position.epoch as usize >= epochs)
    }

    fn pictures_to_test(&self) -> usize {
        match self.settings.count(Knob::EvaluatePictures) {
            0 => self.pictures.test,
            some => some.min(self.pictures.test),
        }
    }

    /// Takes in what became of the last action.
    pub fn absorb(&mut self, outcome: Outcome) -> Vec<Event> {
        match outcome {
            Outcome::Stepped(result) => self.stepped(result),
            Outcome::Diverged(divergence) => {
                self.in_flight = None;
                self.state = State::Paused;
                self.diverged = true;
                vec![Event::Diverged(divergence), phase(Phase::Paused, "the loss or a gradient is not a finite number")]
            }
            Outcome::NoRoom(reason) => self.take_half(&reason),
            Outcome::Evaluated(tested) => self.evaluated(tested),
            Outcome::Copied => {
                self.saved_at = self.position.step;
                (self.save_due, self.settings_before) = (None, None);
                Vec::new()
            }
            Outcome::NotSaved(reason) => {
                (self.save_due, self.settings_before) = (None, None);
                vec![rejected("save", &reason)]
            }
            Outcome::Abandoned => {
                self.in_flight = None;
                Vec::new()
            }
        }
    }

    fn stepped(&mut self, result: StepResult) -> Vec<Event> {
        let Some(batch) = self.in_flight.take() else { return Vec::new() };
        let epoch_before = self.position.epoch;
        self.position = self.after(batch);
        self.last_loss = Some(result.loss);
        let mut events = vec![Event::Step(StepStats {
            step: self.position.step,
            epoch: self.epoch(),
            loss: result.loss,
            accuracy: result.correct as f64 / batch.count as f64,
            learning_rate: result.learning_rate,
            images_per_second: batch.count as f64 / result.seconds.max(1e-9),
            merged: None,
        })];
        let every = self.settings.count(Knob::EvaluateEvery) as u64;
        let finished = self.budget_is_used_up();
        if self.position.epoch > epoch_before {
            for (knob, value) in std::mem::take(&mut self.waiting) {
                events.extend(self.put(knob, value));
            }
            self.evaluation_due = Some(self.pictures.test);
        } else if finished || (every > 0 && self.position.step.is_multiple_of(every)) {
            self.evaluation_due = Some(self.pictures_to_test());
        }
        let save_every = self.settings.count(Knob::CheckpointEvery) as u64;
        if save_every > 0 && self.position.step.is_multiple_of(save_every) {
            self.want_save(SaveReason::Scheduled);
        }
        match self.state {
            State::Counting(1) if !finished => {
                self.state = State::Paused;
                events.push(phase(Phase::Paused, ""));
            }
            State::Counting(count) => self.state = State::Counting(count.saturating_sub(1).max(1)),
            _ => {}
        }
        events
    }

    fn evaluated(&mut self, tested: Tested) -> Vec<Event> {
        self.evaluation_due = None;
        let accuracy = tested.correct as f64 / tested.pictures.max(1) as f64;
        self.last_tested = Some(accuracy);
        self.best_tested = Some(self.best_tested.map_or(accuracy, |best| best.max(accuracy)));
        let evaluation = Evaluation {
            step: self.position.step,
            epoch: self.epoch(),
            split: Split::Test,
            loss: tested.loss_sum / tested.pictures.max(1) as f64,
            accuracy,
            examples: tested.pictures,
        };
        let step = self.position.step;
        let confusion = tested.confusion.map(|confusion| Event::Confusion(Confusion { step, ..confusion }));
        [Event::Evaluated(evaluation)].into_iter().chain(confusion).chain([self.phase_again()]).collect()
    }

    /// The phase to go back to after an evaluation or a save.
    pub fn phase_again(&self) -> Event {
        match self.state {
            State::Paused => phase(Phase::Paused, ""),
            State::Done => phase(Phase::Finished, ""),
            State::Running | State::Counting(_) => phase(Phase::Training, ""),
        }
    }

    /// The run's last word.
    pub fn finished(&self, reason: FinishReason, seconds: f64) -> Event {
        Event::Finished {
            step: self.position.step,
            epoch: self.epoch(),
            reason,
            seconds,
            loss: self.last_loss,
            test_accuracy: self.last_tested,
            best_test_accuracy: self.best_tested,
        }
    }
}

fn phase(phase: Phase, detail: &str) -> Event {
    Event::Phase { phase, detail: detail.into() }
}

fn rejected(command: &str, reason: &str) -> Event {
    Event::Rejected { command: command.into(), reason: reason.into() }
}
