//! All runs in a folder: what each is, how far it came, and which branched off from which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::calendar::Date;
use super::folder::{RunError, RunFolder};
use super::lock::RunLock;
use super::record::read_record;
use crate::session::{Evaluation, Event, FinishReason, Parent, Phase, Split, Stamped, course};
use crate::spec;

/// A run of which nothing was heard for this long is paused, or hangs.
const SILENCE: Duration = Duration::from_secs(600);

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Running,
    Paused,
    /// A program holds it and has recorded nothing for long.
    Silent,
    /// A fork that nobody has taken up yet.
    Waiting,
    /// Its budget was used up.
    Finished,
    Stopped,
    Diverged,
    /// It ended with an error.
    Failed,
    /// No program holds it, and it did not come to an end.
    Crashed,
    /// It cannot be read.
    Broken,
}

impl RunState {
    /// How a run stands whose record is this.
    pub fn of(events: &[Stamped], folder: &RunFolder, now: SystemTime) -> RunState {
        let last = last_word(events);
        let under_way = matches!(last, RunState::Running | RunState::Paused);
        if !RunLock::is_held(folder.path()) {
            return if under_way { RunState::Crashed } else { last };
        }
        let heard = fs::metadata(folder.events_path()).and_then(|file| file.modified()).ok();
        let silent = heard.and_then(|heard| now.duration_since(heard).ok()).is_some_and(|silence| silence > SILENCE);
        if silent && last == RunState::Running { RunState::Silent } else { last }
    }

    fn word(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Paused => "paused",
            RunState::Silent => "silent",
            RunState::Waiting => "waiting",
            RunState::Finished => "finished",
            RunState::Stopped => "stopped",
            RunState::Diverged => "diverged",
            RunState::Failed => "failed",
            RunState::Crashed => "crashed",
            RunState::Broken => "broken",
        }
    }
}

/// A run in one line.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    pub run: String,
    pub folder: PathBuf,
    pub parent: Option<Parent>,
    pub model: String,
    pub data: String,
    pub state: RunState,
    pub steps: u64,
    pub best_test_accuracy: Option<f64>,
    /// On disk, checkpoints and all.
    pub bytes: u64,
    /// Seconds since 1970.
    pub started_at: u64,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
}

/// Every run in a folder, oldest first. One that is broken is listed as such.
pub fn list_runs(runs: &Path, now: SystemTime) -> Result<Vec<RunSummary>, RunError> {
    let mut summaries = Vec::new();
    for entry in fs::read_dir(runs).map_err(RunError::io("read the folder", runs))? {
        let path = entry.map_err(RunError::io("read the folder", runs))?.path();
        if RunFolder::holds_a_run(&path) {
            summaries.push(summary(&path, now));
        }
    }
    summaries.sort_by(|a, b| (a.started_at, &a.run).cmp(&(b.started_at, &b.run)));
    Ok(summaries)
}

fn summary(path: &Path, now: SystemTime) -> RunSummary {
    let folder = RunFolder::at(path);
    let mut summary = RunSummary {
        run: folder.name(),
        folder: path.to_path_buf(),
        parent: None,
        model: String::new(),
        data: String::new(),
        state: RunState::Broken,
        steps: 0,
        best_test_accuracy: None,
        bytes: size(path),
        started_at: 0,
        problem: None,
    };
    match folder.header() {
        Ok(header) => {
            (summary.parent, summary.model, summary.data) = (header.parent, header.model.name, header.data.name);
            summary.started_at = header.started_at;
        }
        Err(error) => summary.problem = Some(error.to_string()),
    }
    match read_record(&folder.events_path()) {
        Ok((events, damage)) => {
            if summary.problem.is_none() {
                summary.state = RunState::of(&events, &folder, now);
            }
            summary.problem = summary.problem.or_else(|| Some(damage.first()?.to_string()));
            let mut best: Option<Evaluation> = None;
            for Stamped { event, .. } in course(events) {
                match event {
                    Event::Step(step) => summary.steps = step.step,
                    Event::Evaluated(tested) if tested.split == Split::Test => {
                        best = Some(best.filter(|best| best.surely_right() >= tested.surely_right()).unwrap_or(tested));
                    }
                    _ => {}
                }
            }
            summary.best_test_accuracy = best.map(|best| best.accuracy);
        }
        Err(error) => {
            summary.state = RunState::Broken;
            summary.problem = Some(error.to_string());
        }
    }
    summary
}

/// Where the run stands, as far as its record says.
fn last_word(events: &[Stamped]) -> RunState {
    let last = events.iter().rev().find_map(|stamped| match &stamped.event {
        Event::Finished { reason: FinishReason::Budget, .. } => Some(RunState::Finished),
        Event::Finished { reason: FinishReason::Stopped, .. } => Some(RunState::Stopped),
        Event::Finished { reason: FinishReason::Diverged, .. } => Some(RunState::Diverged),
        Event::Finished { reason: FinishReason::Failed, .. } | Event::Failed { .. } => Some(RunState::Failed),
        Event::Phase { phase: Phase::Paused, .. } => Some(RunState::Paused),
        Event::Phase { phase: Phase::Finished, .. } => Some(RunState::Finished),
        Event::Phase { .. } | Event::Step(_) | Event::Resumed(_) => Some(RunState::Running),
        _ => None,
    });
    let begun = |event: &Event| matches!(event, Event::Phase { .. } | Event::Resumed(_));
    match last {
        Some(last) if events.iter().any(|stamped| begun(&stamped.event)) => last,
        _ => RunState::Waiting,
    }
}

