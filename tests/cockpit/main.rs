//! The cockpit in a real pseudo-terminal, as a person would use it.
#![cfg(unix)]

#[path = "../faults/count.rs"]
mod count;
mod faults;
mod terminal;

use std::path::Path;
use std::time::{Duration, Instant};

use terminal::{Cockpit, PATIENCE, steps};

/// Checkpoints of the run in that folder.
fn checkpoints(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("run/checkpoints")).map_or(0, Iterator::count)
}

#[test]
fn a_person_pauses_steers_looks_for_help_resizes_and_quits() {
    let folder = tempfile::tempdir().unwrap();
    // The saves are counted.
    let mut cockpit = Cockpit::open(folder.path(), &["--checkpoint-every", "0"]);
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
    // Whoever reads late finds some frames from before, but not as many again.
    let start = Instant::now();
    let (_, frames) = cockpit.writes_within(Duration::from_secs(3));
    let most = start.elapsed().as_millis() as usize / 33 + 40;
    assert!((1..=most).contains(&frames), "{frames} frames, not up to {most}");
    cockpit.press(" ");
    cockpit.shows("PAUSED");
    // What was under way when the pause took hold may still arrive.
    let end = Instant::now() + PATIENCE;
    while cockpit.writes_within(Duration::from_secs(2)) != (0, 0) {
        assert!(Instant::now() < end, "it is still drawn");
    }
    cockpit.press("\x03");
    assert_eq!(cockpit.end(), 0);
}

#[test]
fn twins_part_on_the_screen_are_held_by_space_and_leave_chart_table_and_records_where_they_are_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut cockpit = Cockpit::twins(folder.path(), "lrn=on,off");
    cockpit.shows("they part at step 1");
    cockpit.press(" ");
    cockpit.shows("PAUSED");
    cockpit.press("L");
    cockpit.shows("twins keep to what they began with");
    // One step of both.
    cockpit.press("\x1b.");
    cockpit.press("q");
    cockpit.shows("stop both");
    cockpit.press("s");
    assert_eq!(cockpit.end(), 0);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("run").join(name)).unwrap();
    let steps = |name: &str| read(name).lines().filter(|line| line.contains(r#""event":"step""#)).count();
    let (first, second) = (steps("1-lrn-on/events.jsonl"), steps("2-lrn-off/events.jsonl"));
    assert!(first > 0 && first == second, "{first} and {second} steps");
    assert_eq!(read("twins.csv").lines().count(), first + 1);
    assert!(read("difference.svg").contains("they part at step 1"));
    assert!(read("2-lrn-off/events.jsonl").lines().last().unwrap().contains(r#""reason":"stopped""#));
}

#[test]
fn sigterm_saves_and_gives_the_terminal_back() {
    let folder = tempfile::tempdir().unwrap();
    let cockpit = Cockpit::open(folder.path(), &["--checkpoint-every", "0"]);
    cockpit.until("a step", |_| steps(folder.path()) > 0);
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

/// As a kitty answers, with cells of 10 × 20 pixels.
const KITTY_ANSWERS: &str = "\x1b_Gi=31;OK\x1b\\\x1b_Gi=32;OK\x1b\\\x1b[?62;c\x1b[6;20;10t\x1b[0n";

#[test]
fn a_terminal_that_never_answers_gets_its_screen_and_every_key_counts() {
    let folder = tempfile::tempdir().unwrap();
    // Typed before the first frame, while the terminal is being asked.
    let mut cockpit = Cockpit::open_typing(folder.path(), &[], "3");
    cockpit.shows("conv1");
    assert!(cockpit.wrote("\x1b_Gi=31"), "it is asked");
    assert!(!cockpit.wrote("a=T,U=1"), "and shown half blocks");
    // An answer that comes too late is no key: `3`, `1` and `=` are in it.
    cockpit.press(KITTY_ANSWERS);
    cockpit.press("4");
    cockpit.shows("Test pictures");
    cockpit.press("\x03");
    assert_eq!(cockpit.end(), 0);
}

#[test]
fn a_terminal_that_answers_as_a_kitty_is_sent_pictures_and_told_to_forget_them() {
    let folder = tempfile::tempdir().unwrap();
    // The answer is there before the question, so that no slow machine is too late; a key stands in the middle.
    let typed = KITTY_ANSWERS.replace("\x1b[?62", "3\x1b[?62");
    let mut cockpit = Cockpit::open_typing(folder.path(), &[], &typed);
    cockpit.until("a picture sent to the kitty", |_| cockpit.wrote("a=T,U=1"));
    cockpit.press("1");
    cockpit.shows("◆ test");
    cockpit.until("the pictures taken back", |_| cockpit.wrote("\x1b_Ga=d,d=I"));
    cockpit.press("\x03");
    assert_eq!(cockpit.end(), 0);
}

#[test]
fn a_terminal_with_a_light_ground_gets_dark_text_unless_the_colours_were_chosen() {
    for (arguments, dark_text) in [(&[][..], true), (&["--theme", "dark"], false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = Cockpit::open_typing(folder.path(), arguments, "\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[0n");
        cockpit.shows("◆ test");
        if dark_text {
            cockpit.until("dark text", |_| cockpit.wrote("38;5;235"));
        }
        assert_eq!(cockpit.wrote("38;5;235"), dark_text, "{arguments:?}");
        cockpit.press("\x03");
        assert_eq!(cockpit.end(), 0);
    }
}

#[test]
fn within_tmux_no_pictures_are_asked_for_nor_where_half_blocks_are_wanted() {
    for tmux in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = match tmux {
            true => Cockpit::open_in_tmux(folder.path()),
            false => Cockpit::open(folder.path(), &["--image-protocol", "halfblocks"]),
        };
        cockpit.shows("TRAINING");
        assert!(!cockpit.wrote("\x1b_G"), "in tmux: {tmux}");
        cockpit.press("\x03");
        assert_eq!(cockpit.end(), 0);
    }
}
