//! Looks into the network that learns, with its own weights and a batch of its own.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::error::{Error, Result, at};
use super::form::{form_of, into_form};
use super::network::{Mode, Network};
use super::node::{Node, Work};
use crate::dataset::{Dataset, as_input, read_picture};
use crate::engine::{LearnerError, Standing, Viewer};
use crate::knobs::{Knob, Settings};
use crate::ops::lrn::Lrn;
use crate::ops::reorder;
use crate::probe::{self, LayerProbe, LayerSight, Maps, Picture, PictureSight, Probe, Sight, Spread, Weights};
use crate::spec::{LayerSpec, ModelSpec, PixelOrder};

/// A layer with no more weights than this is shown with all of them.
const FEW_WEIGHTS: usize = 100_000;
/// Pictures that go through the network at a time: more would need more memory, fewer would read the weights more often.
const TOGETHER: usize = 8;
/// A spread over more weights than this is taken from so many of them, evenly.
const SAMPLED: usize = 65_536;

/// Eyes for a network.
pub struct NetworkViewer {
    model: ModelSpec,
    network: Network,
    dataset: Arc<Dataset>,
    /// The file looked at last, so that it is decoded once.
    decoded: Option<(PathBuf, Vec<u8>)>,
}

impl NetworkViewer {
    pub fn new(network: &Network, model: ModelSpec, dataset: Arc<Dataset>) -> Result<NetworkViewer> {
        Ok(NetworkViewer { model, network: network.twin()?, dataset, decoded: None })
    }

    /// Computes in the form of the network that learns. Values are shared with it, their BF16 copies no longer where it made them anew.
    fn follow(&mut self, settings: &Settings) -> Result<()> {
        self.network.take_form(form_of(self.network.device(), settings))?;
        self.network.renew_copies()
    }

    /// The picture as bytes, with its class where that is known.
    fn open(&mut self, picture: &Picture) -> Result<PictureSight> {
        let name = picture.to_string();
        match picture {
            Picture::Test(place) => {
                let test = &self.dataset.test;
                if *place >= test.len() {
                    return Err(Error::NoPicture { place: *place, there: test.len() });
                }
                let (pixels, label) = (test.pixels(*place).to_vec(), Some(test.label(*place)));
                Ok(PictureSight { name, pixels, label, probabilities: Vec::new() })
            }
            Picture::File(path) => {
                let side = self.dataset.test.side();
                let known = self.decoded.take().filter(|(known, _)| known == path);
                let (_, pixels) = match known {
                    Some(known) => self.decoded.insert(known),
                    None => self.decoded.insert((path.clone(), read_picture(path, side)?)),
                };
                Ok(PictureSight { name, pixels: pixels.clone(), label: None, probabilities: Vec::new() })
            }
        }
    }

    /// The network's input [b, c, h, w] for some pictures.
    fn images(&self, pictures: &[PictureSight]) -> Result<Tensor> {
        let [channels, height, width] = self.model.input;
        let image = |picture: &PictureSight| as_input(&self.dataset, &picture.pixels, self.model.input, self.model.pixels);
        let values: Vec<f32> = pictures.iter().flat_map(image).collect();
        let images = Tensor::from_vec(values, (pictures.len(), channels, height, width), &Device::Cpu)?;
        into_form(images, &self.network)
    }