/// Bytes of all files in a folder and the folders in it.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |file| file.len()),
            _ => 0,
        })
        .sum()
}

/// The runs in the order of a tree, each with its depth: a fork comes under its parent, where that is listed too.
pub fn tree(runs: &[RunSummary]) -> Vec<(usize, &RunSummary)> {
    let listed = |name: &str| runs.iter().any(|run| run.run == name);
    let mut rows = Vec::new();
    let mut placed = BTreeSet::new();
    let is_root = |run: &&RunSummary| run.parent.as_ref().is_none_or(|parent| !listed(&parent.run));
    for run in runs.iter().filter(is_root) {
        place(run, 0, runs, &mut placed, &mut rows);
    }
    // Runs that name each other as parents are nobody's children, but are runs.
    for run in runs {
        place(run, 0, runs, &mut placed, &mut rows);
    }
    rows
}

fn place<'a>(
    run: &'a RunSummary,
    depth: usize,
    runs: &'a [RunSummary],
    placed: &mut BTreeSet<&'a str>,
    rows: &mut Vec<(usize, &'a RunSummary)>,
) {
    if !placed.insert(&run.run) {
        return;
    }
    rows.push((depth, run));
    for child in runs.iter().filter(|child| child.parent.as_ref().is_some_and(|parent| parent.run == run.run)) {
        place(child, depth + 1, runs, placed, rows);
    }
}

/// The tree as a table in text.
pub fn listing_text(runs: &[RunSummary]) -> String {
    let mut rows = vec![["run", "network", "data", "state", "steps", "best", "size", "started (UTC)"].map(String::from)];
    let mut problems = String::new();
    for (depth, run) in tree(runs) {
        let from = run.parent.as_ref().map_or(String::new(), |parent| match depth {
            0 => format!(" (of {} at {})", parent.run, parent.step),
            _ => format!(" (at {})", parent.step),
        });
        let branch = if depth > 0 { format!("{}└ ", "  ".repeat(depth - 1)) } else { String::new() };
        rows.push([
            format!("{branch}{}{from}", run.run),
            run.model.clone(),
            run.data.clone(),
            run.state.word().into(),
            run.steps.to_string(),
            run.best_test_accuracy.map_or("-".into(), |best| format!("{:.2} %", best * 100.0)),
            spec::bytes(run.bytes),
            if run.started_at > 0 { Date::of(run.started_at).for_a_person() } else { "-".into() },
        ]);
        if let Some(problem) = &run.problem {
            problems += &format!("{}: {problem}\n", run.run);
        }
    }
    aligned(&rows) + &problems
}

/// Columns of figures are aligned at their right.
fn aligned(rows: &[[String; 8]]) -> String {
    let widths: [usize; 8] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(
                |(column, (cell, width))| {
                    if (4..7).contains(&column) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
                },
            )
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, parent: Option<&str>) -> RunSummary {
        RunSummary {
            run: name.into(),
            folder: name.into(),
            parent: parent.map(|run| Parent { run: run.into(), step: 40 }),
            model: "lenet5".into(),
            data: "Emoji-10".into(),
            state: RunState::Finished,
            steps: 100,
            best_test_accuracy: Some(0.4567),
            bytes: 1_160_000,
            started_at: 1_795_507_392,
            problem: None,
        }
    }

    #[test]
    fn forks_stand_under_their_parents_and_no_run_is_lost_also_where_parents_go_in_circles() {
        let runs = [run("a", None), run("b", None), run("a1", Some("a")), run("a11", Some("a1")), run("x", Some("gone"))];
        let rows = tree(&runs);
        let shown: Vec<(usize, &str)> = rows.iter().map(|(depth, run)| (*depth, run.run.as_str())).collect();
        assert_eq!(shown, [(0, "a"), (1, "a1"), (2, "a11"), (0, "b"), (0, "x")]);
        let circle = [run("c", Some("d")), run("d", Some("c"))];
        assert_eq!(tree(&circle).len(), 2);
    }

    #[test]
    fn the_table_reads_as_a_tree() {
        let text = listing_text(&[run("first", None), run("second", Some("first"))]);
        assert_eq!(
            text,
            "run               network  data      state     steps     best     size  started (UTC)\n\
             first             lenet5   Emoji-10  finished    100  45.67 %  1.16 MB  2026-11-24 08:03\n\
             └ second (at 40)  lenet5   Emoji-10  finished    100  45.67 %  1.16 MB  2026-11-24 08:03\n"
        );
    }

    #[test]
    fn a_folder_that_is_broken_is_listed_with_what_is_wrong() {
        let runs = tempfile::tempdir().unwrap();
        fs::create_dir_all(runs.path().join("torn")).unwrap();
        fs::write(runs.path().join("torn/run.json"), "{\"version\":").unwrap();
        fs::create_dir_all(runs.path().join("no-run")).unwrap();
        let listed = list_runs(runs.path(), SystemTime::now()).unwrap();
        assert_eq!((listed.len(), listed[0].run.as_str(), listed[0].state), (1, "torn", RunState::Broken));
        assert!(listed[0].problem.is_some());
    }
}
