//! Where a run stands between two steps: with weights and velocities, all that it takes to go on from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::surely_right;
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
    /// Of the last evaluation on test pictures, how many they were, the step at which it was made, and the best of all.
    #[serde(default)]
    pub test_accuracy: Option<f64>,
    #[serde(default)]
    pub tested_on: Option<usize>,
    #[serde(default)]
    pub tested_at: Option<u64>,
    #[serde(default)]
    pub best_test_accuracy: Option<f64>,
    #[serde(default)]
    pub best_tested_on: Option<usize>,
}

/// Pictures of a test of which an old record does not say how many they were: as many as are usual.
fn usual_test() -> usize {
    Knob::EvaluatePictures.spec().default as usize
}

impl Moment {
    /// Whether an evaluation at `step` lies behind it. One that is still due is made again.
    pub fn has_been_tested(&self, step: u64) -> bool {
        step < self.step || (step == self.step && self.evaluation_due.is_none())
    }

    /// The test accuracy of these very weights, where they were tested, as far as it is sure: what checkpoints are ranked by. Of an old
    /// record it is not known when they were.
    pub fn rank(&self) -> Option<f64> {
        let (accuracy, pictures) = self.tested().filter(|_| self.tested_at.is_none_or(|step| step == self.step))?;
        Some(surely_right(accuracy, pictures))
    }

    /// The newest test accuracy and the pictures that it was measured on.
    pub fn tested(&self) -> Option<(f64, usize)> {
        Some((self.test_accuracy?, self.tested_on.unwrap_or_else(usual_test)))
    }

    /// The best accuracy of the run so far and the pictures that it was measured on.
    pub fn best(&self) -> Option<(f64, usize)> {
        Some((self.best_test_accuracy?, self.best_tested_on.unwrap_or_else(usual_test)))
    }
}
