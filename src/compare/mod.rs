//! `alexscope compare`: the same pictures, order and budget for several networks or settings, one run after the other, and what
//! came of it, with its uncertainty.
//!
//! A comparison is a folder with a plan (`compare.json`) and an ordinary run folder for each contender and seed. It may be
//! interrupted at any time: asked again, runs that ended are left as they are and an unfinished one goes on from its newest
//! checkpoint.

mod plan;
mod run;

pub use plan::{Contender, FILE, Plan};
pub use run::{compare, is_in, read, view};
