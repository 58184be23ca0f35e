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
    /// Of the last evaluation on test pictures, and the best of all.
    #[serde(default)]
    pub test_accuracy: Option<f64>,
    #[serde(default)]
    pub best_test_accuracy: Option<f64>,
}
