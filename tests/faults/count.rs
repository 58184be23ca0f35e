//! How often something is tried.

/// The count that was asked for, by FAULT_TRIALS; whoever asks wants everything that takes long, too.
pub fn wanted() -> Option<usize> {
    std::env::var("FAULT_TRIALS").ok()?.parse().ok()
}

/// As often as was asked for, and `few` times where nobody asked.
pub fn trials(few: usize) -> usize {
    wanted().unwrap_or(few)
}
