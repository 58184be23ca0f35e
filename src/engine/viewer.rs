//! How somebody looks into the network that learns. Implemented by `nn` over tensors, and by tests without any.

use std::sync::Arc;

use super::LearnerError;
use crate::knobs::Settings;
use crate::probe::{Probe, Sight};

/// Where the network stands when it is looked at.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Steps taken.
    pub step: u64,
    /// In force now.
    pub settings: Arc<Settings>,
    /// Learning rate and settings of the newest step; absent before the first.
    pub taken: Option<(f64, Arc<Settings>)>,
}

/// Sees the learner's own weights, and changes nothing.
pub trait Viewer: Send {
    fn look(&mut self, probe: &Probe, standing: &Standing) -> Result<Sight, LearnerError>;

    /// Nobody looks any more: gives back the memory that looking needs.
    fn rest(&mut self);
}
