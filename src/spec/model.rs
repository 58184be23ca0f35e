//! A whole network and how it wants to be fed and started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Layer;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// `alexnet`
    pub name: String,
    /// One line for lists.
    pub title: String,
    /// Where it comes from and what is particular about it.
    pub about: String,
    /// Channels × height × width.
    pub input: [usize; 3],
    pub classes: usize,
    /// What [`super::Groups::Towers`] stands for.
    pub towers: usize,
    pub pixels: Pixels,
    pub init: WeightInit,
    /// Settings that this network wants unlike the table's defaults: knob name to value, as a person writes both.
    pub training: BTreeMap<String, String>,
    pub layers: Vec<Layer>,
}

/// How bytes become the network's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    pub order: PixelOrder,
    pub scale: PixelScale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelOrder {
    Rgb,
    Bgr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PixelScale {
    /// Minus the training set's mean, over its deviation, each channel by itself.
    Standardize,
    /// Divided by 255.
    Unit,
}

/// How initial weights are drawn; biases stand in each [`Layer`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case")]
pub enum WeightInit {
    /// N(0, 2 / fan-in): He et al. 2015, section 2.2.
    He,
    Normal {
        deviation: f64,
    },
    /// A normal distribution drawn again beyond two deviations, as TensorFlow's truncated_normal.
    TruncatedNormal {
        deviation: f64,
    },
}

impl ModelSpec {
    /// How many LRN layers there are: they are counted from 1 in `lrn.1`, `lrn.2`, ….
    pub fn lrn_layers(&self) -> u8 {
        self.layers.iter().filter(|layer| matches!(layer.what, super::LayerSpec::Lrn { .. })).count().min(255) as u8
    }
}
