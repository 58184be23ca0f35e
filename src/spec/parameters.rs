//! What training changes: the tensors of a network by name and shape.

use super::{LayerSpec, ModelSpec, SpecError};

/// Names and shapes in the order of the layers, as checkpoints have them: `conv1.weight` [out, in / groups, kernel, kernel] and
/// `fc6.weight` [out, in], each followed by its bias [out]. These are PyTorch's orders, and the names are the layers' own: those
/// of the built-in `torchvision` are torchvision's (`features.0.weight`, `classifier.1.weight`).
pub fn parameter_shapes(model: &ModelSpec) -> Result<Vec<(String, Vec<usize>)>, SpecError> {
    let trace = model.trace()?;
    let mut shapes = Vec::new();
    for (layer, trace) in model.layers.iter().zip(&trace.layers) {
        let weight = match layer.what {
            LayerSpec::Conv2d { out, kernel, groups, .. } => {
                vec![out, trace.input.channels() / groups.resolve(model.towers).max(1), kernel, kernel]
            }
            LayerSpec::Dense { out } => vec![out, trace.input.dims().iter().product()],
            _ => continue,
        };
        let bias = vec![weight[0]];
        shapes.push((format!("{}.weight", layer.name), weight));
        shapes.push((format!("{}.bias", layer.name), bias));
    }
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::zoo;

    #[test]
    fn the_built_in_torchvision_has_the_names_and_orders_of_torchvision() {
        let shapes = parameter_shapes(&zoo::load("torchvision").unwrap()).unwrap();
        let shape = |name: &str| shapes.iter().find(|(there, _)| there == name).unwrap().1.clone();
        assert_eq!(shape("features.0.weight"), [64, 3, 11, 11]);
        assert_eq!(shape("features.3.weight"), [192, 64, 5, 5]);
        assert_eq!(shape("classifier.1.weight"), [4096, 9216]);
        assert_eq!(shape("classifier.6.bias"), [10]);
        assert_eq!(shapes.len(), 16);
    }

    #[test]
    fn all_shapes_together_are_as_many_numbers_as_the_trace_counts() {
        for name in ["alexnet", "paddle-lrn", "lenet5", "simple-cnn", "tensorflow"] {
            let model = zoo::load(name).unwrap();
            let numbers: usize = parameter_shapes(&model).unwrap().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
            assert_eq!(numbers as u64, model.trace().unwrap().parameters, "{name}");
        }
    }
}
