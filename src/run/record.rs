//! `events.jsonl`: one event a line, in the order in which they happened.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::folder::RunError;
use crate::session::Stamped;
use crate::whole_file;

/// Appends events to the record of a run.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: File,
    /// What the system has not taken yet; the first line may be one of which it took a part.
    waiting: Vec<u8>,
}

impl Recorder {
    pub(super) fn create(path: &Path) -> Result<Recorder, RunError> {
        let file = OpenOptions::new().append(true).create_new(true).open(path).map_err(RunError::io("make", path))?;
        // Without its name on the disk a record is lost with the power, however much of it was written.
        whole_file::sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(RunError::io("make", path))?;
        Ok(Recorder { path: path.to_path_buf(), file, waiting: Vec::new() })
    }

    /// Opens a record that is there, or is lost, to add to it. What a crash left of a last line is cut off: it was never an
    /// event.
    pub(super) fn reopen(path: &Path) -> Result<Recorder, RunError> {
        let bytes = if path.exists() { fs::read(path).map_err(RunError::io("read", path))? } else { Vec::new() };
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(RunError::io("open", path))?;
        file.set_len(complete(&bytes) as u64).map_err(RunError::io("write", path))?;
        Ok(Recorder { path: path.to_path_buf(), file, waiting: Vec::new() })
    }

    /// Adds one line; [`Recorder::flush`] hands it to the system.
    pub fn append(&mut self, stamped: &Stamped) -> Result<(), RunError> {
        let line = serde_json::to_string(stamped).map_err(|error| RunError::io("write", &self.path)(error.into()))?;
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
        Ok(())
    }

    /// Hands to the system what it has not taken yet. After an error the next try goes on where this one stopped.
    pub fn flush(&mut self) -> Result<(), RunError> {
        while !self.waiting.is_empty() {
            let taken = match self.file.write(&self.waiting) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
                other => other,
            };
            self.waiting.drain(..taken.map_err(RunError::io("write", &self.path))?);
        }
        Ok(())
    }

    /// Bytes that the system has not taken.
    pub fn behind(&self) -> usize {
        self.waiting.len()
    }

    /// The file, for another thread to wait until what is written now is on the disk.
    pub fn file(&self) -> Result<File, RunError> {
        self.file.try_clone().map_err(RunError::io("write", &self.path))
    }

    /// Waits until the record is on the disk.
    pub fn sync(&mut self) -> Result<(), RunError> {
        self.flush()?;
        self.file.sync_all().map_err(RunError::io("write", &self.path))
    }
}

/// Reads a record. A last line that was cut off by a crash is left out.
pub fn read_events(path: &Path) -> Result<Vec<Stamped>, RunError> {
    let (events, mut damage) = read_record(path)?;
    if damage.is_empty() { Ok(events) } else { Err(damage.swap_remove(0)) }
}

/// Reads what can be read of a record, and says which lines cannot. A last line that was cut off by a crash is neither.
pub fn read_record(path: &Path) -> Result<(Vec<Stamped>, Vec<RunError>), RunError> {
    fs::read(path).map(|bytes| parse_record(&bytes, path)).map_err(RunError::io("read", path))
}

/// The same from memory; `path` is for errors.
pub fn parse_record(bytes: &[u8], path: &Path) -> (Vec<Stamped>, Vec<RunError>) {
    let (mut events, mut damage) = (Vec::new(), Vec::new());
    for (index, line) in bytes[..complete(bytes)].split(|byte| *byte == b'\n').enumerate() {
        match serde_json::from_slice(line) {
            Ok(stamped) => events.push(stamped),
            Err(_) if line.is_empty() => {}
            Err(error) => {
                damage.push(RunError::Event { path: path.to_path_buf(), line: index + 1, reason: error.to_string() });
            }
        }
    }
    (events, damage)
}

/// Length of the lines that were written to their end.
fn complete(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Event, Notice, Phase};

    #[test]
    fn what_was_written_is_read_again_and_a_torn_last_line_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let events = vec![
            Stamped { event: Event::Phase { phase: Phase::Training, detail: String::new() }, time: 0.25 },
            Stamped { event: Event::Notice(Notice { text: "grüß".into(), warning: true }), time: 1.0 / 3.0 },
        ];
        let mut recorder = Recorder::create(&path).unwrap();
        events.iter().for_each(|event| recorder.append(event).unwrap());
        recorder.sync().unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"event":"st"#).unwrap();
        assert_eq!(read_events(&path).unwrap(), events);
    }

    #[test]
    fn a_line_that_is_no_event_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        fs::write(&path, "{\"event\":\"phase\",\"phase\":\"training\",\"time\":0}\nnonsense\n").unwrap();
        assert!(read_events(&path).unwrap_err().to_string().contains("line 2: this is not an event"));
    }
}
