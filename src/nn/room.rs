//! What a batch needs of a device's memory, for people who ask for more than there is.

use super::error::{Error, Result};
use super::network::Network;
use crate::spec::{LayerSpec, ModelSpec};

impl Network {
    /// The error of a device whose memory was used up, in words that help; any other stays what it is. The room for batches was given up
    /// before, so that it counts as free.
    pub(super) fn no_room(&self, error: Error, model: &ModelSpec, batch: usize) -> Error {
        match (error.is_out_of_memory(), self.asked(model, batch)) {
            (true, Ok(asked)) => {
                self.context().trim();
                Error::NoRoom { batch, asked, free: self.context().free_memory() }
            }
            _ => error,
        }
    }

    /// Bytes of the tensors between layers for a batch, without what cuDNN works in.
    fn asked(&self, model: &ModelSpec, batch: usize) -> Result<u64> {
        let number = self.form().numbers().size_in_bytes();
        let (mut of_picture, mut largest) = (model.input.iter().product::<usize>() * number, 0);
        for (layer, trace) in model.layers.iter().zip(&model.trace()?.layers) {
            let elements: usize = trace.output.dims().iter().product();
            largest = largest.max(elements);
            of_picture += elements
                * match layer.what {
                    // An activation works where its input is, for the most part.
                    LayerSpec::Activation { .. } => 0,
                    LayerSpec::MaxPool2d { .. } | LayerSpec::Dropout { .. } => number + 1,
                    LayerSpec::Lrn { .. } => number + size_of::<f32>(),
                    _ => number,
                };
        }
        Ok((batch * (of_picture + 2 * largest * number)) as u64)
    }
}
