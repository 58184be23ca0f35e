//! A disk that is full, and has room again.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use alexscope::run::{RunFolder, newest_checkpoint, verify};

use super::count::trials;
use super::program::{signal, start, train};

/// A file system of 20 MB in a folder, gone when this is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=20m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()).then(|| SmallDisk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

/// Adds zeros until nothing more goes in.
fn fill_up(path: &Path) {
    let mut file = fs::File::options().create(true).append(true).open(path).unwrap();
    let mut piece = vec![0; 1 << 16];
    while !piece.is_empty() {
        if file.write_all(&piece).is_err() {
            piece.truncate(piece.len() / 2);
        }
    }
}

#[test]
fn a_full_disk_is_told_training_goes_on_and_neither_checkpoint_nor_record_has_lost_anything_when_there_is_room_again() {
    for _ in 0..trials(1).min(20) {
        let Some(disk) = SmallDisk::mount() else {
            eprintln!("skipped: no file system may be mounted here");
            return;
        };
        fill_and_clear(&disk);
    }
}

fn fill_and_clear(disk: &SmallDisk) {
    let mut child = start(train(disk.path(), "run", 3).arg("--json").stdout(Stdio::piped()));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains(r#""event":"saved""#)));
    let ballast = disk.path().join("ballast");
    // A save that was under way leaves room behind when it fails, so what is free is filled again until both were told.
    let mut told = HashSet::new();
    for _ in 0..1000 {
        fill_up(&ballast);
        let some: Vec<String> = lines.by_ref().take(20).filter(|line| line.contains(r#""warning":true"#)).collect();
        told.extend(
            ["the record waits in memory", "not saved"].into_iter().filter(|text| some.iter().any(|line| line.contains(text))),
        );
        if told.len() == 2 {
            break;
        }
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(lines.by_ref().filter(|line| line.contains(r#""event":"step""#)).take(20).count(), 20, "training goes on");
    let run = RunFolder::find(Some(&disk.path().join("run"))).unwrap();
    let (saved, damaged) = newest_checkpoint(&run.checkpoints(), &run.header().unwrap().model);
    assert!(saved.is_some() && damaged.is_empty(), "the old checkpoint is whole: {damaged:?}");
    fs::remove_file(&ballast).unwrap();
    assert!(lines.any(|line| line.contains("the record is written again")));
    assert!(lines.any(|line| line.contains(r#""event":"saved""#)), "it is tried again");
    signal(&child, "-TERM");
    assert!(lines.last().unwrap().contains(r#""event":"finished""#));
    assert_eq!(child.wait().unwrap().code(), Some(143));
    // No step is missing in the record.
    let verified = verify(&run);
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
}
