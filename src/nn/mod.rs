//! The network built from a spec, its initial values, its optimizer, and the learner that runs it.

mod error;
mod init;
mod input;
mod learner;
mod network;
mod node;
#[cfg(test)]
mod tests;
mod viewer;

pub use error::{Error, Result};
pub use learner::NetworkLearner;
pub use network::{Mode, Network, Parameter, Times, Watch};
pub use viewer::NetworkViewer;
