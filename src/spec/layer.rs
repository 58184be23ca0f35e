//! The kinds of layers a network is made of.

use serde::{Deserialize, Serialize};

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

/// A named layer. The name is the stem of its parameters' names (`conv1.weight`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    pub name: String,
    pub what: LayerSpec,
    /// Initial value of the biases of a convolution or dense layer.
    pub bias: f64,
}
