use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde::Deserialize;

use super::learner::NetworkLearner;
use super::network::{Mode, Network, Watch};
use super::node::Work;
use super::viewer::NetworkViewer;
use crate::engine::{
    BatchRange, Flow, Gate, Learner, Pictures, Point, Position, Standing, StepPlan, Stepped, Sweep, Viewer, rate_test,
};
use crate::knobs::{Knob, Settings};
use crate::probe::{LayerProbe, Picture, Probe, Sight};
use crate::spec::{LayerSpec, ModelSpec, zoo};

/// PyTorch's values in f64 for `alexnet-paper` without dropout; tensors as (sum, sum of squares).
#[derive(Deserialize)]
struct Golden {
    loss: f64,
    logits: Vec<Vec<f64>>,
    outputs: BTreeMap<String, GoldenOutput>,
    parameters: Vec<GoldenParameter>,
}

#[derive(Deserialize)]
struct GoldenOutput {
    value: [f64; 2],
    gradient: [f64; 2],
}

#[derive(Deserialize)]
struct GoldenParameter {
    weight_gradient: [f64; 2],
    bias_gradient: [f64; 2],
}

/// The numbers that the golden network is made of, the same in any language; in [−scale/2, scale/2).
fn hashed(count: usize, salt: u32, scale: f64) -> Vec<f32> {
    let value = |i: u32| {
        let mut h = i.wrapping_mul(2_654_435_761).wrapping_add(salt.wrapping_mul(40_503));
        h ^= h >> 15;
        h = h.wrapping_mul(2_246_822_519);
        h ^= h >> 13;
        (scale * (f64::from(h) / 4_294_967_296.0 - 0.5)) as f32
    };
    (1..=count as u32).map(value).collect()
}

fn pair(tensor: &Tensor) -> [f64; 2] {
    let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    values.iter().fold([0.0, 0.0], |[sum, squares], v| [sum + f64::from(*v), squares + f64::from(*v) * f64::from(*v)])
}

/// Within `tolerance` of the expected pair; a sum may cancel, so it is measured by what it is a sum of.
fn assert_close(what: &str, got: [f64; 2], expected: [f64; 2], count: usize, tolerance: f64) {
    let scale = expected[0].abs().max((expected[1] * count as f64).sqrt() * 0.01);
    assert!((got[0] - expected[0]).abs() <= tolerance * scale, "{what}: sum {} instead of {}", got[0], expected[0]);
    assert!((got[1] - expected[1]).abs() <= tolerance * expected[1], "{what}: squares {} instead of {}", got[1], expected[1]);
}

/// Keeps the sums of the gradients by the layers' outputs.
#[derive(Default)]
struct Gradients(BTreeMap<usize, ([f64; 2], usize)>);

