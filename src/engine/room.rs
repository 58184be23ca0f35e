//! What to do where the device has no room for a batch.

use super::{Engine, State, phase, rejected};
use crate::knobs::Knob;
use crate::session::{Event, Notice, Phase};

impl Engine {
    /// Gives the step up, halves the batch, and holds: whoever goes on agrees to the half.
    pub(super) fn take_half(&mut self, reason: &str) -> Vec<Event> {
        let mut events = self.give_up();
        self.state = State::Paused;
        let batch = self.settings.count(Knob::BatchSize);
        events.push(rejected(&format!("batch-size {batch}"), reason));
        self.halved = batch > 1;
        if self.halved {
            // One that waited for the next epoch was as large at least.
            self.waiting.remove(&Knob::BatchSize);
            events.extend(self.put(Knob::BatchSize, (batch / 2) as f64));
            let text = format!("going on takes half of it, {} pictures in a step; or set another batch-size", batch / 2);
            events.push(Event::Notice(Notice { text, warning: true }));
        }
        events.push(phase(Phase::Paused, "the device's memory is used up"));
        events
    }

    /// Whether the run holds because its batch was halved.
    pub fn has_halved(&self) -> bool {
        self.halved
    }
}
