//! The network built from a spec, its initial values, its optimizer, and the learner that runs it.

mod bench_input;
pub mod device;
#[cfg(feature = "cuda")]
mod device_feed;
mod error;
mod form;
#[cfg(feature = "cuda")]
mod gauge;
mod init;
mod input;
mod learner;
mod network;
mod node;
#[cfg(feature = "cuda")]
mod on_device;
mod room;
mod step;
#[cfg(test)]
mod tests;
mod times;
mod viewer;

pub use bench_input::BenchInput;
pub use error::{Error, Result};
pub use form::form_of;
pub use learner::NetworkLearner;
pub use network::{Mode, Network, Parameter, Watch};
pub use step::{Learned, Taken};
pub use times::Times;
pub use viewer::NetworkViewer;
