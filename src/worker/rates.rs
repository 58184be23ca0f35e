//! The learning-rate test that a person asks for while a run is under way.

use super::Desk;
use super::gate::StepGate;
use crate::engine::{Engine, Learner, Sweep, rate_test};
use crate::session::{Event, Phase};

impl Desk {
    /// Sweeps the learning rate from where the run stands; learner and run are afterwards as they were before.
    pub(super) fn test_rates(&mut self, engine: &mut Engine, learner: &mut dyn Learner) -> Result<(), String> {
        self.emit(Event::Phase { phase: Phase::Evaluating, detail: "learning rates, on a copy".into() });
        self.feed();
        let (position, settings, pictures) = (engine.position(), engine.settings().clone(), engine.pictures());
        let held_before = engine.is_paused();
        // Whoever looks on would see the sweep's weights under the run's step.
        self.lookout.shut();
        let tested = {
            let mut gate = StepGate { desk: self, engine, step: position.step, evaluating: true, held_before };
            rate_test(learner, Sweep::default(), position, &settings, pictures, &mut gate, &mut |_| {})
        };
        // Where they could not be brought back, the weights are nobody's: what follows saves nothing of them.
        self.at_rest = tested.is_ok();
        self.lookout.restored();
        if let Some(test) = tested.and_then(|swept| swept).map_err(|error| error.to_string())? {
            self.emit(Event::RateTested(test));
        }
        self.rate_test_due = false;
        let phase = engine.phase_again();
        self.emit(phase);
        Ok(())
    }
}
