//! A run with its cockpit: the training thread and the screen, brought together.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use color_eyre::eyre::{Result, eyre};
use crossbeam_channel::Receiver;

use crate::chart::Companion;
use crate::cli::{ImageProtocol, LookArgs, ShowArgs, ThemeChoice};
use crate::contest::Pair;
use crate::export::{self, Ground};
use crate::knobs::Settings;
use crate::link::{Delivery, Link, PairNews, link};
use crate::run::{RunFolder, RunState, read_record};
use crate::session::{Event, Notice, RunHeader, Session, Stamped};
use crate::signals::{self, ENDING, JOB_CONTROL};
use crate::spec::ModelSpec;
use crate::ui::screens::Screen;
use crate::ui::theme::ThemeName;
use crate::ui::{Contest, Exit, ExportRequest, ImageChoice, Look, Protocol, Recorded, UiOptions};
use crate::worker::{Ending, Plan};
use crate::{mosaic, ui, whole_file, worker};

/// How much later than its consequences a signal may come.
const SIGNAL_PATIENCE: Duration = Duration::from_millis(100);
/// How often it is seen whether the training has ended.
const GLANCE: Duration = Duration::from_millis(5);

/// Which run the cockpit opens.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// The one that the command line asks for.
    First,
    /// Another one with these settings.
    Anew(Settings),
    /// One of an edited network, with these settings.
    Edited(Box<ModelSpec>, Settings),
    /// One that branches off from the newest checkpoint of the run in this folder.
    Fork(PathBuf),
}

/// Opens the cockpit and trains until it is left; another run takes its place as often as it is asked for. Returns the exit
/// status.
pub fn open(mut plan: impl FnMut(&Wanted) -> Result<Plan>, show: &ShowArgs) -> Result<u8> {
    let signals = signals::listen(&[ENDING, JOB_CONTROL].concat())?;
    let (mut wanted, mut look) = (Wanted::First, first_look(show.look));
    // The network that was edited last: new runs are of it.
    let mut edited: Option<Box<ModelSpec>> = None;
    loop {
        let plan = signals::end_at_once(&signals, || plan(&wanted))?;
        let folder = PathBuf::from(&plan.header.folder);
        let options = UiOptions {
            model: plan.header.model.clone(),
            past: past(&plan),
            companions: Vec::new(),
            contest: None,
            twins: None,
            look,
            true_colour: true_colour(),
            readonly: show.readonly,
            leave_at_end: false,
            recorded: None,
            data_missing: plan.header.data.stand_in,
            signals: signals.clone(),
            export: exporter(&plan.header),
        };
        let (left, ending) = match train_under(plan, options, &signals)? {
            Watched::Through(exit, ending) => (exit, ending),
            Watched::Hurried(signal) => return Ok(signals::exit_status(signal)),
        };
        let (next, colours) = match left {
            Exit::NewRun { settings, theme } => match &edited {
                Some(model) => (Wanted::Edited(model.clone(), settings), theme),
                None => (Wanted::Anew(settings), theme),
            },
            Exit::Edited { model, settings, theme } => {
                edited = Some(model.clone());
                (Wanted::Edited(model, settings), theme)
            }
            Exit::Fork { theme } => (Wanted::Fork(folder), theme),
            Exit::Signal(signal) => return Ok(signals::exit_status(signal)),
            Exit::Quit | Exit::Ended(_) | Exit::WorkerFailed(_) => return last_words(ending),
        };
        wanted = next;
        // What the terminal's ground is, or what a person wants, is known by now.
        look = Look { theme: colours, by_ground: false, ..look };
    }
}

/// How a run under a cockpit went.
enum Watched {
    /// The cockpit was left, and the training has ended.
    Through(Exit, Ending),
    /// A signal came while the training was still at its end: somebody who cannot wait.
    Hurried(i32),
}

/// Trains with a cockpit over it. Whatever becomes of the screen, the run is saved first, unless somebody cannot wait.
fn train_under(plan: Plan, options: UiOptions, signals: &Receiver<i32>) -> Result<Watched> {
    let (screen, worker_end) = link(Delivery::Merging);
    let training = worker::spawn(plan, worker_end)?;
    let left = catch_unwind(AssertUnwindSafe(|| ui::run(screen, options)));
    // A terminal that vanishes shows as an error of its input and as a signal; the signal is what happened.
    let left = match left {
        Ok(Err(_)) if let Ok(signal) = signals.recv_timeout(SIGNAL_PATIENCE) => Ok(Ok(Exit::Signal(signal))),
        left => left,
    };
    if let Some(signal) = wait_for(&training, signals) {
        return Ok(Watched::Hurried(signal));
    }
    let ending = training.join().map_err(|_| eyre!("the training thread was lost"))?;
    let left = left.unwrap_or_else(|panic| resume_unwind(panic))?;
    Ok(Watched::Through(left, ending))
}

