//! The cockpit without a terminal: from a state and keys to a screen and commands.

mod fixture;
mod pictures;
mod speed;
mod steering;
