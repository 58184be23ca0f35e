//! The run folder: `run.json` (how it began), `events.jsonl` (all that happened), `checkpoints/` (what was saved).

mod checkpoint;
mod folder;
mod fork;
mod lock;
mod record;

pub use checkpoint::{
    Arrays, CheckpointError, Saved, SavedState, checkpoint_at, newest_checkpoint, prune_checkpoints, read_checkpoint,
    write_checkpoint,
};
pub use folder::{RunError, RunFolder};
pub use fork::fork;
pub use lock::RunLock;
pub use record::{Recorder, read_events};