/// Opens the cockpit on one run of several, beside those that have ended; no key changes it, and it is left by itself at the end.
/// Returns how the run ended, if somebody waited for that, and the signal that came; `look` is where and how a person looked last.
pub fn look_on(
    plan: Plan,
    companions: Vec<Companion>,
    contest: Contest,
    look: &mut Look,
    signals: Receiver<i32>,
) -> Result<(Option<Ending>, Option<i32>)> {
    let options = UiOptions {
        model: plan.header.model.clone(),
        past: past(&plan),
        companions,
        contest: Some(contest),
        twins: None,
        look: *look,
        true_colour: true_colour(),
        readonly: true,
        leave_at_end: true,
        recorded: None,
        data_missing: false,
        signals: signals.clone(),
        export: exporter(&plan.header),
    };
    Ok(match train_under(plan, options, &signals)? {
        Watched::Hurried(signal) => (None, Some(signal)),
        Watched::Through(Exit::Signal(signal), ending) => (Some(ending), Some(signal)),
        Watched::Through(Exit::Ended(last), ending) => {
            *look = last;
            (Some(ending), None)
        }
        Watched::Through(_, ending) => (Some(ending), None),
    })
}

/// How a comparison is looked at first.
pub fn comparing(look: LookArgs) -> Look {
    Look { screen: Screen::Compare, ..first_look(look) }
}

/// Opens the cockpit on the record of the first of `runs`, to look at, with the others on its charts. Nothing trains, and no key
/// changes anything.
pub fn view(runs: &[PathBuf], look: LookArgs) -> Result<u8> {
    let signals = signals::listen(&[ENDING, JOB_CONTROL].concat())?;
    let signal = look_back(runs, None, first_look(look), signals)?;
    Ok(signal.map_or(0, signals::exit_status))
}

/// The same, with the comparison that they are part of; returns the signal that came.
pub fn look_back(runs: &[PathBuf], contest: Option<Contest>, look: Look, signals: Receiver<i32>) -> Result<Option<i32>> {
    let (run, others) = runs.split_first().ok_or_else(|| eyre!("no run to look at; `alexscope runs` lists them"))?;
    let (header, past) = record(run)?;
    let companions = others.iter().map(|run| companion(run)).collect::<Result<_>>()?;
    let options = UiOptions {
        model: header.model.clone(),
        recorded: Some(how_it_ends(&RunFolder::find(Some(run))?, &past)),
        past,
        companions,
        contest,
        twins: None,
        look,
        true_colour: true_colour(),
        readonly: true,
        leave_at_end: false,
        data_missing: header.data.stand_in,
        signals,
        export: exporter(&RunHeader { folder: run.display().to_string(), ..header }),
    };
    // Kept open, since a closed one would mean that a trainer vanished.
    let (screen, _nobody_trains) = link(Delivery::Merging);
    match ui::run(screen, options)? {
        Exit::Signal(signal) => Ok(Some(signal)),
        _ => Ok(None),
    }
}

/// Opens the cockpit on twins that somebody trains at the other end of `link`, as `header` tells the first of them; returns the signal
/// that came.
pub fn look_at_both(
    link: Link,
    news: Receiver<PairNews>,
    header: &RunHeader,
    names: [String; 2],
    show: &ShowArgs,
    signals: Receiver<i32>,
) -> Result<Option<i32>> {
    let options = UiOptions {
        model: header.model.clone(),
        past: Vec::new(),
        companions: Vec::new(),
        contest: None,
        twins: Some((Pair::new(names), news)),
        look: comparing(show.look),
        true_colour: true_colour(),
        readonly: show.readonly,
        leave_at_end: false,
        recorded: None,
        data_missing: header.data.stand_in,
        signals: signals.clone(),
        export: exporter(header),
    };
    match ui::run(link, options) {
        Ok(Exit::Signal(signal)) => Ok(Some(signal)),
        // A terminal that vanishes shows as an error of its input and as a signal; the signal is what happened.
        Err(_) if let Ok(signal) = signals.recv_timeout(SIGNAL_PATIENCE) => Ok(Some(signal)),
        left => left.map(|_| None).map_err(Into::into),
    }
}

/// A run as its record tells it, to be drawn beside another.
pub fn companion(run: &Path) -> Result<Companion> {
    let (header, events) = record(run)?;
    let mut session = Session::default();
    events.into_iter().for_each(|stamped| session.apply(stamped));
    Ok(Companion { name: header.run, session })
}

/// A run's header and all that can be read of its record, with a word on what cannot.
pub fn record(run: &Path) -> Result<(RunHeader, Vec<Stamped>)> {
    let folder = RunFolder::find(Some(run))?;
    let (header, lost) = folder.header_or_record()?;
    let (mut events, damaged) = read_record(&folder.events_path())?;
    let time = events.last().map_or(0.0, |last| last.time);
    let warnings = lost.iter().chain(&damaged).map(|error| Notice { text: error.to_string(), warning: true });
    events.extend(warnings.map(|notice| Stamped { event: Event::Notice(notice), time }));
    Ok((header, events))
}

