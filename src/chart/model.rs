//! What a chart consists of.

use std::borrow::Cow;

use super::axis::Axis;
use crate::knobs::number;

/// What is drawn over the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Mean cross-entropy, in nats.
    Loss,
    /// Share of pictures that were right, 0 to 1.
    Accuracy,
    LearningRate,
}

impl Metric {
    pub fn title(self) -> &'static str {
        match self {
            Metric::Loss => "Loss",
            Metric::Accuracy => "Accuracy",
            Metric::LearningRate => "Learning rate",
        }
    }

    /// A value as it is read out: `1.842`, `61.2 %`, `0.005`.
    pub fn format(self, value: f64) -> String {
        match self {
            Metric::Accuracy => format!("{:.1} %", value * 100.0),
            Metric::Loss if value == 0.0 || (1e-3..1e4).contains(&value.abs()) => format!("{value:.3}"),
            Metric::Loss => format!("{value:.2e}"),
            Metric::LearningRate => number(four_digits(value)),
        }
    }
}

/// Without the last digits, which are noise: curves are kept in f32, and ticks are multiples of fractions.
pub(super) fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChartModel {
    pub metric: Metric,
    pub title: String,
    /// Positions on it are steps, whatever its labels say.
    pub x: Axis,
    pub y: Axis,
    /// In the order in which they are drawn.
    pub curves: Vec<Curve>,
    /// By step.
    pub markers: Vec<Marker>,
    pub guides: Vec<Guide>,
    pub cursor: Option<Cursor>,
    /// The largest value in view that lies beyond the axis.
    pub beyond: Option<f64>,
    /// How it is drawn, in words: `log`, `smooth 30`.
    pub notes: Vec<String>,
}

impl ChartModel {
    /// Whether there is nothing to see yet.
    pub fn is_empty(&self) -> bool {
        self.curves.iter().all(|curve| match &curve.shape {
            Shape::Band(bands) => bands.iter().all(Option::is_none),
            Shape::Line(points) => points.iter().all(Option::is_none),
            Shape::Points(points) => points.is_empty(),
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// For the legend; a curve without one is not listed.
    pub name: Cow<'static, str>,
    pub role: Role,
    pub shape: Shape,
    /// The newest value, for the legend.
    pub latest: Option<f64>,
}

/// What a curve stands for; a theme gives it a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Every single training step, behind the smoothed line.
    TrainRaw,
    /// What was before the run went back.
    Left,
    Train,
    Test,
    LearningRate,
    /// Another run, by its place among those beside this one.
    Beside(u8),
    /// One of several networks that are compared, and how far its seeds lie apart.
    Contender(u8),
    Spread(u8),
}

impl Role {
    /// Runs beside another that have a colour of their own; more share them.
    pub const BESIDE: usize = 4;
    /// The same for what is compared.
    pub const CONTENDERS: usize = 6;
}

/// Positions are (step, value).
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// From the lowest to the highest value of each column; `None` where a column has no step.
    Band(Vec<Option<Band>>),
    /// Points joined by straight lines; `None` breaks the line.
    Line(Vec<Option<(f64, f64)>>),
    /// Points that each matter, joined by a thin line.
    Points(Vec<(f64, f64)>),
}

impl Shape {
    /// All heights that it reaches.
    pub fn values(&self) -> Vec<f64> {
        match self {
            Shape::Band(bands) => bands.iter().flatten().flat_map(|band| [band.min, band.max]).collect(),
            Shape::Line(points) => points.iter().flatten().map(|(_, value)| *value).collect(),
            Shape::Points(points) => points.iter().map(|(_, value)| *value).collect(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub step: f64,
    pub min: f64,
    pub max: f64,
}

/// Something that happened at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    pub step: u64,
    pub kind: MarkerKind,
    /// `lr 0.01→0.005`, `lrn off`, `epoch 2`.
    pub label: String,
    /// Height of those that sit on a curve.
    pub value: Option<f64>,
}

/// In the order in which they give way where there is no room for every label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkerKind {
    Diverged,
    Change,
    Best,
    Evaluation,
    EpochEnd,
    Saved,
}

/// A level worth comparing with, such as what guessing would give.
#[derive(Clone, Debug, PartialEq)]
pub struct Guide {
    pub value: f64,
    pub label: String,
}

/// The exact values at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    pub step: u64,
    /// Name and value, in the order to show them: `step 1,234`, `train 1.842`, `test 1.790`.
    pub readings: Vec<(&'static str, String)>,
}
