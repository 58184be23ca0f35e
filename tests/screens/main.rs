//! The cockpit without a terminal: from a state and keys to a screen and commands.

mod compare;
mod edit;
mod explain;
mod fixture;
mod images;
mod layer;
mod pictures;
mod predictions;
mod rewind;
mod sizes;
mod speed;
mod steering;
mod twins;
