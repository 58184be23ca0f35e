//! What follows from the outcome of an action.

use super::{Engine, Outcome, State, StepResult, Tested, phase, rejected};
use crate::knobs::Knob;
use crate::session::{Confusion, Evaluation, Event, Phase, SaveReason, Split, StepStats, surely_right};

impl Engine {
    /// Takes in what became of the last action.
    pub fn absorb(&mut self, outcome: Outcome) -> Vec<Event> {
        match outcome {
            Outcome::Stepped(result) => self.stepped(result),
            Outcome::Diverged(divergence) => {
                let mut events = self.give_up();
                self.state = State::Paused;
                self.diverged = true;
                events.push(Event::Diverged(divergence));
                events.push(phase(Phase::Paused, "the loss or a gradient is not a finite number"));
                events
            }
            Outcome::NoRoom(reason) => self.take_half(&reason),
            Outcome::Evaluated(tested) => self.evaluated(tested),
            Outcome::Copied => {
                self.saved_at = self.position.step;
                (self.save_due, self.settings_before) = (None, None);
                Vec::new()
            }
            Outcome::LeftOut => {
                (self.save_due, self.settings_before) = (None, None);
                Vec::new()
            }
            Outcome::NotSaved(reason) => {
                (self.save_due, self.settings_before) = (None, None);
                vec![rejected("save", &reason)]
            }
            Outcome::Abandoned => self.give_up(),
        }
    }

    fn stepped(&mut self, result: StepResult) -> Vec<Event> {
        let Some(batch) = self.in_flight.take() else { return Vec::new() };
        self.changed_in_flight.clear();
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
        let this = (accuracy, tested.pictures);
        (self.last_tested, self.tested_at) = (Some(this), Some(self.position.step));
        let is_best = self.best_tested.is_none_or(|best| surely_right(best.0, best.1) < surely_right(this.0, this.1));
        self.best_tested = if is_best { Some(this) } else { self.best_tested };
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
}
