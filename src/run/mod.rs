//! The run folder: `run.json` (how it began), `events.jsonl` (all that happened), `checkpoints/` (what was saved).

mod checkpoint;
mod folder;
mod record;

pub use checkpoint::{CheckpointError, SavedState, read_checkpoint, write_checkpoint};
pub use folder::{RunError, RunFolder};
pub use record::{Recorder, read_events};
