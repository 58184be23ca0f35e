//! From a command line to a run that is ready to begin.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use color_eyre::eyre::{Result, WrapErr, eyre};

use crate::cli::{DeviceChoice, TrainArgs};
use crate::dataset::{self, CLASSES, DATA_FOLDER, Source};
use crate::engine::{Pictures, Script};
use crate::knobs::{Knob, Settings};
use crate::nn::NetworkLearner;
use crate::run::RunFolder;
use crate::session::{DatasetInfo, DeviceInfo, RunHeader};
use crate::spec::{ModelSpec, WeightInit, zoo};
use crate::worker::{Plan, Prepare, Prepared};
use crate::{fetch, logging};

/// What a person asked for, checked as far as it can be at once. `settings` are those of a new run in the place of an old one.
pub fn plan(arguments: &TrainArgs, settings: Option<&Settings>, unattended: bool) -> Result<Plan> {
    let model = zoo::load(&arguments.model)?;
    let settings = match settings {
        Some(settings) => settings.clone(),
        None => {
            let mut settings = model.settings()?;
            arguments.knobs.apply(&mut settings)?;
            settings
        }
    };
    let model = as_set(model, &settings);
    let source = Source::find(arguments.data.as_deref())?;
    if arguments.device == DeviceChoice::Cuda {
        return Err(eyre!("this program was built without CUDA; use --device cpu, or auto"));
    }
    let script = match &arguments.script {
        Some(path) => {
            let text = fs::read_to_string(path).wrap_err_with(|| format!("cannot read the script {}", path.display()))?;
            Script::parse(&text, &path.display().to_string())?
        }
        None => Script::default(),
    };
    let now = SystemTime::now();
    // A new run in the place of an old one has a folder of its own.
    let named = arguments.run_dir.as_deref().filter(|folder| !RunFolder::holds_a_run(folder) || unattended);
    let folder = RunFolder::create(named, &model.name, now)?;
    logging::to_folder(folder.path());
    let header = RunHeader {
        version: env!("CARGO_PKG_VERSION").into(),
        run: folder.name(),
        folder: folder.path().display().to_string(),
        model: model.clone(),
        settings: settings.clone(),
        data: describe(&source),
        device: DeviceInfo { name: cpu_name(), threads: threads(arguments.threads) },
        started_at: now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    };
    tracing::info!(model = %model.name, data = %header.data.name, device = %header.device.name, "a run begins");
    let fetch = (source == Source::Emoji10).then(|| fetch::in_background(Path::new(DATA_FOLDER)));
    let prepare = prepare(model, source, settings);
    Ok(Plan { header, script, folder: Some(folder), prepare, fetch, unattended })
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
pub fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get)).max(1)
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

fn describe(source: &Source) -> DatasetInfo {
    let (name, stand_in, folder, train, test) = match source {
        Source::Cifar10(folder) => ("CIFAR-10", false, folder.display().to_string(), 50_000, 10_000),
        Source::Emoji10 => ("Emoji-10", true, String::new(), dataset::emoji10::TRAIN, dataset::emoji10::TEST),
    };
    let classes = CLASSES.map(String::from).to_vec();
    DatasetInfo { name: name.into(), stand_in, folder, classes, train, test }
}

/// Reads the pictures and draws the initial weights, in the thread that trains.
fn prepare(model: ModelSpec, source: Source, settings: Settings) -> Prepare {
    Box::new(move |say| {
        say("reading the pictures");
        let dataset = Arc::new(dataset::load(&source).map_err(|error| error.to_string())?);
        let pictures = Pictures { train: dataset.train.len(), test: dataset.test.len() };
        say("drawing initial weights");
        let learner = NetworkLearner::new(model, dataset, &settings).map_err(|error| error.to_string())?;
        Ok(Prepared { learner: Box::new(learner), pictures })
    })
}
