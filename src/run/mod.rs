//! The run folder: `run.json` (how it began), `events.jsonl` (all that happened), `checkpoints/` (what was saved).

mod arrays;
mod calendar;
mod checkpoint;
mod disk;
mod folder;
mod fork;
mod listing;
mod lock;
mod record;
mod saving;
mod told;
mod verify;

pub use arrays::{Arrays, encode_arrays, read_arrays};
pub use checkpoint::{
    CheckpointError, Saved, SavedState, best_checkpoint, checkpoint_at, hex, newest_checkpoint, read_checkpoint,
};
pub use disk::{Disk, RealDisk};
pub use folder::{RunError, RunFolder};
pub use fork::fork;
pub use listing::{RunState, RunSummary, list_runs, listing_text, tree};
pub use lock::RunLock;
pub use record::{Recorder, parse_record, read_events, read_record};
pub use saving::{clear_litter, prune_checkpoints, write_checkpoint};
pub use told::untold;
pub use verify::{Verified, verify};
