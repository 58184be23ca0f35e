//! Where a run is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::calendar::Date;
use super::checkpoint::CheckpointError;
use super::lock::RunLock;
use super::record::{Recorder, read_record};
use crate::session::{Event, RunHeader, Stamped};
use crate::whole_file;

/// Folder for runs that were given no other.
const RUNS: &str = "runs";

/// The script that a run began with, if any.
const SCRIPT: &str = "script.txt";

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the run folder {} already holds a run; name another with --run-dir", .0.display())]
    Taken(PathBuf),
    #[error("{} holds no run; `alexscope train` begins one", .0.display())]
    Missing(PathBuf),
    #[error("{} is being worked on by process {holder}; stop that one first", .folder.display())]
    Held { folder: PathBuf, holder: String },
    #[error("{} has no checkpoint to go on from; a run is saved with S in the cockpit, on quitting and on a signal", .0.display())]
    NothingSaved(PathBuf),
    #[error("cannot {what} {}: {source}", .path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{}: no checkpoint is `{wanted}`; {}", .folder.display(), those_there(.there))]
    NoSuchCheckpoint { folder: PathBuf, wanted: String, there: Vec<String> },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("{}, line {line}: this is not an event: {reason}", .path.display())]
    Event { path: PathBuf, line: usize, reason: String },
}

fn those_there(names: &[String]) -> String {
    if names.is_empty() { "nothing was saved there".into() } else { format!("there are {}", names.join(", ")) }
}

/// Makes the names of a new folder and of those around it durable, or else a loss of power takes whatever is saved in it.
fn make_durable(folder: &Path) {
    for around in folder.ancestors().skip(1).take(2) {
        // One that may be passed through but not read has been there before.
        let _ = whole_file::sync_folder(around);
    }
}

impl RunError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError {
        move |source| RunError::Io { what, path: path.to_path_buf(), source }
    }
}

/// A run's folder on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder: `named`, or `runs/<time>-<model>`. One that already holds a run is refused.
    pub fn create(named: Option<&Path>, model: &str, now: SystemTime) -> Result<RunFolder, RunError> {
        if let Some(path) = named {
            if RunFolder::holds_a_run(path) {
                return Err(RunError::Taken(path.to_path_buf()));
            }
            fs::create_dir_all(path).map_err(RunError::io("make the folder", path))?;
            make_durable(path);
            return Ok(RunFolder { path: path.to_path_buf() });
        }
        fs::create_dir_all(RUNS).map_err(RunError::io("make the folder", Path::new(RUNS)))?;
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let stem = format!("{}-{model}", Date::of(seconds).for_a_name());
        let mut path = Path::new(RUNS).join(&stem);
        let mut copy = 2;
        // Two runs may begin in the same second.
        while let Err(error) = fs::create_dir(&path) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(RunError::io("make the folder", &path)(error));
            }
            path = Path::new(RUNS).join(format!("{stem}-{copy}"));
            copy += 1;
        }
        make_durable(&path);
        Ok(RunFolder { path })
    }

    pub(super) fn at(path: &Path) -> RunFolder {
        RunFolder { path: path.to_path_buf() }
    }

    /// The folder of a run that is there: `named`, or the one under `runs` that was begun last.
    pub fn find(named: Option<&Path>) -> Result<RunFolder, RunError> {
        let path = match named {
            Some(path) if RunFolder::holds_a_run(path) => path.to_path_buf(),
            Some(path) => return Err(RunError::Missing(path.to_path_buf())),
            None => newest_run().ok_or_else(|| RunError::Missing(PathBuf::from(RUNS)))?,
        };
        Ok(RunFolder { path })
    }

    /// Keeps other programs from working on this run.
    pub fn lock(&self) -> Result<RunLock, RunError> {
        RunLock::take(&self.path)
    }

    pub fn header(&self) -> Result<RunHeader, RunError> {
        let path = self.path.join("run.json");
        let text = fs::read(&path).map_err(RunError::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|error| RunError::Event { path, line: error.line(), reason: error.to_string() })
    }

    /// The header from `run.json`, or else from the record's first line, with what is wrong with `run.json`.
    pub fn header_or_record(&self) -> Result<(RunHeader, Option<RunError>), RunError> {
        let error = match self.header() {
            Ok(header) => return Ok((header, None)),
            Err(error) => error,
        };
        let events = read_record(&self.events_path()).map(|(events, _)| events).unwrap_or_default();
        match events.into_iter().next() {
            Some(Stamped { event: Event::Started(header), .. }) => Ok((*header, Some(error))),
            _ => Err(error),
        }
    }

    pub fn events_path(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    pub(super) fn script_path(&self) -> PathBuf {
        self.path.join(SCRIPT)
    }

    /// Keeps the script of the run, for whoever goes on with it: of its lines some lie ahead.
    pub fn keep_script(&self, text: &str) -> Result<(), RunError> {
        let path = self.script_path();
        whole_file::write(&path, text.as_bytes()).map_err(RunError::io("write", &path))
    }

    /// The script that was kept, with its path; none where the run has none.
    pub fn script(&self) -> Result<Option<(String, PathBuf)>, RunError> {
        let path = self.script_path();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some((text, path))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunError::io("read", &path)(error)),
        }
    }

    /// Goes on with a record that is there.
    pub fn go_on(&self) -> Result<Recorder, RunError> {
        Recorder::reopen(&self.events_path())
    }

    /// Whether a run was begun in that folder.
    pub fn holds_a_run(path: &Path) -> bool {
        path.join("events.jsonl").exists() || path.join("run.json").exists()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's own name.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(|| self.path.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// Writes `run.json` and opens the record.
    pub fn begin(&self, header: &RunHeader) -> Result<Recorder, RunError> {
        self.write_header(header)?;
        Recorder::create(&self.events_path())
    }

    pub(super) fn write_header(&self, header: &RunHeader) -> Result<(), RunError> {
        let path = self.path.join("run.json");
        let json = serde_json::to_vec_pretty(header).map_err(|error| RunError::io("write", &path)(error.into()))?;
        whole_file::write(&path, &json).map_err(RunError::io("write", &path))
    }
}

/// The run whose record began last.
fn newest_run() -> Option<PathBuf> {
    let runs = fs::read_dir(RUNS).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let begun = |path: &PathBuf| fs::metadata(path.join("run.json")).and_then(|file| file.modified()).ok();
    runs.filter(|path| RunFolder::holds_a_run(path)).max_by_key(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_a_run_is_not_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine");
        let run = RunFolder::create(Some(&path), "alexnet", SystemTime::now()).unwrap();
        fs::write(run.path().join("events.jsonl"), "").unwrap();
        let error = RunFolder::create(Some(&path), "alexnet", SystemTime::now()).unwrap_err();
        assert!(error.to_string().contains("already holds a run; name another with --run-dir"), "{error}");
    }
}
