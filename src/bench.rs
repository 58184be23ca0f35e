//! How long a training step takes, layer by layer, from a ready batch: forward, loss, backward, update.

use std::ops::ControlFlow;
use std::time::Instant;

use candle_core::{Device, Tensor};
use color_eyre::eyre::{Result, eyre};
use serde::Serialize;

use crate::cli::BenchArgs;
use crate::knobs::{Knob, Settings};
use crate::nn::{Mode, Network};
use crate::spec::{ModelSpec, zoo};
use crate::start;

/// Steps before the measured ones: buffers are touched and caches filled.
const WARM_UP: usize = 2;

#[derive(Debug, Serialize)]
pub struct Report {
    pub model: String,
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
    let batch_size = settings.count(Knob::BatchSize);
    let model = start::as_set(model, &settings);
    pool.install(|| run(&model, &settings, batch_size, arguments.steps.max(1), threads))
}

fn run(model: &ModelSpec, settings: &Settings, batch_size: usize, steps: usize, threads: usize) -> Result<Report> {
    let mut network = Network::build(model, 1, batch_size)?;
    let [channels, height, width] = model.input;
    let count = batch_size * channels * height * width;
    // A picture's values after standardizing lie about there; what they are does not change the time.
    let pixels: Vec<f32> = (0..count).map(|i| (i * 7919 % 2003) as f32 / 500.0 - 2.0).collect();
    let images = Tensor::from_vec(pixels, (batch_size, channels, height, width), &Device::Cpu)?;
    let labels: Vec<u8> = (0..batch_size).map(|i| (i % model.classes) as u8).collect();
    let mut on = |_: &str, _: usize| ControlFlow::Continue(());

    let (mut whole, mut update) = (Vec::new(), Vec::new());
    let mut forward = vec![Vec::new(); network.nodes().len()];
    let mut backward = forward.clone();
    for step in 0..WARM_UP + steps {
        let start = Instant::now();
        let mode = Mode::Training { seed: 1, step: step as u64 + 1 };
        let _ = network.forward(&images, settings, mode, &mut on)?;
        let loss = network.loss(&labels)?.loss_sum;
        let _ = network.backward(&labels, settings, &mut on)?;
        let squares = network.gradient_squares()?;
        if !loss.is_finite() || squares.iter().any(|sum| !sum.is_finite()) {
            return Err(eyre!(
                "the loss left the finite numbers after {step} steps; take a smaller rate: --set learning-rate=1e-6"
            ));
        }
        let before_update = Instant::now();
        network.update(settings, settings.get(Knob::LearningRate), false)?;
        if step >= WARM_UP {
            update.push(before_update.elapsed().as_secs_f64() * 1e3);
            whole.push(start.elapsed().as_secs_f64() * 1e3);
            for (place, (all, times)) in forward.iter_mut().zip(&mut backward).enumerate() {
                all.push(network.times.forward[place]);
                times.push(network.times.backward[place]);
            }
        }
    }
    let median_step_ms = median(&mut whole);
    let layers = network.nodes().iter().zip(forward.iter_mut().zip(&mut backward));
    Ok(Report {
        model: model.name.clone(),
        batch_size,
        threads,
        steps,
        median_step_ms,
        images_per_second: batch_size as f64 * 1e3 / median_step_ms,
        update_ms: median(&mut update),
        layers: layers
            .map(|(node, (forward, backward))| LayerTime {
                name: node.name.clone(),
                forward_ms: median(forward),
                backward_ms: median(backward),
            })
            .collect(),
    })
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

impl Report {
    /// The report as a table.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} · batch {} · {} threads · median of {} steps\n{:.1} ms a step · {:.1} images/s\n\n",
            self.model, self.batch_size, self.threads, self.steps, self.median_step_ms, self.images_per_second
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