impl Watch for Gradients {
    fn pass(&mut self, _: &str, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn output_gradient(&mut self, place: usize, gradient: &Tensor) {
        self.0.insert(place, (pair(gradient), gradient.elem_count()));
    }
}

fn on(_: &str, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn golden_network(model: &ModelSpec) -> Network {
    let network = Network::build(model, 1, 2).unwrap();
    for (layer, pair) in network.parameters().chunks(2).enumerate() {
        let (weight, bias, salt) = (&pair[0], &pair[1], 2 * layer as u32 + 1);
        let fan_in: usize = weight.value.dims()[1..].iter().product();
        let weights = hashed(weight.value.elem_count(), salt, 6_f64.sqrt() * 2.0 / (fan_in as f64).sqrt());
        weight.value.set(&Tensor::from_vec(weights, weight.value.dims(), &Device::Cpu).unwrap()).unwrap();
        let biases = hashed(bias.value.elem_count(), salt + 1, 0.1);
        bias.value.set(&Tensor::from_vec(biases, bias.value.dims(), &Device::Cpu).unwrap()).unwrap();
    }
    network
}

fn check_golden(name: &str, towers: usize, lrn: bool) {
    let mut all: BTreeMap<String, Golden> = serde_json::from_str(include_str!("../../tests/goldens/alexnet.json")).unwrap();
    let golden = all.remove(name).unwrap();
    let model = zoo::load("alexnet-paper").unwrap().with_towers(towers);
    let mut settings = model.settings().unwrap();
    settings.set(Knob::Dropout, 0.0).unwrap();
    settings.set(Knob::Lrn, if lrn { 1.0 } else { 0.0 }).unwrap();
    let mut network = golden_network(&model);
    let images = Tensor::from_vec(hashed(2 * 3 * 227 * 227, 99, 4.0), (2, 3, 227, 227), &Device::Cpu).unwrap();

    let mode = Mode::Training { seed: 1, step: 1 };
    assert!(network.forward(&images, &settings, mode, &mut on).unwrap().is_continue());
    let loss = network.loss(&[3, 8]).unwrap();
    assert!((loss.loss_sum / 2.0 - golden.loss).abs() < 1e-4, "{name}: loss {} instead of {}", loss.loss_sum / 2.0, golden.loss);
    let last = network.nodes().len() - 1;
    let logits = network.output(last).unwrap().to_vec2::<f32>().unwrap();
    for (got, expected) in logits.iter().flatten().zip(golden.logits.iter().flatten()) {
        assert!((f64::from(*got) - expected).abs() < 1e-3, "{name}: logit {got} instead of {expected}");
    }
    let mut gradients = Gradients::default();
    assert!(network.backward(&[3, 8], &settings, &mut gradients).unwrap().is_continue());

    for (layer, expected) in &golden.outputs {
        // What the golden file calls a convolution or dense layer is taken after its activation.
        let after = layer.replace("conv", "relu").replace("fc", "relu");
        let place = |wanted: &str| network.nodes().iter().position(|node| node.name == wanted);
        let place = place(&after).or_else(|| place(layer)).unwrap();
        let value = network.output(place).unwrap();
        assert_close(&format!("{name}: {layer}"), pair(value), expected.value, value.elem_count(), 1e-3);
        let (gradient, count) = gradients.0[&place];
        assert_close(&format!("{name}: gradient by {layer}"), gradient, expected.gradient, count, 1e-3);
    }
    for (parameters, expected) in network.parameters().chunks(2).zip(&golden.parameters) {
        let close = |parameter: &super::Parameter, expected| {
            let count = parameter.gradient.elem_count();
            assert_close(&format!("{name}: {}", parameter.name), pair(&parameter.gradient), expected, count, 1e-3);
        };
        close(&parameters[0], expected.weight_gradient);
        close(&parameters[1], expected.bias_gradient);
    }
}

#[test]
fn one_tower_with_lrn_agrees_with_pytorch_in_every_layer() {
    check_golden("one_tower_lrn", 1, true);
}

#[test]
fn one_tower_without_lrn_agrees_with_pytorch_in_every_layer() {
    check_golden("one_tower", 1, false);
}

#[test]
fn two_towers_with_lrn_agree_with_pytorch_in_every_layer() {
    check_golden("two_towers_lrn", 2, true);
}

fn small_step(network: &mut Network, settings: &Settings, step: u64) -> f64 {
    let images = Tensor::from_vec(hashed(4 * 3 * 32 * 32, 7, 2.0), (4, 3, 32, 32), &Device::Cpu).unwrap();
    let labels = [1, 5, 9, 0];
    let mode = Mode::Training { seed: 1, step };
    assert!(network.forward(&images, settings, mode, &mut on).unwrap().is_continue());
    let loss = network.loss(&labels).unwrap().loss_sum / 4.0;
    assert!(network.backward(&labels, settings, &mut on).unwrap().is_continue());
    network.update(settings, 0.02, false).unwrap();
    loss
}

#[test]
fn every_small_network_learns_four_pictures_by_heart() {
    for name in ["lenet5", "simple-cnn", "paddle", "paddle-lrn"] {
        let model = zoo::load(name).unwrap();
        let mut settings = model.settings().unwrap();
        settings.set(Knob::Dropout, 0.0).unwrap();
        let mut network = Network::build(&model, 1, 4).unwrap();
        let first = small_step(&mut network, &settings, 1);
        let last = (2..40).map(|step| small_step(&mut network, &settings, step)).last().unwrap();
        assert!(last < first / 4.0, "{name}: {first} to {last}");
    }
}

#[test]
fn losses_are_equal_bit_for_bit_at_one_two_and_four_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let model = zoo::load("paddle-lrn").unwrap();
            let settings = model.settings().unwrap();
            let mut network = Network::build(&model, 1, 4).unwrap();
            (1..5).map(|step| small_step(&mut network, &settings, step).to_bits()).collect::<Vec<_>>()
        })
    };
    let alone = run(1);
    assert_eq!(alone, run(2));
    assert_eq!(alone, run(4));
}

