//! The run folder: `run.json` (how it began), `events.jsonl` (all that happened), `checkpoints/` (what was saved).

mod calendar;
mod checkpoint;
mod folder;
mod fork;
mod listing;
mod lock;
mod record;
mod verify;

pub use checkpoint::{
    Arrays, CheckpointError, Saved, SavedState, checkpoint_at, newest_checkpoint, prune_checkpoints, read_checkpoint,
    write_checkpoint,
};
pub use folder::{RunError, RunFolder};
pub use fork::fork;
pub use listing::{RunState, RunSummary, list_runs, listing_text, tree};
pub use lock::RunLock;
pub use record::{Recorder, read_events, read_record};
pub use verify::{Verified, verify};
