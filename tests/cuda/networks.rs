//! Whole networks on the device: PyTorch's values, twenty steps beside the CPU, the same bits twice, and what happens when numbers or
//! memory run out.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use alexscope::dataset::{Opened, load};
use alexscope::engine::{BatchRange, Flow, Gate, Learner, Point, Standing, StepPlan, StepResult, Stepped, Viewer};
use alexscope::knobs::{Knob, Settings};
use alexscope::nn::{Learned, Mode, Network, NetworkLearner, form_of};
use alexscope::ops::{Context, Form, Precision, reorder};
use alexscope::probe::{LayerProbe, Picture, Probe, Sight};
use alexscope::spec::{ModelSpec, zoo};
use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::near::{SMALL, device, device_alone, forms, tolerance};

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

fn on(_: &str, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn golden(model: &ModelSpec, device: &Device, form: Form) -> Network {
    let mut network = Network::build_on(device, form, model, 1, 2).unwrap();
    for (layer, pair) in network.parameters().chunks(2).enumerate() {
        let (weight, bias, salt) = (&pair[0], &pair[1], 2 * layer as u32 + 1);
        let fan_in: usize = weight.value.dims()[1..].iter().product();
        let weights = hashed(weight.value.elem_count(), salt, 6_f64.sqrt() * 2.0 / (fan_in as f64).sqrt());
        weight.value.set(&Tensor::from_vec(weights, weight.value.dims(), device).unwrap()).unwrap();
        let biases = hashed(bias.value.elem_count(), salt + 1, 0.1);
        bias.value.set(&Tensor::from_vec(biases, bias.value.dims(), device).unwrap()).unwrap();
    }
    network.renew_copies().unwrap();
    network
}

/// Of the loss and the logits, relative to the largest, and of the gradients' squares.
fn golden_tolerances(form: Form) -> (f64, f64) {
    match form.precision {
        // A tensor core may cut off what TF32 drops instead of rounding it. That makes each product smaller by 7e-4 on average, and the
        // layers' losses add up: on the emulator 6e-3 of the logits and 4e-2 of the squares are gone. With rounding it is 1.4e-3 and, where
        // a few maxima and ReLUs fall the other way, 1.6e-2.
        Precision::Tf32 => (1e-2, 6e-2),
        Precision::F32 | Precision::Bf16 => (5.0 * tolerance(form), 10.0 * tolerance(form)),
    }
}

#[test]
fn cuda_agrees_with_pytorch_on_alexnet() {
    let Some(device) = device() else { return };
    let all: BTreeMap<String, Value> = serde_json::from_str(include_str!("../goldens/alexnet.json")).unwrap();
    let context = Context::on(&device).unwrap();
    let golden_values = &all["two_towers_lrn"];
    for precision in [Precision::F32, Precision::Tf32, Precision::Bf16] {
        let form = Form { precision, channels_last: precision != Precision::F32, deterministic: true };
        let model = zoo::load("alexnet-paper").unwrap().with_towers(2);
        let mut settings = model.settings().unwrap();
        settings.set(Knob::Dropout, 0.0).unwrap();
        let mut network = golden(&model, &device, form);
        let here = Tensor::from_vec(hashed(2 * 3 * 227 * 227, 99, 4.0), (2, 3, 227, 227), &device).unwrap();
        let images = form.zeros(here.dims(), form.numbers(), &device).unwrap();
        reorder::copy(&context, &here, &images).unwrap();
        assert!(network.forward(&images, &settings, Mode::Training { seed: 1, step: 1 }, &mut on).unwrap().is_continue());
        let loss = network.loss(&[3, 8]).unwrap().loss_sum / 2.0;
        let (near, near_squares) = golden_tolerances(form);
        let expected = golden_values["loss"].as_f64().unwrap();
        assert!((loss - expected).abs() < near * expected, "{form:?}: loss {loss} instead of {expected}");
        let last = network.nodes().len() - 1;
        let logits = reorder::read(&context, network.output(last).unwrap()).unwrap();
        let expected: Vec<f64> = golden_values["logits"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .map(|v| v.as_f64().unwrap())
            .collect();
        let scale = expected.iter().fold(0f64, |most, v| most.max(v.abs()));
        for (got, expected) in logits.iter().zip(&expected) {
            assert!((f64::from(*got) - expected).abs() < near * scale, "{form:?}: logit {got} instead of {expected}");
        }
        assert!(network.backward(&[3, 8], &settings, &mut on).unwrap().is_continue());
        let squares = network.gradient_squares().unwrap();
        for (layer, parameters) in golden_values["parameters"].as_array().unwrap().iter().enumerate() {
            for (i, kind) in ["weight_gradient", "bias_gradient"].into_iter().enumerate() {
                let (got, expected) = (squares[2 * layer + i], parameters[kind][1].as_f64().unwrap());
                assert!(
                    (got / expected - 1.0).abs() < near_squares,
                    "{form:?}: {kind} {layer}: squares {got} instead of {expected}"
                );
            }
        }
    }
}

/// Never holds.
struct Open;

impl Gate for Open {
    fn pass(&mut self, _: Point) -> Flow {
        Flow::Continue
    }
}

/// A small network with every kind of layer, that takes three-channel pictures.
fn small() -> ModelSpec {
    zoo::load(SMALL).unwrap()
}

fn learner(model: &ModelSpec, device: &Device, settings: &Settings) -> NetworkLearner {
    NetworkLearner::on(device, model.clone(), Arc::new(load(&Opened::Emoji10).unwrap()), settings).unwrap()
}

fn step(learner: &mut NetworkLearner, step: u64, settings: &Settings) -> Stepped {
    let batch = settings.count(Knob::BatchSize);
    let range = |step: u64| BatchRange { epoch: 0, first: (step as usize - 1) * batch, count: batch };
    let plan = StepPlan {
        step,
        batch: range(step),
        next: range(step + 1),
        learning_rate: settings.get(Knob::LearningRate),
        settings: Arc::new(settings.clone()),
    };
    learner.step(&plan, step.is_multiple_of(5), &mut Open).unwrap()
}

fn taken(stepped: Stepped) -> StepResult {
    match stepped {
        Stepped::Taken(result) => result,
        other => panic!("{other:?}"),
    }
}

fn settings_for(model: &ModelSpec, form: Form) -> Settings {
    let mut settings = model.settings().unwrap();
    settings.set(Knob::BatchSize, 8.0).unwrap();
    settings.set(Knob::LearningRate, 0.005).unwrap();
    let precision = match form.precision {
        Precision::F32 => 1.0,
        Precision::Tf32 => 2.0,
        Precision::Bf16 => 3.0,
    };
    settings.set(Knob::Precision, precision).unwrap();
    settings.set(Knob::Layout, if form.channels_last { 2.0 } else { 1.0 }).unwrap();
    settings
}

#[test]
fn cuda_trains_twenty_steps_beside_the_cpu() {
    let Some(device) = device() else { return };
    let model = small();
    for form in forms() {
        let settings = settings_for(&model, form);
        assert_eq!(form_of(&device, &settings), form);
        let (mut here, mut there) = (learner(&model, &Device::Cpu, &settings), learner(&model, &device, &settings));
        for i in 1..=20 {
            let (cpu, gpu) = (taken(step(&mut here, i, &settings)), taken(step(&mut there, i, &settings)));
            // Differences grow from step to step.
            let allowed = tolerance(form) * (1.0 + i as f64);
            assert!(
                (gpu.loss - cpu.loss).abs() <= allowed * cpu.loss.max(1.0),
                "{form:?} step {i}: {} beside {}",
                gpu.loss,
                cpu.loss
            );
            if let (Some(gpu), Some(cpu)) = (gpu.layers, cpu.layers) {
                for (gpu, cpu) in gpu.layers.iter().zip(&cpu.layers) {
                    let near = |gpu: Option<f64>, cpu: Option<f64>| match (gpu, cpu) {
                        (Some(gpu), Some(cpu)) => (gpu - cpu).abs() <= 0.15 * cpu.abs().max(0.05),
                        (gpu, cpu) => gpu.is_none() && cpu.is_none(),
                    };
                    assert!(near(gpu.deviation, cpu.deviation) && near(gpu.weight_norm, cpu.weight_norm), "{gpu:?} {cpu:?}");
                    assert!(near(gpu.gradient_norm, cpu.gradient_norm), "{gpu:?} {cpu:?}");
                }
            }
        }
    }
}

#[test]
fn cuda_gives_the_same_losses_twice_and_goes_on_from_a_checkpoint_bit_for_bit() {
    let Some(device) = device() else { return };
    let model = small();
    for form in forms() {
        let settings = settings_for(&model, form);
        let (mut once, mut again) = (learner(&model, &device, &settings), learner(&model, &device, &settings));
        let mut losses = Vec::new();
        for i in 1..=4 {
            losses.push(taken(step(&mut once, i, &settings)).loss);
            if i == 2 {
                again.restore(&once.checkpoint().unwrap()).unwrap();
            }
        }
        let resumed: Vec<_> = (3..=4).map(|i| taken(step(&mut again, i, &settings)).loss).collect();
        assert_eq!(resumed, losses[2..], "{form:?}");
    }
}

#[test]
fn cuda_changes_its_precision_between_two_steps() {
    let Some(device) = device() else { return };
    let model = small();
    let mut learner = learner(&model, &device, &settings_for(&model, forms()[0]));
    let losses: Vec<_> =
        forms().iter().zip(1..).map(|(form, i)| taken(step(&mut learner, i, &settings_for(&model, *form))).loss).collect();
    assert!(losses.iter().all(|loss| loss.is_finite() && *loss < 4.0), "{losses:?}");
}

#[test]
fn cuda_stops_before_an_update_that_is_not_finite_and_names_the_layer() {
    let Some(device) = device() else { return };
    let model = small();
    for form in forms() {
        let settings = settings_for(&model, form);
        let mut learner = learner(&model, &device, &settings);
        taken(step(&mut learner, 1, &settings));
        let before = learner.checkpoint().unwrap();
        // Weights that are finite, and too large for what they are multiplied with.
        let mut spoilt = before.clone();
        let (_, _, weights) = spoilt.parameters.iter_mut().find(|(name, ..)| name == "conv2.weight").unwrap();
        weights.fill(3e38);
        learner.restore(&spoilt).unwrap();
        match step(&mut learner, 2, &settings) {
            Stepped::Diverged(divergence) => {
                assert_eq!((&divergence.layer[..], divergence.step), ("conv2", 2), "{form:?}")
            }
            other => panic!("{form:?}: {other:?}"),
        }
        assert_eq!(learner.checkpoint().unwrap(), spoilt, "{form:?}");
        learner.restore(&before).unwrap();
        assert!(taken(step(&mut learner, 2, &settings)).loss.is_finite());
    }
}

#[test]
fn cuda_without_room_for_a_batch_says_how_much_it_wanted_and_goes_on_with_less() {
    let Some((device, _alone)) = device_alone() else { return };
    let model = small();
    let mut settings = settings_for(&model, forms()[0]);
    let mut learner = learner(&model, &device, &settings);
    // Libraries take what they keep at their first use.
    taken(step(&mut learner, 1, &settings));
    let context = Context::on(&device).unwrap();
    context.trim();
    // All but what a batch of 4096 is short of several times over, whatever the device has.
    let left = 96 << 20;
    let ballast = context.free_memory().saturating_sub(left) as usize;
    // SAFETY: nobody reads it.
    let ballast = unsafe { device.as_cuda_device().unwrap().alloc::<u8>(ballast).unwrap() };
    let range = |count| BatchRange { epoch: 0, first: 0, count };
    // The capacity follows the knob; the batch itself may be smaller, so that pictures do not run out.
    let plan = |settings: &Settings| StepPlan {
        step: 2,
        batch: range(8),
        next: range(8),
        learning_rate: 0.001,
        settings: Arc::new(settings.clone()),
    };
    settings.set(Knob::BatchSize, 4096.0).unwrap();
    match learner.step(&plan(&settings), false, &mut Open).unwrap() {
        Stepped::NoRoom(reason) => assert!(reason.contains("4096") && reason.contains("GiB"), "{reason}"),
        other => panic!("{other:?}"),
    }
    drop(ballast);
    context.trim();
    settings.set(Knob::BatchSize, 8.0).unwrap();
    assert!(taken(learner.step(&plan(&settings), false, &mut Open).unwrap()).loss.is_finite());
}

#[test]
fn cuda_evaluates_as_the_cpu_does() {
    let Some(device) = device() else { return };
    let model = small();
    let settings = Arc::new(settings_for(&model, forms()[0]));
    let tested = |device: &Device| learner(&model, device, &settings).evaluate(30, &settings, &mut Open).unwrap().unwrap();
    let (here, there) = (tested(&Device::Cpu), tested(&device));
    assert_eq!((here.pictures, here.correct), (there.pictures, there.correct));
    assert!((here.loss_sum / there.loss_sum - 1.0).abs() < 1e-4);
}

#[test]
fn cuda_shows_its_layers_to_a_viewer() {
    let Some(device) = device() else { return };
    let model = small();
    let sights = |device: &Device, form: Form| {
        let settings = settings_for(&model, form);
        let mut viewer = learner(&model, device, &settings).viewer().unwrap();
        let standing = Standing { step: 1, settings: Arc::new(settings), taken: None };
        let look = |layer: usize| Probe::Layer(LayerProbe { layer, picture: Picture::Test(3), unit: 0, training: true });
        (0..model.layers.len()).map(|layer| viewer.look(&look(layer), &standing).unwrap()).collect::<Vec<_>>()
    };
    for form in forms() {
        for (here, there) in sights(&Device::Cpu, form).iter().zip(&sights(&device, form)) {
            let (Sight::Layer(here), Sight::Layer(there)) = (here, there) else { panic!("not a layer") };
            assert_eq!((&here.output.shape, &here.mask), (&there.output.shape, &there.mask));
            crate::near::assert_near("output", &there.output.values, &here.output.values, 3.0 * tolerance(form));
        }
    }
}

#[test]
fn cuda_viewer_goes_along_when_the_precision_changes() {
    let Some(device) = device() else { return };
    let model = small();
    let forms = [Precision::Bf16, Precision::Tf32, Precision::Bf16];
    let forms = forms.map(|precision| Form { precision, channels_last: true, deterministic: true });
    let mut learner = learner(&model, &device, &settings_for(&model, forms[0]));
    let mut viewer = learner.viewer().unwrap();
    for (form, i) in forms.into_iter().zip(1..) {
        let settings = settings_for(&model, form);
        taken(step(&mut learner, i, &settings));
        let standing = Standing { step: i, settings: Arc::new(settings), taken: None };
        let last = LayerProbe { layer: model.layers.len() - 1, picture: Picture::Test(3), unit: 0, training: false };
        let seen = |viewer: &mut dyn Viewer| match viewer.look(&Probe::Layer(last.clone()), &standing).unwrap() {
            Sight::Layer(seen) => seen.output.values,
            Sight::Pictures(_) => panic!("not a layer"),
        };
        assert_eq!(
            seen(&mut *viewer),
            seen(&mut *learner.viewer().unwrap()),
            "one that was just made sees something else in {form:?}"
        );
    }
}

#[test]
fn cuda_learns_in_the_end_what_the_step_by_itself_says() {
    let Some(device) = device() else { return };
    let model = small();
    let settings = settings_for(&model, forms()[0]);
    let mut network = Network::build_on(&device, form_of(&device, &settings), &model, 1, 4).unwrap();
    let [channels, height, width] = model.input;
    let images = Tensor::from_vec(hashed(4 * channels * height * width, 1, 2.0), (4, channels, height, width), &device).unwrap();
    assert!(network.forward(&images, &settings, Mode::Training { seed: 1, step: 1 }, &mut on).unwrap().is_continue());
    let waited = network.loss(&[0, 1, 2, 3]).unwrap();
    let Learned::Taken(taken) = network.learn(&[0, 1, 2, 3], &settings, 0.01, true, &mut on).unwrap() else {
        panic!("not taken")
    };
    assert_eq!(taken.loss, waited);
    assert!(taken.norms.iter().all(|norms| norms.update_sq >= 0.0) && taken.norms[0].update_sq > 0.0);
}
