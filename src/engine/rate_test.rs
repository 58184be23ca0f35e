//! A learning-rate test: a sweep of steps with a rising rate, after which the learner stands as it stood before.

use std::sync::Arc;

use super::{BatchRange, Gate, Learner, LearnerError, Pictures, Position, StepPlan, Stepped};
use crate::knobs::{Knob, Settings};
use crate::session::RateTest;

/// What is swept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    pub from: f64,
    pub to: f64,
    pub steps: usize,
}

impl Default for Sweep {
    fn default() -> Sweep {
        Sweep { from: 1e-6, to: 10.0, steps: 100 }
    }
}

/// Sweeps, from where the run stands, on the batches that come next there. `each` is told of the test as it grows. The learner is then
/// brought back to what it was, so that the run goes on as if nothing had been; `None` where the gate gave up.
///
/// # Errors
/// Within: a step that failed; the learner was brought back all the same. Outside: it was not, and is unfit for training.
pub fn rate_test(
    learner: &mut dyn Learner,
    sweep: Sweep,
    position: Position,
    settings: &Settings,
    pictures: Pictures,
    gate: &mut dyn Gate,
    each: &mut dyn FnMut(&RateTest),
) -> Result<Result<Option<RateTest>, LearnerError>, LearnerError> {
    let before = learner.checkpoint()?;
    let swept = steps(learner, sweep, position, settings, pictures, gate, each);
    learner.restore(&before).map(|()| swept)
}

fn steps(
    learner: &mut dyn Learner,
    sweep: Sweep,
    position: Position,
    settings: &Settings,
    pictures: Pictures,
    gate: &mut dyn Gate,
    each: &mut dyn FnMut(&RateTest),
) -> Result<Option<RateTest>, LearnerError> {
    let settings = Arc::new(settings.clone());
    let count = settings.count(Knob::BatchSize).clamp(1, pictures.train.max(1));
    let batch = |place: usize| {
        // Whole batches only, round and round the epoch.
        let batches = (pictures.train / count).max(1);
        let first = (position.offset / count + place) % batches * count;
        BatchRange { epoch: position.epoch, first, count }
    };
    let mut test = RateTest::default();
    for place in 0..sweep.steps {
        let rate = RateTest::rate(sweep.from, sweep.to, place, sweep.steps);
        let plan = StepPlan {
            step: position.step + 1 + place as u64,
            batch: batch(place),
            next: batch(place + 1),
            learning_rate: rate,
            settings: settings.clone(),
        };
        let goes_on = match learner.step(&plan, false, gate)? {
            Stepped::Taken(result) => test.push(rate, result.loss),
            // That far up no step can be taken any more: the test has seen all there is.
            Stepped::Diverged(_) => false,
            Stepped::NoRoom(reason) => return Err(LearnerError(reason)),
            Stepped::Abandoned => return Ok(None),
        };
        each(&test);
        if !goes_on {
            break;
        }
    }
    Ok(Some(test))
}
