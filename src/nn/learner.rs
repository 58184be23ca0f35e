//! A network that learns from a dataset: what the engine's decisions are carried out by.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::error::{Error, Result, at};
use super::form::form_of;
use super::input::Feeder;
use super::network::{Mode, Network};
use super::node::Node;
use super::step::Learned;
use super::viewer::NetworkViewer;
use crate::dataset::{Augmentation, BatchPlan, Dataset, Split};
use crate::engine::{
    BatchRange, Checkpoint, Flow, Gate, Learner, LearnerError, Point, StepPlan, StepResult, Stepped, Tensors, Tested, Viewer,
};
use crate::knobs::{Knob, Settings};
use crate::ops::reorder;
use crate::ops::sgd::UpdateNorms;
use crate::session::{Confusion, DeviceGauge, Divergence, LayerStats, LayersSeen, Pass};
use crate::spec::ModelSpec;

/// Trains one network on one dataset.
pub struct NetworkLearner {
    model: ModelSpec,
    network: Network,
    dataset: Arc<Dataset>,
    feeder: Feeder,
    #[cfg(feature = "cuda")]
    gauge: super::gauge::Gauge,
}

/// Test pictures that are looked at together where no step has said how many there is room for.
const EVALUATED: usize = 32;

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
    /// Builds the network on the CPU for batches as `settings` want them.
    pub fn new(model: ModelSpec, dataset: Arc<Dataset>, settings: &Settings) -> Result<NetworkLearner> {
        Self::on(&Device::Cpu, model, dataset, settings)
    }

    /// Builds the network on `device` for batches as `settings` want them.
    pub fn on(device: &Device, model: ModelSpec, dataset: Arc<Dataset>, settings: &Settings) -> Result<NetworkLearner> {
        let (form, seed, batch) = (form_of(device, settings), settings.get(Knob::Seed) as u64, settings.count(Knob::BatchSize));
        let network = match Network::build_on(device, form, &model, seed, batch) {
            // The first step will say so, in a run that can be steered to a smaller batch.
            Err(Error::NoRoom { .. }) => Network::build_on(device, form, &model, seed, 1)?,
            network => network?,
        };
        let feeder = Feeder::new(&dataset, &model, &network)?;
        Ok(NetworkLearner {
            model,
            network,
            dataset,
            feeder,
            #[cfg(feature = "cuda")]
            gauge: super::gauge::Gauge::of(device),
        })
    }

    /// Runs a step without its update, so that a device compiles its kernels and finds its algorithms before the first one that counts.
    pub fn warm_up(&mut self, settings: &Settings) -> Result<()> {
        let batch = self.network.capacity();
        let plan = self.batch_plan(
            Split::Train,
            BatchRange { epoch: 0, first: 0, count: batch.min(self.dataset.train.len()) },
            settings,
        );
        let (images, labels) = self.feeder.take(&plan, None, &self.network)?;
        let mode = Mode::Training { seed: plan.seed, step: 0 };
        let mut on = |_: &str, _: usize| ControlFlow::Continue(());
        let _ = self.network.forward(&images, settings, mode, &mut on)?;
        let _ = self.network.backward(&labels, settings, &mut on)?;
        self.network.gradient_squares().map(drop)
    }

    /// Begins with these values where it has a parameter of that name and shape; the others stay as they were drawn.
    pub fn adopt(&mut self, arrays: &Tensors) -> Result<()> {
        let device = self.network.device().clone();
        for parameter in self.network.parameters_mut() {
            let shape = parameter.value.dims().to_vec();
            if let Some((_, there, values)) = arrays.iter().find(|(name, ..)| *name == parameter.name) {
                if *there != shape {
                    return Err(Error::Shape { name: parameter.name.clone(), expected: shape, came: there.clone() });
                }
                parameter.value.set(&Tensor::from_slice(values, shape, &device)?)?;
            }
        }
        self.network.renew_copies()
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

    fn try_step(&mut self, plan: &StepPlan, observe: bool, gate: &mut dyn Gate) -> Result<Stepped> {
        let start = Instant::now();
        let settings = &*plan.settings;
        self.network.take_form(form_of(self.network.device(), settings))?;
        self.network.resize(&self.model, settings.count(Knob::BatchSize).max(plan.batch.count))?;
        self.network.times.on_device = observe;
        let now = self.batch_plan(Split::Train, plan.batch, settings);
        let next = self.batch_plan(Split::Train, plan.next, settings);
        let (images, labels) = self.feeder.take(&now, Some(&next), &self.network)?;
        let layers = self.network.nodes().len();
        let mut watch = Stopwatch { gate, held: 0.0, of: 2 * layers + 1 };
        let mode = Mode::Training { seed: settings.get(Knob::Seed) as u64, step: plan.step };

        let forward = self
            .network
            .forward(&images, settings, mode, &mut |layer: &str, done: usize| watch.pass(layer, Pass::Forward, done))?;
        if forward.is_break() {
            return Ok(Stepped::Abandoned);
        }
        let mut backwards = |layer: &str, done: usize| {
            watch.pass(layer, if layer == "update" { Pass::Update } else { Pass::Backward }, layers + done)
        };
        let taken = match self.network.learn(&labels, settings, plan.learning_rate, observe, &mut backwards)? {
            Learned::Taken(taken) => taken,
            Learned::Diverged { layer, what } => return Ok(diverged(plan.step, &layer, what)),
            Learned::Abandoned => return Ok(Stepped::Abandoned),
        };
        let seconds = start.elapsed().as_secs_f64() - watch.held;
        let layers = if observe { Some(self.observed(plan, &taken.squares, &taken.norms)?) } else { None };
        Ok(Stepped::Taken(StepResult {
            loss: taken.loss.loss_sum / labels.len() as f64,
            correct: taken.loss.correct,
            learning_rate: plan.learning_rate,
            seconds,
            layers,
        }))
    }

    /// What the layers did in the step just taken.
    fn observed(&self, plan: &StepPlan, squares: &[f64], norms: &[UpdateNorms]) -> Result<LayersSeen> {
        let times = &self.network.times;
        let mut layers = Vec::with_capacity(self.network.nodes().len());
        let mut seen = None;
        for (place, node) in self.network.nodes().iter().enumerate() {
            // An activation that its layer applied in its own pass has the same output; only its silent units are still unknown.
            // Of what the layer itself gave nothing is left then.
            seen = match (node.is_fused(), seen) {
                (true, Some((mean, deviation, _))) => Some((mean, deviation, self.network.dead_share(place)?)),
                _ => self.network.output_statistics(place)?,
            };
            let own = seen.filter(|_| !self.network.nodes().get(place + 1).is_some_and(Node::is_fused));
            let weight = format!("{}.weight", node.name);
            let weight = self.network.parameters().iter().position(|parameter| parameter.name == weight);
            layers.push(LayerStats {
                name: node.name.clone(),
                forward_ms: times.forward[place],
                backward_ms: times.backward[place],
                mean: own.map(|(mean, ..)| mean),
                deviation: own.map(|(_, deviation, _)| deviation),
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
        if self.network.capacity() == 0 {
            self.network.resize(&self.model, settings.count(Knob::BatchSize).min(EVALUATED))?;
        }
        let mut tested = Tested::default();
        let mut confusion = Confusion::new(self.model.classes);
        let range = |first: usize, capacity: usize| BatchRange { epoch: 0, first, count: capacity.min(pictures - first) };
        while tested.pictures < pictures {
            let (first, capacity) = (tested.pictures, self.network.capacity());
            let now = range(first, capacity);
            let plan = self.batch_plan(Split::Test, now, settings);
            let after = first + now.count;
            let next = (after < pictures).then(|| self.batch_plan(Split::Test, range(after, capacity), settings));
            let (images, labels) = self.feeder.take(&plan, next.as_ref(), &self.network)?;
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
        let device = self.network.device().clone();
        let load = |tensors: &Tensors, name: &str, shape: &[usize]| -> Result<Tensor> {
            let found = tensors.iter().find(|(there, ..)| there == name);
            let Some((_, there, values)) = found else { return Err(Error::Missing { name: name.into() }) };
            if there != shape {
                return Err(Error::Shape { name: name.into(), expected: shape.to_vec(), came: there.clone() });
            }
            Ok(Tensor::from_slice(values, shape, &device)?)
        };
        for parameter in self.network.parameters() {
            let (name, shape) = (&parameter.name, parameter.value.dims());
            parameter.value.set(&load(&checkpoint.parameters, name, shape)?)?;
            let velocity = load(&checkpoint.velocities, name, shape)?;
            reorder::copy(self.network.context(), &velocity, &parameter.velocity).map_err(at(name))?;
        }
        self.network.renew_copies()
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
        match self.try_step(plan, observe, gate) {
            Err(error) if error.is_out_of_memory() => {
                let batch = plan.settings.count(Knob::BatchSize);
                self.network.clear();
                Ok(Stepped::NoRoom(self.network.no_room(error, &self.model, batch).to_string()))
            }
            stepped => stepped.map_err(|error| LearnerError(error.to_string())),
        }
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

    fn gauge(&self) -> Option<DeviceGauge> {
        #[cfg(feature = "cuda")]
        return self.gauge.read();
        #[cfg(not(feature = "cuda"))]
        None
    }

    fn viewer(&self) -> std::result::Result<Box<dyn Viewer>, LearnerError> {
        let viewer = NetworkViewer::new(&self.network, self.model.clone(), self.dataset.clone());
        Ok(Box::new(viewer.map_err(|error| LearnerError(error.to_string()))?))
    }
}
