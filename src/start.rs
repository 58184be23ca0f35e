//! From a command line to a run that is ready to begin.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use color_eyre::eyre::{Result, WrapErr, eyre};

use crate::cli::{ComputeArgs, DeviceChoice, ForkArgs, NetworkArgs, ResumeArgs, ThreadArgs, TrainArgs};
use crate::dataset::folder::Broken;
use crate::dataset::{self, DATA_FOLDER, Opened, Source};
use crate::engine::{Pictures, Script};
use crate::exchange::{self, tensorboard::EventWriter, tensorboard::Follower};
use crate::knobs::{Knob, Settings};
use crate::nn::NetworkLearner;
use crate::nn::device::{self, Found, Wanted};
use crate::pictures::{self, Ready};
use crate::run::{Arrays, RunError, RunFolder, checkpoint_at, newest_checkpoint, read_record};
use crate::session::{DeviceInfo, Moment, Notice, RunHeader, WeightsFile};
use crate::spec::{ModelSpec, WeightInit, zoo};
use crate::worker::{Fetch, Observer, Plan, Prepare, Prepared, Resume};
use crate::{fetch, logging, run};

/// A run that was asked for and can be had; nothing of it is on the disk yet.
pub struct Asked {
    ready: Ready,
    settings: Settings,
    weights: Option<(Arrays, WeightsFile)>,
    /// With its text, which is kept beside the record.
    script: Option<(Script, String)>,
    computes: Computes,
}

/// What a person asked for, checked as far as it can be at once. `settings` are those of a new run in the place of an old one.
pub fn asked(network: &NetworkArgs, script: Option<&Path>, settings: Option<&Settings>) -> Result<Asked> {
    let model = zoo::load(&network.model)?;
    let mut useless = Vec::new();
    let settings = match settings {
        Some(settings) => settings.clone(),
        None => {
            let mut settings = model.settings()?;
            network.knobs.apply(&mut settings)?;
            let named = model.training.keys().filter_map(|name| Knob::by_name(name).ok());
            let given: BTreeSet<Knob> = named.chain(network.knobs.values.iter().map(|(knob, _)| *knob)).collect();
            useless.extend(given.into_iter().filter_map(|knob| model.no_use_for(knob)));
            settings
        }
    };
    let source = Source::find(network.pictures.data.as_deref())?;
    let mut ready = pictures::open(source, as_set(model, &settings), network.pictures.broken.into())?;
    ready.notices.extend(useless.into_iter().map(|text| Notice { text, warning: true }));
    let computes = Computes::wanted(network.compute)?;
    let script = script.map(read_script).transpose()?;
    let weights = network.weights.as_deref().map(|path| initial_weights(path, &mut ready)).transpose()?;
    Ok(Asked { ready, settings, weights, script, computes })
}

fn read_script(path: &Path) -> Result<(Script, String)> {
    let text = fs::read_to_string(path).wrap_err_with(|| format!("cannot read the script {}", path.display()))?;
    Ok((Script::parse(&text, &path.display().to_string())?, text))
}

/// A run as a command line asks for it, ready to begin.
pub fn plan(arguments: &TrainArgs, settings: Option<&Settings>, unattended: bool) -> Result<Plan> {
    let asked = asked(&arguments.network, arguments.script.as_deref(), settings)?;
    // A new run in the place of an old one has a folder of its own.
    let named = arguments.run_dir.as_deref().filter(|folder| settings.is_none() || !RunFolder::holds_a_run(folder));
    asked.begin(named, arguments.tensorboard, unattended)
}

/// What it takes to try something on a network without making a run of it.
pub struct Workbench {
    pub settings: Settings,
    pub prepare: Prepare,
}

/// The network, the pictures and the settings that a command line asks for.
pub fn workbench(network: &NetworkArgs) -> Result<Workbench> {
    let Asked { ready, settings, weights, computes, .. } = asked(network, None, None)?;
    let weights = weights.map(|(arrays, _)| arrays);
    let prepare = prepare(ready.model, ready.opened, settings.clone(), weights, computes.found);
    Ok(Workbench { prepare, settings })
}

