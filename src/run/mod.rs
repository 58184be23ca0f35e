//! The run folder: record and checkpoints.
