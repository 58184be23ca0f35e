//! The network's input: made on the host, in memory that goes back and forth between the thread that makes batches and the one that learns
//! from them; or on the device, from pictures that lie there.

use std::cell::RefCell;
use std::sync::Arc;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Tensor};

use super::error::Result;
use super::form::into_form;
use super::network::Network;
use crate::dataset::{BatchPlan, Dataset, Prefetcher};
use crate::spec::ModelSpec;

/// Where batches come from.
pub(super) enum Feeder {
    Host {
        prefetcher: Prefetcher,
        input: Input,
    },
    #[cfg(feature = "cuda")]
    Device(Box<super::device_feed::DeviceFeed>),
}

impl Feeder {
    /// On a device all pictures are put where it finds them, if they leave it most of its memory.
    pub(super) fn new(dataset: &Arc<Dataset>, model: &ModelSpec, network: &Network) -> Result<Feeder> {
        #[cfg(feature = "cuda")]
        if let Some(feed) = super::device_feed::DeviceFeed::new(dataset, model, network)? {
            return Ok(Feeder::Device(Box::new(feed)));
        }
        let _ = (model, network);
        Ok(Feeder::Host { prefetcher: Prefetcher::new(dataset.clone())?, input: Input::default() })
    }

    /// The pictures as a tensor [b, c, h, w] in the network's form, and their labels; on the host the batch of `next` is then made ahead.
    pub(super) fn take(&mut self, plan: &BatchPlan, next: Option<&BatchPlan>, network: &Network) -> Result<(Tensor, Vec<u8>)> {
        match self {
            Feeder::Host { prefetcher, input } => {
                let mut batch = prefetcher.take(plan, next)?;
                let [channels, height, width] = plan.input;
                let labels = batch.labels.clone();
                // The batch before last gives its room back.
                let images = input.exchange((plan.count, channels, height, width), &mut batch.images)?;
                prefetcher.recycle(batch);
                Ok((into_form(images, network)?, labels))
            }
            #[cfg(feature = "cuda")]
            Feeder::Device(feed) => feed.take(plan, network),
        }
    }
}

/// A tensor that takes over each batch's pixels without a copy.
#[derive(Debug, Default)]
pub(super) struct Input {
    held: Option<Tensor>,
}

impl Input {
    /// `pixels` as a tensor of `shape`. What the tensor held before, of as many numbers, is left in their place, else nothing is.
    pub(super) fn exchange(&mut self, shape: (usize, usize, usize, usize), pixels: &mut Vec<f32>) -> candle_core::Result<Tensor> {
        let mine = std::mem::take(pixels);
        if let Some(held) = &self.held
            && held.dims4()? == shape
        {
            let op = Exchange(RefCell::new(mine));
            held.inplace_op1(&op)?;
            *pixels = op.0.into_inner();
            return Ok(held.clone());
        }
        Ok(self.held.insert(Tensor::from_vec(mine, shape, &Device::Cpu)?).clone())
    }
}

struct Exchange(RefCell<Vec<f32>>);

impl InplaceOp1 for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(held), count) = (storage, layout.shape().elem_count()) else {
            candle_core::bail!("exchange: the network's input does not hold f32")
        };
        let mut pixels = self.0.borrow_mut();
        if (held.len(), pixels.len()) != (count, count) {
            candle_core::bail!("exchange: {} pixels came for an input of {count}", pixels.len())
        }
        std::mem::swap(held, &mut *pixels);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_the_same_size_changes_places_with_the_one_before() {
        let mut input = Input::default();
        let (mut first, mut second) = (vec![1.0; 6], vec![2.0; 6]);
        let (first_at, second_at) = (first.as_ptr(), second.as_ptr());
        input.exchange((1, 1, 2, 3), &mut first).unwrap();
        assert!(first.is_empty());
        let tensor = input.exchange((1, 1, 2, 3), &mut second).unwrap();
        assert_eq!((second.as_ptr(), &second[..]), (first_at, &[1.0; 6][..]));
        assert_eq!(tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [2.0; 6]);
        let (storage, _) = tensor.storage_and_layout();
        let candle_core::Storage::Cpu(storage) = &*storage else { panic!("not on the CPU") };
        assert_eq!(storage.as_slice::<f32>().unwrap().as_ptr(), second_at);
    }

    #[test]
    fn a_batch_of_another_size_gets_a_tensor_of_its_own() {
        let mut input = Input::default();
        input.exchange((2, 1, 1, 3), &mut vec![1.0; 6]).unwrap();
        let tensor = input.exchange((1, 1, 1, 3), &mut vec![2.0; 3]).unwrap();
        assert_eq!(tensor.dims(), [1, 1, 1, 3]);
        assert!(input.exchange((1, 1, 1, 3), &mut vec![2.0; 2]).is_err());
    }
}