/// Weights that a run begins with instead of drawing all of its own; what that means for the last layer is said.
fn initial_weights(path: &Path, ready: &mut Ready) -> Result<(Arrays, WeightsFile)> {
    let (arrays, file) = exchange::weights::read_and_name(path)?;
    let (weights, said) = exchange::weights::fitting(&ready.model, arrays)?;
    let mut say = |text: String| ready.notices.push(Notice { text, warning: false });
    say(format!("begins with the weights of {}", path.display()));
    said.into_iter().for_each(&mut say);
    Ok((weights, file))
}

/// Where a run's events for TensorBoard lie.
const TENSORBOARD: &str = "tensorboard";

/// What writes for TensorBoard while the run trains, into its folder.
fn followed(folder: &RunFolder, header: &RunHeader) -> Result<Observer> {
    follow(EventWriter::create(&folder.path().join(TENSORBOARD), header, Some(folder.checkpoints()))?)
}

/// The same for a run that goes on, where it was followed before.
fn followed_on(folder: &RunFolder, header: &RunHeader) -> Result<Option<Observer>> {
    let within = folder.path().join(TENSORBOARD);
    if !within.is_dir() {
        return Ok(None);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    follow(EventWriter::further(now, &within, header, Some(folder.checkpoints()))?).map(Some)
}

fn follow(writer: EventWriter) -> Result<Observer> {
    let follower = Follower::start(writer)?;
    Ok(Box::new(move |stamped| follower.event(stamped)))
}

/// A run of a network that was edited in the cockpit, on the pictures of the run before.
pub fn edited(network: &NetworkArgs, model: &ModelSpec, settings: &Settings) -> Result<Plan> {
    let source = Source::find(network.pictures.data.as_deref())?;
    in_place(source, model, settings, network.pictures.broken.into(), network.compute)
}

/// A new run in the place of one that went on: its network, or an edited one, and its data, other settings. Where others stood in for
/// CIFAR-10 it may be there by now.
pub fn anew(arguments: &ResumeArgs, model: Option<&ModelSpec>, settings: &Settings) -> Result<Plan> {
    let header = RunFolder::find(arguments.run.as_deref())?.header()?;
    let moved = arguments.moved.data.as_deref();
    let source = if moved.is_none() && header.data.stand_in { Source::find(None)? } else { source_of(&header, moved)? };
    in_place(source, model.unwrap_or(&header.model), settings, Broken::Skip, arguments.compute)
}

/// A run that takes the place of another.
fn in_place(source: Source, model: &ModelSpec, settings: &Settings, broken: Broken, compute: ComputeArgs) -> Result<Plan> {
    let ready = pictures::open(source, as_set(model.clone(), settings), broken)?;
    let computes = Computes::wanted(compute)?;
    Asked { ready, settings: settings.clone(), weights: None, script: None, computes }.begin(None, false, false)
}

impl Asked {
    /// Makes the folder of the run: `named`, or one with a name of its own.
    pub fn begin(self, named: Option<&Path>, tensorboard: bool, unattended: bool) -> Result<Plan> {
        let Asked { ready: Ready { opened, info, model, mut notices }, settings, weights, script, computes } = self;
        notices.extend(computes.notice());
        let now = SystemTime::now();
        let folder = RunFolder::create(named, &model.name, now)?;
        let lock = folder.lock()?;
        logging::to_folder(folder.path());
        let (weights, file) = weights.unzip();
        let header = RunHeader {
            version: env!("CARGO_PKG_VERSION").into(),
            run: folder.name(),
            folder: folder.path().display().to_string(),
            model: model.clone(),
            settings: settings.clone(),
            data: info,
            device: computes.info(),
            started_at: now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            parent: None,
            weights: file,
        };
        tracing::info!(model = %model.name, data = %header.data.name, device = %header.device.name, "a run begins");
        let (script, text) = script.unzip();
        if let Some(text) = text {
            folder.keep_script(&text)?;
        }
        let observer = if tensorboard { Some(followed(&folder, &header)?) } else { None };
        let fetch = fetcher(&opened);
        let prepare = prepare(model, opened, settings, weights, computes.found);
        let (script, folder) = (script.unwrap_or_default(), Some((folder, lock)));
        Ok(Plan { header, script, folder, resume: None, notices, observer, prepare, fetch, unattended })
    }
}

/// CIFAR-10 can be fetched where it is not there.
fn fetcher(opened: &Opened) -> Option<Fetch> {
    (*opened == Opened::Emoji10).then(|| fetch::in_background(Path::new(DATA_FOLDER)))
}

/// The pictures that a run was begun with; `moved` is where they are now, if elsewhere.
fn source_of(header: &RunHeader, moved: Option<&Path>) -> Result<Source> {
    Ok(match (moved, header.data.stand_in) {
        (Some(named), _) => Source::find(Some(named))?,
        (None, true) => Source::Emoji10,
        (None, false) => Source::find(Some(Path::new(&header.data.folder)))?,
    })
}

/// The pictures of a run that is there. Those that could not be read when it began are left out again.
fn ready_again(header: &RunHeader, moved: Option<&Path>) -> Result<Ready> {
    let mut ready = pictures::open(source_of(header, moved)?, header.model.clone(), Broken::Skip)?;
    let (now, then) = (&ready.info, &header.data);
    if now.name == then.name && (now.train, now.test) != (then.train, then.test) {
        let text = format!(
            "{} holds {} pictures to learn from and {} to test on, and held {} and {} when the run began: some that are tested may have been \
             learned from",
            now.name, now.train, now.test, then.train, then.test
        );
        ready.notices.push(Notice { text, warning: true });
    }
    Ok(ready)
}

/// Pictures whose labels mean what they did when the run began.
fn labelled(ready: Ready, header: &RunHeader) -> Result<Ready> {
    let (now, then) = (&ready.info, &header.data);
    if now.classes == then.classes {
        return Ok(ready);
    }
    let as_many = now.classes.len() == then.classes.len();
    let what = |classes: &[String]| if as_many { classes.join(", ") } else { classes.len().to_string() };
    Err(eyre!(
        "{} has other classes than the run began with: {} instead of {}; name the folder that it learned from with --data",
        if now.folder.is_empty() { &now.name } else { &now.folder },
        what(&now.classes),
        what(&then.classes)
    ))
}

/// Pictures to go on learning from: as many as there were when the run began, since its order counts them.
fn as_it_was(ready: Ready, header: &RunHeader) -> Result<Ready> {
    let ready = labelled(ready, header)?;
    let (now, then) = (&ready.info, &header.data);
    if (now.train, now.test) != (then.train, then.test) {
        return Err(eyre!(
            "the run learned from {} pictures and was tested on {}; {} has {} and {} now: name the folder as it was with --data",
            then.train,
            then.test,
            now.name,
            now.train,
            now.test
        ));
    }
    Ok(ready)
}

/// What trains a run from its beginning, to do it again: with the weights that it began with, read from `weights` if they have moved.
pub fn again(header: &RunHeader, moved: Option<&Path>, weights: Option<&Path>, device: DeviceChoice) -> Result<Prepare> {
    let began = match (&header.weights, weights) {
        (Some(file), moved) => Some(exchange::weights::read_again(file, moved)?),
        // An old record does not name the file.
        (None, Some(path)) => Some(exchange::weights::read(path)?),
        (None, None) => None,
    };
    let (model, ready) = (header.model.clone(), as_it_was(ready_again(header, moved)?, header)?);
    let arrays = began.map(|arrays| exchange::weights::fitting(&model, arrays)).transpose()?.map(|(taken, _)| taken);
    Ok(prepare(model, ready.opened, header.settings.clone(), arrays, found(device)?))
}

/// What a network that has learned is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// How well it does, which takes the pictures' labels.
    Testing,
    /// What it makes of pictures, whatever they show.
    Looking,
}

