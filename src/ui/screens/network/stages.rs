//! The network as stages: each layer that shapes its output, with those behind it that do not.

use std::ops::Range;

use super::layers::LayerView;
use crate::spec::{LayerSpec, ModelSpec, Shape};

pub struct Stage<'a> {
    /// `conv1`; `input` for the first.
    pub name: &'a str,
    pub output: Shape,
    /// `55×55×48×2`
    pub towers: Option<&'a str>,
    pub formula: &'a str,
    pub parameters: u64,
    pub multiply_adds: u64,
    /// `ReLU`, `LRN`, `dropout 0.5`, and whether it takes part.
    pub behind: Vec<(String, bool)>,
    /// Places of its layers; empty for the input.
    pub places: Range<usize>,
    /// Share of the step that all its layers take.
    pub share: Option<f64>,
}

impl Stage<'_> {
    /// What the chain of shapes shows: a picture's side, or how many numbers a row has.
    pub fn side(&self) -> String {
        match self.output {
            Shape::Picture { height, width, .. } if height == width => height.to_string(),
            Shape::Picture { height, width, .. } => format!("{height}×{width}"),
            Shape::Flat(n) => n.to_string(),
        }
    }
}

/// The input and all stages after it.
pub fn stages<'a>(model: &'a ModelSpec, layers: &'a [LayerView<'a>]) -> Vec<Stage<'a>> {
    let [channels, height, width] = model.input;
    let mut stages = vec![Stage {
        name: "input",
        output: Shape::Picture { channels, height, width },
        towers: None,
        formula: "",
        parameters: 0,
        multiply_adds: 0,
        behind: Vec::new(),
        places: 0..0,
        share: None,
    }];
    for (place, view) in layers.iter().enumerate() {
        match (&view.layer.what, stages.last_mut()) {
            (
                LayerSpec::Activation { .. } | LayerSpec::Lrn { .. } | LayerSpec::Dropout { .. } | LayerSpec::Flatten,
                Some(stage),
            ) => {
                stage.behind.push((behind(view), !view.off));
                stage.places.end = place + 1;
                stage.share = view.share.map_or(stage.share, |share| Some(stage.share.unwrap_or(0.0) + share));
            }
            _ => stages.push(Stage {
                name: &view.layer.name,
                output: view.trace.output,
                towers: view.trace.towers.as_deref(),
                formula: &view.trace.formula,
                parameters: view.trace.parameters,
                multiply_adds: view.trace.multiply_adds,
                behind: Vec::new(),
                places: place..place + 1,
                share: view.share,
            }),
        }
    }
    stages
}

/// A word for a layer that keeps the shape.
fn behind(view: &LayerView) -> String {
    match view.layer.what {
        LayerSpec::Lrn { .. } if view.off => "LRN off".into(),
        LayerSpec::Lrn { .. } => "LRN".into(),
        LayerSpec::Flatten => format!("flatten {}", view.trace.output),
        _ => view.summary.clone(),
    }
}

/// The stage that a layer belongs to.
pub fn stage_of(stages: &[Stage], place: usize) -> usize {
    stages.iter().position(|stage| stage.places.contains(&place)).unwrap_or(0)
}
