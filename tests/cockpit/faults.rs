//! What may befall a cockpit: panics, signals, terminals that misbehave.

use std::thread;
use std::time::{Duration, Instant};

use super::checkpoints;
use super::count::{soon, trials};
use super::terminal::{Cockpit, PATIENCE, Reading, steps};

#[cfg(debug_assertions)]
#[test]
fn a_panic_of_the_screen_or_its_input_gives_the_terminal_back_says_why_and_saves_the_run() {
    let places = [("draw:20", 101), ("key", 101), ("input", 1)];
    for (place, status) in places.repeat(trials(1).min(10)) {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = Cockpit::with_fault(folder.path(), place);
        // Where the machine is slow the twentieth drawing comes before the first step.
        if !place.starts_with("draw") {
            cockpit.until("a step", |_| steps(folder.path()) > 0);
            cockpit.press("2");
        }
        assert_eq!(cockpit.ends_within(6 * soon()), Some(status), "{place}");
        let shown = cockpit.contents();
        assert!(shown.contains("fault") || shown.contains("input"), "{place}:\n{shown}");
        assert!(!shown.contains("Learning rate"), "the words stand on the terminal, not on the cockpit:\n{shown}");
        assert_eq!(cockpit.end(), status);
        assert_eq!(checkpoints(folder.path()), usize::from(steps(folder.path()) > 0), "{place}");
        let log = std::fs::read_to_string(folder.path().join("run/log.txt")).unwrap();
        assert!(log.contains("a fault on demand") && log.contains("   0: "), "{place}: {log}");
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_of_the_screen_over_a_comparison_saves_the_run_that_trains() {
    let folder = tempfile::tempdir().unwrap();
    let mut cockpit = Cockpit::comparing(folder.path(), "draw:20");
    assert_eq!(cockpit.ends_within(6 * soon()), Some(101));
    let run = folder.path().join("comparison/1-small.toml-seed-1");
    let saved = std::fs::read_dir(run.join("checkpoints")).map_or(0, Iterator::count);
    let record = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    assert_eq!(saved, usize::from(record.contains(r#""event":"step""#)), "{record}");
    assert_eq!(cockpit.end(), 101);
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_of_the_training_or_the_saving_thread_is_shown_in_the_cockpit_and_what_was_learned_is_saved() {
    let places = [("layer:100", "a fault on demand: layer"), ("write", "not saved")];
    for (place, shown) in places.repeat(trials(1).min(10)) {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = Cockpit::with_fault(folder.path(), place);
        cockpit.until("a step", |_| steps(folder.path()) > 0);
        cockpit.press("S");
        cockpit.shows(shown);
        cockpit.press("q");
        if place == "write" {
            cockpit.shows("save and stop");
            cockpit.press("s");
        }
        assert_eq!(cockpit.end(), u32::from(place != "write"), "{place}");
        assert!(checkpoints(folder.path()) >= 1, "{place}");
    }
}

#[test]
fn signals_and_ctrl_c_while_training_paused_evaluating_or_saving_save_first_and_show_in_the_status() {
    let moments =
        [("", "-HUP", 129), (" ", "-TERM", 143), ("V", "-INT", 130), ("S", "-TERM", 143), (" S", "\x03", 0), ("V", "\x03", 0)];
    for (keys, signal, status) in moments.repeat(trials(1).min(50)) {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = Cockpit::open(folder.path(), &[]);
        cockpit.until("a step", |_| steps(folder.path()) > 0);
        cockpit.press(keys);
        thread::sleep(Duration::from_millis(30));
        match signal {
            "\x03" => cockpit.press(signal),
            name => cockpit.signal(name),
        }
        assert_eq!(cockpit.ends_within(soon()), Some(status), "{keys:?} {signal:?}:\n{}", cockpit.contents());
        assert_eq!(cockpit.end(), status);
        assert!(checkpoints(folder.path()) >= 1, "{keys:?} {signal:?}");
    }
}

#[test]
fn a_terminal_that_is_slow_or_stops_reading_costs_the_training_nothing_and_can_be_left() {
    let (never, at_9600_baud) = (Reading::Never, Reading::Slowly(960));
    let ways = [(never, "-TERM"), (never, "\x03"), (at_9600_baud, "-TERM"), (at_9600_baud, "\x03")];
    for (reading, way) in ways.repeat(trials(1).min(5)) {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = Cockpit::read(folder.path(), reading);
        cockpit.until("a step", |_| steps(folder.path()) > 0);
        // Long enough for what is drawn to fill what the system holds for a terminal.
        thread::sleep(Duration::from_secs(3));
        let before = steps(folder.path());
        cockpit.until("steps beside a terminal that is full", |_| steps(folder.path()) > before + 3);
        cockpit.press("1212");
        match way {
            "\x03" => cockpit.press(way),
            name => cockpit.signal(name),
        }
        let status = cockpit.ends_within(soon());
        assert_eq!(status, Some(if way == "-TERM" { 143 } else { 0 }), "{way}");
        assert_eq!(checkpoints(folder.path()), 1, "{way}");
    }
}

#[test]
fn a_terminal_that_changes_its_size_at_random_is_drawn_on_at_every_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut cockpit = Cockpit::open(folder.path(), &[]);
    cockpit.shows("TRAINING");
    let mut chance: u32 = 7;
    let mut next = |end: u32| {
        // Numerical Recipes' generator.
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 8) % end
    };
    for round in 0..trials(60) {
        cockpit.resize(next(60) as u16, next(200) as u16);
        if round % 7 == 0 {
            cockpit.press(["\t", "e", "?", "\x1b"][next(4) as usize]);
        }
        thread::sleep(Duration::from_millis(u64::from(next(40))));
    }
    cockpit.resize(40, 120);
    cockpit.shows("TRAINING");
    cockpit.press("\x03");
    assert_eq!(cockpit.end(), 0);
}

#[test]
fn a_terminal_that_vanishes_ends_the_run_which_is_saved_first() {
    for keys in ["", " ", "V", "S"].repeat(trials(1).min(50)) {
        let folder = tempfile::tempdir().unwrap();
        let mut cockpit = Cockpit::open(folder.path(), &[]);
        cockpit.until("a step", |_| steps(folder.path()) > 0);
        cockpit.press(keys);
        assert_eq!(cockpit.vanish(), 129, "{keys:?}");
        assert!(checkpoints(folder.path()) >= 1, "{keys:?}");
    }
}

#[test]
fn a_run_that_diverges_offers_to_go_back_at_a_tenth_of_the_rate_and_trains_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut cockpit = Cockpit::open(folder.path(), &[]);
    cockpit.until("a step", |_| steps(folder.path()) > 0);
    cockpit.press("L:learning-rate 100\r");
    cockpit.shows("DIVERGED");
    cockpit.shows("at a tenth");
    // Before the thread that saves is done there is nothing to go back to.
    cockpit.until("a saved moment", |_| checkpoints(folder.path()) > 0);
    let end = Instant::now() + PATIENCE;
    while !cockpit.contents().contains("before l") {
        assert!(Instant::now() < end, "{}", cockpit.contents());
        cockpit.press("R");
        thread::sleep(Duration::from_millis(300));
    }
    cockpit.press("t");
    cockpit.shows("0.001");
    cockpit.shows("PAUSED");
    let before = steps(folder.path());
    cockpit.press(" ");
    cockpit.until("steps from there", |_| steps(folder.path()) > before + 3);
    cockpit.shows("TRAINING");
    cockpit.press("\x03");
    assert_eq!(cockpit.end(), 0);
}