#[test]
fn candle_finds_the_parameters_under_their_names() {
    let network = Network::build(&zoo::load("lenet5").unwrap(), 1, 1).unwrap();
    let builder = candle_nn::VarBuilder::from_varmap(network.variables(), candle_core::DType::F32, &Device::Cpu);
    let layer = candle_nn::linear(84, 10, builder.pp("fc5")).unwrap();
    let weight = network.parameters().iter().find(|parameter| parameter.name == "fc5.weight").unwrap();
    assert_eq!(layer.weight().to_vec2::<f32>().unwrap(), weight.value.to_vec2::<f32>().unwrap());
}

#[test]
fn the_maps_shown_are_the_layers_true_outputs_also_before_and_after_the_activation() {
    let mut all: BTreeMap<String, Golden> = serde_json::from_str(include_str!("../../tests/goldens/alexnet.json")).unwrap();
    let golden = all.remove("two_towers_lrn").unwrap();
    let model = zoo::load("alexnet-paper").unwrap();
    let mut settings = model.settings().unwrap();
    settings.set(Knob::Dropout, 0.0).unwrap();
    let network = golden_network(&model);
    let dataset = Arc::new(crate::dataset::load(&crate::dataset::Opened::Emoji10).unwrap());
    let mut viewer = NetworkViewer::new(&network, model, dataset).unwrap();
    let images = Tensor::from_vec(hashed(2 * 3 * 227 * 227, 99, 4.0), (2, 3, 227, 227), &Device::Cpu).unwrap();
    let seen = viewer.run(&images, None, &settings, Mode::Testing).unwrap();
    for (layer, expected) in &golden.outputs {
        // What the golden file calls a convolution or dense layer is taken after its activation.
        let after = layer.replace("conv", "relu").replace("fc", "relu");
        let place = |wanted: &str| network.nodes().iter().position(|node| node.name == wanted);
        let activated = place(&after).filter(|_| after != *layer);
        let place = activated.or_else(|| place(layer)).unwrap();
        let (input, output) = (seen.input(place).unwrap(), seen.output(place).unwrap());
        assert_close(layer, pair(output), expected.value, output.elem_count(), 1e-3);
        if activated.is_some() {
            let before = input.relu().unwrap();
            assert_eq!(pair(&before), pair(output), "{layer}: the input is what came before the activation");
            assert!(input.flatten_all().unwrap().min(0).unwrap().to_scalar::<f32>().unwrap() < 0.0);
        }
    }
    let seen = viewer.run(&images, Some(2), &settings, Mode::Testing).unwrap();
    assert!(seen.output(2).is_some() && seen.output(3).is_none(), "what comes after the layer is not computed");
}

