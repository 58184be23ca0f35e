//! One program at a time works on a run.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::folder::RunError;

/// Holds a run's folder for as long as it lives; the system lets go when the program ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    pub(super) fn take(folder: &Path) -> Result<RunLock, RunError> {
        let path = folder.join("run.lock");
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(RunError::io("open", &path))?;
        match patiently(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is a courtesy; that it is held is what counts.
                let _ = file.read_to_string(&mut holder);
                return Err(RunError::Held { folder: folder.to_path_buf(), holder: holder.trim().to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(RunError::io("lock", &path)(error)),
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(RunError::io("write", &path))?;
        Ok(RunLock { _file: file })
    }

    /// Whether a program works on the run.
    pub fn is_held(folder: &Path) -> bool {
        // A shared lock, so that two who look do not take each other for a holder.
        let Ok(file) = File::open(folder.join("run.lock")) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// Who only looks whether somebody holds the run has it locked for a moment.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
    file.try_lock()
}
