//! Disks that fail, and power that does.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use alexscope::run::{Disk, newest_checkpoint, prune_checkpoints, write_checkpoint};

use super::count::trials;
use super::{Chance, tiny_arrays, tiny_model, tiny_state};

fn save_on(disk: &dyn Disk, checkpoints: &Path, step: u64) -> bool {
    let arrays = tiny_arrays(step);
    let written = write_checkpoint(disk, checkpoints, &tiny_state(step), &arrays, &arrays).is_ok();
    written & prune_checkpoints(disk, checkpoints).is_ok()
}

/// Leaves out the waiting, which only a failure of the power would show.
struct Hasty;

impl Disk for Hasty {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn write_through(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

/// Fails one operation; a write that fails leaves half of the file.
struct Failing {
    at: usize,
    done: Cell<usize>,
}

impl Failing {
    fn passes(&self) -> io::Result<()> {
        let done = self.done.replace(self.done.get() + 1);
        if done == self.at { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Disk for Failing {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.passes().and_then(|()| Hasty.make_folder(path))
    }

    fn write_through(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.passes().inspect_err(|_| Hasty.write_through(path, &bytes[..bytes.len() / 2]).unwrap())?;
        Hasty.write_through(path, bytes)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.passes().and_then(|()| Hasty.sync_folder(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.passes().and_then(|()| Hasty.rename(from, to))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.passes().and_then(|()| Hasty.remove_folder(path))
    }
}

#[test]
fn whichever_operation_fails_the_old_checkpoint_stays_and_the_next_try_succeeds_without_litter() {
    let mut failures = 0;
    for at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = folder.path().join("checkpoints");
        (1..=3).for_each(|step| assert!(save_on(&Hasty, &checkpoints, step)));
        let disk = Failing { at, done: Cell::new(0) };
        let well = save_on(&disk, &checkpoints, 4);
        let (saved, damaged) = newest_checkpoint(&checkpoints, &tiny_model());
        assert!(damaged.is_empty(), "{damaged:?}");
        assert!(saved.unwrap().state.moment.step >= 3);
        assert!(save_on(&Hasty, &checkpoints, 5));
        assert_eq!(newest_checkpoint(&checkpoints, &tiny_model()).0.unwrap().state.moment.step, 5);
        // The newest two, and the oldest of those without a test.
        assert!(fs::read_dir(&checkpoints).unwrap().count() <= 3);
        if disk.done.get() <= at {
            assert!(well);
            break;
        }
        failures += 1;
    }
    assert!(failures >= 10, "{failures} operations were made to fail");
}

/// What was asked of a disk, in order, in terms of names and contents.
#[derive(Clone, Debug)]
enum Op {
    /// In the folder of that path: a new name for a new node.
    Folder(PathBuf),
    File(PathBuf, Vec<u8>),
    SyncFile(PathBuf),
    SyncNames(PathBuf),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
}

/// Does all that is asked of it, and remembers.
#[derive(Default)]
struct Tape {
    root: PathBuf,
    ops: RefCell<Vec<Op>>,
}

impl Tape {
    fn note(&self, op: Op) {
        self.ops.borrow_mut().push(op);
    }

    fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap().to_path_buf()
    }
}

impl Disk for Tape {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.note(Op::Folder(self.inside(path)));
        Hasty.make_folder(path)
    }

    fn write_through(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.note(Op::File(self.inside(path), bytes.to_vec()));
        self.note(Op::SyncFile(self.inside(path)));
        Hasty.write_through(path, bytes)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.note(Op::SyncNames(self.inside(path)));
        Hasty.sync_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note(Op::Rename(self.inside(from), self.inside(to)));
        Hasty.rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            self.note(Op::Unlink(self.inside(&entry?.path())));
        }
        self.note(Op::Unlink(self.inside(path)));
        Hasty.remove_folder(path)
    }
}

/// A change of the names in one folder that is not on the disk yet.
#[derive(Clone, Debug)]
enum Change {
    Link(String, usize),
    Rename(String, String),
    Unlink(String),
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Of a folder: what is on the disk, what a program sees, and the changes between.
    durable: BTreeMap<String, usize>,
    seen: BTreeMap<String, usize>,
    pending: Vec<Change>,
    /// Of a file.
    contents: Option<Vec<u8>>,
    synced: bool,
}

/// Folders and files as nodes; node 0 is the root, which survives.
struct Model {
    nodes: Vec<Node>,
}

fn change(names: &mut BTreeMap<String, usize>, change: &Change) {
    match change {
        Change::Link(name, node) => drop(names.insert(name.clone(), *node)),
        Change::Unlink(name) => drop(names.remove(name)),
        Change::Rename(from, to) => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
    }
}

impl Model {
    fn find(&self, path: &Path) -> usize {
        path.iter().fold(0, |node, name| self.nodes[node].seen[name.to_str().unwrap()])
    }

    fn alter(&mut self, folder: &Path, what: Change) {
        let folder = self.find(folder);
        change(&mut self.nodes[folder].seen, &what);
        self.nodes[folder].pending.push(what);
    }

    fn add(&mut self, path: &Path, node: Node) {
        self.nodes.push(node);
        let number = self.nodes.len() - 1;
        self.alter(path.parent().unwrap(), Change::Link(name(path), number));
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Folder(path) => self.add(path, Node::default()),
            Op::File(path, bytes) => self.add(path, Node { contents: Some(bytes.clone()), ..Node::default() }),
            Op::SyncFile(path) => {
                let node = self.find(path);
                self.nodes[node].synced = true;
            }
            Op::SyncNames(path) => {
                let folder = self.find(path);
                let node = &mut self.nodes[folder];
                node.durable = node.seen.clone();
                node.pending.clear();
            }
            Op::Rename(from, to) => self.alter(from.parent().unwrap(), Change::Rename(name(from), name(to))),
            Op::Unlink(path) => self.alter(path.parent().unwrap(), Change::Unlink(name(path))),
        }
    }

    /// What the disk may hold after the power failed: of what was not made durable anything may have happened or not.
    fn survive(&self, node: usize, at: &Path, chance: &mut Chance) {
        let node = &self.nodes[node];
        if let Some(bytes) = &node.contents {
            let kept = if node.synced { bytes.len() } else { chance.below(bytes.len() + 1) };
            let mut bytes = bytes[..kept].to_vec();
            if !node.synced && chance.heads() {
                bytes.iter_mut().for_each(|byte| *byte = 0);
            }
            fs::write(at, bytes).unwrap();
            return;
        }
        fs::create_dir_all(at).unwrap();
        let mut names = node.durable.clone();
        for pending in &node.pending {
            if chance.heads() {
                change(&mut names, pending);
            }
        }
        for (name, child) in names {
            self.survive(child, &at.join(name), chance);
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().into()
}

#[test]
fn whenever_the_power_fails_the_newest_checkpoint_that_was_reported_or_a_newer_one_is_there_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape { root: folder.path().to_path_buf(), ops: RefCell::default() };
    let mut reported = vec![(0, 0)];
    for step in 1..=5 {
        assert!(save_on(&tape, &folder.path().join("checkpoints"), step));
        reported.push((tape.ops.borrow().len(), step));
    }
    let ops = tape.ops.into_inner();
    for end in 0..=ops.len() {
        let mut model = Model { nodes: vec![Node::default()] };
        ops[..end].iter().for_each(|op| model.run(op));
        let promised = reported.iter().rev().find(|(at, _)| *at <= end).unwrap().1;
        for trial in 0..trials(20).min(20) {
            let mut chance = Chance((end * 1000 + trial) as u64);
            let after = tempfile::tempdir().unwrap();
            model.survive(0, after.path(), &mut chance);
            let checkpoints = after.path().join("checkpoints");
            let (saved, damaged) = newest_checkpoint(&checkpoints, &tiny_model());
            assert!(damaged.is_empty(), "after {:?}: {damaged:?}", &ops[..end].last());
            let step = saved.map_or(0, |saved| saved.state.moment.step);
            assert!(step >= promised, "step {promised} was reported, {step} is there after {:?}", &ops[..end].last());
            assert!(save_on(&Hasty, &checkpoints, 9));
            assert!(fs::read_dir(&checkpoints).unwrap().count() <= 4, "no litter is left");
        }
    }
}
