//! The networks that come with the program, and any other from a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{ModelSpec, Problem, SpecError};
use crate::spelling;

/// What is trained where nothing else was asked for.
pub const DEFAULT: &str = "alexnet";

/// Name, file and text of each.
const BUILT_IN: [(&str, &str, &str); 8] = [
    ("alexnet", "assets/models/alexnet.toml", include_str!("../../assets/models/alexnet.toml")),
    ("alexnet-paper", "assets/models/alexnet-paper.toml", include_str!("../../assets/models/alexnet-paper.toml")),
    ("paddle-lrn", "assets/models/paddle-lrn.toml", include_str!("../../assets/models/paddle-lrn.toml")),
    ("paddle", "assets/models/paddle.toml", include_str!("../../assets/models/paddle.toml")),
    ("tensorflow", "assets/models/tensorflow.toml", include_str!("../../assets/models/tensorflow.toml")),
    ("torchvision", "assets/models/torchvision.toml", include_str!("../../assets/models/torchvision.toml")),
    ("lenet5", "assets/models/lenet5.toml", include_str!("../../assets/models/lenet5.toml")),
    ("simple-cnn", "assets/models/simple-cnn.toml", include_str!("../../assets/models/simple-cnn.toml")),
];

/// A description is a few kilobytes; more is some other file.
const LARGEST_FILE: u64 = 1 << 20;

/// Names of the built-in networks.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, ..)| *name)
}

/// The built-in network of that name, or the one in the TOML file at that path.
pub fn load(name_or_path: &str) -> Result<ModelSpec, SpecError> {
    if let Some((_, file, text)) = BUILT_IN.iter().find(|(name, ..)| *name == name_or_path) {
        return ModelSpec::from_toml(text, file);
    }
    let path = Path::new(name_or_path);
    if path.is_file() || path.components().count() > 1 || path.extension().is_some_and(|ending| ending == "toml") {
        let text = read(path).map_err(|reason| SpecError::new(name_or_path, None, Problem::Unreadable { reason }))?;
        return ModelSpec::from_toml(&text, name_or_path);
    }
    let hint = spelling::hint(name_or_path, names(), ".");
    let names = names().collect::<Vec<_>>().join(", ");
    Err(SpecError::new(name_or_path, None, Problem::UnknownModel { hint, names }))
}

