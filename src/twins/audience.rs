//! Whoever looks on while twins train, and what they ask for.

use std::io::{self, Write};
use std::sync::Arc;

use crossbeam_channel::Receiver;
use serde_json::json;

use crate::contest::Course;
use crate::engine::{Engine, StepResult};
use crate::knobs::Settings;
use crate::session::Stamped;

/// Every so many steps are told.
const TOLD_EVERY: u64 = 10;

pub trait Audience {
    /// Something happened to one of the two, by its place.
    fn event(&mut self, place: usize, stamped: Stamped);

    /// One of the two has taken a step.
    fn taken(&mut self, _place: usize, _result: &StepResult, _settings: &Arc<Settings>) {}

    /// Both have taken the newest step of the course.
    fn stepped(&mut self, course: &Course);

    /// Asked between two layers: false where the twins are to stop. While an evaluation is under way it may hold for as long as a
    /// person pauses.
    fn goes_on(&mut self, evaluating: bool) -> bool;

    /// Asked while both stand at the same step: the same, and it may hold.
    fn rests(&mut self, _first: &Engine) -> bool {
        self.goes_on(true)
    }

    /// Whether the layers of one of the two are to be measured in a step.
    fn watches_layers(&mut self, _place: usize, _step: u64) -> bool {
        false
    }
}

/// A terminal or a pipe without a screen.
pub struct Lines {
    pub names: [String; 2],
    /// Every step as a line of JSON on standard output.
    pub json: bool,
    pub signals: Receiver<i32>,
    /// The signal that came.
    pub signal: Option<i32>,
}

impl Audience for Lines {
    fn event(&mut self, _: usize, _: Stamped) {}

    fn stepped(&mut self, course: &Course) {
        let Some((step, [a, b])) = course.newest() else { return };
        let part_here = course.parted() == Some(step);
        // The twins train on though nobody reads this.
        if self.json {
            let line = json!({ "step": step, "losses": [a, b], "difference": b - a, "parted": course.parted() });
            let _ = writeln!(io::stdout(), "{line}");
        } else if step.is_multiple_of(TOLD_EVERY) || part_here {
            let ([one, other], parted) = (&self.names, if part_here { "  they part here" } else { "" });
            let _ = writeln!(io::stderr(), "step {step:>6}  {one} {a:.6}  {other} {b:.6}  difference {:+.6}{parted}", b - a);
        }
    }

    fn goes_on(&mut self, _: bool) -> bool {
        if let Ok(signal) = self.signals.try_recv() {
            self.signal = Some(signal);
        }
        self.signal.is_none()
    }
}
