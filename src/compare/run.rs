//! Makes the runs that a plan asks for.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use crossbeam_channel::Receiver;

use super::figures::{Figures, RunFigures};
use super::plan::{Place, Plan};
use super::tables;
use crate::cli::{BrokenChoice, CompareArgs, KnobArgs, ResumeArgs, TrainArgs};
use crate::headless::{self, Left};
use crate::run::{RunFolder, newest_checkpoint};
use crate::session::{Event, FinishReason, Stamped};
use crate::{signals, start, worker};

/// The figures of every run, a line of JSON each.
const FIGURES: &str = "figures.jsonl";

/// Begins a comparison, or goes on with the one in the folder; returns the exit status.
pub fn compare(arguments: &CompareArgs) -> Result<u8> {
    let signals = signals::listen(signals::ENDING)?;
    let (folder, plan) = planned(arguments)?;
    for place in plan.places() {
        if let Some(signal) = make(&plan, place, &folder, arguments, &signals)? {
            say(&format!("go on with `alexscope compare --run-dir {}`", folder.display()));
            return Ok(signals::exit_status(signal));
        }
    }
    let figures = Figures::read(plan, &folder)?;
    let lines = figures.runs.iter().map(|(_, run)| serde_json::to_string(run)).collect::<serde_json::Result<Vec<_>>>()?;
    let lines = lines.join("\n") + "\n";
    let path = folder.join(FIGURES);
    crate::whole_file::write(&path, lines.as_bytes()).wrap_err_with(|| format!("cannot write {}", path.display()))?;
    let text = if arguments.json { lines } else { in_words(&figures, arguments.target, &folder) };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(0),
    }
}

/// The folder and the plan in it: the one that is there, or the one asked for.
fn planned(arguments: &CompareArgs) -> Result<(PathBuf, Plan)> {
    let there = arguments.run_dir.as_deref().map(Plan::read).transpose()?.flatten();
    let asked = arguments.preset.is_some() || !arguments.contenders.is_empty();
    if let (Some(folder), Some(there)) = (&arguments.run_dir, there) {
        if asked && Plan::ask(arguments)? != there {
            bail!(
                "{} holds another comparison; name another --run-dir, or leave the networks out to go on with that one",
                folder.display()
            );
        }
        return Ok((folder.clone(), there));
    }
    let plan = Plan::ask(arguments)?;
    let folder = match &arguments.run_dir {
        Some(folder) => folder.clone(),
        None => RunFolder::create(None, "compare", SystemTime::now())?.path().to_path_buf(),
    };
    fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot make the folder {}", folder.display()))?;
    plan.write(&folder)?;
    Ok((folder, plan))
}

/// Makes one run, unless it ended before; a signal that came meanwhile.
fn make(plan: &Plan, place: Place, folder: &Path, arguments: &CompareArgs, signals: &Receiver<i32>) -> Result<Option<i32>> {
    let contender = &plan.contenders[place.contender];
    let path = folder.join(plan.folder(place));
    let show = arguments.show();
    let there = RunFigures::read(&contender.label, &path)?;
    if there.is_some_and(|run| run.ended.is_some()) {
        say(&format!("{}: done before", path.display()));
        return Ok(None);
    }
    let run = if RunFolder::holds_a_run(&path) { unfinished(&path)? } else { None };
    let ready = match run {
        Some(run) => {
            let resume = ResumeArgs {
                run: Some(run),
                data: plan.data.clone(),
                device: arguments.device,
                threads: arguments.threads,
                show,
            };
            start::resume(&resume, true)?
        }
        None => {
            let train = TrainArgs {
                model: contender.model.clone(),
                data: plan.data.clone(),
                broken: if plan.skip_broken { BrokenChoice::Skip } else { BrokenChoice::Refuse },
                device: arguments.device,
                threads: arguments.threads,
                run_dir: Some(path.clone()),
                weights: None,
                tensorboard: false,
                script: None,
                show,
                knobs: KnobArgs { values: plan.settings(place)? },
            };
            start::plan(&train, None, true)?
        }
    };
    let Left { ending, signal } = headless::drive(ready, signals, &mut |batch| {
        batch.iter().filter_map(|stamped| progress(&contender.label, place.seed, stamped)).for_each(|line| say(&line));
        Ok(true)
    })?;
    match ending {
        Some(worker::Ending { reason: FinishReason::Failed, failure }) => Err(eyre!(failure.unwrap_or_default())),
        _ => Ok(signal),
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
    let (budget, folder) = (figures.plan.budget(), folder.display());
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
