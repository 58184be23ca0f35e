//! One layer at work: its geometry and what its backward needs.

use candle_core::{DType, Device, Tensor};

use super::error::{Result, at};
use crate::knobs::Settings;
use crate::ops::{Form, conv2d::Conv2d, dense::Dense, lrn::Lrn, max_pool2d::MaxPool2d};
use crate::spec::{Activation, Layer, LayerSpec, LayerTrace};

/// What a layer does, with the tensors that its backward needs.
pub enum Work {
    /// `weight` is the place of its weight among the parameters; its bias follows.
    Conv2d {
        geometry: Conv2d,
        weight: usize,
    },
    Dense {
        geometry: Dense,
        weight: usize,
    },
    /// `fused`: the layer before applies it in its own pass.
    Activation {
        own: Activation,
        fused: bool,
    },
    /// `argmax` [b, c, oh, ow], U8.
    MaxPool2d {
        geometry: MaxPool2d,
        argmax: Tensor,
    },
    /// `index` counts LRN layers from 1; `denominator` [b, c, h, w].
    Lrn {
        own: Lrn,
        index: u8,
        denominator: Tensor,
    },
    /// `index` counts dropout layers; `mask` [b, units], U8.
    Dropout {
        own: f64,
        index: u64,
        mask: Tensor,
    },
    Flatten,
}

/// A layer of a built network.
pub struct Node {
    pub name: String,
    pub work: Work,
    /// Of one picture: [c, h, w] or [units].
    pub input: Vec<usize>,
    pub output: Vec<usize>,
    /// [b, …output]; absent where the layer passes on or changes in place what it was given.
    pub buffer: Option<Tensor>,
}

/// Where layers get their tensors from.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// Pictures in the largest batch.
    pub capacity: usize,
    pub form: Form,
    pub device: &'a Device,
}

impl Room<'_> {
    /// A tensor for the whole batch, each picture of `shape`.
    fn zeros(&self, shape: &[usize], dtype: DType) -> crate::ops::Result<Tensor> {
        self.form.zeros(&[&[self.capacity], shape].concat(), dtype, self.device)
    }
}

/// Counts of what has been built before a layer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before {
    pub parameters: usize,
    pub lrn: u8,
    pub dropout: u64,
}

impl Node {
    /// Builds the layer for batches of up to `capacity` pictures. `fused`: it is an activation right after a layer with weights.
    pub fn build(layer: &Layer, trace: &LayerTrace, before: Before, fused: bool, room: Room) -> Result<Node> {
        let (input, output) = (trace.input.dims(), trace.output.dims());
        let picture = [input[0], *input.get(1).unwrap_or(&1), *input.get(2).unwrap_or(&1)];
        let name = &layer.name;
        let zeros = |shape: &[usize], dtype| room.zeros(shape, dtype).map_err(at(name));
        let mut buffered = true;
        let work = match layer.what {
            LayerSpec::Conv2d { out, kernel, stride, pad, .. } => {
                let groups = trace.groups as usize;
                let geometry = Conv2d::new(picture, out, kernel, stride, pad, groups).map_err(at(name))?;
                Work::Conv2d { geometry, weight: before.parameters }
            }
            LayerSpec::Dense { out } => {
                Work::Dense { geometry: Dense { inputs: input[0], outputs: out }, weight: before.parameters }
            }
            LayerSpec::Activation { function } => {
                buffered = !fused;
                Work::Activation { own: function, fused }
            }
            LayerSpec::MaxPool2d { kernel, stride, ceil } => {
                let geometry = MaxPool2d::new(picture, kernel, stride, ceil).map_err(at(name))?;
                Work::MaxPool2d { geometry, argmax: zeros(&output, DType::U8)? }
            }
            LayerSpec::Lrn { n, k, alpha, beta } => {
                Work::Lrn { own: Lrn { n, k, alpha, beta }, index: before.lrn + 1, denominator: zeros(&output, DType::F32)? }
            }
            LayerSpec::Dropout { p } => Work::Dropout { own: p, index: before.dropout, mask: zeros(&output, DType::U8)? },
            LayerSpec::Flatten => {
                // Planes follow each other as the dense layer wants them; anything else has to be laid out.
                buffered = room.form.channels_last;
                Work::Flatten
            }
        };
        let buffer = if buffered { Some(zeros(&output, room.form.numbers())?) } else { None };
        Ok(Node { name: name.clone(), work, input, output, buffer })
    }

    /// An activation that the layer before applies in its own pass.
    pub fn is_fused(&self) -> bool {
        matches!(self.work, Work::Activation { fused: true, .. })
    }

    /// An LRN layer that is switched off passes its input on.
    pub fn is_off(&self, settings: &Settings) -> bool {
        matches!(self.work, Work::Lrn { index, .. } if !settings.lrn_is_on(index))
    }

    /// Shape of the weights and number of inputs of one unit, where it has weights.
    pub fn weight_shape(&self) -> Option<(Vec<usize>, usize)> {
        match &self.work {
            Work::Conv2d { geometry, .. } => {
                let shape = geometry.weight_shape();
                Some((shape.to_vec(), shape[1..].iter().product()))
            }
            Work::Dense { geometry, .. } => Some((vec![geometry.outputs, geometry.inputs], geometry.inputs)),
            _ => None,
        }
    }
}
