//! A program that is killed at each call of the system that its thread makes which saves. What strace shows of that thread says which.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use alexscope::run::{RunFolder, newest_checkpoint};

use super::killed::{checkpoints, is_sound};
use super::program::{ends_within, resume, start, train_in_batches};

/// A checkpoint is written before each of these changes and at the end. Between those at 70 and 300 there is time to find the thread that
/// waits for more; where the machine was too busy for that, the one at the end is left.
const SCRIPT: &str = "60 learning-rate 0.02\n70 learning-rate 0.03\n300 learning-rate 0.04\n";
const END: &str = "330";
const PATIENCE: Duration = Duration::from_secs(60);

/// Goes on with a run to its end, or until strace kills it. Returns whether it did, and the calls of the thread that saves from its first
/// wait on, if it waited when strace found it.
fn go_on(run: &Path, inject: &[String]) -> (bool, Option<Vec<String>>) {
    let mut program = start(&mut resume(run));
    until(|| checkpoints(run).iter().any(|name| !name.starts_with('.') && !name.ends_with("step-00000059")));
    // Until what it replaces is cleared away, if anything.
    thread::sleep(Duration::from_millis(20));
    let tasks = fs::read_dir(format!("/proc/{}/task", program.id())).into_iter().flatten().flatten().map(|task| task.path());
    let saves = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "save");
    // On a busy machine it may be through before it is looked at.
    let Some(saving) = tasks.into_iter().find(saves) else { return (false, None) };
    let log = run.with_extension("calls");
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o"]).arg(&log).arg("-p").arg(saving.file_name().unwrap()).args(inject);
    let _tracing = start(strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()));
    let status = ends_within(&mut program, PATIENCE).expect("it goes on for ever");
    (status.signal() == Some(9), calls_in(&log))
}

/// What the thread did after its first wait.
fn calls_in(log: &Path) -> Option<Vec<String>> {
    let log = fs::read_to_string(log).ok()?;
    let mut lines = log.lines().filter(|line| !line.starts_with("+++"));
    let waited = lines.next().is_some_and(|line| line.contains("FUTEX_WAIT"));
    // While it waits for another thread it may yield any number of times.
    let calls = lines.map(|line| line.split('(').next().unwrap_or_default().to_owned()).filter(|call| call != "sched_yield");
    waited.then(|| calls.collect())
}

/// The calls up to the next wait or the thread's end; None where another save followed at once.
fn one_save(mut calls: Vec<String>) -> Option<Vec<String>> {
    let after = ["futex", "exit", "madvise", "munmap", "rt_sigprocmask", "sigaltstack"];
    calls.truncate(calls.iter().position(|call| after.contains(&call.as_str())).unwrap_or(calls.len()));
    (calls.iter().filter(|call| *call == "mkdir").count() == 1).then_some(calls)
}

fn strace_works() -> bool {
    let quietly = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let sleeping = start(Command::new("sleep").arg("60"));
    let tracing = quietly(Command::new("strace").args(["-qq", "-o", "/dev/null", "-p", &sleeping.id().to_string()]));
    // One that is not let ends at once.
    tracing.is_ok_and(|mut strace| ends_within(&mut strace, Duration::from_millis(500)).is_none())
}

fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "it never came");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A run of its own with what `run` holds.
fn copy(run: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(run).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}

#[test]
fn a_save_may_be_killed_at_every_call_of_the_system() {
    if !strace_works() {
        eprintln!("skipped: strace is not there, or may not look at other programs");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (begun, script) = (folder.path().join("begun"), folder.path().join("script"));
    fs::write(&script, SCRIPT).unwrap();
    // Steps of a release build are short.
    let batch = if cfg!(debug_assertions) { 8 } else { 128 };
    let mut program = start(train_in_batches(batch, folder.path(), "begun", 0).args(["--steps", END, "--script"]).arg(&script));
    until(|| checkpoints(&begun).iter().any(|name| !name.starts_with('.')));
    program.kill().unwrap();
    program.wait().unwrap();

    let calls = (0..10).find_map(|trial| {
        let run = folder.path().join(format!("whole-{trial}"));
        copy(&begun, &run);
        one_save(go_on(&run, &[]).1?)
    });
    let calls = calls.expect("the thread was never found waiting");
    eprintln!("a save: {}", calls.join(" "));
    assert!(["mkdir", "fsync", "rename", "unlinkat"].iter().all(|call| calls.iter().any(|made| made == call)));

    let mut killed_at = BTreeSet::new();
    for trial in 0..6 * calls.len() {
        let Some(call) = (0..calls.len()).find(|call| !killed_at.contains(call)) else { break };
        let run = folder.path().join(format!("run-{trial}"));
        copy(&begun, &run);
        // Strace counts each kind of call by itself.
        let (name, turn) = (&calls[call], calls[..=call].iter().filter(|made| **made == calls[call]).count());
        let inject = ["-e".to_owned(), format!("inject={name}:signal=KILL:when={turn}")];
        if let (true, Some(begun)) = go_on(&run, &inject) {
            killed_at.extend(begun.len().checked_sub(1));
        }
        is_sound(&run);
        let opened = RunFolder::find(Some(&run)).unwrap();
        let saved = newest_checkpoint(&opened.checkpoints(), &opened.header().unwrap().model).0.expect("nothing is left");
        assert!([69, 299, 330].contains(&saved.state.moment.step), "{}", saved.name);
        fs::remove_dir_all(&run).unwrap();
    }
    eprintln!("killed at {} of {} calls", killed_at.len(), calls.len());
    assert!((0..calls.len()).all(|call| killed_at.contains(&call)), "of {calls:?} it was killed at {killed_at:?}");
}
