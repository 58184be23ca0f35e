//! How long a training step takes, layer by layer, from a ready batch: forward, loss, backward, update.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;
use color_eyre::eyre::{Result, eyre};
use serde::Serialize;

use crate::cli::BenchArgs;
use crate::dataset::{self, Opened};
use crate::knobs::{Knob, Settings};
use crate::nn::device::Found;
use crate::nn::{BenchInput, Learned, Mode, Network, form_of};
use crate::ops::Form;
use crate::spec::{ModelSpec, zoo};
use crate::start;

/// Steps before the measured ones: buffers are touched and caches filled.
const WARM_UP: usize = 2;
/// On a GPU, whose clock rises under load; as many as `benches/torch_cuda.py` takes.
const GPU_WARM_UP: usize = 10;

#[derive(Debug, Serialize)]
pub struct Report {
    pub model: String,
    /// `cpu`, or the GPU's name.
    pub device: String,
    /// `f32`, `tf32`, `bf16`
    pub precision: String,
    pub channels_last: bool,
    /// Each step begins at bytes.
    pub from_bytes: bool,
    pub batch_size: usize,
    pub threads: usize,
    pub steps: usize,
    pub median_step_ms: f64,
    pub images_per_second: f64,
    /// Of the loss and of the update, which belong to no layer.
    pub update_ms: f64,
    pub layers: Vec<LayerTime>,
}

/// Medians over the measured steps.
#[derive(Debug, Serialize)]
pub struct LayerTime {
    pub name: String,
    pub forward_ms: f64,
    pub backward_ms: f64,
}

/// Measures and returns the report.
pub fn measure(arguments: &BenchArgs) -> Result<Report> {
    let model = zoo::load(&arguments.model)?;
    let mut settings = model.settings()?;
    settings.set(Knob::BatchSize, f64::from(arguments.batch_size))?;
    arguments.set.iter().try_for_each(|(knob, value)| settings.set(*knob, *value))?;
    let threads = start::threads(arguments.threads);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let model = start::as_set(model, &settings);
    let found = start::found(arguments.device)?;
    pool.install(|| Bench { model, settings, found, threads, arguments }.run())
}

struct Bench<'a> {
    model: ModelSpec,
    settings: Settings,
    found: Found,
    threads: usize,
    arguments: &'a BenchArgs,
}

impl Bench<'_> {
    fn run(self) -> Result<Report> {
        let batch = self.settings.count(Knob::BatchSize);
        let device = self.found.adopt()?;
        let form = form_of(&device, &self.settings);
        let mut network = Network::build_on(&device, form, &self.model, 1, batch)?;
        let mut input = match self.arguments.from_bytes {
            true => BenchInput::bytes(&network, &self.model, &Arc::new(dataset::load(&Opened::Emoji10)?), batch)?,
            false => BenchInput::ready(&network, &self.model, batch)?,
        };
        // On a device of its own, measuring the layers costs a little: the whole step is measured without.
        let passes: &[bool] = if device.is_cpu() { &[true] } else { &[false, true] };
        let warm_up = if device.is_cpu() { WARM_UP } else { GPU_WARM_UP };
        let mut times = Measured::new(network.nodes().len());
        for &layers in passes {
            network.times.on_device = layers;
            for step in 0..warm_up + self.arguments.steps.max(1) {
                let start = Instant::now();
                let (images, labels) = input.batch(&network, step)?;
                let update_ms = self.step(&mut network, &images, &labels, step)?;
                if step < warm_up {
                    continue;
                }
                if layers == passes[0] {
                    times.whole.push(start.elapsed().as_secs_f64() * 1e3);
                }
                if layers {
                    times.layers(&network, update_ms);
                }
            }
        }
        let layers = network.nodes().iter().map(|node| node.name.clone());
        Ok(times.report(layers, &self, form))
    }

    /// One step; returns the milliseconds of its update.
    fn step(&self, network: &mut Network, images: &Tensor, labels: &[u8], step: usize) -> Result<f64> {
        let mut on = |_: &str, _: usize| ControlFlow::Continue(());
        let mode = Mode::Training { seed: 1, step: step as u64 + 1 };
        let _ = network.forward(images, &self.settings, mode, &mut on)?;
        let rate = self.settings.get(Knob::LearningRate);
        match network.learn(labels, &self.settings, rate, false, &mut on)? {
            Learned::Taken(taken) => Ok(taken.update_ms),
            Learned::Diverged { .. } | Learned::Abandoned => {
                Err(eyre!("the loss left the finite numbers after {step} steps; take a smaller rate: --set learning-rate=1e-6"))
            }
        }
    }
}

