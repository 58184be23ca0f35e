//! The training state machine: no tensors, no threads, no clock.
//!
//! The worker asks [`Engine::next_action`] what to do, lets a [`Learner`] do it, and tells the result to [`Engine::absorb`].
//! Commands may come at any time, also in the middle of a step. What follows from each is a list of events: the engine
//! decides, the events are what it decided.

mod action;
mod learner;
mod outcome;
mod planning;
mod rate_test;
mod room;
mod schedule;
mod script;
mod steering;
#[cfg(test)]
mod tests;
mod viewer;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use action::{Action, BatchRange, Outcome, Pictures, Position, StepPlan};
pub use learner::{Checkpoint, Flow, Gate, Learner, LearnerError, Onward, Point, StepResult, Stepped, Tensors, Tested};
pub use rate_test::{Sweep, rate_test};
pub use schedule::learning_rate;
pub use script::{Script, ScriptError, ScriptLine};
pub use viewer::{Standing, Viewer};

use crate::knobs::{Knob, Nudge, Settings};
use crate::session::{Change, Event, FinishReason, Moment, Phase, SaveReason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// Take so many steps, then pause.
    Counting(u32),
    Paused,
    /// The budget is used up.
    Done,
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
    /// The settings, and what waited for an epoch, before the changes that a save is due for.
    settings_before: Option<(Arc<Settings>, BTreeMap<Knob, f64>)>,
    /// Changes that were made while the step in flight was computed: they hold from the one after it.
    changed_in_flight: Vec<Change>,
    /// The step of the newest checkpoint.
    saved_at: u64,
    /// The checkpoint to go back to.
    rewind_due: Option<(String, bool)>,
    stopping: bool,
    /// Whoever stopped it wants nothing of it saved.
    given_up: bool,
    diverged: bool,
    halved: bool,
    last_loss: Option<f64>,
    /// Accuracy and pictures of the newest evaluation.
    last_tested: Option<(f64, usize)>,
    /// The step of that evaluation.
    tested_at: Option<u64>,
    /// Accuracy and pictures of the best one, as far as that is sure.
    best_tested: Option<(f64, usize)>,
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
            changed_in_flight: Vec::new(),
            saved_at: 0,
            rewind_due: None,
            stopping: false,
            given_up: false,
            diverged: false,
            halved: false,
            last_loss: None,
            last_tested: None,
            tested_at: None,
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
        self.position = Position { step: moment.step, epoch: moment.epoch, offset: moment.offset };
        self.saved_at = moment.step;
        self.evaluation_due = moment.evaluation_due;
        self.last_loss = moment.loss;
        (self.last_tested, self.tested_at) = (moment.tested(), moment.tested_at);
        self.best_tested = moment.best();
        self.settings = Arc::new(moment.settings);
        (self.in_flight, self.save_due, self.settings_before, self.rewind_due) = (None, None, None, None);
        self.changed_in_flight.clear();
        self.diverged = false;
    }

    /// The step in flight is given up. It will be taken with what was changed meanwhile, so those changes hold a step earlier than was told.
    pub(super) fn give_up(&mut self) -> Vec<Event> {
        self.in_flight = None;
        let changes = std::mem::take(&mut self.changed_in_flight).into_iter();
        changes.map(|change| Event::Changed(Change { step: change.step - 1, ..change })).collect()
    }

    /// Where the run stands, for [`Engine::resume`]. A step under way is not part of it.
    pub fn moment(&self) -> Moment {
        let (settings, waiting) =
            self.settings_before.as_ref().map_or((&self.settings, &self.waiting), |before| (&before.0, &before.1));
        Moment {
            step: self.position.step,
            epoch: self.position.epoch,
            offset: self.position.offset,
            settings: (**settings).clone(),
            waiting: waiting.iter().map(|(knob, value)| (*knob, knob.spec().format(*value))).collect(),
            evaluation_due: self.evaluation_due,
            loss: self.last_loss,
            test_accuracy: self.last_tested.map(|tested| tested.0),
            tested_on: self.last_tested.map(|tested| tested.1),
            tested_at: self.tested_at,
            best_test_accuracy: self.best_tested.map(|best| best.0),
            best_tested_on: self.best_tested.map(|best| best.1),
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

    /// Whether it was stopped by somebody who wants nothing saved.
    pub fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// Epochs behind the run as a number that grows with every step.
    pub fn epoch(&self) -> f64 {
        f64::from(self.position.epoch) + self.position.offset as f64 / self.pictures.train.max(1) as f64
    }

    /// Number of the first step that a change made now can reach.
    fn next_step(&self) -> u64 {
        self.position.step + 1 + u64::from(self.in_flight.is_some())
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
            test_accuracy: self.last_tested.map(|tested| tested.0),
            best_test_accuracy: self.best_tested.map(|best| best.0),
        }
    }
}

fn phase(phase: Phase, detail: &str) -> Event {
    Event::Phase { phase, detail: detail.into() }
}

fn rejected(command: &str, reason: &str) -> Event {
    Event::Rejected { command: command.into(), reason: reason.into() }
}
