//! The kinds of layers a network is made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::knobs::Knob;

/// The function applied to each output of a convolution or hidden dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// x where positive, [`Activation::LEAK`]·x elsewhere
    LeakyRelu,
    /// ln(1 + eˣ)
    Softplus,
}

impl Activation {
    /// Slope of the leaky ReLU for negative inputs.
    pub const LEAK: f64 = 0.01;
    /// In the order of `knobs::ACTIVATIONS`.
    pub const ALL: [Activation; 3] = [Activation::Relu, Activation::LeakyRelu, Activation::Softplus];

    /// Its place among `knobs::ACTIVATIONS`.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activation::Relu => "ReLU",
            Activation::LeakyRelu => "leaky ReLU",
            Activation::Softplus => "softplus",
        })
    }
}

/// How a picture is widened with zeros before a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// TensorFlow's SAME: output = ⌈input / stride⌉, the odd pixel at the bottom and right.
    Same,
    /// As many zeros on each side.
    #[serde(untagged)]
    Each(usize),
}

/// Into how many independent halves a convolution's channels are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Groups {
    /// As many as the model has towers.
    Towers,
    #[serde(untagged)]
    Count(usize),
}

impl Groups {
    /// How many in a model of so many towers.
    pub fn resolve(self, towers: usize) -> usize {
        match self {
            Groups::Towers => towers,
            Groups::Count(n) => n,
        }
    }
}

/// What a layer does. Kernels and windows are square, as in every network of the family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LayerSpec {
    Conv2d {
        out: usize,
        kernel: usize,
        stride: usize,
        pad: Padding,
        groups: Groups,
    },
    Activation {
        function: Activation,
    },
    /// Maximum over windows that may overlap; `ceil`: the last window may reach over the bottom and right border.
    MaxPool2d {
        kernel: usize,
        stride: usize,
        ceil: bool,
    },
    /// b = a / (k + α Σ a²)^β over `n` channels around a's own (Krizhevsky et al. 2012, section 3.3).
    Lrn {
        n: usize,
        k: f64,
        alpha: f64,
        beta: f64,
    },
    Dropout {
        p: f64,
    },
    Flatten,
    Dense {
        out: usize,
    },
}

impl LayerSpec {
    /// The word for it in a model's file and in JSON: `conv2d`.
    pub fn kind(&self) -> &'static str {
        match self {
            LayerSpec::Conv2d { .. } => "conv2d",
            LayerSpec::Activation { .. } => "activation",
            LayerSpec::MaxPool2d { .. } => "max_pool2d",
            LayerSpec::Lrn { .. } => "lrn",
            LayerSpec::Dropout { .. } => "dropout",
            LayerSpec::Flatten => "flatten",
            LayerSpec::Dense { .. } => "dense",
        }
    }

    /// The layer's constants that a person can change while it trains, with the settings that hold them.
    pub fn steerable(&self) -> Vec<(Knob, f64)> {
        match *self {
            LayerSpec::Lrn { n, k, alpha, beta } => {
                vec![(Knob::LrnN, n as f64), (Knob::LrnK, k), (Knob::LrnAlpha, alpha), (Knob::LrnBeta, beta)]
            }
            LayerSpec::Dropout { p } => vec![(Knob::Dropout, p)],
            LayerSpec::Activation { function } => vec![(Knob::Activation, function.index() as f64)],
            LayerSpec::Conv2d { .. } | LayerSpec::MaxPool2d { .. } | LayerSpec::Flatten | LayerSpec::Dense { .. } => Vec::new(),
        }
    }

    /// What it is, in few words; stride and padding stand in the formula of its output.
    pub fn summary(&self, towers: usize) -> String {
        match self {
            LayerSpec::Conv2d { kernel, groups, .. } => match groups.resolve(towers) {
                1 => format!("conv {kernel}×{kernel}"),
                groups => format!("conv {kernel}×{kernel}, {groups} groups"),
            },
            LayerSpec::Activation { function } => function.to_string(),
            LayerSpec::MaxPool2d { kernel, .. } => format!("max pool {kernel}×{kernel}"),
            LayerSpec::Lrn { n, .. } => format!("LRN, {n} channels"),
            LayerSpec::Dropout { p } => format!("dropout {p}"),
            LayerSpec::Flatten => "flatten".into(),
            LayerSpec::Dense { .. } => "dense".into(),
        }
    }
}

/// A named layer. The name is the stem of its parameters' names (`conv1.weight`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    pub name: String,
    pub what: LayerSpec,
    /// Initial value of the biases of a convolution or dense layer.
    pub bias: f64,
}
