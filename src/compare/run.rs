//! Makes the runs that a plan asks for.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use crossbeam_channel::Receiver;

use super::plan::{FILE, Plan};
use crate::cli::{BrokenChoice, CompareArgs, KnobArgs, LookArgs, MovedArgs, NetworkArgs, PicturesArgs, ResumeArgs, ShowArgs};
use crate::contest::{Figures, Place, RunFigures, tables};
use crate::run::{RunFolder, newest_checkpoint, read_events};
use crate::session::{Event, FinishReason, RunHeader, Stamped};
use crate::ui::{Contest, Look};
use crate::{cockpit, headless, signals, start, worker};

/// The figures of every run, a line of JSON each.
const FIGURES: &str = "figures.jsonl";

/// Begins a comparison, or goes on with the one in the folder; returns the exit status.
pub fn compare(arguments: &CompareArgs) -> Result<u8> {
    let screen = !(arguments.headless || arguments.json) && io::stdout().is_terminal();
    let heard = if screen { [signals::ENDING, signals::JOB_CONTROL].concat() } else { signals::ENDING.to_vec() };
    let signals = signals::listen(&heard)?;
    let (folder, plan) = signals::end_at_once(&signals, || planned(arguments))?;
    let mut look = cockpit::comparing(arguments.look);
    for place in plan.places() {
        let Some(ready) = ready(&plan, place, &folder, arguments)? else { continue };
        let left = if screen {
            watched(ready, &plan, place, &folder, arguments.target, &mut look, &signals)?
        } else {
            unwatched(ready, &plan, place, &signals)?
        };
        if let Left::Broken { status, heard } = left {
            if heard {
                say(&format!("go on with `alexscope compare --run-dir {}`", folder.display()));
            }
            return Ok(status);
        }
    }
    let figures = read(&plan, &folder)?;
    let lines = figures.runs.iter().map(|(_, run)| serde_json::to_string(run)).collect::<serde_json::Result<Vec<_>>>()?;
    let lines = lines.join("\n") + "\n";
    let path = folder.join(FIGURES);
    crate::whole_file::write(&path, lines.as_bytes()).wrap_err_with(|| format!("cannot write {}", path.display()))?;
    if screen && let Some(signal) = look_at(&plan, &folder, figures.clone(), arguments.target, look, signals)? {
        return Ok(signals::exit_status(signal));
    }
    let text = if arguments.json { lines } else { in_words(&figures, arguments.target, &folder) };
    let diverged = figures.runs.iter().all(|(_, run)| run.ended == Some(FinishReason::Diverged));
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(if diverged { headless::DIVERGED } else { 0 }),
    }
}

