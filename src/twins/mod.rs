//! `alexscope twins`: two networks that differ in one setting, from the same initial values and the same batches, advanced in step
//! with each other, and how far their losses lie apart.

mod audience;
mod twin;
mod watched;

use std::any::Any;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::thread;
use std::time::SystemTime;

use color_eyre::eyre::{Report, Result, WrapErr, bail, eyre};
use crossbeam_channel::Receiver;

use self::audience::{Audience, Lines};
use self::twin::{Twin, in_step};
use self::watched::Watched;
use crate::chart::{ChartView, Detail};
use crate::cli::TwinsArgs;
use crate::contest::Pair;
use crate::export::{self, Ground};
use crate::knobs::Knob;
use crate::link::{Delivery, link, pair_lane};
use crate::run::RunFolder;
use crate::session::{FinishReason, RunHeader};
use crate::spec::zoo;
use crate::start::Asked;
use crate::worker::Plan;
use crate::{cockpit, headless, signals, start, whole_file};

const DETAIL: Detail = Detail { columns: 1000, x_ticks: 8, y_ticks: 7, rows: 0 };

/// Trains both until the budget is used up or a person stops them, in the cockpit or without a screen; returns the exit status.
pub fn run(arguments: &TwinsArgs) -> Result<u8> {
    let show = &arguments.train.show;
    let screen = !(show.headless || show.json) && io::stdout().is_terminal();
    let heard = if screen { [signals::ENDING, signals::JOB_CONTROL].concat() } else { signals::ENDING.to_vec() };
    let signals = signals::listen(&heard)?;
    let (knob, texts) = knob_and_values(&arguments.knob)?;
    let names = texts.each_ref().map(|text| format!("{knob} {text}"));
    if let Some(why) = zoo::load(&arguments.train.network.model)?.no_use_for(knob) {
        bail!("{why}, so both would learn alike");
    }
    let asked = |place: usize| {
        let mut network = arguments.train.network.clone();
        network.knobs.values.push((knob, knob.spec().parse(&texts[place])?));
        start::asked(&network, arguments.train.script.as_deref(), None)
    };
    // Before there is a folder, which would be left behind.
    let [first, second] = signals::end_at_once(&signals, || Ok::<_, Report>([asked(0)?, asked(1)?]))?;
    let folder = match &arguments.train.run_dir {
        Some(folder) => folder.clone(),
        None => RunFolder::create(None, "twins", SystemTime::now())?.path().to_path_buf(),
    };
    fs::create_dir_all(&folder).wrap_err_with(|| format!("cannot make the folder {}", folder.display()))?;
    let begin = |asked: Asked, place: usize| {
        let named = folder.join(format!("{}-{knob}-{}", place + 1, texts[place]));
        asked.begin(Some(&named), arguments.train.tensorboard, true)
    };
    let plans = [begin(first, 0)?, begin(second, 1)?];
    let (pair, signal, diverged) = if screen {
        let (pair, signal) = watched(plans, names, &folder, arguments, signals)?;
        (pair, signal, false)
    } else {
        told(plans, names, &folder, arguments, signals)?
    };
    if let Some(pair) = pair {
        let said = format!("{}\n{}", pair.in_words(), files(&folder));
        // Nobody has to read it; with --json standard output is for programs.
        let _ = if show.json { writeln!(io::stderr(), "{said}") } else { writeln!(io::stdout(), "{said}") };
    }
    let status = if diverged { headless::DIVERGED } else { 0 };
    Ok(signal.map_or(status, signals::exit_status))
}

/// Without a screen; also whether one of them diverged.
fn told(
    plans: [Plan; 2],
    names: [String; 2],
    folder: &Path,
    arguments: &TwinsArgs,
    signals: Receiver<i32>,
) -> Result<(Option<Pair>, Option<i32>, bool)> {
    let mut pair = Pair::new(names.clone());
    let mut lines = Lines { names, json: arguments.train.show.json, signals, signal: None };
    let pool = pool(arguments)?;
    let trained = pool.install(|| {
        let mut twins = begin(plans, &mut lines)?;
        in_step(&mut twins, &mut pair.course, &mut lines)
    });
    // What there is is kept, also of twins that failed.
    write(&pair, folder)?;
    let diverged = trained? == FinishReason::Diverged;
    if diverged {
        // Nobody has to read it.
        let _ = writeln!(
            io::stderr(),
            "one of them diverged: a loss or a gradient was no finite number any more, so both have stopped"
        );
    }
    Ok((Some(pair), lines.signal, diverged))
}

