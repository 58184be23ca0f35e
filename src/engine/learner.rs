//! What the engine's decisions are carried out by. Implemented by `nn` over tensors, and by tests without any.

use std::sync::Arc;

use super::{StepPlan, Viewer};
use crate::knobs::Settings;
use crate::session::{Confusion, DeviceGauge, Divergence, LayersSeen, Pass};

/// Where in a step or evaluation a learner stands: it asks the gate at every such point.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    pub layer: &'a str,
    pub pass: Pass,
    /// Layer passes (in a step) or pictures (in an evaluation) done.
    pub done: usize,
    pub of: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Continue,
    /// Give up what is under way; weights are as before it.
    Abandon,
}

/// Passed between two layers. It may hold for as long as a person pauses.
pub trait Gate {
    fn pass(&mut self, at: Point) -> Flow;
}

/// Never holds and never gives up.
pub struct Onward;

impl Gate for Onward {
    fn pass(&mut self, _: Point) -> Flow {
        Flow::Continue
    }
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// Mean over the batch.
    pub loss: f64,
    pub correct: usize,
    pub learning_rate: f64,
    /// Time the step took, without pauses.
    pub seconds: f64,
    /// Present where the caller wanted them.
    pub layers: Option<LayersSeen>,
}

#[derive(Clone, Debug)]
pub enum Stepped {
    Taken(StepResult),
    Diverged(Divergence),
    /// The device has no room for a batch of this size; weights are as before. In words.
    NoRoom(String),
    Abandoned,
}

/// Sums over the test pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tested {
    pub loss_sum: f64,
    pub correct: usize,
    pub pictures: usize,
    /// What was taken for what, where that was counted.
    pub confusion: Option<Confusion>,
}

/// Named f32 arrays: name, shape, values.
pub type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

/// What a learner must remember beyond the plan of the next step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    pub parameters: Tensors,
    /// The optimizer's velocities, under their parameters' names.
    pub velocities: Tensors,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LearnerError(pub String);

pub trait Learner {
    /// Takes one step. `observe`: also measure the layers' outputs and norms.
    fn step(&mut self, plan: &StepPlan, observe: bool, gate: &mut dyn Gate) -> Result<Stepped, LearnerError>;

    /// Evaluates on the first `pictures` test pictures, without dropout; `None` where the gate said to give up.
    fn evaluate(
        &mut self,
        pictures: usize,
        settings: &Arc<Settings>,
        gate: &mut dyn Gate,
    ) -> Result<Option<Tested>, LearnerError>;

    /// Takes back what [`Learner::checkpoint`] gave. An error leaves it unfit for training.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LearnerError>;

    /// A copy of all that training has changed.
    fn checkpoint(&self) -> Result<Checkpoint, LearnerError>;

    /// The state of the device that computes, where it tells.
    fn gauge(&self) -> Option<DeviceGauge> {
        None
    }

    /// Eyes for this learner's network; they see its weights as they are at each look, also after a restoration.
    fn viewer(&self) -> Result<Box<dyn Viewer>, LearnerError>;
}
