//! Clocks that jump.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use alexscope::run::{RunFolder, RunState, list_runs, read_events, verify};

use super::count::soon;
use super::program::{ends_within, resume, signal, start, train, until_it_grows};

const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

fn state(runs: &Path, now: SystemTime) -> RunState {
    list_runs(runs, now).unwrap()[0].state
}

#[test]
fn whatever_the_clock_says_a_run_that_is_held_has_not_crashed_and_one_that_was_killed_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(&mut train(folder.path(), "run", 0));
    until_it_grows(&folder.path().join("run"));
    let now = SystemTime::now();
    assert_eq!(state(folder.path(), now - TEN_YEARS), RunState::Running);
    assert_eq!(state(folder.path(), now + TEN_YEARS), RunState::Silent, "until it is heard again");
    child.kill().unwrap();
    child.wait().unwrap();
    for now in [now - TEN_YEARS, now, now + TEN_YEARS] {
        assert_eq!(state(folder.path(), now), RunState::Crashed);
    }
}

/// The library that lets a program's clock jump.
fn libfaketime() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];
    folders.iter().map(|folder| Path::new(folder).join("faketime/libfaketime.so.1")).find(|library| library.exists())
}

/// Sets the clock that the program sees off.
fn offset(clock: &Path, by: &str) {
    fs::write(clock.with_extension("new"), by).unwrap();
    fs::rename(clock.with_extension("new"), clock).unwrap();
}

#[test]
fn a_clock_that_jumps_back_and_forth_moves_neither_the_record_nor_the_lock_nor_the_way_back_to_the_run() {
    let Some(library) = libfaketime() else {
        eprintln!("skipped: libfaketime is not there");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (run, clock) = (folder.path().join("run"), folder.path().join("clock"));
    let with_clock = |command: &mut Command| {
        command.env("LD_PRELOAD", &library).env("FAKETIME_TIMESTAMP_FILE", &clock).env("FAKETIME_NO_CACHE", "1");
        // A monotonic clock does not jump.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        start(command)
    };
    offset(&clock, "+0d");
    let mut child = with_clock(&mut train(folder.path(), "run", 2));
    until_it_grows(&run);
    for by in ["-3650d", "+3650d", "-1d", "+0d"] {
        offset(&clock, by);
        until_it_grows(&run);
        let mut second = with_clock(&mut resume(&run));
        assert_eq!(ends_within(&mut second, soon()).unwrap().code(), Some(1), "{by}: the run is held");
    }
    signal(&child, "-TERM");
    assert_eq!(ends_within(&mut child, soon()).unwrap().code(), Some(143));
    for by in ["-3650d", "+3650d"] {
        offset(&clock, by);
        let mut child = with_clock(&mut resume(&run));
        until_it_grows(&run);
        signal(&child, "-TERM");
        assert_eq!(ends_within(&mut child, soon()).unwrap().code(), Some(143), "{by}");
    }
    let run = RunFolder::find(Some(&run)).unwrap();
    let verified = verify(&run);
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    let times: Vec<f64> = read_events(&run.events_path()).unwrap().iter().map(|stamped| stamped.time).collect();
    assert!(times.is_sorted() && times.last().unwrap() < &600.0, "{times:?}");
}
