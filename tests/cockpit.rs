//! The cockpit in a real pseudo-terminal, as a person would use it.
#![cfg(unix)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use alexscope::engine::Script;
use alexscope::link::{Delivery, link};
use alexscope::session::{DatasetInfo, DeviceInfo, RunHeader};
use alexscope::spec::zoo;
use alexscope::ui::theme::ThemeName;
use alexscope::ui::{self, UiOptions};
use alexscope::worker::{self, Plan};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest wait for anything; generous, since other tests run at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

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

struct Cockpit {
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
    fn open(folder: &Path, arguments: &[&str]) -> Cockpit {
        std::fs::write(folder.join("small.toml"), SMALL).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_alexscope"));
        command.args(["train", "--model", "small.toml", "--evaluate-pictures", "50", "--run-dir", "run"]);
        command.args(arguments);
        command.cwd(folder);
        Cockpit::start(command)
    }

    /// Runs [`a_cockpit_with_a_fault`] of this very program in a terminal of its own.
    fn with_fault(fault: &str) -> Cockpit {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_cockpit_with_a_fault", "--nocapture"]);
        command.env(FAULT, fault);
        Cockpit::start(command)
    }

    fn start(mut command: CommandBuilder) -> Cockpit {
        let pair = native_pty_system().openpty(size(40, 120)).unwrap();
        let before = settings(&*pair.master);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(at_least_one(40), at_least_one(120), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (parser, reading) = (screen.clone(), Arc::new(AtomicBool::new(true)));
        let (wanted, written) = (reading.clone(), Arc::new(Mutex::new(Vec::new())));
        let record = written.clone();
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
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

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn until(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
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

    fn shows(&self, words: &str) -> String {
        self.until(words, |contents| contents.contains(words))
    }

    /// Bytes and frames that it writes within a while. Each frame begins by asking the terminal to hold it back until it is whole.
    fn writes_within(&self, time: Duration) -> (usize, usize) {
        let before = self.written.lock().unwrap().len();
        thread::sleep(time);
        let written = self.written.lock().unwrap();
        let new = &written[before..];
        (new.len(), new.windows(8).filter(|bytes| *bytes == b"\x1b[?2026h").count())
    }

    fn resize(&self, rows: u16, cols: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.pty.resize(size(rows, cols)).unwrap();
    }

    fn signal(&self, name: &str) {
        let id = self.child.0.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Closes the terminal under the cockpit and waits for its end. Returns the exit status.
    fn vanish(mut self) -> u32 {
        self.reading.store(false, Ordering::SeqCst);
        self.press("?");
        self.reader.join().unwrap();
        drop((self.keys, self.pty));
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.0.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < end, "the cockpit outlived its terminal");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end; the terminal must be as it was. Returns the exit status.
    fn end(mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.0.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the cockpit did not close:\n{}", self.contents());
            thread::sleep(Duration::from_millis(20));
        };
        // What was written last may still be under way.
        thread::sleep(Duration::from_millis(200));
        assert_eq!(settings(&*self.pty), self.before);
        let parser = self.screen.lock().unwrap();
        assert!(!parser.screen().alternate_screen(), "the alternate screen was left");
        assert!(!parser.screen().hide_cursor(), "the cursor is back");
        assert_eq!(parser.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        status.exit_code()
    }
}

/// The number of the last step, from the record.
fn steps(folder: &Path) -> u64 {
    let record = std::fs::read_to_string(folder.join("run/events.jsonl")).unwrap_or_default();
    record.lines().filter(|line| line.contains(r#""event":"step""#)).count() as u64
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
    cockpit.shows("start a new run");
    cockpit.press("\x1b");
    cockpit.resize(24, 80);
    cockpit.until("the smaller screen", |contents| contents.contains("PAUSED") && !contents.contains("start a new run"));
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
    assert_eq!(std::fs::read_dir(folder.path().join("run/checkpoints")).unwrap().count(), 2);
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
    assert_eq!(std::fs::read_dir(folder.path().join("run/checkpoints")).unwrap().count(), 1);
}

#[test]
fn a_terminal_that_vanishes_ends_the_run_which_is_saved_first() {
    let folder = tempfile::tempdir().unwrap();
    let cockpit = Cockpit::open(folder.path(), &[]);
    cockpit.shows("TRAINING");
    assert_eq!(cockpit.vanish(), 129);
    assert_eq!(std::fs::read_dir(folder.path().join("run/checkpoints")).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_cifar_10_is_refused_before_the_screen_opens() {
    let folder = tempfile::tempdir().unwrap();
    let cockpit = Cockpit::open(folder.path(), &["--data", "/nowhere"]);
    let said = cockpit.shows("error:");
    assert!(said.contains("/nowhere"), "{said}");
    assert_eq!(cockpit.end(), 1);
}

/// Names the thread that [`a_cockpit_with_a_fault`] lets panic.
const FAULT: &str = "ALEXSCOPE_TEST_FAULT";

/// Not a test by itself: the cockpit that the tests below open in a terminal of its own.
#[test]
fn a_cockpit_with_a_fault() {
    let Ok(fault) = std::env::var(FAULT) else { return };
    let model = zoo::load("lenet5").unwrap();
    let header = RunHeader {
        version: "0".into(),
        run: "fault".into(),
        folder: String::new(),
        settings: model.settings().unwrap(),
        model: model.clone(),
        data: DatasetInfo {
            name: "none".into(),
            stand_in: false,
            folder: String::new(),
            classes: Vec::new(),
            train: 100,
            test: 10,
        },
        device: DeviceInfo { name: "CPU".into(), threads: 1 },
        started_at: 0,
        parent: None,
    };
    let worker_panics = fault == "training";
    let plan = Plan {
        header,
        script: Script::default(),
        folder: None,
        resume: None,
        notices: Vec::new(),
        prepare: Box::new(move |_| if worker_panics { panic!("a fault in a layer") } else { Err("nothing to train".into()) }),
        fetch: None,
        unattended: false,
    };
    let (screen, worker_end) = link(Delivery::Merging);
    let training = worker::spawn(plan, worker_end).unwrap();
    let options = UiOptions {
        model,
        past: Vec::new(),
        companions: Vec::new(),
        theme: ThemeName::Dark,
        true_colour: false,
        readonly: false,
        data_missing: false,
        signals: crossbeam_channel::never(),
        export: Box::new(|_| panic!("a fault on the screen")),
    };
    let left = ui::run(screen, options);
    training.join().unwrap();
    left.unwrap();
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_and_then_says_why() {
    let mut cockpit = Cockpit::with_fault("screen");
    cockpit.shows("nothing to train");
    cockpit.press("E");
    cockpit.shows("What goes to a file?");
    cockpit.press("c");
    let said = cockpit.shows("a fault on the screen");
    assert!(!said.contains("Learning rate"), "the words stand on the terminal, not on the cockpit:\n{said}");
    assert_eq!(cockpit.end(), 101);
}

#[test]
fn a_panic_of_the_training_thread_is_shown_in_the_cockpit_and_spoils_nothing() {
    let mut cockpit = Cockpit::with_fault("training");
    let shown = cockpit.shows("a fault in a layer");
    assert!(shown.contains("1 Train"), "{shown}");
    cockpit.press("q");
    assert_eq!(cockpit.end(), 0);
}
