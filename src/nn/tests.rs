use std::collections::BTreeMap;
use std::ops::ControlFlow;

use candle_core::{Device, Tensor};
use serde::Deserialize;

use super::network::{Mode, Network, Watch};
use crate::knobs::{Knob, Settings};
use crate::spec::{ModelSpec, zoo};

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
