//! What a learner is asked to do, and what became of it.

use std::sync::Arc;

use super::{StepResult, Tested};
use crate::knobs::Settings;
use crate::session::{Divergence, FinishReason, SaveReason};

/// Where a run stands: what lies behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Steps taken.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u32,
    /// Training pictures of the current epoch that were used.
    pub offset: usize,
}

/// A stretch of the training pictures in an epoch's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRange {
    pub epoch: u32,
    pub first: usize,
    pub count: usize,
}

/// Everything a learner must know to take one step; the same plan on the same weights is the same step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPlan {
    /// Number of the step, from 1.
    pub step: u64,
    pub batch: BatchRange,
    /// The batch of the step after, so that it can be prepared meanwhile.
    pub next: BatchRange,
    /// After schedule and warm-up.
    pub learning_rate: f64,
    pub settings: Arc<Settings>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Step(StepPlan),
    /// Evaluate on the first `pictures` of the test set.
    Evaluate {
        pictures: usize,
        settings: Arc<Settings>,
    },
    Save(SaveReason),
    /// Go back to a checkpoint, then [`Engine::rewind`].
    Rewind {
        checkpoint: String,
        slower: bool,
    },
    /// Nothing to do until a command comes.
    Wait,
    /// The run is over.
    End(FinishReason),
}

/// What became of an [`Action`].
#[derive(Clone, Debug)]
pub enum Outcome {
    Stepped(StepResult),
    Diverged(Divergence),
    /// There is no room for a batch of this size, in words.
    NoRoom(String),
    Evaluated(Tested),
    /// What was to be saved is in safe hands.
    Copied,
    /// Others wait to be written, and nobody asked for this one.
    LeftOut,
    NotSaved(String),
    /// Given up half-way, nothing was changed.
    Abandoned,
}

/// How many pictures a run has.
#[derive(Clone, Copy, Debug)]
pub struct Pictures {
    pub train: usize,
    pub test: usize,
}
