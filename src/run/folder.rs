//! Where a run is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::checkpoint::CheckpointError;
use super::lock::RunLock;
use super::record::Recorder;
use crate::session::RunHeader;
use crate::whole_file;

/// Folder for runs that were given no other.
const RUNS: &str = "runs";

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
            return Ok(RunFolder { path: path.to_path_buf() });
        }
        fs::create_dir_all(RUNS).map_err(RunError::io("make the folder", Path::new(RUNS)))?;
        let stem = format!("{}-{model}", timestamp(now));
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
        Ok(RunFolder { path })
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

    pub fn events_path(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
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

/// `20261124-080312` in UTC.
fn timestamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar counted in 400-year eras that begin on
/// 1 March, so that the leap day comes last.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101-000000");
        assert_eq!(at(951_782_399), "20000228-235959");
        assert_eq!(at(951_782_400), "20000229-000000");
        assert_eq!(at(1_795_507_392), "20261124-080312");
    }

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