/// Whether the folder holds a comparison.
pub fn is_in(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// The figures of all runs of a plan that were begun in `folder`.
pub fn read(plan: &Plan, folder: &Path) -> Result<Figures> {
    let mut figures = plan.figures();
    for place in plan.places() {
        figures.runs.extend(read_run(plan, place, folder)?.map(|run| (place, run)));
    }
    Ok(figures)
}

/// The figures of one; `None` where it was not begun.
fn read_run(plan: &Plan, place: Place, folder: &Path) -> Result<Option<RunFigures>> {
    let path = folder.join(plan.folder(place));
    if !RunFolder::holds_a_run(&path) {
        return Ok(None);
    }
    let run = RunFolder::find(Some(&path))?;
    let label = &plan.contenders[place.contender].label;
    Ok(Some(RunFigures::of(label, &run.header()?, &read_events(&run.events_path())?)))
}

/// Opens the cockpit on the comparison in `folder` as its records tell it; nothing trains.
pub fn view(folder: &Path, look: LookArgs) -> Result<u8> {
    let signals = signals::listen(&[signals::ENDING, signals::JOB_CONTROL].concat())?;
    let plan = Plan::read(folder)?.ok_or_else(|| eyre!("{} holds no comparison", folder.display()))?;
    let figures = read(&plan, folder)?;
    if figures.runs.is_empty() {
        bail!("{0} is a comparison without a run so far; `alexscope compare --run-dir {0}` begins them", folder.display());
    }
    let signal = look_at(&plan, folder, figures, None, cockpit::comparing(look), signals)?;
    Ok(signal.map_or(0, signals::exit_status))
}

/// Shows the figures in the cockpit, beside the records of all that were begun with the first seed, until it is left.
fn look_at(
    plan: &Plan,
    folder: &Path,
    figures: Figures,
    target: Option<f64>,
    look: Look,
    signals: Receiver<i32>,
) -> Result<Option<i32>> {
    let begun = figures.runs.iter().map(|(place, _)| *place).filter(|place| Some(&place.seed) == plan.seeds.first());
    let runs: Vec<PathBuf> = begun.map(|place| folder.join(plan.folder(place))).collect();
    cockpit::look_back(&runs, Some(Contest { figures, live: None, target }), look, signals)
}

/// The folder and the plan in it: the one that is there, or the one asked for.
fn planned(arguments: &CompareArgs) -> Result<(PathBuf, Plan)> {
    let there = arguments.run_dir.as_deref().map(Plan::read).transpose()?.flatten();
    let asked = arguments.preset.is_some() || !arguments.contenders.is_empty();
    if let (Some(folder), Some(there)) = (&arguments.run_dir, there) {
        let begun = there.places().any(|place| RunFolder::holds_a_run(&folder.join(there.folder(place))));
        if !asked {
            there.refuse_changes(arguments)?;
            return Ok((folder.clone(), there));
        }
        // A plan without a run is not worth keeping to.
        if begun {
            if !Plan::ask(arguments)?.is_as(&there) {
                bail!(
                    "{} holds another comparison; name another --run-dir, or leave the networks out to go on with that one",
                    folder.display()
                );
            }
            return Ok((folder.clone(), there));
        }
    }
    let plan = Plan::ask(arguments)?;
    // Before there is a folder, which would be left behind.
    for place in plan.places().take(plan.contenders.len()) {
        start::asked(&network(&plan, place, arguments)?, None, None)?;
    }
    let folder = match &arguments.run_dir {
        Some(folder) => folder.clone(),
        None => RunFolder::create(None, "compare", SystemTime::now())?.path().to_path_buf(),
    };
    fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot make the folder {}", folder.display()))?;
    plan.write(&folder)?;
    Ok((folder, plan))
}

/// How a run of a comparison was left.
enum Left {
    Ended,
    /// By a person or a signal, before its end; the program's exit status, and whether somebody still takes a word.
    Broken {
        status: u8,
        heard: bool,
    },
}

/// A run that is ready to begin or to go on; `None` where it ended before.
fn ready(plan: &Plan, place: Place, folder: &Path, arguments: &CompareArgs) -> Result<Option<worker::Plan>> {
    let path = folder.join(plan.folder(place));
    // A comparison shows its runs itself.
    let show = ShowArgs { headless: true, readonly: true, ..ShowArgs::default() };
    if read_run(plan, place, folder)?.is_some_and(|run| run.ended.is_some()) {
        say(&format!("{}: done before", path.display()));
        return Ok(None);
    }
    let run = if RunFolder::holds_a_run(&path) { unfinished(&path)? } else { None };
    let ready = match run {
        Some(run) => {
            let moved = MovedArgs { data: data(plan, arguments) };
            let resume = ResumeArgs { run: Some(run), epochs: None, steps: None, moved, compute: arguments.compute, show };
            start::resume(&resume, true)?
        }
        None => {
            let asked = start::asked(&network(plan, place, arguments)?, None, None)?;
            asked.begin(Some(&path), false, true)?
        }
    };
    same_pictures(plan, folder, &ready.header)?;
    Ok(Some(ready))
}

/// Where the pictures are now.
fn data(plan: &Plan, arguments: &CompareArgs) -> Option<PathBuf> {
    arguments.pictures.data.clone().or_else(|| plan.data.clone())
}

/// What one of the runs is of.
fn network(plan: &Plan, place: Place, arguments: &CompareArgs) -> Result<NetworkArgs> {
    let broken = if plan.skip_broken { BrokenChoice::Skip } else { BrokenChoice::Refuse };
    Ok(NetworkArgs {
        model: plan.contenders[place.contender].model.clone(),
        pictures: PicturesArgs { data: data(plan, arguments), broken },
        compute: arguments.compute,
        weights: None,
        knobs: KnobArgs { values: plan.settings(place)? },
    })
}

/// All runs of a comparison are of the same pictures: those of its first.
fn same_pictures(plan: &Plan, folder: &Path, header: &RunHeader) -> Result<()> {
    let begun = plan.places().map(|place| folder.join(plan.folder(place))).find(|path| RunFolder::holds_a_run(path));
    let Some(first) = begun.and_then(|path| RunFolder::find(Some(&path)).ok()?.header().ok()) else { return Ok(()) };
    // A folder that has moved may have another name.
    let what = |header: &RunHeader| (header.data.classes.clone(), header.data.stand_in, header.data.train, header.data.test);
    if what(&first) != what(header) {
        bail!(
            "the runs of this comparison learn from {} ({} pictures), and what is found now is {} ({}); say with --data where those are now to go on, \
             or begin another comparison with another --run-dir",
            first.data.name,
            first.data.train,
            header.data.name,
            header.data.train
        );
    }
    Ok(())
}

/// Trains without a screen.
fn unwatched(ready: worker::Plan, plan: &Plan, place: Place, signals: &Receiver<i32>) -> Result<Left> {
    let label = plan.contenders[place.contender].label.clone();
    let left = headless::drive(ready, signals, move |batch| {
        batch.iter().filter_map(|stamped| progress(&label, place.seed, stamped)).for_each(|line| say(&line));
        Ok(true)
    })?;
    how_left(left)
}

/// Trains in the cockpit, beside all runs of the comparison that have ended.
fn watched(
    ready: worker::Plan,
    plan: &Plan,
    place: Place,
    folder: &Path,
    target: Option<f64>,
    look: &mut Look,
    signals: &Receiver<i32>,
) -> Result<Left> {
    let mut figures = read(plan, folder)?;
    // The one that trains tells its own, from its beginning.
    figures.runs.retain(|(there, _)| *there != place);
    let mut companions = Vec::new();
    for (other, run) in &figures.runs {
        if other.seed == place.seed && run.ended.is_some() {
            companions.push(cockpit::companion(&folder.join(plan.folder(*other)))?);
        }
    }
    let contest = Contest { figures, live: Some(place), target };
    let (ending, signal) = cockpit::look_on(ready, companions, contest, look, signals.clone())?;
    how_left(headless::Left { ending, signal, heard: true })
}

fn how_left(left: headless::Left) -> Result<Left> {
    let headless::Left { ending, signal, heard } = left;
    match (ending, signal) {
        (Some(worker::Ending { reason: FinishReason::Failed, failure }), _) if heard => Err(eyre!(failure.unwrap_or_default())),
        (_, Some(signal)) => Ok(Left::Broken { status: signals::exit_status(signal), heard }),
        (Some(worker::Ending { reason: FinishReason::Stopped, .. }), None) => Ok(Left::Broken { status: 0, heard }),
        _ => Ok(Left::Ended),
    }
}

/// An unfinished run that can go on; one of which nothing was saved is removed, so that it can begin again.
fn unfinished(path: &Path) -> Result<Option<PathBuf>> {
    let run = RunFolder::find(Some(path))?;
    let lock = run.lock()?;
    if newest_checkpoint(&run.checkpoints(), &run.header()?.model).0.is_some() {
        return Ok(Some(path.to_path_buf()));
    }
    say(&format!("{}: broken off before anything was saved; it begins anew", path.display()));
    drop(lock);
    fs::remove_dir_all(path).wrap_err_with(|| format!("cannot remove {}", path.display()))?;
    Ok(None)
}

/// What is worth a line while others wait.
fn progress(label: &str, seed: u64, stamped: &Stamped) -> Option<String> {
    let said = match &stamped.event {
        Event::Started(header) => format!("on {}, {} threads", header.data.name, header.device.threads),
        Event::Evaluated(e) => {
            format!("step {}, epoch {:.2}: test loss {:.4}, test accuracy {:.4}", e.step, e.epoch, e.loss, e.accuracy)
        }
        event @ (Event::Resumed(_) | Event::Diverged(_) | Event::Notice(_) | Event::Finished { .. }) => {
            headless::in_words(event)?
        }
        _ => return None,
    };
    Some(format!("{label}, seed {seed}: {said}"))
}

/// The tables, for a terminal.
fn in_words(figures: &Figures, target: Option<f64>, folder: &Path) -> String {
    let target = target.or_else(|| figures.common_target());
    let data = figures.runs.first().map_or_else(String::new, |(_, run)| run.data.clone());
    let (budget, folder) = (&figures.budget, folder.display());
    let (contenders, differences) = (tables::contenders(figures, target).text(), tables::differences(figures).text());
    format!(
        "\n{data}, {budget}\n\n{contenders}\n{differences}\n{}\nThe runs are in {folder}; `alexscope report {folder}` makes a page of \
         them.\n",
        tables::METHOD
    )
}

/// A line of progress. Training does not end because nobody reads it.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