/// In the cockpit; a thread of its own trains. No pair comes back where somebody could not wait for it.
fn watched(
    plans: [Plan; 2],
    names: [String; 2],
    folder: &Path,
    arguments: &TwinsArgs,
    signals: Receiver<i32>,
) -> Result<(Option<Pair>, Option<i32>)> {
    let (screen, worker_end) = link(Delivery::Merging);
    let (news_in, news) = pair_lane();
    let header = RunHeader { folder: folder.display().to_string(), ..plans[0].header.clone() };
    let (pool, to) = (pool(arguments)?, folder.to_path_buf());
    let mut pair = Pair::new(names.clone());
    let training = thread::Builder::new().name("twins".into()).spawn(move || {
        let mut watched = Watched::new(worker_end, news_in);
        let trained = catch_unwind(AssertUnwindSafe(|| pool.install(|| train(plans, &mut pair, &to, &mut watched))));
        let trained = trained.unwrap_or_else(|panic| Err(eyre!("the twins' thread panicked: {}", words(&*panic))));
        let said = trained.as_ref().map(|()| files(&to)).map_err(|error| format!("{error:#}"));
        watched.close(said);
        trained.map(|()| pair)
    })?;
    let show = &arguments.train.show;
    let left = catch_unwind(AssertUnwindSafe(|| cockpit::look_at_both(screen, news, &header, names, show, signals.clone())));
    // Whatever became of the screen, what there is is kept first, unless somebody cannot wait.
    if let Some(signal) = cockpit::wait_for(&training, &signals) {
        return Ok((None, Some(signal)));
    }
    let trained = training.join().map_err(|_| eyre!("the twins' thread was lost"))?;
    let left = left.unwrap_or_else(|panic| resume_unwind(panic))?;
    Ok((Some(trained?), left))
}

fn files(folder: &Path) -> String {
    format!("chart, table and both records in {}", folder.display())
}

/// From their beginning to the files that are left of them.
fn train(plans: [Plan; 2], pair: &mut Pair, folder: &Path, watched: &mut Watched) -> Result<()> {
    let mut twins = begin(plans, watched)?;
    watched.open(&*twins[0].learner).map_err(|reason| eyre!(reason))?;
    let trained = in_step(&mut twins, &mut pair.course, watched);
    // What there is is kept, also of twins that failed.
    write(pair, folder)?;
    trained.map(drop)
}

fn begin(plans: [Plan; 2], audience: &mut dyn Audience) -> Result<[Twin; 2]> {
    let [first, second] = plans;
    Ok([Twin::begin(0, first, audience)?, Twin::begin(1, second, audience)?])
}

fn pool(arguments: &TwinsArgs) -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(start::threads(arguments.train.network.compute.threads)).build()?)
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".into())
}

/// Writes the chart of the difference and the table of all steps.
fn write(pair: &Pair, folder: &Path) -> Result<()> {
    let chart = pair.chart(&ChartView::up_to(pair.course.newest().map_or(0, |(step, _)| step)), DETAIL);
    for ending in ["svg", "png"] {
        export::chart::save(&chart, Ground::LIGHT, &folder.join(format!("difference.{ending}")))?;
    }
    let csv = folder.join("twins.csv");
    whole_file::write(&csv, pair.csv().as_bytes()).wrap_err_with(|| format!("cannot write {}", csv.display()))
}

/// Reads `KNOB=ONE,OTHER`.
fn knob_and_values(text: &str) -> Result<(Knob, [String; 2])> {
    let wrong = || eyre!("expected KNOB=ONE,OTHER, such as lrn=on,off, not `{text}`");
    let (name, values) = text.split_once('=').ok_or_else(wrong)?;
    let (one, other) = values.split_once(',').ok_or_else(wrong)?;
    let knob = Knob::by_name(name)?;
    let spec = knob.spec();
    let (one, other) = (spec.parse(one)?, spec.parse(other)?);
    if one == other {
        bail!("both are {}: twins differ in one setting", spec.format(one));
    }
    if matches!(knob, Knob::BatchSize | Knob::Epochs | Knob::Steps) {
        bail!("{knob} would take the twins out of step; choose another setting");
    }
    if matches!(knob, Knob::Seed | Knob::Init | Knob::Towers) {
        bail!(
            "twins start from the same initial values and learn from the same batches, which {knob} decides; choose another setting"
        );
    }
    Ok((knob, [spec.format(one), spec.format(other)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_setting_with_two_values_is_read_and_anything_else_refused() {
        assert_eq!(knob_and_values("lrn=on,off").unwrap(), (Knob::Lrn, ["on".into(), "off".into()]));
        let refused = |text: &str| knob_and_values(text).unwrap_err().to_string();
        assert!(refused("lrn").contains("expected KNOB=ONE,OTHER"));
        assert!(refused("lrn=on,on").contains("both are on"));
        assert!(refused("batch-size=32,64").contains("out of step"));
        for text in ["seed=1,2", "init=he,normal", "towers=1,2"] {
            assert!(refused(text).contains("start from the same initial values"), "{text}");
        }
    }
}
