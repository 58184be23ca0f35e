//! A pseudo-terminal with the cockpit in it.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest wait for anything; generous, since other tests run at the same time.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Trains in milliseconds a step.
const SMALL: &str = r#"
name = "small"
title = "a small network"
about = "for tests"
input = [3, 32, 32]
classes = 10
layers = [
    { name = "conv1", kind = "conv2d", out = 8, kernel = 5 },
    { name = "relu1", kind = "activation" },
    { name = "pool1", kind = "max_pool2d", kernel = 2, stride = 2 },
    { name = "lrn1", kind = "lrn", n = 5, k = 2, alpha = 1e-4, beta = 0.75 },
    { name = "flatten", kind = "flatten" },
    { name = "fc2", kind = "dense", out = 10 },
]
"#;

/// How what the cockpit writes is read.
#[derive(Clone, Copy, PartialEq)]
pub enum Reading {
    AtOnce,
    /// So many bytes in a second.
    Slowly(usize),
    Never,
}

static STARTING: Mutex<()> = Mutex::new(());

pub struct Cockpit {
    child: Killed,
    pty: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// The terminal's own settings, which only this end keeps open.
    before: String,
    /// Every byte that it wrote.
    written: Arc<Mutex<Vec<u8>>>,
    /// Reads what the cockpit writes for as long as it is wanted.
    reader: thread::JoinHandle<()>,
    reading: Arc<AtomicBool>,
}

/// A screen has at least one row and column.
fn at_least_one(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap_or(NonZero::<u16>::MIN)
}

/// A failed test leaves no cockpit behind.
struct Killed(Box<dyn Child + Send + Sync>);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// What `stty -a` says of the terminal, without the size in its first line.
fn settings(pty: &dyn MasterPty) -> String {
    let terminal = pty.tty_name().unwrap();
    let said = std::process::Command::new("stty").arg("-a").arg("-F").arg(terminal).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    said.split_once('\n').unwrap().1.to_string()
}

impl Cockpit {
    /// Opens it on a small network with an LRN layer, in a folder of its own.
    pub fn open(folder: &Path, arguments: &[&str]) -> Cockpit {
        Cockpit::start(Cockpit::command(folder, arguments), Reading::AtOnce)
    }

    /// Opens it on a terminal into which something was typed already.
    pub fn open_typing(folder: &Path, arguments: &[&str], typed: &str) -> Cockpit {
        let mut cockpit = Cockpit::open(folder, arguments);
        cockpit.press(typed);
        cockpit
    }

    pub fn open_in_tmux(folder: &Path) -> Cockpit {
        let mut command = Cockpit::command(folder, &[]);
        command.env("TMUX", "/tmp/tmux-1000/default,1,0");
        Cockpit::start(command, Reading::AtOnce)
    }

    /// Opens it with a fault on demand; only what the fault leads to is saved.
    #[cfg(debug_assertions)]
    pub fn with_fault(folder: &Path, fault: &str) -> Cockpit {
        let mut command = Cockpit::command(folder, &["--checkpoint-every", "0"]);
        command.env(alexscope::fault::VARIABLE, fault);
        Cockpit::start(command, Reading::AtOnce)
    }

    /// Opens it on a terminal that is slow, or shows nothing of what is written to it.
    pub fn read(folder: &Path, reading: Reading) -> Cockpit {
        // It runs for a while: only the save at its end is to be counted.
        Cockpit::start(Cockpit::command(folder, &["--checkpoint-every", "0"]), reading)
    }

    /// Opens it on a comparison of two that lasts, in `comparison`, with a fault on demand.
    #[cfg(debug_assertions)]
    pub fn comparing(folder: &Path, fault: &str) -> Cockpit {
        let contenders = ["compare", "small.toml", "small.toml:learning-rate=0.02", "--run-dir", "comparison"];
        let mut command = Cockpit::program(folder);
        command.args([&contenders[..], &["--steps", "100000", "--evaluate-pictures", "50", "--checkpoint-every", "0"]].concat());
        command.env(alexscope::fault::VARIABLE, fault);
        Cockpit::start(command, Reading::AtOnce)
    }

    /// Opens twins of the small network that differ as `knob` says.
    pub fn twins(folder: &Path, knob: &str) -> Cockpit {
        let mut command = Cockpit::program(folder);
        command.args(["twins", knob, "--model", "small.toml", "--evaluate-pictures", "50", "--run-dir", "run"]);
        Cockpit::start(command, Reading::AtOnce)
    }

    fn command(folder: &Path, arguments: &[&str]) -> CommandBuilder {
        let mut command = Cockpit::program(folder);
        command.args(["train", "--model", "small.toml", "--evaluate-pictures", "50", "--run-dir", "run"]);
        command.args(arguments);
        command
    }

