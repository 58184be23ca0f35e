//! Which checkpoints a record tells of, and which there are.

use std::path::Path;

use super::checkpoint::{SavedState, names, number, read_state};
use crate::session::{Event, SaveReason, Stamped};

/// What a record says last of each checkpoint that it tells of: those saved and not cleared away.
fn told_of(events: &[Stamped]) -> Vec<(&str, SaveReason)> {
    let mut saved: Vec<(&str, SaveReason)> = Vec::new();
    for stamped in events {
        match &stamped.event {
            Event::Saved { path, reason, .. } => {
                saved.retain(|(told, _)| told != path);
                saved.push((path, *reason));
            }
            Event::Dropped { paths } => saved.retain(|(path, _)| !paths.iter().any(|dropped| dropped == path)),
            _ => {}
        }
    }
    saved
}

/// The events that a crash kept out of the record: of checkpoints that are there and not told of, and of those that are told of and gone.
pub fn untold(events: &[Stamped], checkpoints: &Path) -> Vec<Event> {
    let (told, there) = (told_of(events), names(checkpoints));
    let gone: Vec<String> =
        told.iter().filter(|(path, _)| !there.iter().any(|name| name == path)).map(|(path, _)| path.to_string()).collect();
    let unknown = there.iter().filter(|name| told.iter().all(|(path, _)| path != name));
    let saved = unknown.filter_map(|name| {
        let SavedState { moment, reason, .. } = read_state(&checkpoints.join(name)).ok()?;
        Some(Event::Saved { step: moment.step, path: name.clone(), reason, settings: Some(Box::new(moment.settings)) })
    });
    let dropped = (!gone.is_empty()).then_some(Event::Dropped { paths: gone });
    saved.chain(dropped).collect()
}

/// Checkpoints that were saved and not cleared away as far as the record tells, and of which there is nothing. What was cleared away
/// last may not have been told before a crash: of those older than every one that is there nothing is said, if nobody asked for them.
pub(super) fn missing<'a>(events: &'a [Stamped], there: &[String]) -> Vec<&'a str> {
    let saved = told_of(events);
    let is_newest = |path: &str| saved.iter().all(|(other, _)| number(other) <= number(path));
    let gone = saved
        .iter()
        .filter(|(path, reason)| (*reason == SaveReason::Asked || is_newest(path)) && !there.iter().any(|name| name == path));
    gone.map(|(path, _)| *path).collect()
}
