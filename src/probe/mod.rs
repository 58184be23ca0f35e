//! What somebody looks at inside the running network, and what was seen there.
//!
//! A [`Probe`] is an absolute value, like every command; the answer, [`Seen`], holds true values of the network at one step. Only
//! the newest answer counts: it goes by a lane of its own and is never part of the record.

mod spread;

use std::fmt;
use std::path::PathBuf;

pub use spread::Spread;

/// What somebody looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    Layer(LayerProbe),
    /// What the network makes of some pictures.
    Pictures(Vec<Picture>),
}

/// One layer at work on one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerProbe {
    /// Its place among the model's layers.
    pub layer: usize,
    pub picture: Picture,
    /// With dropout, as it fell on the first picture of the newest step's batch; else as in an evaluation.
    pub training: bool,
    /// The output channel or unit whose weights are wanted, where all of them are too many to show.
    pub unit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// By its place in the test set.
    Test(usize),
    /// A PNG or JPEG of any size: its middle square, scaled to the size of the others.
    File(PathBuf),
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Picture::Test(place) => write!(f, "test picture {place}"),
            Picture::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The answer to a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub probe: Probe,
    /// Steps taken by the network that was looked at.
    pub step: u64,
    /// What looking has cost since it began, in milliseconds: this look, and on the average of the steps taken meanwhile.
    pub took: f64,
    pub per_step: f64,
    /// What was seen, or why nothing could be.
    pub sight: Result<Sight, String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    Layer(Box<LayerSight>),
    Pictures(Vec<PictureSight>),
}

/// A picture as people see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureSight {
    pub name: String,
    /// 3 square planes of bytes: red, green, blue.
    pub pixels: Vec<u8>,
    /// Its class, where that is known.
    pub label: Option<u8>,
    /// Of each class; empty where the picture was not followed to the end.
    pub probabilities: Vec<f32>,
}

/// A layer at work on one picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSight {
    pub picture: PictureSight,
    /// What the layer was given, and what it made of it.
    pub input: Maps,
    pub output: Maps,
    /// Which units spoke, 1, or were silent, 0; only of dropout at work.
    pub mask: Option<Vec<u8>>,
    /// The constants of an LRN layer at work; none where it is off.
    pub lrn: Option<Lrn>,
    pub weights: Option<Weights>,
}

/// b = a / (k + α Σ a²)^β over n maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lrn {
    pub n: usize,
    pub k: f64,
    pub alpha: f64,
    pub beta: f64,
}

/// Feature maps [channels, height, width], or units [n].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Maps {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

impl Maps {
    /// Channels, height and width; units are channels of one value.
    pub fn dims(&self) -> [usize; 3] {
        let side = |axis: usize| self.shape.get(axis).copied().unwrap_or(1);
        [side(0), side(1), side(2)]
    }

    /// One channel, row by row.
    pub fn channel(&self, channel: usize) -> &[f32] {
        let [_, height, width] = self.dims();
        let plane = height * width;
        self.values.get(channel * plane..(channel + 1) * plane).unwrap_or(&[])
    }
}

/// Weights of a layer: of all output channels where they are few, else of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// [output channels shown, input channels of each, height, width], or [1, inputs].
    pub shape: Vec<usize>,
    /// The first output channel shown, and how many the layer has.
    pub first: usize,
    pub of: usize,
    pub values: Vec<f32>,
    /// Of the newest backward pass; zeros before the first.
    pub gradient: Vec<f32>,
    /// What the newest step added; zeros before the first.
    pub change: Vec<f32>,
    /// The layer sees the picture itself, and sees its blue first, then green, then red.
    pub blue_first: bool,
    /// Over the whole layer.
    pub spread: Spread,
    pub gradient_spread: Spread,
}