/// A run's network, which takes the weights of one of its checkpoints.
pub fn for_a_checkpoint(header: &RunHeader, moved: Option<&Path>, device: DeviceChoice, purpose: Purpose) -> Result<Prepare> {
    let ready = ready_again(header, moved)?;
    let ready = if purpose == Purpose::Testing { labelled(ready, header)? } else { ready };
    for Notice { text, .. } in ready.notices.iter().filter(|notice| notice.warning) {
        // Nobody has to read it; standard output is for what was asked for.
        let _ = writeln!(io::stderr(), "{text}");
    }
    Ok(prepare(header.model.clone(), ready.opened, header.settings.clone(), None, found(device)?))
}

/// A run that is there, from its newest whole checkpoint.
pub fn resume(arguments: &ResumeArgs, unattended: bool) -> Result<Plan> {
    let folder = RunFolder::find(arguments.run.as_deref())?;
    let computes = Computes::wanted(arguments.compute)?;
    let budget = [(Knob::Epochs, arguments.epochs), (Knob::Steps, arguments.steps)];
    let changes = budget.into_iter().filter_map(|(knob, value)| Some((knob, value?))).collect();
    go_on(folder, arguments.moved.data.as_deref(), computes, changes, unattended)
}

/// A run that branches off from the newest checkpoint of another.
pub fn branch(parent: &Path, moved: Option<&Path>, compute: ComputeArgs) -> Result<Plan> {
    let folder = fork(&ForkArgs { run: parent.into(), at: None, run_dir: None })?;
    go_on(folder, moved, Computes::wanted(compute)?, Vec::new(), false)
}