    /// Runs `images` through the layers up to and with `last`; `None`: through all. Their inputs and outputs are the network's then.
    pub(super) fn run(&mut self, images: &Tensor, last: Option<usize>, settings: &Settings, mode: Mode) -> Result<&Network> {
        let room = images.dim(0)?.max(self.network.capacity());
        self.network.resize(&self.model, room)?;
        // The layer after the last one is where it breaks off.
        let mut on = |_: &str, place: usize| match last {
            Some(last) if place > last => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let _ = self.network.forward(images, settings, mode, &mut on)?;
        Ok(&self.network)
    }

    fn layer(&mut self, probe: &LayerProbe, standing: &Standing) -> Result<LayerSight> {
        let layers = self.model.layers.len();
        if probe.layer >= layers {
            return Err(Error::NoLayer { place: probe.layer, layers });
        }
        let picture = self.open(&probe.picture)?;
        let images = self.images(std::slice::from_ref(&picture))?;
        let seed = standing.settings.get(Knob::Seed) as u64;
        let mode = if probe.training { Mode::Training { seed, step: standing.step.max(1) } } else { Mode::Testing };
        let network = self.run(&images, Some(probe.layer), &standing.settings, mode)?;
        let mask = match &network.nodes()[probe.layer].work {
            Work::Dropout { mask, .. } if probe.training => Some(mask.narrow(0, 0, 1)?.flatten_all()?.to_vec1()?),
            _ => None,
        };
        let lrn = match &network.nodes()[probe.layer] {
            node if node.is_off(&standing.settings) => None,
            Node { work: Work::Lrn { own, .. }, .. } => {
                let Lrn { n, k, alpha, beta } = network.constants(own, &standing.settings);
                Some(probe::Lrn { n, k, alpha, beta })
            }
            _ => None,
        };
        Ok(LayerSight {
            picture,
            input: maps(network, network.input(probe.layer))?,
            output: maps(network, network.output(probe.layer))?,
            mask,
            lrn,
            weights: self.weights(probe, standing)?,
        })
    }

    /// The layer's weights, where it has any.
    fn weights(&self, probe: &LayerProbe, standing: &Standing) -> Result<Option<Weights>> {
        let name = format!("{}.weight", self.model.layers[probe.layer].name);
        let Some(parameter) = self.network.parameters().iter().find(|parameter| parameter.name == name) else { return Ok(None) };
        let dims = parameter.value.dims();
        let few = parameter.value.elem_count() <= FEW_WEIGHTS;
        let (first, count) = if few { (0, dims[0]) } else { (probe.unit.min(dims[0] - 1), 1) };
        let part = |tensor: &Tensor| read(&self.network, &tensor.narrow(0, first, count)?);
        let values = part(&parameter.value)?;
        // Where no step led here, what lies in the gradient is of other weights.
        let (gradient, change, gradient_spread) = match &standing.taken {
            Some((rate, settings)) => {
                let gradient = part(&parameter.gradient)?;
                let change = last_change(&values, &gradient, &part(&parameter.velocity)?, *rate, settings);
                (gradient, change, spread(&self.network, &parameter.gradient)?)
            }
            None => (vec![0.0; values.len()], vec![0.0; values.len()], Spread::default()),
        };
        Ok(Some(Weights {
            shape: [&[count], &dims[1..]].concat(),
            first,
            of: dims[0],
            values,
            gradient,
            change,
            blue_first: self.model.pixels.order == PixelOrder::Bgr && self.sees_picture(probe.layer),
            spread: spread(&self.network, &parameter.value)?,
            gradient_spread,
        }))
    }

    /// Whether no layer before this one mixes the picture's channels.
    fn sees_picture(&self, place: usize) -> bool {
        !self.model.layers[..place].iter().any(|layer| matches!(layer.what, LayerSpec::Conv2d { .. } | LayerSpec::Dense { .. }))
    }

    /// What the network makes of each picture.
    fn pictures(&mut self, wanted: &[Picture], settings: &Settings) -> Result<Vec<PictureSight>> {
        let mut pictures = wanted.iter().map(|picture| self.open(picture)).collect::<Result<Vec<_>>>()?;
        for some in pictures.chunks_mut(TOGETHER) {
            let images = self.images(some)?;
            let probabilities = self.run(&images, None, settings, Mode::Testing)?.probabilities()?;
            for (picture, probabilities) in some.iter_mut().zip(probabilities) {
                picture.probabilities = probabilities;
            }
        }
        Ok(pictures)
    }
}

/// A part of a tensor on the host: nothing but the part is fetched from a device.
fn read(network: &Network, part: &Tensor) -> Result<Vec<f32>> {
    reorder::read(network.context(), part).map_err(at("viewer"))
}

/// The first picture's row.
fn maps(network: &Network, tensor: Option<&Tensor>) -> Result<Maps> {
    let Some(tensor) = tensor else { return Ok(Maps::default()) };
    let values = read(network, &tensor.narrow(0, 0, 1)?)?;
    Ok(Maps { shape: tensor.dims()[1..].to_vec(), values })
}

/// What the newest update added to weights that are `w` now: the optimizer's formula, solved for the change.
fn last_change(w: &[f32], gradient: &[f32], velocity: &[f32], rate: f64, settings: &Settings) -> Vec<f32> {
    let (decay, momentum) = (settings.get(Knob::WeightDecay), settings.get(Knob::Momentum));
    let nesterov = settings.is_on(Knob::Nesterov);
    let change = |((w, gradient), velocity): ((&f32, &f32), &f32)| {
        let (w, gradient, velocity) = (f64::from(*w), f64::from(*gradient), f64::from(*velocity));
        let change = match nesterov {
            // change = −rate · (gradient + decay · (w − change) + momentum · velocity)
            true => -rate * (gradient + decay * w + momentum * velocity) / (1.0 - rate * decay),
            false => -rate * velocity,
        };
        change as f32
    };
    w.iter().zip(gradient).zip(velocity).map(change).collect()
}

/// Over evenly chosen values of a large tensor, over all of a small one.
fn spread(network: &Network, tensor: &Tensor) -> Result<Spread> {
    let count = tensor.elem_count();
    let stride = count.div_ceil(SAMPLED).max(1);
    let flat = tensor.flatten_all()?;
    let sampled: Vec<f32> = match stride {
        1 => read(network, &flat)?,
        // A run of neighbours from each of many places: one value a place would touch every page.
        _ => {
            let (pieces, length) = (SAMPLED / 256, 256);
            let from = |piece: usize| piece * (count - length) / (pieces - 1);
            let piece = |piece: usize| read(network, &flat.narrow(0, from(piece), length)?);
            (0..pieces).map(piece).collect::<Result<Vec<_>>>()?.concat()
        }
    };
    Ok(Spread::over(sampled.into_iter()))
}

impl Viewer for NetworkViewer {
    fn look(&mut self, probe: &Probe, standing: &Standing) -> std::result::Result<Sight, LearnerError> {
        let sight = self.follow(&standing.settings).and_then(|()| match probe {
            Probe::Layer(probe) => self.layer(probe, standing).map(|sight| Sight::Layer(Box::new(sight))),
            Probe::Pictures(pictures) => self.pictures(pictures, &standing.settings).map(Sight::Pictures),
        });
        sight.map_err(|error| LearnerError(error.to_string()))
    }

    fn rest(&mut self) {
        self.network.clear();
        self.decoded = None;
    }
}