fn read(path: &Path) -> Result<String, String> {
    let says = |error: std::io::Error| error.to_string();
    if path.is_dir() {
        return Err("it is a folder; name the TOML file in it".into());
    }
    let mut text = String::new();
    File::open(path).map_err(says)?.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(says)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err("it is larger than 1 MiB, which no network's description is".into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::{Groups, LayerSpec, PixelOrder, PixelScale, Shape, Trace, WeightInit};
    use super::*;
    use crate::knobs::Knob;

    fn traced(name: &str) -> (ModelSpec, Trace) {
        let model = load(name).unwrap();
        let trace = model.trace().unwrap();
        (model, trace)
    }

    /// Outputs of the layers that change the shape.
    fn shapes(name: &str) -> String {
        let (_, trace) = traced(name);
        let changes = trace.layers.iter().filter(|layer| layer.output != layer.input);
        changes.map(|layer| layer.output.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn alexnet_has_every_shape_formula_and_parameter_of_its_table() {
        let (_, trace) = traced("alexnet");
        let expected = [
            ("conv1", "96×55×55", "⌊(227 − 11 + 2·0)/4⌋ + 1 = 55", 34_848, 96),
            ("pool1", "96×27×27", "⌊(55 − 3)/2⌋ + 1 = 27", 0, 0),
            ("lrn1", "96×27×27", "", 0, 0),
            ("conv2", "256×27×27", "⌊(27 − 5 + 2·2)/1⌋ + 1 = 27", 307_200, 256),
            ("pool2", "256×13×13", "⌊(27 − 3)/2⌋ + 1 = 13", 0, 0),
            ("lrn2", "256×13×13", "", 0, 0),
            ("conv3", "384×13×13", "⌊(13 − 3 + 2·1)/1⌋ + 1 = 13", 884_736, 384),
            ("lrn3", "384×13×13", "", 0, 0),
            ("conv4", "384×13×13", "⌊(13 − 3 + 2·1)/1⌋ + 1 = 13", 663_552, 384),
            ("lrn4", "384×13×13", "", 0, 0),
            ("conv5", "256×13×13", "⌊(13 − 3 + 2·1)/1⌋ + 1 = 13", 442_368, 256),
            ("pool5", "256×6×6", "⌊(13 − 3)/2⌋ + 1 = 6", 0, 0),
            ("flatten", "9216", "256·6·6 = 9216", 0, 0),
            ("fc6", "4096", "256·6·6 = 9216 in", 37_748_736, 4_096),
            ("dropout6", "4096", "", 0, 0),
            ("fc7", "4096", "4096 in", 16_777_216, 4_096),
            ("fc8", "10", "4096 in", 40_960, 10),
        ];
        for (name, output, formula, weights, biases) in expected {
            let layer = trace.layers.iter().find(|layer| layer.name == name).unwrap();
            assert_eq!((&layer.output.to_string()[..], &layer.formula[..]), (output, formula), "{name}");
            assert_eq!((layer.weights, layer.biases, layer.parameters), (weights, biases, weights + biases), "{name}");
        }
        assert_eq!(trace.parameters, 56_909_194);
    }

    #[test]
    fn alexnet_reads_in_two_towers_as_figure_2_of_the_paper() {
        let (_, trace) = traced("alexnet");
        let towers = |name: &str| trace.layers.iter().find(|layer| layer.name == name).unwrap().towers.clone();
        assert_eq!(towers("conv1").as_deref(), Some("55×55×48×2"));
        assert_eq!(towers("conv2").as_deref(), Some("27×27×128×2"));
        assert_eq!(towers("fc6").as_deref(), Some("2048×2"));
        assert_eq!(towers("fc8"), None);
    }

    #[test]
    fn receptive_fields_and_multiply_adds_are_those_of_the_literature() {
        let (_, trace) = traced("alexnet");
        let figures = |name: &str| {
            let layer = trace.layers.iter().find(|layer| layer.name == name).unwrap();
            (layer.receptive_field, layer.multiply_adds)
        };
        assert_eq!(figures("conv1"), (11, 105_415_200));
        assert_eq!(figures("pool1"), (19, 0));
        assert_eq!(figures("conv2"), (51, 223_948_800));
        assert_eq!(figures("conv3"), (99, 149_520_384));
        assert_eq!(figures("conv4"), (131, 112_140_288));
        assert_eq!(figures("conv5"), (163, 74_760_192));
        assert_eq!(figures("pool5"), (195, 0));
        assert_eq!(figures("fc6"), (195 + 5 * 32, 37_748_736));
        assert_eq!(figures("fc8"), (355, 40_960));
    }

    #[test]
    fn one_tower_joins_what_two_split() {
        let model = load("alexnet").unwrap().with_towers(1);
        let trace = model.trace().unwrap();
        let conv2 = trace.layers.iter().find(|layer| layer.name == "conv2").unwrap();
        assert_eq!((conv2.weights, conv2.groups, &conv2.towers), (614_400, 1, &None));
        assert_eq!(load("alexnet").unwrap().with_towers(0), load("alexnet").unwrap());
    }

    #[test]
    fn the_papers_order_normalizes_before_it_pools_after_c1_and_c2_only() {
        let (model, trace) = traced("alexnet-paper");
        let names: Vec<&str> = model.layers.iter().map(|layer| &layer.name[..]).collect();
        assert_eq!(names[..8], ["conv1", "relu1", "lrn1", "pool1", "conv2", "relu2", "lrn2", "pool2"]);
        assert_eq!(model.lrn_layers(), 2);
        let biased = model.layers.iter().filter(|layer| layer.bias == 1.0).map(|layer| &layer.name[..]);
        assert_eq!(biased.collect::<Vec<_>>(), ["conv2", "conv4", "conv5", "fc6", "fc7"]);
        assert_eq!(model.init, WeightInit::Normal { deviation: 0.01 });
        assert_eq!(trace.parameters, 56_909_194);
        assert_eq!(trace.layers[2].output.to_string(), "96×55×55");
    }

    #[test]
    fn the_paddle_networks_shrink_a_small_picture_to_a_point() {
        let expected = "96×6×6 96×3×3 256×3×3 256×1×1 384×1×1 256×1×1 256 4096 10";
        for (name, lrn) in [("paddle", 0), ("paddle-lrn", 2)] {
            let (model, _) = traced(name);
            assert_eq!(shapes(name), expected);
            assert_eq!(model.lrn_layers(), lrn);
            assert_eq!((model.pixels.order, model.pixels.scale), (PixelOrder::Bgr, PixelScale::Unit));
            let settings = model.settings().unwrap();
            let of = |knob| settings.get(knob);
            assert_eq!([of(Knob::LearningRate), of(Knob::Momentum), of(Knob::WeightDecay)], [0.1, 0.9, 2e-4]);
            assert_eq!([of(Knob::BatchSize), of(Knob::Epochs), of(Knob::ScheduleEvery)], [128.0, 200.0, 100.0]);
            assert_eq!([settings.text(Knob::Schedule), settings.text(Knob::ScheduleGamma)], ["step", "0.1"]);
        }
        let settings = load("paddle-lrn").unwrap().settings().unwrap();
        assert_eq!([settings.get(Knob::LrnK), settings.get(Knob::LrnAlpha)], [1.0, 2e-5]);
    }

    #[test]
    fn the_tensorflow_network_pads_same() {
        let (model, trace) = traced("tensorflow");
        let expected = "64×56×56 64×27×27 192×27×27 192×13×13 384×13×13 256×13×13 256×6×6 9216 4096 10";
        assert_eq!(shapes("tensorflow"), expected);
        assert_eq!(trace.layers[0].formula, "⌈224/4⌉ = 56");
        // (56 − 1)·4 + 11 − 224 = 7 zeros, the odd one below and right.
        assert_eq!(trace.layers[0].padding, [3, 3, 4, 4]);
        assert_eq!(model.init, WeightInit::TruncatedNormal { deviation: 0.1 });
    }

    #[test]
    fn the_torchvision_network_has_torchvisions_shapes_and_names() {
        let (model, trace) = traced("torchvision");
        let expected = "64×55×55 64×27×27 192×27×27 192×13×13 384×13×13 256×13×13 256×6×6 9216 4096 10";
        assert_eq!(shapes("torchvision"), expected);
        let owners = trace.layers.iter().filter(|layer| layer.parameters > 0).map(|layer| &layer.name[..]);
        let modules = "features.0 features.3 features.6 features.8 features.10 classifier.1 classifier.4 classifier.6";
        assert_eq!(owners.collect::<Vec<_>>().join(" "), modules);
        // torchvision's own count for a thousand classes is 61,100,840.
        assert_eq!(trace.parameters + 990 * 4097, 61_100_840);
        assert!(model.layers.iter().all(|layer| !matches!(layer.what, LayerSpec::Conv2d { groups: Groups::Towers, .. })));
    }

    #[test]
    fn the_baselines_have_their_shapes() {
        assert_eq!(shapes("lenet5"), "6×28×28 6×14×14 16×10×10 16×5×5 400 120 84 10");
        assert_eq!(traced("lenet5").1.parameters, 456 + 2_416 + 48_120 + 10_164 + 850);
        assert_eq!(shapes("simple-cnn"), "20×32×32 20×16×16 50×16×16 50×8×8 3200 10");
    }

    #[test]
    fn every_network_is_named_as_its_file_and_its_settings_are_within_range() {
        for name in names() {
            let (model, trace) = traced(name);
            assert_eq!(model.name, name);
            assert_eq!(trace.layers.last().unwrap().output, Shape::Flat(model.classes));
            model.settings().unwrap();
        }
    }

    #[test]
    fn a_network_is_read_from_a_path_just_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        std::fs::write(&path, load("lenet5").unwrap().to_toml()).unwrap();
        assert_eq!(load(path.to_str().unwrap()), load("lenet5"));
    }

    #[test]
    fn what_cannot_be_loaded_says_what_can() {
        let refused = |name: &str| load(name).unwrap_err().to_string();
        let unknown = refused("alexnt");
        assert!(unknown.starts_with("alexnt: there is no such network; did you mean `alexnet`?"), "{unknown}");
        assert!(unknown.contains("lenet5, simple-cnn"), "{unknown}");
        assert!(refused("no/such.toml").starts_with("no/such.toml: cannot be read: "));
        let folder = tempfile::tempdir().unwrap();
        assert!(refused(folder.path().to_str().unwrap()).contains("it is a folder"));
        let large = folder.path().join("large.toml");
        std::fs::write(&large, vec![b'#'; 2 << 20]).unwrap();
        assert!(refused(large.to_str().unwrap()).contains("larger than 1 MiB"));
    }
}
