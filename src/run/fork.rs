//! A run that branches off from another at a saved moment.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::checkpoint::read_checkpoint;
use super::folder::{RunError, RunFolder};
use super::record::read_events;
use super::saving::copy_checkpoint;
use crate::session::{Event, Moment, Parent, RunHeader, Stamped, course, cut_back};
use crate::whole_file;

/// Makes a run of its own from `checkpoint` of `parent`: `named`, or `runs/<time>-<model>`. Its record holds the parent's up to
/// that moment, its first checkpoint is that one, and its header names where it comes from; resuming it goes on from there.
/// The parent is only read, so somebody may be working on it.
pub fn fork(parent: &RunFolder, checkpoint: &str, named: Option<&Path>, now: SystemTime) -> Result<RunFolder, RunError> {
    let header = parent.header()?;
    let from = parent.checkpoints().join(checkpoint);
    let saved = read_checkpoint(&from)?;
    let moment = saved.state.moment;
    let folder = RunFolder::create(named, &header.model.name, now)?;
    let header = RunHeader {
        run: folder.name(),
        folder: folder.path().display().to_string(),
        started_at: now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        parent: Some(Parent { run: parent.name(), step: moment.step }),
        ..header
    };
    let mut record = history(read_events(&parent.events_path())?, checkpoint, &moment, &header);
    let time = record.last().map_or(0.0, |last| last.time);
    let settings = Some(Box::new(moment.settings.clone()));
    let saved = Event::Saved { step: moment.step, path: checkpoint.into(), reason: saved.state.reason, settings };
    record.push(Stamped { event: saved, time });
    let made = fill(&folder, &header, &record, &from, parent);
    if made.is_err() {
        // The error that matters is the first one. Folders go only if nothing of somebody else's is in them.
        let checkpoints = folder.checkpoints();
        let _ = fs::remove_dir_all(checkpoints.join(checkpoint));
        let _ = fs::remove_file(folder.events_path());
        let _ = fs::remove_file(folder.script_path());
        let _ = fs::remove_dir(checkpoints);
        let _ = fs::remove_dir(folder.path());
    }
    made.map(|()| folder)
}

fn fill(folder: &RunFolder, header: &RunHeader, record: &[Stamped], from: &Path, parent: &RunFolder) -> Result<(), RunError> {
    // The header comes last: a folder without one is no run yet, whatever else is in it.
    let path = folder.events_path();
    copy_checkpoint(from, &folder.checkpoints())?;
    let lines = lines(record).map_err(RunError::io("write", &path))?;
    whole_file::write(&path, &lines).map_err(RunError::io("write", &path))?;
    if let Some((script, _)) = parent.script()? {
        folder.keep_script(&script)?;
    }
    folder.write_header(header)
}

/// What the parent's record says of the way to the moment, under the child's header.
fn history(events: Vec<Stamped>, checkpoint: &str, moment: &Moment, header: &RunHeader) -> Vec<Stamped> {
    // From its first mention on the parent may have gone another way.
    let mentions = |event: &Event| match event {
        Event::Saved { path, .. } => path == checkpoint,
        Event::Resumed(resumption) => resumption.checkpoint == checkpoint,
        _ => false,
    };
    let end = events.iter().position(|stamped| mentions(&stamped.event)).unwrap_or(events.len());
    let mut history = course(events.into_iter().take(end));
    cut_back(&mut history, moment);
    for stamped in &mut history {
        if let Event::Started(started) = &mut stamped.event {
            **started = header.clone();
        }
    }
    history
}

fn lines(record: &[Stamped]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for stamped in record {
        serde_json::to_writer(&mut lines, stamped)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
