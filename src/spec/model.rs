//! A whole network and how it wants to be fed and started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Activation, Layer, LayerSpec, SpecError, Trace};
use crate::knobs::{Knob, KnobError, Settings};

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

impl ModelSpec {
    /// The same network over another number of towers; 0 leaves it as it is, 1 joins what the paper split over two GPUs.
    pub fn with_towers(&self, towers: usize) -> ModelSpec {
        let towers = if towers == 0 { self.towers } else { towers };
        ModelSpec { towers, ..self.clone() }
    }

    /// The same network for another number of classes: its last dense layer gives as many numbers.
    pub fn with_classes(&self, classes: usize) -> ModelSpec {
        let mut model = ModelSpec { classes, ..self.clone() };
        let last = model.layers.iter_mut().rev().find(|layer| matches!(layer.what, LayerSpec::Dense { .. }));
        if let (Some(last), true) = (last, classes != self.classes) {
            last.what = LayerSpec::Dense { out: classes };
            let said =
                format!("{} gives {classes} numbers instead of {}: as many as there are classes.", last.name, self.classes);
            model.about = format!("{}\n{said}", model.about.trim_end());
        }
        model
    }

    /// The same network with the constants and activations that `settings` want.
    pub fn with_constants(&self, settings: &Settings) -> ModelSpec {
        let mut model = self.clone();
        for layer in &mut model.layers {
            match &mut layer.what {
                LayerSpec::Lrn { n, k, alpha, beta } => {
                    (*n, *k) = (settings.count(Knob::LrnN), settings.get(Knob::LrnK));
                    (*alpha, *beta) = (settings.get(Knob::LrnAlpha), settings.get(Knob::LrnBeta));
                }
                LayerSpec::Activation { function } => {
                    *function = Activation::ALL.get(settings.count(Knob::Activation)).copied().unwrap_or(*function);
                }
                LayerSpec::Dropout { p } => *p = settings.get(Knob::Dropout),
                LayerSpec::Conv2d { .. } | LayerSpec::MaxPool2d { .. } | LayerSpec::Flatten | LayerSpec::Dense { .. } => {}
            }
        }
        model
    }

    /// The same network as it computes under `settings` outside training: with their constants, without the LRN layers that are
    /// switched off.
    pub fn as_steered(&self, settings: &Settings) -> ModelSpec {
        let mut model = self.with_constants(settings);
        let mut place = 0;
        model.layers.retain(|_| {
            let off = matches!(self.lrn_knob(place), Some(Knob::LrnLayer(layer)) if !settings.lrn_is_on(layer));
            place += 1;
            !off
        });
        model
    }

    /// Why changing a setting changes nothing here, where there is no layer that it is about.
    pub fn no_use_for(&self, knob: Knob) -> Option<String> {
        let lrn = self.lrn_layers();
        let idle = match knob {
            Knob::Lrn | Knob::LrnN | Knob::LrnK | Knob::LrnAlpha | Knob::LrnBeta => lrn == 0,
            Knob::LrnLayer(layer) => !(1..=lrn).contains(&layer),
            Knob::Dropout => !self.layers.iter().any(|layer| matches!(layer.what, LayerSpec::Dropout { .. })),
            _ => false,
        };
        idle.then(|| format!("{} has no layer that {knob} could change", self.name))
    }

    /// What follows from it: shapes, formulas, costs; or why it cannot be.
    pub fn trace(&self) -> Result<Trace, SpecError> {
        super::trace(self)
    }

    /// Every setting as this network starts with it: the table's defaults, over them the constants of its LRN, dropout and
    /// activation layers, over them its own `training`.
    ///
    /// # Errors
    /// A value outside its setting's range, or a name in `training` that is no setting.
    pub fn settings(&self) -> Result<Settings, KnobError> {
        let mut settings = self.layer_settings()?;
        for (name, text) in &self.training {
            let knob = Knob::by_name(name)?;
            settings.set(knob, knob.spec().parse(text)?)?;
        }
        Ok(settings)
    }

    /// The settings as the layers alone have them.
    pub fn layer_settings(&self) -> Result<Settings, KnobError> {
        let mut settings = Settings::new();
        // The first of a kind speaks for all: `trace` sees to it that they agree.
        for layer in self.layers.iter().rev() {
            for (knob, value) in layer.what.steerable() {
                settings.set(knob, value)?;
            }
        }
        Ok(settings)
    }

    /// Places of the LRN layers among all layers.
    fn lrn_places(&self) -> impl Iterator<Item = usize> + '_ {
        let lrn = |layer: &Layer| matches!(layer.what, LayerSpec::Lrn { .. });
        self.layers.iter().enumerate().filter(move |(_, layer)| lrn(layer)).map(|(place, _)| place)
    }

    /// How many LRN layers there are: they are counted from 1 in `lrn.1`, `lrn.2`, ….
    pub fn lrn_layers(&self) -> u8 {
        self.lrn_places().count().min(255) as u8
    }

    /// The setting that switches the layer at this place, where that is an LRN layer.
    pub fn lrn_knob(&self, place: usize) -> Option<Knob> {
        let index = self.lrn_places().position(|lrn| lrn == place)?;
        u8::try_from(index + 1).ok().map(Knob::LrnLayer)
    }
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

#[cfg(test)]
mod tests {
    use super::super::{LayerSpec, Shape, zoo};
    use crate::knobs::Knob;

    #[test]
    fn another_number_of_classes_changes_the_last_layer_alone_and_is_said() {
        let ten = zoo::load("torchvision").unwrap();
        let hundred = ten.with_classes(100);
        let trace = hundred.trace().unwrap();
        assert_eq!(trace.layers.last().unwrap().output, Shape::Flat(100));
        assert_eq!(trace.parameters, ten.trace().unwrap().parameters + 90 * 4097);
        assert!(hundred.about.ends_with("classifier.6 gives 100 numbers instead of 10: as many as there are classes."));
        assert_eq!(ten.with_classes(10), ten);
    }

    #[test]
    fn what_a_file_says_of_training_is_told_from_what_its_layers_say() {
        let mut model = zoo::load("alexnet").unwrap();
        model.training.insert("dropout".into(), "0.25".into());
        assert_eq!(model.settings().unwrap().get(Knob::Dropout), 0.25);
        assert_eq!(model.layer_settings().unwrap().get(Knob::Dropout), 0.5);
    }

    #[test]
    fn settings_that_were_changed_are_worked_in_and_layers_that_are_off_are_left_out() {
        let model = zoo::load("alexnet").unwrap();
        let mut settings = model.settings().unwrap();
        assert_eq!(model.as_steered(&settings), model);
        settings.set(Knob::LrnLayer(2), 0.0).unwrap();
        settings.set(Knob::LrnK, 1.5).unwrap();
        let steered = model.as_steered(&settings);
        let lrn = steered.layers.iter().filter(|layer| matches!(layer.what, LayerSpec::Lrn { k: 1.5, .. }));
        assert_eq!(lrn.map(|layer| &layer.name[..]).collect::<Vec<_>>(), ["lrn1", "lrn3", "lrn4"]);
        settings.set(Knob::Lrn, 0.0).unwrap();
        assert_eq!(model.as_steered(&settings).lrn_layers(), 0);
    }
}
