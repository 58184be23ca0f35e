//! Batches made on a device, where all pictures lie as bytes: the host says only which, and how they are seen.

use std::sync::Arc;

use candle_core::Tensor;

use super::error::{Result, at};
use super::network::Network;
use crate::dataset::{Batch, BatchMaker, BatchPlan, CHANNELS, Dataset, Pictures, Split, byte_values, taps};
use crate::ops::Form;
use crate::ops::feed::{self, Feed, Shown, Tap};
use crate::spec::{ModelSpec, PixelOrder};

/// The pictures may take this part of the device's free memory.
const SHARE: u64 = 2;

pub(super) struct DeviceFeed {
    maker: BatchMaker<Arc<Dataset>>,
    train: Feed,
    test: Feed,
    batch: Batch,
    /// The network's input, for the largest batch so far in this form.
    room: Option<(Form, Tensor)>,
}

impl DeviceFeed {
    /// None where the device is the CPU, or the pictures are too many for it.
    pub(super) fn new(dataset: &Arc<Dataset>, model: &ModelSpec, network: &Network) -> Result<Option<DeviceFeed>> {
        let device = network.device();
        let bytes = (dataset.train.all_pixels().len() + dataset.test.all_pixels().len()) as u64;
        let free = network.context().free_memory();
        if device.is_cpu() || bytes > free / SHARE {
            return Ok(None);
        }
        let values = byte_values(model.pixels, dataset.train.statistics());
        let feed = |pictures: &Pictures| -> Result<Feed> {
            let (side, [_, height, width]) = (pictures.side(), model.input);
            let bytes = Tensor::from_slice(pictures.all_pixels(), (pictures.len(), CHANNELS, side, side), device)?;
            let axis = |to| taps(side, to).iter().map(tap).collect::<Vec<_>>();
            let reversed = model.pixels.order == PixelOrder::Bgr;
            Feed::new(side, bytes, values.as_flattened(), reversed, &axis(height), &axis(width)).map_err(at("input"))
        };
        Ok(Some(DeviceFeed {
            train: feed(&dataset.train)?,
            test: feed(&dataset.test)?,
            maker: BatchMaker::new(dataset.clone()),
            batch: Batch::default(),
            room: None,
        }))
    }

    pub(super) fn take(&mut self, plan: &BatchPlan, network: &Network) -> Result<(Tensor, Vec<u8>)> {
        let views = self.maker.choose(plan, &mut self.batch)?;
        let shown = |(&picture, view): (&u32, &crate::dataset::View)| Shown {
            picture,
            right: view.right,
            down: view.down,
            mirrored: view.mirrored.into(),
        };
        let shown: Vec<_> = self.batch.indices.iter().zip(&views).map(shown).collect();
        let form = network.form();
        let fits =
            |(kept, room): &(Form, Tensor)| *kept == form && room.dims()[0] >= plan.count && room.dims()[1..] == plan.input;
        let (_, room) = match self.room.take().filter(fits) {
            Some(room) => self.room.insert(room),
            None => {
                let shape = [&[plan.count.max(network.capacity())], &plan.input[..]].concat();
                let room = form.zeros(&shape, form.numbers(), network.device()).map_err(at("input"))?;
                self.room.insert((form, room))
            }
        };
        let images = room.narrow(0, 0, plan.count)?;
        let pictures = match plan.split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        };
        feed::forward(network.context(), pictures, &shown, &images).map_err(at("input"))?;
        Ok((images, self.batch.labels.clone()))
    }
}

fn tap(tap: &crate::dataset::Tap) -> Tap {
    let (before, after) = (tap.before as u32, tap.after as u32);
    Tap { before, after, weight_before: tap.weight_before, weight_after: tap.weight_after }
}
