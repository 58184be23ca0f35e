//! A network changed by hand, one number at a time. What comes of it may be no network: [`ModelSpec::trace`] says so.

use super::{Activation, Groups, LayerSpec, ModelSpec, Padding};
use crate::knobs::number;
use crate::spec::Layer;

/// Steps of a convolution's or dense layer's outputs, from 16 on.
const OUTPUTS: usize = 16;

/// One of a kind, as it is put in first.
fn kinds() -> [LayerSpec; 7] {
    [
        LayerSpec::Conv2d { out: 64, kernel: 3, stride: 1, pad: Padding::Each(1), groups: Groups::Count(1) },
        LayerSpec::Activation { function: Activation::Relu },
        LayerSpec::MaxPool2d { kernel: 2, stride: 2, ceil: false },
        LayerSpec::Lrn { n: 5, k: 2.0, alpha: 1e-4, beta: 0.75 },
        LayerSpec::Dropout { p: 0.5 },
        LayerSpec::Flatten,
        LayerSpec::Dense { out: 128 },
    ]
}

impl LayerSpec {
    /// What can be changed of the layer: names and values.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            LayerSpec::Conv2d { out, kernel, stride, pad, groups } => vec![
                ("out", out.to_string()),
                ("kernel", kernel.to_string()),
                ("stride", stride.to_string()),
                ("pad", if let Padding::Each(pad) = pad { pad.to_string() } else { "same".into() }),
                ("groups", if let Groups::Count(groups) = groups { groups.to_string() } else { "towers".into() }),
            ],
            LayerSpec::Activation { function } => vec![("function", function.to_string())],
            LayerSpec::MaxPool2d { kernel, stride, ceil } => vec![
                ("kernel", kernel.to_string()),
                ("stride", stride.to_string()),
                ("border", if *ceil { "clipped" } else { "whole windows" }.into()),
            ],
            LayerSpec::Lrn { n, k, alpha, beta } => {
                vec![("n", n.to_string()), ("k", number(*k)), ("alpha", number(*alpha)), ("beta", number(*beta))]
            }
            LayerSpec::Dropout { p } => vec![("p", number(*p))],
            LayerSpec::Flatten => Vec::new(),
            LayerSpec::Dense { out } => vec![("out", out.to_string())],
        }
    }

    /// One notch up or down in a field; at the end of its range it stays.
    fn notch(&mut self, field: usize, up: bool) {
        match self {
            LayerSpec::Conv2d { out, kernel, stride, pad, groups } => match field {
                0 => *out = outputs(*out, up),
                1 => *kernel = count(*kernel, up),
                2 => *stride = count(*stride, up),
                3 => *pad = padding(*pad, up),
                _ => *groups = divided(*groups, up),
            },
            LayerSpec::Activation { function } => {
                let (here, all) = (function.index(), Activation::ALL.len());
                *function = Activation::ALL[(here + if up { 1 } else { all - 1 }) % all];
            }
            LayerSpec::MaxPool2d { kernel, stride, ceil } => match field {
                0 => *kernel = count(*kernel, up),
                1 => *stride = count(*stride, up),
                _ => *ceil = !*ceil,
            },
            LayerSpec::Lrn { n, k, alpha, beta } => match field {
                // A window has a middle.
                0 => *n = if up { *n + 2 } else { n.saturating_sub(2).max(1) },
                1 => *k = stepped(*k, 0.5, up).max(0.5),
                2 => *alpha = if up { *alpha * 2.0 } else { *alpha / 2.0 },
                _ => *beta = stepped(*beta, 0.25, up).max(0.25),
            },
            LayerSpec::Dropout { p } => *p = stepped(*p, 0.1, up).clamp(0.0, 0.9),
            LayerSpec::Flatten => {}
            LayerSpec::Dense { out } => *out = outputs(*out, up),
        }
    }

    /// The stem of a name: `conv`.
    fn stem(&self) -> &'static str {
        match self {
            LayerSpec::Conv2d { .. } => "conv",
            LayerSpec::Activation { .. } => "act",
            LayerSpec::MaxPool2d { .. } => "pool",
            LayerSpec::Lrn { .. } => "lrn",
            LayerSpec::Dropout { .. } => "dropout",
            LayerSpec::Flatten => "flatten",
            LayerSpec::Dense { .. } => "fc",
        }
    }
}

fn count(value: usize, up: bool) -> usize {
    if up { value + 1 } else { value.saturating_sub(1).max(1) }
}

/// One by one where there are few, else to the next multiple of sixteen.
fn outputs(value: usize, up: bool) -> usize {
    match (value, up) {
        (..OUTPUTS, _) | (OUTPUTS, false) => count(value, up),
        (_, true) => (value / OUTPUTS + 1) * OUTPUTS,
        (_, false) => (value - 1) / OUTPUTS * OUTPUTS,
    }
}

/// In tenths, halves or quarters, without the crumbs of adding them up.
fn stepped(value: f64, step: f64, up: bool) -> f64 {
    let steps = (value / step).round() + if up { 1.0 } else { -1.0 };
    (steps * step * 1e6).round() / 1e6
}

/// SAME lies below 0.
fn padding(pad: Padding, up: bool) -> Padding {
    match (pad, up) {
        (Padding::Same, true) => Padding::Each(0),
        (Padding::Same, false) | (Padding::Each(0), false) => Padding::Same,
        (Padding::Each(pad), true) => Padding::Each(pad + 1),
        (Padding::Each(pad), false) => Padding::Each(pad - 1),
    }
}