fn go_on(
    folder: RunFolder,
    moved: Option<&Path>,
    computes: Computes,
    changes: Vec<(Knob, f64)>,
    unattended: bool,
) -> Result<Plan> {
    let lock = folder.lock()?;
    logging::to_folder(folder.path());
    let (mut header, lost) = folder.header_or_record()?;
    let mut warnings: Vec<String> =
        lost.iter().map(|error| format!("{error}; the record's first line stands in for it")).collect();
    let (saved, damaged) = newest_checkpoint(&folder.checkpoints(), &header.model);
    warnings.extend(damaged.iter().map(ToString::to_string));
    let saved = saved.ok_or_else(|| match damaged.into_iter().next() {
        Some(damaged) => RunError::Checkpoint(damaged),
        None => RunError::NothingSaved(folder.path().to_path_buf()),
    })?;
    header.device = computes.info();
    // The folder may have been moved, or be named from elsewhere.
    (header.run, header.folder) = (folder.name(), folder.path().display().to_string());
    let ready = as_it_was(ready_again(&header, moved)?, &header)?;
    let (events, damaged) = read_record(&folder.events_path()).unwrap_or_else(|error| (Vec::new(), vec![error]));
    warnings.extend(damaged.iter().map(|error| format!("{error}; it is left out")));
    let time = events.last().map_or(0.0, |last| last.time);
    let fetch = fetcher(&ready.opened);
    let prepare = prepare(header.model.clone(), ready.opened, saved.state.moment.settings.clone(), None, computes.found.clone());
    let script = kept_script(&folder).unwrap_or_else(|error| {
        warnings.push(format!("{error}; what it had still to change is left out"));
        Script::default()
    });
    let mut notices = ready.notices;
    notices.extend(used_up(&saved.state.moment, &changes).filter(|_| unattended));
    let resume = Some(Resume { saved, time, warnings, changes });
    let observer = followed_on(&folder, &header)?;
    let folder = Some((folder, lock));
    notices.extend(computes.notice());
    Ok(Plan { header, script, folder, resume, notices, observer, prepare, fetch, unattended })
}

/// What to do where there is nothing left to train.
fn used_up(moment: &Moment, changes: &[(Knob, f64)]) -> Option<Notice> {
    let mut settings = moment.settings.clone();
    // They were checked when they were read.
    changes.iter().for_each(|(knob, value)| drop(settings.set(*knob, *value)));
    let reached = |knob: Knob, at: u64| (1..=at).contains(&(settings.count(knob) as u64));
    let budget = match () {
        () if reached(Knob::Steps, moment.step) => Knob::Steps,
        () if reached(Knob::Epochs, moment.epoch.into()) => Knob::Epochs,
        () => return None,
    };
    let text = format!(
        "the budget is used up ({budget} {}): `alexscope resume` takes a larger one, --{budget} N",
        settings.text(budget)
    );
    Some(Notice { text, warning: true })
}

/// The script that a run began with.
fn kept_script(folder: &RunFolder) -> Result<Script> {
    Ok(match folder.script()? {
        Some((text, path)) => Script::parse(&text, &path.display().to_string())?,
        None => Script::default(),
    })
}

/// Makes a run of its own from a checkpoint of another, which is left as it is; [`resume`] it to go on from there.
pub fn fork(arguments: &ForkArgs) -> Result<RunFolder> {
    let parent = RunFolder::find(Some(&arguments.run))?;
    let checkpoint = checkpoint_at(&parent.checkpoints(), &parent.header()?.model, arguments.at.as_deref()).map_err(|there| {
        let folder = parent.path().to_path_buf();
        if there.is_empty() {
            return RunError::NothingSaved(folder);
        }
        let wanted = arguments.at.clone().unwrap_or_else(|| "whole".into());
        RunError::NoSuchCheckpoint { folder, wanted, there }
    })?;
    Ok(run::fork(&parent, &checkpoint, arguments.run_dir.as_deref(), SystemTime::now())?)
}

