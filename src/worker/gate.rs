//! What training does between two layers.

use super::Desk;
use crate::engine::{Engine, Flow, Gate, Point};
use crate::fault;
use crate::session::{Event, Pass, Progress};

/// Stands between two layers: takes commands, holds while paused, feeds the screen.
pub struct StepGate<'a> {
    pub desk: &'a mut Desk,
    pub engine: &'a mut Engine,
    pub step: u64,
    pub evaluating: bool,
    /// The pause was there when this began, so it is not meant for this.
    pub held_before: bool,
}

impl StepGate<'_> {
    /// A step that is held gives way to a test of rates, as it does to a save; it is taken again.
    fn wants_abandon(&self) -> bool {
        let test = self.desk.rate_test_due && self.engine.is_paused() && !self.evaluating;
        test || self.engine.wants_abandon(self.evaluating)
    }
}

impl Gate for StepGate<'_> {
    fn pass(&mut self, at: Point) -> Flow {
        // Told before an update; every other point lies before or after all of it. What a test of rates tries is never the run's.
        self.desk.at_rest = at.pass != Pass::Update && !self.desk.lookout.is_shut();
        fault::point(if at.pass == Pass::Update { "update" } else { "layer" });
        self.desk.emit(Event::Progress(Progress {
            step: self.step,
            done: at.done,
            of: at.of,
            evaluating: self.evaluating,
            layer: at.layer.into(),
            pass: at.pass,
        }));
        self.desk.take_commands(self.engine);
        self.desk.look(self.engine, false);
        self.held_before &= self.engine.is_paused();
        self.desk.feed();
        while self.engine.is_paused() && !self.held_before && !self.wants_abandon() {
            self.desk.wait(self.engine);
        }
        if self.wants_abandon() { Flow::Abandon } else { Flow::Continue }
    }
}
