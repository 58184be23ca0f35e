//! A network that learns from a dataset: what the engine's decisions are carried out by.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::error::{Error, Result};
use super::input::Input;
use super::network::{Mode, Network};
use super::viewer::NetworkViewer;
use crate::dataset::{Augmentation, BatchPlan, Dataset, Prefetcher, Split};
use crate::engine::{
    BatchRange, Checkpoint, Flow, Gate, Learner, LearnerError, Point, StepPlan, StepResult, Stepped, Tensors, Tested, Viewer,
};
use crate::knobs::{Knob, Settings};
use crate::ops::sgd::UpdateNorms;
use crate::session::{Confusion, Divergence, LayerStats, LayersSeen, Pass};
use crate::spec::ModelSpec;

/// Trains one network on one dataset, on the CPU.
pub struct NetworkLearner {
    model: ModelSpec,
    network: Network,
    dataset: Arc<Dataset>,
    prefetcher: Prefetcher,
    input: Input,
}

/// Counts time outside the gate, so that a pause is not taken for work.
struct Stopwatch<'a> {
    gate: &'a mut dyn Gate,
    held: f64,
    of: usize,
}

impl Stopwatch<'_> {
    fn pass(&mut self, layer: &str, pass: Pass, done: usize) -> ControlFlow<()> {
        let start = Instant::now();
        let flow = self.gate.pass(Point { layer, pass, done, of: self.of });
        self.held += start.elapsed().as_secs_f64();
        if flow == Flow::Abandon { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl NetworkLearner {
    /// Builds the network for batches as `settings` want them.
    pub fn new(model: ModelSpec, dataset: Arc<Dataset>, settings: &Settings) -> Result<NetworkLearner> {
        let network = Network::build(&model, settings.get(Knob::Seed) as u64, settings.count(Knob::BatchSize))?;
        Ok(NetworkLearner {
            model,
            network,
            dataset: dataset.clone(),
            prefetcher: Prefetcher::new(dataset)?,
            input: Input::default(),
        })
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    fn batch_plan(&self, split: Split, range: BatchRange, settings: &Settings) -> BatchPlan {
        BatchPlan {
            split,
            seed: settings.get(Knob::Seed) as u64,
            epoch: range.epoch,
            first: range.first,
            count: range.count,
            augmentation: Augmentation { mirror: settings.is_on(Knob::Mirror), crop: settings.count(Knob::Crop) as u8 },
            input: self.model.input,
            pixels: self.model.pixels,
        }
    }

    /// The pictures as a tensor [b, c, h, w], and the labels; the batch before last gives its room back.
    fn take(&mut self, plan: &BatchPlan, next: Option<&BatchPlan>) -> Result<(Tensor, Vec<u8>)> {
        let mut batch = self.prefetcher.take(plan, next)?;
        let [channels, height, width] = self.model.input;
        let labels = batch.labels.clone();
        let images = self.input.exchange((plan.count, channels, height, width), &mut batch.images)?;
        self.prefetcher.recycle(batch);
        Ok((images, labels))
    }

    fn try_step(&mut self, plan: &StepPlan, observe: bool, gate: &mut dyn Gate) -> Result<Stepped> {
        let start = Instant::now();
        let settings = &*plan.settings;
        self.network.resize(&self.model, settings.count(Knob::BatchSize).max(plan.batch.count))?;
        let now = self.batch_plan(Split::Train, plan.batch, settings);
        let next = self.batch_plan(Split::Train, plan.next, settings);
        let (images, labels) = self.take(&now, Some(&next))?;
        let layers = self.network.nodes().len();
        let mut watch = Stopwatch { gate, held: 0.0, of: 2 * layers + 1 };
        let mode = Mode::Training { seed: settings.get(Knob::Seed) as u64, step: plan.step };

        let forward = self
            .network
            .forward(&images, settings, mode, &mut |layer: &str, done: usize| watch.pass(layer, Pass::Forward, done))?;
        if forward.is_break() {
            return Ok(Stepped::Abandoned);
        }
        let loss = self.network.loss(&labels)?;
        let mean_loss = loss.loss_sum / labels.len() as f64;
        if !mean_loss.is_finite() {
            let bad = self.network.first_bad_output()?;
            return Ok(diverged(plan.step, bad.unwrap_or("loss"), if bad.is_some() { "output" } else { "loss" }));
        }
        let backward = self
            .network
            .backward(&labels, settings, &mut |layer: &str, done: usize| watch.pass(layer, Pass::Backward, layers + done))?;
        if backward.is_break() {
            return Ok(Stepped::Abandoned);
        }
        let squares = self.network.gradient_squares()?;
        // As far as these gradients can move a weight, momentum included. A gradient may be finite and still throw a weight
        // out of the finite numbers.
        let reach = |squares: f64| plan.learning_rate * squares.sqrt() / (1.0 - settings.get(Knob::Momentum));
        // The gradient flows from the last layer to the first, so the last bad one went first.
        if let Some(bad) = squares.iter().rposition(|sum| !(reach(*sum) as f32).is_finite()) {
            let name = &self.network.parameters()[bad].name;
            // `features.0.weight` belongs to layer `features.0`.
            let layer = name.rsplit_once('.').map_or(&name[..], |(layer, _)| layer);
            return Ok(diverged(plan.step, layer, "gradient"));
        }
        if watch.pass("update", Pass::Update, 2 * layers).is_break() {
            return Ok(Stepped::Abandoned);
        }
        let norms = self.network.update(settings, plan.learning_rate, observe)?;
        let seconds = start.elapsed().as_secs_f64() - watch.held;
        let layers = if observe { Some(self.observed(plan, &squares, &norms)?) } else { None };
        Ok(Stepped::Taken(StepResult {
            loss: mean_loss,
            correct: loss.correct,
            learning_rate: plan.learning_rate,
            seconds,
            layers,
        }))
    }

    /// What the layers did in the step just taken.
    fn observed(&self, plan: &StepPlan, squares: &[f64], norms: &[UpdateNorms]) -> Result<LayersSeen> {
        let times = &self.network.times;
        let mut layers = Vec::with_capacity(self.network.nodes().len());
        for (place, node) in self.network.nodes().iter().enumerate() {
            let seen = self.network.output_statistics(place)?;
            let weight = format!("{}.weight", node.name);
            let weight = self.network.parameters().iter().position(|parameter| parameter.name == weight);
            layers.push(LayerStats {
                name: node.name.clone(),
                forward_ms: times.forward[place],
                backward_ms: times.backward[place],
                mean: seen.map(|(mean, ..)| mean),
                deviation: seen.map(|(_, deviation, _)| deviation),
                dead: seen.and_then(|(.., dead)| dead),
                weight_norm: weight.map(|place| norms[place].weight_sq.sqrt()),
                gradient_norm: weight.map(|place| squares[place].sqrt()),
                update_ratio: weight.map(|place| (norms[place].update_sq / norms[place].weight_sq.max(1e-300)).sqrt()),
                off: node.is_off(&plan.settings),
            });
        }
        Ok(LayersSeen { step: plan.step, layers })
    }

    fn try_evaluate(&mut self, pictures: usize, settings: &Settings, gate: &mut dyn Gate) -> Result<Option<Tested>> {
        let mut tested = Tested::default();
        let mut confusion = Confusion::new(self.model.classes);
        let range = |first: usize, capacity: usize| BatchRange { epoch: 0, first, count: capacity.min(pictures - first) };
        while tested.pictures < pictures {
            let (first, capacity) = (tested.pictures, self.network.capacity());
            let now = range(first, capacity);
            let plan = self.batch_plan(Split::Test, now, settings);
            let after = first + now.count;
            let next = (after < pictures).then(|| self.batch_plan(Split::Test, range(after, capacity), settings));
            let (images, labels) = self.take(&plan, next.as_ref())?;
            let mut watch = Stopwatch { gate, held: 0.0, of: pictures };
            let flow = self.network.forward(&images, settings, Mode::Testing, &mut |layer: &str, _: usize| {
                watch.pass(layer, Pass::Forward, first)
            })?;
            if flow.is_break() {
                return Ok(None);
            }
            let loss = self.network.loss(&labels)?;
            tested.loss_sum += loss.loss_sum;
            tested.correct += loss.correct;
            tested.pictures += labels.len();
            for (place, (label, probabilities)) in labels.iter().zip(self.network.probabilities()?).enumerate() {
                confusion.add(first + place, *label, &probabilities);
            }
        }
        Ok(Some(Tested { confusion: Some(confusion), ..tested }))
    }

    fn try_restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let load = |tensors: &Tensors, name: &str, shape: &[usize]| -> Result<Tensor> {
            let found = tensors.iter().find(|(there, ..)| there == name);
            let Some((_, there, values)) = found else { return Err(Error::Missing { name: name.into() }) };
            if there != shape {
                return Err(Error::Shape { name: name.into(), expected: shape.to_vec(), came: there.clone() });
            }
            Ok(Tensor::from_slice(values, shape, &Device::Cpu)?)
        };
        for parameter in self.network.parameters_mut() {
            let shape = parameter.value.dims().to_vec();
            parameter.value.set(&load(&checkpoint.parameters, &parameter.name, &shape)?)?;
            parameter.velocity.slice_set(&load(&checkpoint.velocities, &parameter.name, &shape)?, 0, 0)?;
        }
        Ok(())
    }

    fn try_checkpoint(&self) -> Result<Checkpoint> {
        let copy = |tensor: &Tensor| -> Result<Vec<f32>> { Ok(tensor.flatten_all()?.to_vec1()?) };
        let (mut parameters, mut velocities) = (Tensors::new(), Tensors::new());
        for parameter in self.network.parameters() {
            let (name, shape) = (&parameter.name, parameter.value.dims().to_vec());
            parameters.push((name.clone(), shape.clone(), copy(&parameter.value)?));
            velocities.push((name.clone(), shape, copy(&parameter.velocity)?));
        }
        Ok(Checkpoint { parameters, velocities })
    }
}

fn diverged(step: u64, layer: &str, what: &str) -> Stepped {
    Stepped::Diverged(Divergence { step, layer: layer.into(), what: what.into() })
}

impl Learner for NetworkLearner {
    fn step(&mut self, plan: &StepPlan, observe: bool, gate: &mut dyn Gate) -> std::result::Result<Stepped, LearnerError> {
        self.try_step(plan, observe, gate).map_err(|error| LearnerError(error.to_string()))
    }

    fn evaluate(
        &mut self,
        pictures: usize,
        settings: &Arc<Settings>,
        gate: &mut dyn Gate,
    ) -> std::result::Result<Option<Tested>, LearnerError> {
        self.try_evaluate(pictures, settings, gate).map_err(|error| LearnerError(error.to_string()))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> std::result::Result<(), LearnerError> {
        self.try_restore(checkpoint).map_err(|error| LearnerError(error.to_string()))
    }

    fn checkpoint(&self) -> std::result::Result<Checkpoint, LearnerError> {
        self.try_checkpoint().map_err(|error| LearnerError(error.to_string()))
    }

    fn viewer(&self) -> std::result::Result<Box<dyn Viewer>, LearnerError> {
        let viewer = NetworkViewer::new(&self.network, self.model.clone(), self.dataset.clone());
        Ok(Box::new(viewer.map_err(|error| LearnerError(error.to_string()))?))
    }
}
