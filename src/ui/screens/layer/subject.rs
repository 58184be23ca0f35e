//! What can be shown of a layer, as tiles.

use std::sync::Arc;

use super::LayerScreen;
use crate::mosaic::Tiles;
use crate::probe::{LayerSight, Maps};
use crate::spec::{LayerSpec, ModelSpec, Shape};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subject {
    #[default]
    Output,
    Input,
    /// What the layer changed: its output minus its input.
    Difference,
    /// Which units dropout silenced.
    Mask,
    Weights,
    Gradient,
    /// What the newest step added to the weights.
    Change,
}

impl Subject {
    pub fn is_of_weights(self) -> bool {
        matches!(self, Subject::Weights | Subject::Gradient | Subject::Change)
    }

    /// For the name of a file.
    pub fn stem(self) -> &'static str {
        match self {
            Subject::Output => "output",
            Subject::Input => "input",
            Subject::Difference => "difference",
            Subject::Mask => "mask",
            Subject::Weights => "kernels",
            Subject::Gradient => "gradient",
            Subject::Change => "change",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Subject::Output => "output",
            Subject::Input => "input",
            Subject::Difference => "output − input",
            Subject::Mask => "units that speak",
            Subject::Weights => "weights",
            Subject::Gradient => "gradient of the weights",
            Subject::Change => "last change of the weights",
        }
    }
}

/// The subjects that a layer has.
pub fn there(model: &ModelSpec, place: usize, sight: &LayerSight) -> Vec<Subject> {
    let mut there = vec![Subject::Output, Subject::Input];
    if difference(model, place, sight).is_some() {
        there.push(Subject::Difference);
    }
    if sight.mask.is_some() {
        there.push(Subject::Mask);
    }
    if sight.weights.is_some() {
        there.extend([Subject::Weights, Subject::Gradient, Subject::Change]);
    }
    there
}

/// A subject as tiles.
#[derive(Debug)]
pub struct Shown {
    pub subject: Subject,
    /// Shared with whoever paints them elsewhere.
    pub tiles: Arc<Tiles>,
    /// How many towers the tiles are of.
    pub towers: usize,
    /// What the tiles are, `96 maps 55×55`.
    what: String,
}

impl Shown {
    /// The subject asked for, or the output where the layer has no such thing.
    pub fn of(model: &ModelSpec, place: usize, asked: Subject, sight: &LayerSight) -> Shown {
        let subject = if there(model, place, sight).contains(&asked) { asked } else { Subject::Output };
        let weights = |values: fn(&crate::probe::Weights) -> &Vec<f32>| {
            sight
                .weights
                .as_ref()
                .map_or_else(Tiles::default, |weights| Tiles::of_weights(weights, values(weights), before_flatten(model, place)))
        };
        let tiles = match subject {
            Subject::Output => Tiles::of_maps(&sight.output),
            Subject::Input => Tiles::of_maps(&sight.input),
            Subject::Difference => difference(model, place, sight).unwrap_or_default(),
            Subject::Mask => {
                let spoke = sight.mask.iter().flatten().map(|spoke| f32::from(*spoke)).collect();
                Tiles::of_values(&sight.output.shape, spoke)
            }
            Subject::Weights => weights(|weights| &weights.values),
            Subject::Gradient => weights(|weights| &weights.gradient),
            Subject::Change => weights(|weights| &weights.change),
        };
        let what = what(subject, &tiles, sight);
        let towers = match subject {
            Subject::Output | Subject::Difference => towers(model, place),
            Subject::Input if place > 0 => towers(model, place - 1),
            _ => 1,
        };
        Shown { subject, tiles: Arc::new(tiles), towers, what }
    }

    /// How many units there are, where the weights of only one are shown.
    pub fn units(&self, sight: &LayerSight) -> Option<usize> {
        sight.weights.as_ref().filter(|weights| weights.shape[0] < weights.of).map(|weights| weights.of)
    }

    pub fn title(&self) -> String {
        format!("{}: {}", self.subject.words(), self.what)
    }

