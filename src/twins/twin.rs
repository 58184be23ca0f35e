//! One of the two: an ordinary run with a record of its own.

use std::time::Instant;

use color_eyre::eyre::{Result, bail, eyre};

use super::Audience;
use crate::contest::Course;
use crate::engine::{Action, Engine, Flow, Gate, Learner, Outcome, Point, Stepped};
use crate::run::{Recorder, RunLock};
use crate::session::{Event, FinishReason, Phase, Progress, Stamped};
use crate::worker::{Observer, Plan, Prepared};

/// What a turn came to: the step that was taken and its loss, or why there is none.
type Turn = std::result::Result<(u64, f64), FinishReason>;

pub struct Twin {
    log: Log,
    pub engine: Engine,
    pub learner: Box<dyn Learner>,
    _lock: RunLock,
}

/// Where it is written down what happens.
struct Log {
    /// 0 or 1.
    place: usize,
    recorder: Recorder,
    observer: Option<Observer>,
    started: Instant,
}

impl Log {
    fn stamp(&self, event: Event) -> Stamped {
        Stamped { event, time: self.started.elapsed().as_secs_f64() }
    }

    /// Records events, then tells them.
    fn tell(&mut self, events: Vec<Event>, audience: &mut dyn Audience) -> Result<()> {
        for event in events {
            let stamped = self.stamp(event);
            self.recorder.append(&stamped)?;
            if let Some(observer) = &mut self.observer {
                observer(&stamped);
            }
            audience.event(self.place, stamped);
        }
        Ok(self.recorder.flush()?)
    }
}

/// Stands between two layers. A step is not given up half-way, so that both end at the same one; an evaluation is.
struct Between<'a> {
    log: &'a Log,
    audience: &'a mut dyn Audience,
    step: u64,
    evaluating: bool,
}

impl Gate for Between<'_> {
    fn pass(&mut self, at: Point) -> Flow {
        let (step, evaluating, layer) = (self.step, self.evaluating, at.layer.to_string());
        let progress = Progress { step, done: at.done, of: at.of, evaluating, layer, pass: at.pass };
        self.audience.event(self.log.place, self.log.stamp(Event::Progress(progress)));
        if self.audience.goes_on(evaluating) || !evaluating { Flow::Continue } else { Flow::Abandon }
    }
}

impl Twin {
    /// Begins the record, reads the pictures and draws the initial weights.
    pub fn begin(place: usize, plan: Plan, audience: &mut dyn Audience) -> Result<Twin> {
        let Some((folder, lock)) = plan.folder else { bail!("twins need a folder for their records") };
        let recorder = folder.begin(&plan.header)?;
        let mut log = Log { place, recorder, observer: plan.observer, started: Instant::now() };
        let header = plan.header;
        let mut begun = vec![Event::Started(Box::new(header.clone()))];
        begun.extend(plan.notices.into_iter().map(Event::Notice));
        log.tell(begun, audience)?;
        let mut say = |detail: &str| {
            let event = Event::Phase { phase: Phase::Preparing, detail: detail.into() };
            audience.event(place, log.stamp(event));
        };
        say("");
        let Prepared { learner, pictures } = (plan.prepare)(&mut say).map_err(|reason| eyre!(reason))?;
        let engine = Engine::new(header.settings.clone(), plan.script, pictures, header.model.lrn_layers());
        log.tell(vec![Event::Phase { phase: Phase::Training, detail: String::new() }], audience)?;
        Ok(Twin { log, engine, learner, _lock: lock })
    }

    /// Goes on until the next step is taken.
    fn advance(&mut self, audience: &mut dyn Audience) -> Result<Turn> {
        loop {
            let (action, events) = self.engine.next_action();
            self.log.tell(events, audience)?;
            let mut between = Between { log: &self.log, audience, step: self.engine.position().step, evaluating: false };
            let outcome = match action {
                Action::Step(plan) => {
                    between.step = plan.step;
                    let observe = between.audience.watches_layers(self.log.place, plan.step);
                    match self.learner.step(&plan, observe, &mut between)? {
                        Stepped::Taken(mut result) => {
                            let (loss, layers) = (result.loss, result.layers.take());
                            audience.taken(self.log.place, &result, &plan.settings);
                            let mut events = self.engine.absorb(Outcome::Stepped(result));
                            events.extend(layers.map(Event::Layers));
                            self.log.tell(events, audience)?;
                            return Ok(Ok((plan.step, loss)));
                        }
                        Stepped::Diverged(divergence) => {
                            let events = self.engine.absorb(Outcome::Diverged(divergence));
                            self.log.tell(events, audience)?;
                            return self.end(FinishReason::Diverged, audience).map(Err);
                        }
                        Stepped::NoRoom(reason) => bail!("{reason}"),
                        Stepped::Abandoned => return self.end(FinishReason::Stopped, audience).map(Err),
                    }
                }
                Action::Evaluate { pictures, settings } => {
                    between.evaluating = true;
                    match self.learner.evaluate(pictures, &settings, &mut between)? {
                        Some(tested) => Outcome::Evaluated(tested),
                        None => return self.end(FinishReason::Stopped, audience).map(Err),
                    }
                }
                // What twins are made for is seen while they run; they keep no checkpoints.
                Action::Save(_) => Outcome::Copied,
                Action::Rewind { .. } | Action::Wait => return self.end(FinishReason::Stopped, audience).map(Err),
                Action::End(reason) => return self.end(reason, audience).map(Err),
            };
            let events = self.engine.absorb(outcome);
            self.log.tell(events, audience)?;
        }
    }

    fn end(&mut self, reason: FinishReason, audience: &mut dyn Audience) -> Result<FinishReason> {
        let last = self.engine.finished(reason, self.log.started.elapsed().as_secs_f64());
        self.log.tell(vec![last], audience)?;
        self.log.recorder.sync()?;
        Ok(reason)
    }
}

/// One step of the first, one of the second, and again, until their budget is used up, one diverges, or they are to stop; why they ended.
pub fn in_step([first, second]: &mut [Twin; 2], course: &mut Course, audience: &mut dyn Audience) -> Result<FinishReason> {
    loop {
        if !audience.rests(&first.engine) {
            first.end(FinishReason::Stopped, audience)?;
            return second.end(FinishReason::Stopped, audience);
        }
        let (step, one) = match first.advance(audience)? {
            Ok(taken) => taken,
            // The second has its last evaluation before it too.
            Err(FinishReason::Budget) => return second.advance(audience).map(|last| last.err().unwrap_or(FinishReason::Budget)),
            Err(reason) => return second.end(FinishReason::Stopped, audience).map(|_| reason),
        };
        match second.advance(audience)? {
            Ok((_, other)) => course.push(step, [one, other]),
            Err(reason) => return first.end(FinishReason::Stopped, audience).map(|_| reason),
        }
        audience.stepped(course);
    }
}
