//! A run's network at work: what it makes of pictures, and how well it does on all test pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use serde::Serialize;

use crate::cli::{ThreadArgs, TrainedArgs, WeightsArgs};
use crate::engine::{Checkpoint, Onward, Standing};
use crate::probe::{Picture, Probe, Sight};
use crate::run::{
    CheckpointError, RunError, RunFolder, Saved, SavedState, best_checkpoint, checkpoint_at, newest_checkpoint, read_checkpoint,
};
use crate::session::{Confusion, RunHeader};
use crate::spec::grouped;
use crate::start::{self, Purpose};
use crate::worker::Prepared;

/// Classes that are told of each picture.
const TOLD: usize = 5;

/// What the network makes of one picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predictions {
    pub image: String,
    /// The likeliest first.
    pub predictions: Vec<Prediction>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    pub class: String,
    pub probability: f32,
}

/// How well the network does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluated {
    pub run: String,
    pub checkpoint: String,
    pub step: u64,
    pub examples: usize,
    /// Mean cross-entropy in nats.
    pub loss: f64,
    pub accuracy: f64,
    pub classes: Vec<ClassFigures>,
    /// A row a true class, a column what it was taken for.
    pub confusion: Vec<Vec<u32>>,
}

/// Absent shares are of nothing: no such picture, or nothing taken for the class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    pub class: String,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
}

/// A network with a checkpoint's weights.
pub struct Trained {
    pub header: RunHeader,
    /// Name of the checkpoint.
    pub checkpoint: String,
    pub state: SavedState,
    pub prepared: Prepared,
}

/// The network of one of the run's checkpoints, and the pictures that it was made for.
pub fn open(run: Option<&Path>, wanted: &WeightsArgs, purpose: Purpose) -> Result<Trained> {
    let folder = RunFolder::find(run)?;
    let header = folder.header()?;
    let saved = saved(&folder, &header, wanted)?;
    let prepare = start::for_a_checkpoint(&header, wanted.moved.data.as_deref(), wanted.compute.device, purpose)?;
    let mut prepared = prepare(&mut |_| {}).map_err(|reason| eyre!(reason))?;
    prepared.learner.restore(&Checkpoint { parameters: saved.parameters, velocities: saved.velocities })?;
    Ok(Trained { header, checkpoint: saved.name, state: saved.state, prepared })
}

/// The checkpoint that is named, or the best one, or the newest that is whole.
pub fn saved(folder: &RunFolder, header: &RunHeader, wanted: &WeightsArgs) -> Result<Saved> {
    let checkpoints = folder.checkpoints();
    if let Some(name) = named(folder, header, wanted)? {
        return Ok(read_checkpoint(&checkpoints.join(name))?);
    }
    let find = if wanted.best { best_checkpoint } else { newest_checkpoint };
    let (saved, damaged) = find(&checkpoints, &header.model);
    saved.ok_or_else(|| nothing_whole(folder, &damaged))
}

/// The name of the checkpoint that is named, which may be by its step.
pub fn named(folder: &RunFolder, header: &RunHeader, wanted: &WeightsArgs) -> Result<Option<String>> {
    let Some(asked) = wanted.checkpoint.as_deref() else { return Ok(None) };
    let found = checkpoint_at(&folder.checkpoints(), &header.model, Some(asked));
    let none = |there| RunError::NoSuchCheckpoint { folder: folder.path().into(), wanted: asked.into(), there };
    Ok(Some(found.map_err(none)?))
}

fn nothing_whole(folder: &RunFolder, damaged: &[CheckpointError]) -> color_eyre::eyre::Report {
    let reasons: Vec<String> = damaged.iter().map(ToString::to_string).collect();
    let nothing = RunError::NothingSaved(folder.path().to_path_buf());
    if reasons.is_empty() { nothing.into() } else { eyre!("{nothing}: {}", reasons.join("; ")) }
}

/// Computes with as many threads as asked for.
pub fn with_threads<R: Send>(threads: ThreadArgs, compute: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    rayon::ThreadPoolBuilder::new().num_threads(start::threads(threads)).build()?.install(compute)
}