    /// The place in the selected tile that the numbers are about: the chosen one, or that of the greatest value.
    pub fn cursor(&self, screen: &LayerScreen) -> (usize, usize) {
        let (width, height) = (self.tiles.width.max(1), self.tiles.height.max(1));
        let real = self.tiles.real.min(width * height);
        match screen.cursor {
            Some((row, column)) => {
                let at = (row.min(height - 1) * width + column.min(width - 1)).min(real.saturating_sub(1));
                (at / width, at % width)
            }
            None => {
                let tile = self.tiles.tile(screen.selected.min(self.tiles.count().saturating_sub(1)));
                let greatest = tile.iter().take(real).enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                greatest.map_or((0, 0), |(at, _)| (at / width, at % width))
            }
        }
    }
}

fn what(subject: Subject, tiles: &Tiles, sight: &LayerSight) -> String {
    let size = format!("{}×{}", tiles.height, tiles.width);
    match (&sight.weights, subject.is_of_weights()) {
        (Some(weights), true) if weights.shape[0] == weights.of => format!("{} kernels {size}", weights.of),
        (Some(weights), true) => format!("unit {} of {}: {} inputs {size}", weights.first, weights.of, tiles.count()),
        _ if tiles.count() == 1 => format!("{} units", sight.output.values.len()),
        _ => format!("{} maps {size}", tiles.count()),
    }
}

/// Into how many towers the layer's output is divided: those of the convolution that made it.
fn towers(model: &ModelSpec, place: usize) -> usize {
    let made = model.layers[..=place].iter().rev().find_map(|layer| match &layer.what {
        LayerSpec::Conv2d { .. } => Some(model.towers.max(1)),
        LayerSpec::Dense { .. } | LayerSpec::Flatten => Some(1),
        _ => None,
    });
    made.unwrap_or(1)
}

/// The shape of the picture whose flattened values a dense layer takes.
fn before_flatten(model: &ModelSpec, place: usize) -> Option<[usize; 3]> {
    let trace = model.trace().ok()?;
    let flatten = trace.layers[..place].iter().rev().find(|layer| matches!(layer.output, Shape::Flat(_)))?;
    match (flatten.kind, flatten.input, model.layers[..place].iter().any(|layer| matches!(layer.what, LayerSpec::Dense { .. }))) {
        ("flatten", Shape::Picture { channels, height, width }, false) => Some([channels, height, width]),
        _ => None,
    }
}

/// Output minus input where the layer works on each channel: at the input's places, for a pool with the maximum of the first
/// window that holds a place.
fn difference(model: &ModelSpec, place: usize, sight: &LayerSight) -> Option<Tiles> {
    let (input, output) = (&sight.input, &sight.output);
    match model.layers[place].what {
        LayerSpec::Activation { .. } | LayerSpec::Lrn { .. } | LayerSpec::Dropout { .. } => {
            let values = output.values.iter().zip(&input.values).map(|(output, input)| output - input).collect();
            Some(Tiles::of_values(&output.shape, values))
        }
        LayerSpec::MaxPool2d { stride, .. } => {
            let [channels, height, width] = input.dims();
            let mut values = Vec::with_capacity(input.values.len());
            for channel in 0..channels {
                let (small, large) = (output.channel(channel), input.channel(channel));
                let [_, rows, columns] = output.dims();
                let pooled =
                    |at: usize| small[(at / width / stride).min(rows - 1) * columns + (at % width / stride).min(columns - 1)];
                values.extend((0..height * width).map(|at| pooled(at) - large[at]));
            }
            Some(Tiles::of_values(&input.shape, values))
        }
        LayerSpec::Conv2d { .. } | LayerSpec::Dense { .. } | LayerSpec::Flatten => None,
    }
}

/// The value of a map at a place of another map of the same channel, where their sizes differ.
pub fn at_same_place(maps: &Maps, channel: usize, (row, column): (usize, usize), (height, width): (usize, usize)) -> Option<f32> {
    let [_, rows, columns] = maps.dims();
    let (row, column) = (row * rows / height.max(1), column * columns / width.max(1));
    maps.channel(channel).get(row * columns + column).copied()
}