/// Whether the record holds all of the run.
fn how_it_ends(folder: &RunFolder, events: &[Stamped]) -> Recorded {
    match RunState::of(events, folder, SystemTime::now()) {
        RunState::Running | RunState::Paused | RunState::Silent => Recorded::SoFar,
        RunState::Crashed => Recorded::BrokenOff,
        RunState::Waiting => Recorded::Waiting,
        RunState::Finished | RunState::Stopped | RunState::Diverged | RunState::Failed | RunState::Broken => Recorded::Whole,
    }
}

/// Waits until the training has ended, or a signal that asks for the end comes.
pub fn wait_for<T>(training: &JoinHandle<T>, signals: &Receiver<i32>) -> Option<i32> {
    let began = Instant::now();
    while !training.is_finished() {
        match signals.recv_timeout(GLANCE) {
            // A terminal that vanishes may say so twice.
            Ok(signal) if ENDING.contains(&signal) && began.elapsed() > SIGNAL_PATIENCE => return Some(signal),
            _ => {}
        }
    }
    None
}

/// What the record of a run that goes on holds already.
fn past(plan: &Plan) -> Vec<Stamped> {
    match (&plan.resume, &plan.folder) {
        // What is wrong with it is among the run's warnings; a record that is lost leaves the checkpoint to go on from.
        (Some(_), Some((folder, _))) => read_record(&folder.events_path()).map_or_else(|_| Vec::new(), |(events, _)| events),
        _ => Vec::new(),
    }
}

fn last_words(ending: Ending) -> Result<u8> {
    match ending.failure {
        Some(reason) => Err(eyre!(reason)),
        None => Ok(0),
    }
}

/// Whether the terminal promises any colour, not only 256.
fn true_colour() -> bool {
    env::var("COLORTERM").is_ok_and(|value| value == "truecolor" || value == "24bit")
}

fn first_look(look: LookArgs) -> Look {
    let by_ground = look.theme == ThemeChoice::Auto;
    Look { by_ground, ..Look::first(theme(look.theme), images(look.image_protocol)) }
}

fn images(choice: ImageProtocol) -> ImageChoice {
    match choice {
        ImageProtocol::Auto => ImageChoice::Auto,
        ImageProtocol::Halfblocks => ImageChoice::HalfBlocks,
        ImageProtocol::Kitty => ImageChoice::Forced(Protocol::Kitty),
        ImageProtocol::Iterm2 => ImageChoice::Forced(Protocol::Iterm2),
        ImageProtocol::Sixel => ImageChoice::Forced(Protocol::Sixel),
    }
}

fn theme(choice: ThemeChoice) -> ThemeName {
    let variable = |name| env::var(name).ok();
    match choice {
        ThemeChoice::Auto => {
            ThemeName::suited_to(variable("NO_COLOR").as_deref(), variable("TERM").as_deref(), variable("COLORTERM").as_deref())
        }
        ThemeChoice::Dark => ThemeName::Dark,
        ThemeChoice::Light => ThemeName::Light,
        ThemeChoice::Ansi => ThemeName::Ansi,
        ThemeChoice::Mono => ThemeName::Mono,
    }
}

/// Writes exports into the run's folder, numbered.
fn exporter(header: &RunHeader) -> ui::Export {
    let folder = PathBuf::from(&header.folder);
    let title = format!("alexscope: {}", header.run);
    Box::new(move |request| match request {
        ExportRequest::Screen { buffer, ground } => {
            // The inks are those of the screen.
            let paper = if ground == mosaic::Ground::Light { Ground::LIGHT } else { Ground::DARK };
            both(&folder, "screen", &|path| export::screen::save(&buffer, paper, &title, path))
        }
        ExportRequest::Network { name, toml } => {
            let path = unused(&folder, &name, "toml");
            whole_file::write(&path, toml.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(format!("{}; --model takes it", path.display()))
        }
        ExportRequest::Mosaic { name, bitmap } => both(&folder, &name, &|path| export::mosaic::save(&bitmap, path)),
        ExportRequest::Matrix { confusion, classes } => {
            both(&folder, "confusion", &|path| export::matrix::save(&confusion, &classes, Ground::LIGHT, path))
        }
        ExportRequest::Chart(chart) => both(&folder, "chart", &|path| export::chart::save(&chart, Ground::LIGHT, path)),
    })
}

/// Writes a picture as SVG and as PNG under the first name that is free, and says where.
fn both(folder: &Path, stem: &str, save: &dyn Fn(&Path) -> export::Result<()>) -> Result<String, String> {
    let path = unused(folder, stem, "svg");
    let picture = path.with_extension("png");
    save(&path).and_then(|()| save(&picture)).map_err(|error| error.to_string())?;
    Ok(format!("{} and .svg", picture.display()))
}

/// `screen.svg`, `screen-2.svg`, …: the first name that is free.
fn unused(folder: &Path, stem: &str, extension: &str) -> PathBuf {
    let name = |number: u32| match number {
        1 => format!("{stem}.{extension}"),
        _ => format!("{stem}-{number}.{extension}"),
    };
    (1..).map(|number| folder.join(name(number))).find(|path| !path.exists()).unwrap_or_else(|| folder.join(name(1)))
}