/// As many as there are towers lies below 1; then by doubling.
fn divided(groups: Groups, up: bool) -> Groups {
    match (groups, up) {
        (Groups::Towers, true) => Groups::Count(1),
        (Groups::Towers, false) => Groups::Towers,
        (Groups::Count(groups), true) => Groups::Count(groups * 2),
        (Groups::Count(..=1), false) => Groups::Towers,
        (Groups::Count(groups), false) => Groups::Count(groups / 2),
    }
}

impl ModelSpec {
    /// Changes a field of a layer by a notch. What one setting steers in all layers of a kind changes in all of them.
    pub fn notch(&mut self, place: usize, field: usize, up: bool) {
        let Some(layer) = self.layers.get_mut(place) else { return };
        layer.what.notch(field, up);
        let changed = layer.what.clone();
        if !changed.steerable().is_empty() {
            let alike = |other: &&mut Layer| other.what.kind() == changed.kind();
            self.layers.iter_mut().filter(alike).for_each(|other| other.what = changed.clone());
        }
    }

    /// Puts a layer behind another one: the first kind there is, to be changed from there.
    pub fn insert_behind(&mut self, place: usize) {
        let [what, ..] = kinds();
        let layer = Layer { name: self.free_name(&what), what, bias: 0.0 };
        self.layers.insert((place + 1).min(self.layers.len()), layer);
    }

    /// Makes a layer one of the next kind, with a name that says so.
    pub fn next_kind(&mut self, place: usize) {
        let Some(layer) = self.layers.get(place) else { return };
        let kinds = kinds();
        let here = kinds.iter().position(|kind| kind.kind() == layer.what.kind()).unwrap_or(0);
        let mut what = kinds[(here + 1) % kinds.len()].clone();
        // One more of a kind is like the others of it, where one setting steers them all.
        let other = self.layers.iter().find(|other| other.what.kind() == what.kind() && !what.steerable().is_empty());
        if let Some(other) = other {
            what = other.what.clone();
        }
        let name = self.free_name(&what);
        self.layers[place] = Layer { name, what, bias: 0.0 };
    }

    /// Takes a layer out; the last one of all stays.
    pub fn remove(&mut self, place: usize) {
        if self.layers.len() > 1 && place < self.layers.len() {
            self.layers.remove(place);
        }
    }

    fn free_name(&self, what: &LayerSpec) -> String {
        let taken = |name: &String| self.layers.iter().any(|layer| layer.name == *name);
        (1..).map(|number| format!("{}{number}", what.stem())).find(|name| !taken(name)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::zoo;

    #[test]
    fn every_field_of_every_layer_can_be_changed_and_changed_back() {
        for name in zoo::names() {
            let model = zoo::load(name).unwrap();
            for (place, layer) in model.layers.iter().enumerate() {
                for field in 0..layer.what.fields().len() {
                    let mut changed = model.clone();
                    changed.notch(place, field, true);
                    assert_ne!(changed.layers[place].what.fields()[field], layer.what.fields()[field], "{name}: {layer:?}");
                    let others = |fields: Vec<(&'static str, String)>| [&fields[..field], &fields[field + 1..]].concat();
                    assert_eq!(others(changed.layers[place].what.fields()), others(layer.what.fields()));
                }
            }
        }
        let mut model = zoo::load("alexnet").unwrap();
        let before = model.clone();
        for up in [true, false] {
            model.notch(0, 1, up);
            model.notch(3, 0, up);
        }
        assert_eq!(model, before);
    }

    #[test]
    fn no_number_leaves_its_range() {
        for kind in kinds() {
            for field in 0..kind.fields().len() {
                let mut layer = kind.clone();
                (0..80).for_each(|_| layer.notch(field, false));
                let (name, value) = &layer.fields()[field];
                let number = value.parse::<f64>().unwrap_or(1.0);
                assert!(number > 0.0 || *name == "p", "{layer:?}");
            }
        }
    }

    #[test]
    fn the_layers_that_one_setting_steers_stay_alike() {
        let mut model = zoo::load("alexnet").unwrap();
        let place = model.layers.iter().position(|layer| layer.name == "lrn2").unwrap();
        model.notch(place, 0, true);
        assert!(model.trace().is_ok(), "all LRN layers have changed together");
        model.next_kind(0);
        let error = model.trace().unwrap_err().to_string();
        assert!(!error.is_empty());
    }

    #[test]
    fn layers_come_and_go_under_names_of_their_own() {
        let mut model = zoo::load("lenet5").unwrap();
        let before = model.clone();
        model.insert_behind(0);
        let names: std::collections::BTreeSet<_> = model.layers.iter().map(|layer| layer.name.clone()).collect();
        assert_eq!(names.len(), before.layers.len() + 1);
        assert!(model.trace().is_ok());
        (0..6).for_each(|_| model.next_kind(1));
        assert_eq!(model.layers[1].what.kind(), "dense");
        model.remove(1);
        assert_eq!(model, before);
        (0..50).for_each(|_| model.remove(0));
        assert_eq!(model.layers.len(), 1);
    }

    #[test]
    fn an_edited_network_is_read_again_as_it_was_written() {
        let mut model = zoo::load("alexnet").unwrap();
        model.notch(0, 0, true);
        model.insert_behind(2);
        let again = ModelSpec::from_toml(&model.to_toml(), "edited.toml").unwrap();
        assert_eq!(again, model);
    }
}
