//! Batches for the bench: what a step costs does not depend on what the pictures show.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::error::Result;
use super::form::into_form;
use super::input::Feeder;
use super::network::Network;
use crate::dataset::{Augmentation, BatchPlan, Dataset, Split};
use crate::spec::ModelSpec;

/// The same batch over and over, or made from bytes in each step.
pub struct BenchInput(Kind);

enum Kind {
    Ready { images: Tensor, labels: Vec<u8> },
    Bytes { feeder: Box<Feeder>, plan: BatchPlan, pictures: usize },
}

impl BenchInput {
    /// An input that lies where the network computes.
    pub fn ready(network: &Network, model: &ModelSpec, batch: usize) -> Result<BenchInput> {
        let [channels, height, width] = model.input;
        let count = batch * channels * height * width;
        // A picture's values after standardizing lie about there.
        let pixels: Vec<f32> = (0..count).map(|i| (i * 7919 % 2003) as f32 / 500.0 - 2.0).collect();
        let images = Tensor::from_vec(pixels, (batch, channels, height, width), &Device::Cpu)?;
        let labels = (0..batch).map(|i| (i % model.classes) as u8).collect();
        Ok(BenchInput(Kind::Ready { images: into_form(images, network)?, labels }))
    }

    /// Training pictures, moved, mirrored and scaled as in training.
    pub fn bytes(network: &Network, model: &ModelSpec, dataset: &Arc<Dataset>, batch: usize) -> Result<BenchInput> {
        let pictures = dataset.train.len();
        let plan = BatchPlan {
            split: Split::Train,
            seed: 1,
            epoch: 0,
            first: 0,
            count: batch.min(pictures),
            augmentation: Augmentation { mirror: true, crop: 4 },
            input: model.input,
            pixels: model.pixels,
        };
        Ok(BenchInput(Kind::Bytes { feeder: Box::new(Feeder::new(dataset, model, network)?), plan, pictures }))
    }

    /// The batch of a step: its pictures in the network's form, and their labels.
    pub fn batch(&mut self, network: &Network, step: usize) -> Result<(Tensor, Vec<u8>)> {
        match &mut self.0 {
            Kind::Ready { images, labels } => Ok((images.clone(), labels.clone())),
            Kind::Bytes { feeder, plan, pictures } => {
                let of_epoch = *pictures / plan.count;
                let at =
                    |step: usize| BatchPlan { epoch: (step / of_epoch) as u32, first: step % of_epoch * plan.count, ..*plan };
                feeder.take(&at(step), Some(&at(step + 1)), network)
            }
        }
    }
}
