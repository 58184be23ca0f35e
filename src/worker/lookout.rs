//! Looks into the network for whoever watches, at a bounded cost: nothing while nobody looks, and while somebody does no more
//! than a small share of the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Engine, Learner, Standing, StepResult, Viewer};
use crate::knobs::Settings;
use crate::link::SeenSender;
use crate::probe::{Probe, Seen};

/// Looks are at least this far apart.
const LEAST: Duration = Duration::from_millis(100);
/// Share of the time that looking may take while the network learns.
const SHARE: f64 = 0.01;
/// Seconds of looking that may be saved up: a person who leafs through layers gets an answer at once.
const SAVED_UP: f64 = 0.3;

#[derive(Default)]
pub struct Lookout {
    viewer: Option<Box<dyn Viewer>>,
    probe: Option<Probe>,
    /// The step and the settings of the last answer: a look at the same network would say the same.
    answered: Option<(u64, Arc<Settings>)>,
    /// Learning rate and settings of the newest step.
    taken: Option<(f64, Arc<Settings>)>,
    allowance: Allowance,
    /// The step at which somebody began to look, and seconds of looking since.
    since: u64,
    spent: f64,
}

/// Seconds that looking may take: they grow with time, up to a bound, and are spent by looks.
struct Allowance {
    seconds: f64,
    counted: Instant,
    looked: Option<Instant>,
}

impl Default for Allowance {
    fn default() -> Self {
        Allowance { seconds: SAVED_UP, counted: Instant::now(), looked: None }
    }
}

impl Allowance {
    /// `idle`: nothing is computed that looking could slow down.
    fn permits(&mut self, now: Instant, idle: bool) -> bool {
        self.seconds = (self.seconds + SHARE * now.duration_since(self.counted).as_secs_f64()).min(SAVED_UP);
        self.counted = now;
        let rested = self.looked.is_none_or(|looked| now.duration_since(looked) >= LEAST);
        rested && (idle || self.seconds > 0.0)
    }

    fn spend(&mut self, seconds: f64, idle: bool, now: Instant) {
        if !idle {
            self.seconds -= seconds;
        }
        self.looked = Some(now);
    }
}

impl Lookout {
    /// Gets eyes for a learner's network.
    pub fn open(&mut self, learner: &dyn Learner) -> Result<(), String> {
        self.viewer = Some(learner.viewer().map_err(|error| error.to_string())?);
        Ok(())
    }

    /// What is looked at from now on.
    pub fn watch(&mut self, probe: Option<Probe>, step: u64) {
        if self.probe.is_none() {
            (self.since, self.spent) = (step, 0.0);
        }
        if probe.is_none()
            && let Some(viewer) = &mut self.viewer
        {
            viewer.rest();
        }
        (self.probe, self.answered) = (probe, None);
    }

    /// Takes note of a step, which makes the last answer old.
    pub fn stepped(&mut self, result: &StepResult, settings: &Arc<Settings>) {
        self.taken = Some((result.learning_rate, settings.clone()));
        self.answered = None;
    }

    /// The weights are others now, as if from nowhere.
    pub fn restored(&mut self) {
        (self.taken, self.answered) = (None, None);
    }

    /// Looks, if somebody wants that, the last answer is old, and there is time for it. `idle`: training stands still.
    pub fn look(&mut self, engine: &Engine, lane: &SeenSender, idle: bool) {
        let (Some(probe), Some(viewer)) = (&self.probe, &mut self.viewer) else { return };
        let standing = Standing { step: engine.position().step, settings: engine.settings().clone(), taken: self.taken.clone() };
        let same = |(step, settings): &(u64, Arc<Settings>)| *step == standing.step && Arc::ptr_eq(settings, &standing.settings);
        if self.answered.as_ref().is_some_and(same) || !self.allowance.permits(Instant::now(), idle) {
            return;
        }
        let start = Instant::now();
        let sight = viewer.look(probe, &standing).map_err(|error| error.to_string());
        let step = standing.step;
        let took = start.elapsed().as_secs_f64();
        self.allowance.spend(took, idle, Instant::now());
        if !idle {
            self.spent += took;
        }
        self.answered = Some((standing.step, standing.settings));
        let per_step = self.spent * 1e3 / step.saturating_sub(self.since).max(1) as f64;
        lane.send(Box::new(Seen { probe: probe.clone(), step, took: took * 1e3, per_step, sight }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_takes_no_more_than_its_share_of_an_hour() {
        let mut allowance = Allowance::default();
        let start = Instant::now();
        let (mut spent, look) = (0.0, 0.02);
        for millisecond in (0..3_600_000).step_by(5) {
            let now = start + Duration::from_millis(millisecond);
            if allowance.permits(now, false) {
                allowance.spend(look, false, now);
                spent += look;
            }
        }
        assert!(spent <= SHARE * 3_600.0 + SAVED_UP + look, "{spent} s");
        assert!(spent > 0.9 * SHARE * 3_600.0, "{spent} s");
    }

    #[test]
    fn looks_are_a_tenth_of_a_second_apart_even_where_they_cost_nothing() {
        let mut allowance = Allowance::default();
        let start = Instant::now();
        let mut looks = 0;
        for millisecond in 0..1_000 {
            let now = start + Duration::from_millis(millisecond);
            if allowance.permits(now, true) {
                allowance.spend(0.5, true, now);
                looks += 1;
            }
        }
        assert_eq!(looks, 10);
    }
}
