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

/// The time in which a program has to save and leave. It is the bar where many trials were asked for; where a few are run among everything
/// else, on a machine that may be busy, what counts is that it does.
pub fn soon() -> Duration {
    Duration::from_secs(if wanted().is_some() { 10 } else { 60 })
}
