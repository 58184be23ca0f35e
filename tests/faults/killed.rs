//! Programs that are killed, stopped, or started twice.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use alexscope::run::{RunFolder, newest_checkpoint, verify};

use super::Chance;
use super::count::{soon, trials, wanted};
use super::program::{
    Running, alexscope, ends_within, resume, signal, start, train, train_in_batches, until_it_grows, until_it_is_long,
};

pub(super) fn checkpoints(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Everything that is there is whole, and no more is left over than what one save was at.
pub(super) fn is_sound(run: &Path) {
    let folder = RunFolder::find(Some(run)).unwrap();
    let verified = verify(&folder);
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    let there = checkpoints(run);
    // A save under way, and one or two being cleared away.
    assert!(there.iter().filter(|name| name.ends_with(".tmp")).count() <= 3, "{there:?}");
    assert!(there.len() <= 7, "{there:?}");
}

fn steps(run: &Path) -> usize {
    let record = fs::read_to_string(run.join("events.jsonl")).unwrap_or_default();
    record.lines().filter(|line| line.contains(r#""event":"step""#)).count()
}

fn the_last_step_is_saved(run: &Path) {
    let folder = RunFolder::find(Some(run)).unwrap();
    let saved = newest_checkpoint(&folder.checkpoints(), &folder.header().unwrap().model).0.unwrap();
    assert_eq!(saved.state.moment.step, steps(run) as u64);
}

#[test]
fn a_run_killed_again_and_again_goes_on_from_what_it_saved_and_is_the_run_that_was_never_killed() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut chance = Chance(5);
    let (mut resumed, longest) = (0, if wanted().is_some() { 2_000 } else { 500 });
    for trial in 0..trials(30) {
        let saved = checkpoints(&run).iter().any(|name| !name.starts_with('.'));
        let mut child = if saved {
            resumed += 1;
            start(&mut resume(&run))
        } else {
            let _ = fs::remove_dir_all(&run);
            // Steps that are long enough for a record that can be checked a thousand times.
            start(&mut train_in_batches(128, folder.path(), "run", 1))
        };
        // Now and then while it starts; mostly while it trains and saves.
        if trial % 4 != 3 {
            until_it_grows(&run);
        }
        thread::sleep(Duration::from_millis(chance.below(longest) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        if run.join("events.jsonl").exists() {
            is_sound(&run);
        }
    }
    assert!(resumed > 3, "it was resumed {resumed} times");
    let replayed = alexscope().arg("replay").arg(&run).stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(replayed.stdout).unwrap();
    assert!(said.starts_with("same losses to the bit"), "{said}");
}

#[test]
fn a_signal_at_any_moment_saves_within_ten_seconds_and_shows_in_the_status() {
    let mut chance = Chance(9);
    for trial in 0..3 * trials(10) {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        // A checkpoint after every step: most signals come while one is written.
        let mut child = start(&mut train(folder.path(), "run", u32::from(trial % 2 == 0)));
        until_it_grows(&run);
        thread::sleep(Duration::from_millis(chance.below(200) as u64));
        let (name, code) = [("-TERM", 143), ("-INT", 130), ("-HUP", 129)][trial % 3];
        signal(&child, name);
        let status = ends_within(&mut child, soon()).expect("it is not saved and left soon enough");
        assert_eq!(status.code(), Some(code));
        is_sound(&run);
        the_last_step_is_saved(&run);
    }
}

#[test]
fn a_reader_that_hangs_keeps_no_signal_from_saving_and_ending_the_run() {
    for (name, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let mut child = start(train(folder.path(), "run", 0).arg("--json").stdout(Stdio::piped()));
        // More than the system holds for a pipe.
        until_it_is_long(&run, 1 << 17);
        signal(&child, name);
        let status = ends_within(&mut child, 2 * soon()).expect("it is not saved and left soon enough");
        assert_eq!(status.code(), Some(code));
        the_last_step_is_saved(&run);
    }
}

#[test]
fn standard_output_that_takes_no_more_ends_the_run_which_is_saved_first() {
    let folder = tempfile::tempdir().unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = train(folder.path(), "run", 0);
    let output = command.arg("--json").stdout(full).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: standard output takes no more events"), "{said}");
    the_last_step_is_saved(&folder.path().join("run"));
}

#[test]
fn a_signal_while_the_run_is_made_ready_ends_the_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    assert!(Command::new("mkfifo").arg(&script).status().unwrap().success());
    let mut child = start(train(folder.path(), "run", 0).arg("--script").arg(&script));
    // Opened as soon as the program reads it, which then waits for what is never written.
    let unwritten = fs::File::options().write(true).open(&script).unwrap();
    signal(&child, "-TERM");
    let status = ends_within(&mut child, soon()).expect("it goes on to wait");
    assert_eq!(status.code(), Some(143));
    drop(unwritten);
}

#[test]
fn the_second_signal_ends_it_at_once() {
    for _ in 0..trials(2).min(50) {
        let folder = tempfile::tempdir().unwrap();
        let mut child = start(&mut train(folder.path(), "run", 0));
        until_it_grows(&folder.path().join("run"));
        signal(&child, "-STOP");
        signal(&child, "-TERM");
        signal(&child, "-INT");
        signal(&child, "-CONT");
        let status = ends_within(&mut child, soon()).expect("it did not end at once");
        assert!(matches!(status.code(), Some(130 | 143)), "{status}");
    }
}

#[test]
fn of_many_programs_that_take_up_one_run_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    assert!(train(folder.path(), "run", 0).args(["--steps", "3"]).status().unwrap().success());
    for _ in 0..trials(3).min(20) {
        let mut children: Vec<Running> = (0..4).map(|_| start(resume(&run).stderr(Stdio::piped()))).collect();
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut refused = 0;
        for child in &mut children {
            let status = ends_within(child, deadline - Instant::now()).unwrap();
            refused += usize::from(status.code() == Some(1));
        }
        // One after the other they may all have had their turn; two at once none.
        assert!(refused < 4);
        let verified = verify(&RunFolder::find(Some(&run)).unwrap());
        assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    }
}
