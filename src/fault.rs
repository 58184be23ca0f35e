//! Faults on demand, so that tests can see what becomes of a panic in any place. A release build has none.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the place where the fault is, as in `layer`, or `layer:30` for the thirtieth time that it is passed.
pub const VARIABLE: &str = "ALEXSCOPE_FAULT";

/// Panics if this is the place.
pub fn point(place: &str) {
    if is_due(place) {
        panic!("a fault on demand: {place}");
    }
}

/// Makes the first of these values no number if this is the place.
pub fn poison(place: &str, values: &mut [f32]) {
    if let Some(first) = values.first_mut()
        && is_due(place)
    {
        *first = f32::NAN;
    }
}

fn is_due(place: &str) -> bool {
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    if !cfg!(debug_assertions) {
        return false;
    }
    let wanted = WANTED.get_or_init(|| wanted(&env::var(VARIABLE).ok()?));
    wanted.as_ref().is_some_and(|(wanted, turn)| wanted == place && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *turn)
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
