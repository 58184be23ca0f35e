//! Faults on demand, so that tests can see what becomes of a panic in any place. A release build has none.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the place that panics, as in `layer`, or `layer:30` for the thirtieth time that it is passed.
pub const VARIABLE: &str = "ALEXSCOPE_FAULT";

/// Panics if this is the place.
pub fn point(place: &str) {
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    if !cfg!(debug_assertions) {
        return;
    }
    if let Some((wanted, turn)) = WANTED.get_or_init(|| wanted(&env::var(VARIABLE).ok()?))
        && wanted == place
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *turn
    {
        panic!("a fault on demand: {place}");
    }
}

fn wanted(text: &str) -> Option<(String, u64)> {
    match text.split_once(':') {
        Some((place, turn)) => Some((place.into(), turn.parse().ok()?)),
        None => Some((text.into(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_alone_or_with_its_turn() {
        assert_eq!(wanted("layer"), Some(("layer".into(), 1)));
        assert_eq!(wanted("layer:30"), Some(("layer".into(), 30)));
        assert_eq!(wanted("layer:often"), None);
    }
}