/// The network with the towers and the initial weights that the settings want instead of its own.
pub fn as_set(model: ModelSpec, settings: &Settings) -> ModelSpec {
    let init = match settings.count(Knob::Init) {
        1 => WeightInit::He,
        // Krizhevsky et al. 2012, section 5.
        2 => WeightInit::Normal { deviation: 0.01 },
        3 => WeightInit::TruncatedNormal { deviation: 0.1 },
        _ => model.init,
    };
    ModelSpec { init, ..model.with_towers(settings.count(Knob::Towers)) }
}

/// Threads that compute: as asked, else one a processor.
pub fn threads(asked: ThreadArgs) -> usize {
    asked.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get)).max(1)
}

/// What computes, with how many threads where it is the CPU.
struct Computes {
    found: Found,
    threads: ThreadArgs,
}

impl Computes {
    fn wanted(compute: ComputeArgs) -> Result<Computes> {
        Ok(Computes { found: found(compute.device)?, threads: compute.threads })
    }

    fn info(&self) -> DeviceInfo {
        let name = match &self.found {
            Found::Cpu { .. } => cpu_name(),
            Found::Cuda { name, .. } => name.clone(),
        };
        DeviceInfo { name, threads: threads(self.threads) }
    }

    /// What was found, where that is worth a line.
    fn notice(&self) -> Option<Notice> {
        self.found.notice().map(|text| Notice { text: text.into(), warning: !self.found.is_gpu() })
    }
}

/// The device that was asked for, or what to do where it is missing.
pub fn found(choice: DeviceChoice) -> Result<Found> {
    Ok(device::find(match choice {
        DeviceChoice::Auto => Wanted::Auto,
        DeviceChoice::Cpu => Wanted::Cpu,
        DeviceChoice::Cuda => Wanted::Cuda,
    })?)
}

/// The kind of device that a run was recorded on.
pub fn recorded_on(header: &RunHeader) -> DeviceChoice {
    if header.device.name.starts_with("CPU") { DeviceChoice::Cpu } else { DeviceChoice::Cuda }
}

/// What would compute a recorded run here.
pub fn device_like(header: &RunHeader, asked: ThreadArgs) -> Result<DeviceInfo> {
    Ok(Computes { found: found(recorded_on(header))?, threads: asked }.info())
}

/// The processor as far as it matters to the matrix products: `CPU (AVX-512)`.
fn cpu_name() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let vectors = [
            (is_x86_feature_detected!("avx512f"), "AVX-512"),
            (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"), "AVX2"),
        ];
        if let Some((_, name)) = vectors.iter().find(|(there, _)| *there) {
            return format!("CPU ({name})");
        }
    }
    format!("CPU ({})", std::env::consts::ARCH)
}

/// A batch that is too large is for the first step to say, which can be taken again with a smaller one.
fn warm_up(learner: &mut NetworkLearner, settings: &Settings) -> std::result::Result<(), String> {
    match learner.warm_up(settings) {
        Err(error) if !error.is_out_of_memory() => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Reads the pictures and draws the initial weights, in the thread that trains.
fn prepare(model: ModelSpec, opened: Opened, settings: Settings, weights: Option<Arrays>, found: Found) -> Prepare {
    Box::new(move |say| {
        say("reading the pictures");
        let dataset = Arc::new(dataset::load(&opened).map_err(|error| error.to_string())?);
        let pictures = Pictures { train: dataset.train.len(), test: dataset.test.len() };
        say("drawing initial weights");
        let device = found.adopt().map_err(|error| error.to_string())?;
        let mut learner = NetworkLearner::on(&device, model, dataset, &settings).map_err(|error| error.to_string())?;
        if let Some(weights) = &weights {
            learner.adopt(weights).map_err(|error| error.to_string())?;
        }
        if found.is_gpu() {
            say("compiling kernels for the device and choosing its algorithms; after the first time it is quick");
            warm_up(&mut learner, &settings)?;
        }
        Ok(Prepared { learner: Box::new(learner), pictures })
    })
}
