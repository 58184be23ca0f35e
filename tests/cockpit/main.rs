//! The cockpit in a real pseudo-terminal, as a person would use it.
#![cfg(unix)]

#[path = "../faults/count.rs"]
mod count;
mod faults;
mod terminal;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use terminal::{Cockpit, steps};

/// Checkpoints of the run in that folder.
fn checkpoints(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("run/checkpoints")).map_or(0, Iterator::count)
}

#[test]
fn a_person_pauses_steers_looks_for_help_resizes_and_quits() {
    let folder = tempfile::tempdir().unwrap();
    let mut cockpit = Cockpit::open(folder.path(), &[]);
    cockpit.shows("TRAINING");
    cockpit.shows("◆ test");
    let one = steps(folder.path());
    cockpit.until("the next step", |_| steps(folder.path()) > one);
    cockpit.press(" ");
    cockpit.shows("PAUSED");
    let held = steps(folder.path());
    cockpit.press("<");
    cockpit.shows("0.005");
    cockpit.press("L");
    cockpit.shows("lrn off");
    assert_eq!(steps(folder.path()), held);
    cockpit.press("?");
    cockpit.shows("show or hide this list of keys");
    cockpit.press("\x1b");
    cockpit.resize(24, 80);
    cockpit.until("the smaller screen", |contents| {
        contents.contains("PAUSED") && !contents.contains("show or hide this list of keys")
    });
    cockpit.press(" ");
    cockpit.shows("TRAINING");
    cockpit.press("q");
    cockpit.shows("save and stop");
    cockpit.press("s");
    assert_eq!(cockpit.end(), 0);
    let record = std::fs::read_to_string(folder.path().join("run/events.jsonl")).unwrap();
    assert!(record.contains(r#""knob":"learning-rate","from":"0.01","to":"0.005""#));
    assert!(record.contains(r#""knob":"lrn","from":"on","to":"off""#));
    // The moment before the changes, and the last.
    assert_eq!(checkpoints(folder.path()), 2);
}

#[test]
fn the_screen_is_drawn_at_most_thirty_times_a_second_and_not_at_all_while_nothing_happens() {
    let folder = tempfile::tempdir().unwrap();
    let mut cockpit = Cockpit::open(folder.path(), &[]);
    cockpit.shows("TRAINING");
    let start = Instant::now();
    let (_, frames) = cockpit.writes_within(Duration::from_secs(1));
    let most = start.elapsed().as_millis() as usize / 33 + 2;
    assert!((1..=most).contains(&frames), "{frames} frames, not up to {most}");
    cockpit.press(" ");
    cockpit.shows("PAUSED");
    // What was under way when the pause took hold may still arrive.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(cockpit.writes_within(Duration::from_secs(1)), (0, 0));
    cockpit.press("\x03");
    assert_eq!(cockpit.end(), 0);
}

#[test]
fn sigterm_saves_and_gives_the_terminal_back() {
    let folder = tempfile::tempdir().unwrap();
    let cockpit = Cockpit::open(folder.path(), &[]);
    cockpit.shows("TRAINING");
    cockpit.signal("-TERM");
    assert_eq!(cockpit.end(), 143);
    assert_eq!(checkpoints(folder.path()), 1);
}

#[test]
fn a_folder_that_is_not_cifar_10_is_refused_before_the_screen_opens() {
    let folder = tempfile::tempdir().unwrap();
    let cockpit = Cockpit::open(folder.path(), &["--data", "/nowhere"]);
    let said = cockpit.shows("error:");
    assert!(said.contains("/nowhere"), "{said}");
    assert_eq!(cockpit.end(), 1);
}
