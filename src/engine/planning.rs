//! What comes next: the order of saves, evaluations and steps, and the batches that steps take.

use super::{Action, BatchRange, Engine, Position, State, StepPlan, learning_rate, phase};
use crate::knobs::Knob;
use crate::session::{Event, FinishReason, Phase, SaveReason};

impl Engine {
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
        if let Some(reason) = self.save_due.filter(|reason| !self.waits_for_the_test(*reason)) {
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
                if !self.is_saved() {
                    self.want_save(SaveReason::Scheduled);
                }
                events.push(phase(Phase::Finished, "the budget of steps or epochs is used up"));
                Action::End(FinishReason::Budget)
            }
            State::Running | State::Counting(_) if self.position.offset == 0 && !self.waiting.is_empty() => {
                for (knob, value) in self.waiting.clone() {
                    events.extend(self.put(knob, value));
                }
                self.waiting.clear();
                self.action(events)
            }
            State::Running | State::Counting(_) => Action::Step(self.plan()),
        }
    }

    /// A scheduled checkpoint is written after the evaluation that is due at the same step, so that it knows how good its weights are.
    fn waits_for_the_test(&self, reason: SaveReason) -> bool {
        let goes_on = matches!(self.state, State::Running | State::Counting(_)) && !self.stopping;
        reason == SaveReason::Scheduled && self.evaluation_due.is_some() && goes_on
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

    pub(super) fn after(&self, batch: BatchRange) -> Position {
        let end = batch.first + batch.count;
        let (epoch, offset) = if end >= self.pictures.train { (batch.epoch + 1, 0) } else { (batch.epoch, end) };
        Position { step: self.position.step + 1, epoch, offset }
    }

    /// The last batch of an epoch may be smaller; it is a step as well.
    fn steps_per_epoch(&self) -> f64 {
        (self.pictures.train as f64 / self.settings.get(Knob::BatchSize).max(1.0)).ceil()
    }

    pub fn budget_is_used_up(&self) -> bool {
        let (steps, epochs) = (self.settings.count(Knob::Steps) as u64, self.settings.count(Knob::Epochs));
        (steps > 0 && self.position.step >= steps) || (epochs > 0 && self.position.epoch as usize >= epochs)
    }

    pub(super) fn pictures_to_test(&self) -> usize {
        match self.settings.count(Knob::EvaluatePictures) {
            0 => self.pictures.test,
            some => some.min(self.pictures.test),
        }
    }
}