/// The likeliest classes of each picture.
pub fn predict(arguments: &TrainedArgs, images: &[PathBuf]) -> Result<Vec<Predictions>> {
    with_threads(arguments.weights.compute.threads, || {
        let trained = open(arguments.run.as_deref(), &arguments.weights, Purpose::Looking)?;
        let settings = Arc::new(trained.state.moment.settings.clone());
        let standing = Standing { step: trained.state.moment.step, settings, taken: None };
        let mut viewer = trained.prepared.learner.viewer()?;
        let pictures = images.iter().cloned().map(Picture::File).collect();
        let Sight::Pictures(sights) = viewer.look(&Probe::Pictures(pictures), &standing)? else {
            return Err(eyre!("the network showed a layer where predictions were asked for"));
        };
        let named = |(image, sight): (&PathBuf, crate::probe::PictureSight)| Predictions {
            image: image.display().to_string(),
            predictions: likeliest(&sight.probabilities, &trained.header.data.classes),
        };
        Ok(images.iter().zip(sights).map(named).collect())
    })
}

fn likeliest(probabilities: &[f32], classes: &[String]) -> Vec<Prediction> {
    let named = |(place, probability): (usize, &f32)| Prediction { class: class(classes, place), probability: *probability };
    let mut all: Vec<Prediction> = probabilities.iter().enumerate().map(named).collect();
    all.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    all.truncate(TOLD);
    all
}

fn class(classes: &[String], place: usize) -> String {
    classes.get(place).cloned().unwrap_or_else(|| format!("class {place}"))
}

/// A line a picture.
pub fn in_words(predictions: &[Predictions]) -> String {
    let words = |one: &Predictions| {
        let classes = one.predictions.iter().map(|p| format!("{} {:.1} %", p.class, p.probability * 100.0));
        format!("{}: {}", one.image, classes.collect::<Vec<_>>().join(", "))
    };
    predictions.iter().map(words).collect::<Vec<_>>().join("\n")
}

/// Tests the network on all test pictures.
pub fn evaluate(arguments: &TrainedArgs) -> Result<Evaluated> {
    with_threads(arguments.weights.compute.threads, || {
        let Trained { header, checkpoint, state, mut prepared } =
            open(arguments.run.as_deref(), &arguments.weights, Purpose::Testing)?;
        let settings = Arc::new(state.moment.settings);
        let tested = prepared.learner.evaluate(prepared.pictures.test, &settings, &mut Onward)?;
        let tested = tested.ok_or_else(|| eyre!("the evaluation was given up, and nobody asked for that"))?;
        let confusion = tested.confusion.unwrap_or_default();
        let examples = tested.pictures.max(1) as f64;
        Ok(Evaluated {
            run: header.run,
            checkpoint,
            step: state.moment.step,
            examples: tested.pictures,
            loss: tested.loss_sum / examples,
            accuracy: tested.correct as f64 / examples,
            classes: class_figures(&confusion, &header.data.classes),
            confusion: confusion.counts.chunks(confusion.classes.max(1)).map(<[u32]>::to_vec).collect(),
        })
    })
}

fn class_figures(confusion: &Confusion, classes: &[String]) -> Vec<ClassFigures> {
    let figures = |place| ClassFigures {
        class: class(classes, place),
        precision: confusion.precision(place),
        recall: confusion.recall(place),
    };
    (0..confusion.classes).map(figures).collect()
}

impl Evaluated {
    pub fn text(&self) -> String {
        let share = |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.1} %", share * 100.0));
        let mut text = format!(
            "{} at step {} ({}): accuracy {:.2} %, loss {:.4} on {} pictures\n\n{:<14}{:>10}{:>10}\n",
            self.run,
            grouped(self.step),
            self.checkpoint,
            self.accuracy * 100.0,
            self.loss,
            grouped(self.examples as u64),
            "class",
            "precision",
            "recall"
        );
        for class in &self.classes {
            text += &format!("{:<14}{:>10}{:>10}\n", class.class, share(class.precision), share(class.recall));
        }
        text.trim_end().to_string()
    }
}