/// Milliseconds, one a measured step.
struct Measured {
    whole: Vec<f64>,
    update: Vec<f64>,
    forward: Vec<Vec<f64>>,
    backward: Vec<Vec<f64>>,
}

impl Measured {
    fn new(layers: usize) -> Measured {
        let none = vec![Vec::new(); layers];
        Measured { whole: Vec::new(), update: Vec::new(), forward: none.clone(), backward: none }
    }

    fn layers(&mut self, network: &Network, update_ms: f64) {
        self.update.push(update_ms);
        self.forward.iter_mut().zip(&network.times.forward).for_each(|(all, time)| all.push(*time));
        self.backward.iter_mut().zip(&network.times.backward).for_each(|(all, time)| all.push(*time));
    }

    fn report(mut self, names: impl Iterator<Item = String>, bench: &Bench, form: Form) -> Report {
        let batch_size = bench.settings.count(Knob::BatchSize);
        let median_step_ms = median(&mut self.whole);
        let times = self.forward.iter_mut().zip(&mut self.backward);
        let layer = |(name, (forward, backward)): (String, (&mut Vec<f64>, &mut Vec<f64>))| LayerTime {
            name,
            forward_ms: median(forward),
            backward_ms: median(backward),
        };
        Report {
            model: bench.model.name.clone(),
            device: match &bench.found {
                Found::Cpu { .. } => "cpu".into(),
                Found::Cuda { name, .. } => name.clone(),
            },
            precision: format!("{:?}", form.precision).to_lowercase(),
            channels_last: form.channels_last,
            from_bytes: bench.arguments.from_bytes,
            batch_size,
            threads: bench.threads,
            steps: bench.arguments.steps.max(1),
            median_step_ms,
            images_per_second: batch_size as f64 * 1e3 / median_step_ms,
            update_ms: median(&mut self.update),
            layers: names.zip(times).map(layer).collect(),
        }
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

impl Report {
    /// `2 threads`, `NVIDIA H100, bf16, channels last`
    fn place(&self) -> String {
        match &self.device[..] {
            "cpu" => format!("{} threads", self.threads),
            gpu => format!("{gpu}, {}{}", self.precision, if self.channels_last { ", channels last" } else { "" }),
        }
    }

    /// The report as a table.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} · batch {} · {} · median of {} steps\n{:.1} ms a step · {:.1} images/s\n\n",
            self.model,
            self.batch_size,
            self.place(),
            self.steps,
            self.median_step_ms,
            self.images_per_second
        );
        text += &format!("{:<12}{:>12}{:>13}{:>8}\n", "layer", "forward ms", "backward ms", "share");
        for layer in &self.layers {
            let share = 100.0 * (layer.forward_ms + layer.backward_ms) / self.median_step_ms;
            text += &format!("{:<12}{:>12.2}{:>13.2}{:>7.1}%\n", layer.name, layer.forward_ms, layer.backward_ms, share);
        }
        text + &format!(
            "{:<12}{:>12}{:>13.2}{:>7.1}%",
            "update",
            "",
            self.update_ms,
            100.0 * self.update_ms / self.median_step_ms
        )
    }
}