#[test]
fn a_look_sees_the_newest_weights_their_gradient_and_what_the_step_added() {
    let model = zoo::load("lenet5").unwrap();
    let mut settings = model.settings().unwrap();
    let dataset = Arc::new(crate::dataset::load(&crate::dataset::Opened::Emoji10).unwrap());
    let mut network = Network::build(&model, 3, 2).unwrap();
    let mut viewer = NetworkViewer::new(&network, model, dataset).unwrap();
    let images = Tensor::from_vec(hashed(2 * 3 * 32 * 32, 5, 2.0), (2, 3, 32, 32), &Device::Cpu).unwrap();
    for nesterov in [0.0, 1.0] {
        settings.set(Knob::Nesterov, nesterov).unwrap();
        settings.set(Knob::WeightDecay, 0.01).unwrap();
        let before = network.parameters()[0].value.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(network.forward(&images, &settings, Mode::Training { seed: 1, step: 1 }, &mut on).unwrap().is_continue());
        assert!(network.backward(&[1, 2], &settings, &mut on).unwrap().is_continue());
        network.update(&settings, 0.1, false).unwrap();
        let settings = Arc::new(settings.clone());
        let standing = Standing { step: 1, settings: settings.clone(), taken: Some((0.1, settings)) };
        let probe = Probe::Layer(LayerProbe { layer: 0, picture: Picture::Test(7), training: false, unit: 0 });
        let mut look = |standing: &Standing| match viewer.look(&probe, standing).unwrap() {
            Sight::Layer(seen) => seen,
            Sight::Pictures(_) => panic!("a layer was asked for"),
        };
        // Weights to which no step led, as after going back: what lies in the gradient is not theirs.
        let weights = look(&Standing { taken: None, ..standing.clone() }).weights.unwrap();
        assert!(weights.gradient.iter().chain(&weights.change).all(|value| *value == 0.0) && weights.gradient_spread.total == 0);
        let seen = look(&standing);
        let (weights, after) = (seen.weights.unwrap(), &network.parameters()[0]);
        assert_eq!(weights.values, after.value.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        assert_eq!(weights.gradient, after.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        for ((now, before), change) in weights.values.iter().zip(&before).zip(&weights.change) {
            assert!((now - before - change).abs() < 1e-5, "{now} − {before} is not {change}");
        }
        assert!(weights.change.iter().any(|change| change.abs() > 1e-3));
        assert_eq!((seen.output.shape, seen.picture.pixels.len()), (vec![6, 28, 28], 3072));
    }
}

#[test]
fn dropout_is_shown_as_it_fell_on_the_first_picture_of_the_step() {
    let model = zoo::load("paddle").unwrap();
    let settings = Arc::new(model.settings().unwrap());
    let dataset = Arc::new(crate::dataset::load(&crate::dataset::Opened::Emoji10).unwrap());
    let mut network = Network::build(&model, 3, 2).unwrap();
    let place = model.layers.iter().position(|layer| matches!(layer.what, LayerSpec::Dropout { .. })).unwrap();
    let mut viewer = NetworkViewer::new(&network, model, dataset).unwrap();
    let images = Tensor::from_vec(hashed(2 * 3 * 32 * 32, 5, 2.0), (2, 3, 32, 32), &Device::Cpu).unwrap();
    let mode = Mode::Training { seed: settings.get(Knob::Seed) as u64, step: 9 };
    assert!(network.forward(&images, &settings, mode, &mut on).unwrap().is_continue());
    let Work::Dropout { mask, .. } = &network.nodes()[place].work else { panic!("no dropout") };
    let fell = mask.narrow(0, 0, 1).unwrap().flatten_all().unwrap().to_vec1::<u8>().unwrap();
    let standing = Standing { step: 9, settings, taken: None };
    let mut look = |training| {
        let probe = LayerProbe { layer: place, picture: Picture::Test(0), training, unit: 0 };
        let Sight::Layer(seen) = viewer.look(&Probe::Layer(probe), &standing).unwrap() else { panic!("a layer was asked for") };
        seen
    };
    assert_eq!(look(true).mask, Some(fell));
    let seen = look(false);
    assert_eq!((seen.mask, seen.input), (None, seen.output));
}

#[test]
fn kernels_that_a_network_lays_over_blue_first_say_so_and_no_deeper_ones_do() {
    for (name, blue_first) in [("paddle", true), ("lenet5", false)] {
        let model = zoo::load(name).unwrap();
        let convolutions = model.layers.iter().enumerate().filter(|(_, layer)| matches!(layer.what, LayerSpec::Conv2d { .. }));
        let places: Vec<usize> = convolutions.map(|(place, _)| place).take(2).collect();
        let standing = Standing { step: 0, settings: Arc::new(model.settings().unwrap()), taken: None };
        let dataset = Arc::new(crate::dataset::load(&crate::dataset::Opened::Emoji10).unwrap());
        let network = Network::build(&model, 3, 1).unwrap();
        let mut viewer = NetworkViewer::new(&network, model, dataset).unwrap();
        let seen = places.iter().map(|layer| {
            let probe = LayerProbe { layer: *layer, picture: Picture::Test(0), training: false, unit: 0 };
            let Sight::Layer(seen) = viewer.look(&Probe::Layer(probe), &standing).unwrap() else {
                panic!("a layer was asked for")
            };
            seen.weights.unwrap().blue_first
        });
        assert_eq!(seen.collect::<Vec<_>>(), [blue_first, false], "{name}");
    }
}

#[test]
fn what_is_not_there_to_be_seen_is_said() {
    let model = zoo::load("lenet5").unwrap();
    let settings = Arc::new(model.settings().unwrap());
    let dataset = Arc::new(crate::dataset::load(&crate::dataset::Opened::Emoji10).unwrap());
    let network = Network::build(&model, 3, 1).unwrap();
    let mut viewer = NetworkViewer::new(&network, model, dataset).unwrap();
    let standing = Standing { step: 0, settings, taken: None };
    let mut error = |probe: Probe| viewer.look(&probe, &standing).unwrap_err().to_string();
    let layer = LayerProbe { layer: 99, picture: Picture::Test(0), training: false, unit: 0 };
    assert!(error(Probe::Layer(layer)).contains("no layer 99"));
    assert!(error(Probe::Pictures(vec![Picture::Test(1_000_000)])).contains("no test picture 1000000"));
    assert!(error(Probe::Pictures(vec![Picture::File("/nowhere.png".into())])).contains("/nowhere.png: cannot be read"));
}

/// Never holds a step up.
struct Open;

impl Gate for Open {
    fn pass(&mut self, _: Point) -> Flow {
        Flow::Continue
    }
}

/// LeNet-5 on the built-in pictures, eight at a time.
fn lenet5() -> (NetworkLearner, Settings, Pictures) {
    let model = zoo::load("lenet5").unwrap();
    let mut settings = model.settings().unwrap();
    settings.set(Knob::BatchSize, 8.0).unwrap();
    let dataset = Arc::new(crate::dataset::load(&crate::dataset::Opened::Emoji10).unwrap());
    let pictures = Pictures { train: dataset.train.len(), test: dataset.test.len() };
    (NetworkLearner::new(model, dataset, &settings).unwrap(), settings, pictures)
}

#[test]
fn a_rate_test_leaves_weights_and_velocities_as_they_were() {
    let (mut learner, settings, pictures) = lenet5();
    let before = learner.checkpoint().unwrap();
    let sweep = Sweep { from: 1e-3, to: 0.1, steps: 4 };
    let test = rate_test(&mut learner, sweep, Position::default(), &settings, pictures, &mut Open, &mut |_| {}).unwrap();
    assert_eq!(
        test.unwrap().unwrap().points.iter().map(|point| (point.rate * 1e4).round()).collect::<Vec<_>>(),
        [10.0, 46.0, 215.0, 1000.0]
    );
    assert_eq!(learner.checkpoint().unwrap(), before);
}

#[test]
fn what_an_activation_wrote_over_is_not_told_as_what_the_layer_before_it_gave() {
    let (mut learner, settings, _) = lenet5();
    let batch = |first| BatchRange { epoch: 0, first, count: 8 };
    let plan = StepPlan { step: 1, batch: batch(0), next: batch(8), settings: Arc::new(settings), learning_rate: 0.01 };
    let Stepped::Taken(taken) = learner.step(&plan, true, &mut Open).unwrap() else { panic!("the step was not taken") };
    let layers = taken.layers.unwrap().layers;
    for (place, node) in learner.network().nodes().iter().enumerate() {
        let overwritten = learner.network().nodes().get(place + 1).is_some_and(|next| next.is_fused());
        assert_eq!(
            (layers[place].mean.is_none(), layers[place].deviation.is_none()),
            (overwritten, overwritten),
            "{}",
            node.name
        );
    }
    assert!(learner.network().nodes().iter().any(|node| node.is_fused()), "there is none to tell apart");
}
