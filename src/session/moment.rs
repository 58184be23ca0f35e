//! Where a run stands between two steps: with weights and velocities, all that it takes to go on from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::knobs::{Knob, Settings};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Steps taken.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u32,
    /// Training pictures of the current epoch that were used.
    pub offset: usize,
    pub settings: Settings,
    /// Changes that wait for the next epoch, as a person writes them.
    #[serde(default)]
    pub waiting: BTreeMap<Knob, String>,
    /// Test pictures of an evaluation that was due and not made yet.
    #[serde(default)]
    pub evaluation_due: Option<usize>,
    /// Mean loss of the last step.
    #[serde(default)]
    pub loss: Option<f64>,
    /// Of the last evaluation on test pictures, the step at which it was made, and the best of all.
    #[serde(default)]
    pub test_accuracy: Option<f64>,
    #[serde(default)]
    pub tested_at: Option<u64>,
    #[serde(default)]
    pub best_test_accuracy: Option<f64>,
}

impl Moment {
    /// Whether an evaluation at `step` lies behind it. One that is still due is made again.
    pub fn has_been_tested(&self, step: u64) -> bool {
        step < self.step || (step == self.step && self.evaluation_due.is_none())
    }

    /// The test accuracy of these very weights, where they were tested. Of an old record it is not known when they were.
    pub fn accuracy_of_its_weights(&self) -> Option<f64> {
        self.test_accuracy.filter(|_| self.tested_at.is_none_or(|step| step == self.step))
    }
}
