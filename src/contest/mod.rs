//! What runs on the same terms came to: the figures of each, how they differ and how sure that is, as tables.
//!
//! Nothing here reads a file: a run's figures are a fold over its events, so that one that trains is told like one that ended.

mod curves;
mod figures;
mod pair;
pub mod statistics;
pub mod tables;
#[cfg(test)]
mod tests;

pub use curves::curves;
pub use figures::{Difference, Figures, Place, RunFigures, Tested};
pub use pair::{Course, Pair};
