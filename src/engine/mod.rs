//! The training state machine: no tensors, no threads, no clock.