    /// The program in `folder`, beside the small network's file.
    fn program(folder: &Path) -> CommandBuilder {
        std::fs::write(folder.join("small.toml"), SMALL).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_alexscope"));
        command.cwd(folder);
        // As in a terminal of its own, wherever the tests run.
        for name in ["TMUX", "TERM_PROGRAM", "LC_TERMINAL", "WEZTERM_EXECUTABLE", "KONSOLE_VERSION"] {
            command.env_remove(name);
        }
        command
    }

    fn start(mut command: CommandBuilder, how: Reading) -> Cockpit {
        // One at a time: a program that is started while a terminal is opened inherits it and would keep it open.
        let alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = native_pty_system().openpty(size(40, 120)).unwrap();
        let before = settings(&*pair.master);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(alone);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(at_least_one(40), at_least_one(120), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (parser, reading) = (screen.clone(), Arc::new(AtomicBool::new(true)));
        let (wanted, written) = (reading.clone(), Arc::new(Mutex::new(Vec::new())));
        let record = written.clone();
        let reader = thread::spawn(move || {
            let tenth = if let Reading::Slowly(bytes) = how { Some(bytes / 10) } else { None };
            let mut bytes = vec![0; tenth.unwrap_or(4096)];
            while how != Reading::Never
                && let Ok(count @ 1..) = output.read(&mut bytes)
            {
                if tenth.is_some() {
                    thread::sleep(Duration::from_millis(100));
                }
                parser.lock().unwrap().process(&bytes[..count]);
                record.lock().unwrap().extend_from_slice(&bytes[..count]);
                if !wanted.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Cockpit { child: Killed(child), pty: pair.master, keys, screen, before, written, reader, reading }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Whether it has written these bytes.
    pub fn wrote(&self, bytes: &str) -> bool {
        self.written.lock().unwrap().windows(bytes.len()).any(|window| window == bytes.as_bytes())
    }

    pub fn until(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let contents = self.contents();
            if seen(&contents) {
                return contents;
            }
            assert!(Instant::now() < end, "{what} did not show:\n{contents}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn shows(&self, words: &str) -> String {
        self.until(words, |contents| contents.contains(words))
    }

    /// Bytes and frames that it writes within a while. Each frame begins by asking the terminal to hold it back until it is whole.
    pub fn writes_within(&self, time: Duration) -> (usize, usize) {
        let before = self.written.lock().unwrap().len();
        thread::sleep(time);
        let written = self.written.lock().unwrap();
        let new = &written[before..];
        (new.len(), new.windows(8).filter(|bytes| *bytes == b"\x1b[?2026h").count())
    }

    pub fn resize(&self, rows: u16, cols: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.pty.resize(size(rows, cols)).unwrap();
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.0.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Closes the terminal under the cockpit and waits for its end. Returns the exit status.
    pub fn vanish(mut self) -> u32 {
        self.reading.store(false, Ordering::SeqCst);
        self.press("?");
        self.reader.join().unwrap();
        drop((self.keys, self.pty));
        status_within(PATIENCE, &mut self.child).expect("the cockpit outlived its terminal")
    }

    /// The exit status, if it comes soon. The terminal is not looked at.
    pub fn ends_within(&mut self, patience: Duration) -> Option<u32> {
        status_within(patience, &mut self.child)
    }

    /// Waits for the end; the terminal must be as it was. Returns the exit status.
    pub fn end(mut self) -> u32 {
        let status = self.ends_within(PATIENCE).unwrap_or_else(|| panic!("the cockpit did not close:\n{}", self.contents()));
        // What was written last may still be under way; the reader ends with it.
        let end = Instant::now() + PATIENCE;
        while !self.reader.is_finished() {
            assert!(Instant::now() < end, "somebody keeps the terminal open");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(settings(&*self.pty), self.before);
        let parser = self.screen.lock().unwrap();
        assert!(!parser.screen().alternate_screen(), "the alternate screen was left");
        assert!(!parser.screen().hide_cursor(), "the cursor is back");
        assert_eq!(parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        status
    }
}

fn status_within(patience: Duration, child: &mut Killed) -> Option<u32> {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if let Some(status) = child.0.try_wait().unwrap() {
            return Some(status.exit_code());
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

/// The number of the last step, from the record.
pub fn steps(folder: &Path) -> u64 {
    let record = std::fs::read_to_string(folder.join("run/events.jsonl")).unwrap_or_default();
    record.lines().filter(|line| line.contains(r#""event":"step""#)).count() as u64
}
