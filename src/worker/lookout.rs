//! Looks into the network for whoever watches, at a bounded cost: nothing while nobody looks, and while somebody does no more
//! than a small share of the time. Only the first answer to a new wish does not wait for its share.

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
/// Seconds of looking that may be saved up, and seconds of first answers that are paid back later.
const SAVED_UP: f64 = 0.3;
/// Share of the time that first answers may take while a person leafs through layers.
const LEAFING: f64 = 0.2;

#[derive(Default)]
pub struct Lookout {
    viewer: Option<Box<dyn Viewer>>,
    probe: Option<Probe>,
    /// Nothing was answered yet to what is looked at.
    fresh: bool,
    /// The step and the settings of the last answer: a look at the same network would say the same.
    answered: Option<(u64, Arc<Settings>)>,
    /// Learning rate and settings of the newest step.
    taken: Option<(f64, Arc<Settings>)>,
    /// The weights are not the run's at the moment.
    shut: bool,
    allowance: Allowance,
    /// The step at which somebody began to look, and seconds of looking since.
    since: u64,
    spent: f64,
}

/// Seconds that looking may take: they grow with time, up to a bound, and are spent by looks.
struct Allowance {
    seconds: f64,
    counted: Instant,
    /// When the last look ended, and how many seconds it took.
    looked: Option<(Instant, f64)>,
}

impl Default for Allowance {
    fn default() -> Self {
        Allowance { seconds: SAVED_UP, counted: Instant::now(), looked: None }
    }
}

impl Allowance {
    /// `idle`: nothing is computed that looking could slow down. `fresh`: it is the first answer to a wish.
    fn permits(&mut self, now: Instant, idle: bool, fresh: bool) -> bool {
        self.seconds = (self.seconds + SHARE * now.duration_since(self.counted).as_secs_f64()).min(SAVED_UP);
        self.counted = now;
        let rested = self.looked.is_none_or(|(looked, took)| {
            let rest = if idle { 0.0 } else { took / LEAFING };
            let least = if fresh { LEAST.as_secs_f64().max(rest) } else { LEAST.as_secs_f64() };
            now.duration_since(looked).as_secs_f64() >= least
        });
        rested && (idle || fresh || self.seconds > 0.0)
    }

    fn spend(&mut self, seconds: f64, idle: bool, fresh: bool, now: Instant) {
        if !idle {
            // Leafing on puts off what follows by half a minute at most.
            let most_owed = if fresh { self.seconds.min(-SAVED_UP) } else { f64::NEG_INFINITY };
            self.seconds = (self.seconds - seconds).max(most_owed);
        }
        self.looked = Some((now, seconds));
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
        self.fresh |= self.probe != probe;
        (self.probe, self.answered) = (probe, None);
    }

    /// Takes note of a step, which makes the last answer old.
    pub fn stepped(&mut self, result: &StepResult, settings: &Arc<Settings>) {
        self.taken = Some((result.learning_rate, settings.clone()));
        self.answered = None;
    }

    /// Something else is tried on the weights, until they are restored: nobody looks at it.
    pub fn shut(&mut self) {
        self.shut = true;
    }

    /// Whether something else is tried on the weights.
    pub fn is_shut(&self) -> bool {
        self.shut
    }

    /// The weights are others now, as if from nowhere.
    pub fn restored(&mut self) {
        (self.taken, self.answered, self.shut) = (None, None, false);
    }

    /// Looks, if somebody wants that, the last answer is old, and there is time for it. `idle`: training stands still.
    pub fn look(&mut self, engine: &Engine, lane: &SeenSender, idle: bool) {
        let (Some(probe), Some(viewer), false) = (&self.probe, &mut self.viewer, self.shut) else { return };
        let standing = Standing { step: engine.position().step, settings: engine.settings().clone(), taken: self.taken.clone() };
        let same = |(step, settings): &(u64, Arc<Settings>)| *step == standing.step && Arc::ptr_eq(settings, &standing.settings);
        if self.answered.as_ref().is_some_and(same) || !self.allowance.permits(Instant::now(), idle, self.fresh) {
            return;
        }
        let start = Instant::now();
        let sight = viewer.look(probe, &standing).map_err(|error| error.to_string());
        let step = standing.step;
        let took = start.elapsed().as_secs_f64();
        self.allowance.spend(took, idle, self.fresh, Instant::now());
        self.fresh = false;
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
    use crate::engine::{LearnerError, Pictures, Script};
    use crate::link::{Delivery, link};
    use crate::probe::Sight;

    #[test]
    fn looking_takes_no_more_than_its_share_of_an_hour() {
        let mut allowance = Allowance::default();
        let start = Instant::now();
        let (mut spent, look) = (0.0, 0.02);
        for millisecond in (0..3_600_000).step_by(5) {
            let now = start + Duration::from_millis(millisecond);
            if allowance.permits(now, false, false) {
                allowance.spend(look, false, false, now);
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
            if allowance.permits(now, true, false) {
                allowance.spend(0.5, true, false, now);
                looks += 1;
            }
        }
        assert_eq!(looks, 10);
    }

    #[test]
    fn after_a_look_that_took_seconds_a_new_wish_is_answered_soon_and_the_old_one_followed_only_when_it_is_paid() {
        let (mut allowance, start) = (Allowance::default(), Instant::now());
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        allowance.spend(3.0, false, false, start);
        assert!(!allowance.permits(after(14), false, true) && allowance.permits(after(15), false, true));
        assert!(!allowance.permits(after(200), false, false) && allowance.permits(after(300), false, false));
    }

    #[test]
    fn leafing_takes_a_fifth_of_the_time_at_most_and_puts_off_what_follows_by_half_a_minute() {
        let (mut allowance, start, look) = (Allowance::default(), Instant::now(), 0.05);
        let (mut now, mut spent) = (start, 0.0);
        while now < start + Duration::from_secs(60) {
            if allowance.permits(now, false, true) {
                now += Duration::from_secs_f64(look);
                allowance.spend(look, false, true, now);
                spent += look;
            }
            now += Duration::from_millis(5);
        }
        assert!((9.0..=12.1).contains(&spent), "{spent} s of 60");
        assert!(!allowance.permits(now + Duration::from_secs(28), false, false));
        assert!(allowance.permits(now + Duration::from_secs(31), false, false));
    }

    /// Sees nothing in particular.
    struct Anybody;

    impl Viewer for Anybody {
        fn look(&mut self, _: &Probe, _: &Standing) -> Result<Sight, LearnerError> {
            Ok(Sight::Pictures(Vec::new()))
        }

        fn rest(&mut self) {}
    }

    #[test]
    fn nobody_looks_while_something_is_tried_on_the_weights_and_everybody_anew_afterwards() {
        let engine = Engine::new(Settings::new(), Script::default(), Pictures { train: 100, test: 10 }, 0);
        let (there, here) = link(Delivery::Merging);
        let mut lookout = Lookout { viewer: Some(Box::new(Anybody)), ..Lookout::default() };
        lookout.watch(Some(Probe::Pictures(Vec::new())), 0);
        lookout.shut();
        lookout.look(&engine, &here.seen, true);
        assert!(there.seen.try_recv().is_err());
        lookout.restored();
        lookout.look(&engine, &here.seen, true);
        assert!(there.seen.try_recv().is_ok());
    }
}
