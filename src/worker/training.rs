//! The training loop: carries out what the engine decides, one action after another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Desk;
use super::gate::StepGate;
use super::keeping::NotBack;
use crate::engine::{Action, Engine, Learner, Outcome, StepPlan, Stepped};
use crate::fault;
use crate::knobs::Settings;
use crate::session::{Command, Event, FinishReason};

/// Layers' outputs and norms are measured at most this often, and not before so many steps: for AlexNet measuring takes a ninth of a
/// step. Steps that a person takes one by one are all measured.
const OBSERVE: Duration = Duration::from_secs(2);
const OBSERVE_STEPS: u64 = 25;
/// The device's figures are read at most this often.
const GAUGE: Duration = Duration::from_secs(2);

impl Desk {
    pub(super) fn train(&mut self, engine: &mut Engine, learner: &mut dyn Learner) -> Result<FinishReason, String> {
        loop {
            self.take_commands(engine);
            if self.rate_test_due {
                self.test_rates(engine, learner)?;
            }
            self.look(engine, false);
            let (action, events) = engine.next_action();
            self.emit_all(events);
            self.feed();
            match action {
                Action::Step(plan) => self.take_step(&plan, engine, learner)?,
                Action::Evaluate { pictures, settings } => self.evaluate(pictures, &settings, engine, learner)?,
                Action::Save(reason) => {
                    let outcome = self.save(reason, engine, learner);
                    self.absorb(outcome, engine);
                }
                Action::Rewind { checkpoint, slower } => match self.rewind(&checkpoint, slower, engine, learner) {
                    Ok(()) => {}
                    Err(NotBack::Refused(reason)) => {
                        self.emit(Event::Rejected { command: format!("rewind to {checkpoint}"), reason });
                    }
                    Err(NotBack::HalfWay(reason)) => return Err(reason),
                },
                Action::Wait => self.wait(engine),
                Action::End(FinishReason::Budget) if !self.unattended => {}
                Action::End(reason) => {
                    if reason == FinishReason::Budget && self.folder.is_some() {
                        self.save_the_end(engine, learner);
                    }
                    return self.say_goodbye(engine, reason);
                }
            }
            if self.unattended && engine.has_diverged() {
                return self.say_goodbye(engine, FinishReason::Diverged);
            }
        }
    }

    fn take_step(&mut self, plan: &StepPlan, engine: &mut Engine, learner: &mut dyn Learner) -> Result<(), String> {
        let observe = self.watched && (engine.counts_steps() || is_time_to_observe(self.observed, plan.step));
        let mut gate = StepGate { desk: self, engine, step: plan.step, evaluating: false, held_before: false };
        fault::point("step");
        let stepped = learner.step(plan, observe, &mut gate).map_err(|error| error.to_string())?;
        self.at_rest = true;
        if observe {
            self.observed = Some((Instant::now(), plan.step));
        }
        match stepped {
            Stepped::Taken(mut result) => {
                let layers = result.layers.take();
                self.lookout.stepped(&result, &plan.settings);
                self.absorb(Outcome::Stepped(result), engine);
                if let Some(layers) = layers {
                    self.emit(Event::Layers(layers));
                }
                self.gauge(learner);
                self.feed();
            }
            Stepped::Diverged(divergence) => self.absorb(Outcome::Diverged(divergence), engine),
            Stepped::NoRoom(reason) => return self.make_room(reason, engine),
            Stepped::Abandoned => self.absorb(Outcome::Abandoned, engine),
        }
        Ok(())
    }

    /// Goes on with half a batch, where nobody is there to agree.
    fn make_room(&mut self, reason: String, engine: &mut Engine) -> Result<(), String> {
        self.absorb(Outcome::NoRoom(reason.clone()), engine);
        if !self.unattended {
            return Ok(());
        }
        if !engine.has_halved() {
            return Err(reason);
        }
        let events = engine.command(Command::Resume);
        self.emit_all(events);
        Ok(())
    }

    fn evaluate(
        &mut self,
        pictures: usize,
        settings: &Arc<Settings>,
        engine: &mut Engine,
        learner: &mut dyn Learner,
    ) -> Result<(), String> {
        let (step, held_before) = (engine.position().step, engine.is_paused());
        let mut gate = StepGate { desk: self, engine, step, evaluating: true, held_before };
        fault::point("evaluate");
        let tested = learner.evaluate(pictures, settings, &mut gate).map_err(|error| error.to_string())?;
        self.absorb(tested.map_or(Outcome::Abandoned, Outcome::Evaluated), engine);
        Ok(())
    }

    fn absorb(&mut self, outcome: Outcome, engine: &mut Engine) {
        let events = engine.absorb(outcome);
        self.emit_all(events);
    }

    fn say_goodbye(&mut self, engine: &Engine, reason: FinishReason) -> Result<FinishReason, String> {
        self.finish_saving();
        // Whoever leaves a run that is through does not break it off.
        let is_through = reason == FinishReason::Stopped && engine.budget_is_used_up();
        let reason = if is_through { FinishReason::Budget } else { reason };
        let wanted = reason != FinishReason::Diverged && !engine.is_given_up();
        if let (true, Some(why)) = (wanted, self.unsaved.take()) {
            return Err(format!("what was learned could not be saved: {why}"));
        }
        let last = engine.finished(reason, self.time());
        self.emit(last);
        Ok(reason)
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
}

/// Whether the layers are to be measured in a step; `observed` is when and in which step they were last.
pub fn is_time_to_observe(observed: Option<(Instant, u64)>, step: u64) -> bool {
    observed.is_none_or(|(at, last)| at.elapsed() >= OBSERVE && step.abs_diff(last) >= OBSERVE_STEPS)
}
