//! A picture on its way through a network, as far as it comes.

use super::trace::{LayerTrace, MOST_LAYERS, check_layer, check_model, trace_layer};
use super::{LayerSpec, ModelSpec, Problem, Shape, SpecError};

/// A network as far as a picture can be followed through it.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// All layers, or those before the one that cannot be.
    pub layers: Vec<LayerTrace>,
    pub refused: Option<Refused>,
}

/// Where a network cannot be, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The layer's place; none where it is the network as a whole.
    pub place: Option<usize>,
    pub error: SpecError,
}

/// What reaches a layer.
#[derive(Clone, Copy)]
pub(super) struct Flow {
    pub shape: Shape,
    /// The picture that a row of numbers was, until a dense layer has mixed all its places.
    pub flattened: Option<Shape>,
    pub receptive_field: u64,
    pub jump: u64,
}

impl Flow {
    fn behind(self, traced: &LayerTrace, what: &LayerSpec) -> Flow {
        let flattened = match what {
            LayerSpec::Flatten => Some(traced.input),
            LayerSpec::Dense { .. } => None,
            _ => self.flattened,
        };
        Flow { shape: traced.output, flattened, receptive_field: traced.receptive_field, jump: traced.jump }
    }
}

/// Follows a picture as far as it comes.
pub fn follow(model: &ModelSpec) -> Followed {
    let mut layers = Vec::with_capacity(model.layers.len().min(MOST_LAYERS));
    let refused = follow_into(&mut layers, model).err().map(|(place, problem)| {
        let name = place.map(|place| &model.layers[place].name[..]);
        Refused { place, error: SpecError::new(&model.name, name, problem) }
    });
    Followed { layers, refused }
}

fn follow_into(layers: &mut Vec<LayerTrace>, model: &ModelSpec) -> Result<(), (Option<usize>, Problem)> {
    check_model(model).map_err(|problem| (None, problem))?;
    let [channels, height, width] = model.input;
    let mut shape = Shape::Picture { channels, height, width };
    let mut flow = Flow { shape, flattened: None, receptive_field: 1, jump: 1 };
    for (place, layer) in model.layers.iter().enumerate() {
        let refused = |problem| (Some(place), problem);
        check_layer(model, place).map_err(refused)?;
        let traced = trace_layer(model, layer, flow).map_err(refused)?;
        flow = flow.behind(&traced, &layer.what);
        shape = traced.output;
        layers.push(traced);
    }
    if shape != Shape::Flat(model.classes) {
        return Err((layers.len().checked_sub(1), Problem::WrongClasses { output: shape, classes: model.classes }));
    }
    if let Some(last) = layers.last_mut() {
        // The classes were never split.
        last.towers = None;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Padding, zoo};

    #[test]
    fn layers_before_the_one_that_cannot_be_are_traced_and_its_place_is_told() {
        let mut model = zoo::load("alexnet").unwrap();
        let whole = follow(&model);
        assert_eq!((whole.layers.len(), whole.refused), (model.layers.len(), None));
        let place = model.layers.iter().position(|layer| layer.name == "conv2").unwrap();
        let LayerSpec::Conv2d { kernel, pad, .. } = &mut model.layers[place].what else { panic!("conv2 is no convolution") };
        (*kernel, *pad) = (99, Padding::Each(0));
        let part = follow(&model);
        assert_eq!(part.layers, whole.layers[..place]);
        let refused = part.refused.unwrap();
        assert_eq!((refused.place, &refused.error), (Some(place), &model.trace().unwrap_err()));
        assert!(refused.error.to_string().contains("conv2"), "{}", refused.error);
    }

    #[test]
    fn a_last_layer_that_gives_the_wrong_classes_is_traced_and_told() {
        let mut model = zoo::load("lenet5").unwrap();
        model.classes = 7;
        let part = follow(&model);
        assert_eq!(part.layers.len(), model.layers.len());
        assert_eq!(part.refused.unwrap().place, Some(model.layers.len() - 1));
    }
}
