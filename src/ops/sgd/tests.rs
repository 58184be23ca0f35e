use candle_core::Tensor;

use super::{Sgd, UpdateNorms, update};
use crate::ops::Context;
use crate::ops::testing::*;

#[test]
fn four_steps_agree_with_pytorch() {
    for case in Goldens::load().of("sgd") {
        let sgd = Sgd {
            learning_rate: case.number("lr"),
            momentum: case.number("momentum"),
            weight_decay: case.number("weight_decay"),
            nesterov: case.flag("nesterov"),
        };
        let w = case.tensor("w0");
        let velocity = w.zeros_like().unwrap();
        for step in 1..=4 {
            let norms = step % 2 == 0;
            update(&Context::new(), &sgd, &w, &velocity, &case.tensor(&format!("g{step}")), norms).unwrap();
            case.assert_equals(&format!("w{step}"), &w);
        }
    }
}

/// Weights and velocity after two steps, and the second step's norms.
fn two_steps(ctx: &Context, norms: bool) -> (Vec<Tensor>, UpdateNorms) {
    let sgd = Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 1e-3, nesterov: true };
    let (w, velocity) =
        (random_tensor(1, &[50_001]), Tensor::zeros(50_001, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap());
    update(ctx, &sgd, &w, &velocity, &random_tensor(2, &[50_001]), norms).unwrap();
    let last = update(ctx, &sgd, &w, &velocity, &random_tensor(3, &[50_001]), norms).unwrap();
    (vec![w, velocity], last)
}

#[test]
fn the_norms_are_those_of_the_new_weights_and_of_what_was_subtracted() {
    let sgd = Sgd { learning_rate: 0.5, momentum: 0.0, weight_decay: 0.0, nesterov: false };
    let (w, dw) = (random_tensor(1, &[1003]), random_tensor(2, &[1003]));
    let norms = update(&Context::new(), &sgd, &w, &w.zeros_like().unwrap(), &dw, true).unwrap();
    let square_sum = |t: &Tensor, scale: f64| values(t).iter().map(|&v| (scale * v as f64).powi(2)).sum::<f64>();
    assert!((norms.weight_sq - square_sum(&w, 1.0)).abs() < 1e-9 * norms.weight_sq);
    assert!((norms.update_sq - square_sum(&dw, 0.5)).abs() < 1e-9 * norms.update_sq);
}

#[test]
fn asking_for_the_norms_does_not_change_the_update() {
    let (with, without) = (two_steps(&Context::new(), true), two_steps(&Context::new(), false));
    assert_eq!(values(&with.0[0]), values(&without.0[0]));
    assert_eq!(without.1, UpdateNorms::default());
}

#[test]
fn results_are_equal_to_the_bit_at_any_thread_count() {
    assert_same_at_any_thread_count(|ctx| two_steps(ctx, true).0);
    let norms = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| two_steps(&Context::new(), true).1)
    };
    assert_eq!(norms(1), norms(4));
}
