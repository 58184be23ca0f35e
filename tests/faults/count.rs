//! How often something is tried, and how long it may take.

use std::time::Duration;

/// The count that was asked for, by FAULT_TRIALS; whoever asks wants everything that takes long, too.
pub fn wanted() -> Option<usize> {
    std::env::var("FAULT_TRIALS").ok()?.parse().ok()
}

/// As often as was asked for, and `few` times where nobody asked.
pub fn trials(few: usize) -> usize {
    wanted().unwrap_or(few)
}

/// The time in which a program has to save and leave: FAULT_SECONDS, ten where the full counts are tried. Elsewhere, on a machine that may
/// be busy with anything, what counts is that it does.
pub fn soon() -> Duration {
    let asked = std::env::var("FAULT_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(60))
}
