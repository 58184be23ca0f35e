//! What one answer shows, worked out once for all the frames that show it: frames take a processor from the training.

use super::subject::{Shown, Subject};
use crate::probe::{LayerSight, Spread};
use crate::spec::ModelSpec;

/// What the histogram of the layer's output is called.
pub const OUTPUT: &str = "output";

/// What it was worked out from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// How many answers had come.
    pub answers: u64,
    /// The layer's place.
    pub place: usize,
    pub subject: Subject,
    pub enlarged: bool,
}

#[derive(Debug)]
pub struct Prepared {
    pub key: Key,
    pub shown: Shown,
    /// Of an enlarged map: what stands side by side.
    pub parts: Vec<Shown>,
    /// Histograms, each with its name.
    pub spreads: Vec<(&'static str, Spread)>,
    /// Share of the outputs that are exactly zero.
    pub silent: f64,
}

impl Prepared {
    /// `None` where the network has no such layer.
    pub fn of(key: Key, model: &ModelSpec, sight: &LayerSight) -> Option<Prepared> {
        model.layers.get(key.place)?;
        let shown = Shown::of(model, key.place, key.subject, sight);
        let values = &sight.output.values;
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        Some(Prepared {
            key,
            parts: if key.enlarged { parts(model, key.place, &shown, sight) } else { Vec::new() },
            spreads: spreads(&shown, sight),
            silent: zeros as f64 / values.len().max(1) as f64,
            shown,
        })
    }

    pub fn place(&self) -> usize {
        self.key.place
    }
}

/// Where the layer works map by map: before it, after it, and the difference.
fn parts(model: &ModelSpec, place: usize, shown: &Shown, sight: &LayerSight) -> Vec<Shown> {
    let of = |subject| Shown::of(model, place, subject, sight);
    let whole = matches!(shown.subject, Subject::Output | Subject::Input | Subject::Difference);
    let difference = of(Subject::Difference);
    if whole && difference.subject == Subject::Difference {
        vec![of(Subject::Input), of(Subject::Output), difference]
    } else {
        vec![of(shown.subject)]
    }
}

fn spreads(shown: &Shown, sight: &LayerSight) -> Vec<(&'static str, Spread)> {
    let mut spreads = vec![(OUTPUT, Spread::over(sight.output.values.iter().copied()))];
    if let Some(weights) = &sight.weights {
        spreads.push(("weights", weights.spread.clone()));
        spreads.push(("gradient", weights.gradient_spread.clone()));
    }
    // What is shown comes first.
    if shown.subject.is_of_weights() {
        spreads.rotate_left(1);
    }
    spreads
}
