//! `alexscope compare`: the same pictures, order and budget for several networks or settings, one run after the other, and what
//! came of it, with its uncertainty.
//!
//! A comparison is a folder with a plan (`compare.json`) and an ordinary run folder for each contender and seed. It may be
//! interrupted at any time: asked again, runs that ended are left as they are and an unfinished one goes on from its newest
//! checkpoint.

mod figures;
mod plan;
mod run;
pub mod statistics;
pub mod tables;
#[cfg(test)]
mod tests;

pub use figures::{Difference, Figures, RunFigures, Tested};
pub use plan::{Contender, FILE, Place, Plan};
pub use run::compare;
