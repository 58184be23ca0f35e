//! The program under test, on a network that trains in milliseconds a step.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for a step; generous, since a machine may have much else to do.
const PATIENCE: Duration = Duration::from_secs(180);

/// Trains in milliseconds a step.
const SMALL: &str = r#"
name = "small"
title = "a small network"
about = "for tests"
input = [3, 32, 32]
classes = 10
layers = [
    { name = "conv1", kind = "conv2d", out = 4, kernel = 5, stride = 2 },
    { name = "relu1", kind = "activation" },
    { name = "pool1", kind = "max_pool2d", kernel = 2, stride = 2 },
    { name = "flatten", kind = "flatten" },
    { name = "fc2", kind = "dense", out = 10 },
]
"#;

/// Whatever the tests were started by: under nohup they and what they start ignore a hang-up.
pub fn alexscope() -> Command {
    let program = env!("CARGO_BIN_EXE_alexscope");
    let mut command = Command::new(if cfg!(target_os = "linux") { "env" } else { program });
    if cfg!(target_os = "linux") {
        command.args(["--default-signal=HUP", program]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The network's file, in `folder`.
pub fn small_network(folder: &Path) -> PathBuf {
    let path = folder.join("small.toml");
    std::fs::write(&path, SMALL).unwrap();
    path
}

/// Trains the small network headless and without end, in `folder/name`, with a checkpoint every `every` steps.
pub fn train(folder: &Path, name: &str, every: u32) -> Command {
    train_in_batches(8, folder, name, every)
}

/// The same with so many pictures a step.
pub fn train_in_batches(batch: u32, folder: &Path, name: &str, every: u32) -> Command {
    let mut command = alexscope();
    command.args([
        "train",
        "--headless",
        "--batch-size",
        &batch.to_string(),
        "--epochs",
        "0",
        "--evaluate-every",
        "0",
        "--threads",
        "1",
        "--model",
    ]);
    command.arg(small_network(folder)).args(["--checkpoint-every", &every.to_string(), "--run-dir"]).arg(folder.join(name));
    command
}

pub fn resume(run: &Path) -> Command {
    let mut command = alexscope();
    command.args(["resume", "--headless", "--threads", "1"]).arg(run);
    command
}

/// Waits until another step is taken. Of a long record only what comes is read.
pub fn until_it_grows(run: &Path) {
    let (record, end) = (run.join("events.jsonl"), Instant::now() + PATIENCE);
    let behind = fs::metadata(&record).map_or(0, |file| file.len());
    let grown = || -> io::Result<String> {
        let mut file = File::open(&record)?;
        file.seek(SeekFrom::Start(behind))?;
        io::read_to_string(file)
    };
    while !grown().is_ok_and(|lines| lines.contains(r#""event":"step""#)) {
        assert!(Instant::now() < end, "no step was taken");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until the record has so many bytes.
pub fn until_it_is_long(run: &Path, bytes: u64) {
    let end = Instant::now() + PATIENCE;
    while fs::metadata(run.join("events.jsonl")).map_or(0, |file| file.len()) < bytes {
        assert!(Instant::now() < end, "the record does not grow");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A program that is under way, for as long as the test is: where that fails, nothing is left behind.
pub struct Running(Child);

pub fn start(command: &mut Command) -> Running {
    Running(command.spawn().unwrap())
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is not there to be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn ends_within(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

pub fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}
