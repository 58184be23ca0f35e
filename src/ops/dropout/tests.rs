use candle_core::Tensor;
use proptest::prelude::*;

use super::{DropoutKey, backward, backward_in_place, cpu, forward, forward_in_place};
use crate::ops::Context;
use crate::ops::testing::*;

const KEY: DropoutKey = DropoutKey { seed: 1, layer: 0, step: 7 };

/// y and dx, where everything that goes in is 1.
fn of_ones(ctx: &Context, p: f64, key: DropoutKey, count: usize) -> Vec<Tensor> {
    let ones = Tensor::ones(count, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
    let (y, dx, mask) = (blank(&[count]), blank(&[count]), blank_bytes(&[count]));
    forward(ctx, p, key, &ones, &y, &mask).unwrap();
    backward(ctx, p, &mask, &ones, &dx).unwrap();
    vec![y, dx]
}

#[test]
fn about_p_of_the_units_are_silent_and_the_others_are_scaled() {
    for p in [0.0, 0.1, 0.5, 0.9] {
        let y = values(&of_ones(&Context::new(), p, KEY, 100_000)[0]);
        let silent = y.iter().filter(|&&v| v == 0.0).count() as f64 / y.len() as f64;
        assert!((silent - p).abs() < 0.006, "{silent} of the units are silent at p = {p}");
        assert!(y.iter().all(|&v| v == 0.0 || v == (1.0 / (1.0 - p)) as f32));
    }
}

#[test]
fn the_gradient_reaches_exactly_the_units_that_spoke() {
    let results = of_ones(&Context::new(), 0.5, KEY, 1000);
    assert_eq!(values(&results[0]), values(&results[1]));
}

#[test]
fn other_seeds_layers_and_steps_silence_other_units() {
    let y = |key| values(&of_ones(&Context::new(), 0.5, key, 1000)[0]);
    assert_eq!(y(KEY), y(KEY));
    for other in [DropoutKey { seed: 2, ..KEY }, DropoutKey { layer: 1, ..KEY }, DropoutKey { step: 8, ..KEY }] {
        let same = y(KEY).iter().zip(&y(other)).filter(|(a, b)| a == b).count();
        assert!((400..600).contains(&same), "{same} of 1000 units agree under {other:?}");
    }
}

#[test]
fn in_place_or_not_is_the_same() {
    let (x, mask) = (random_tensor(1, &[3, 50]), blank_bytes(&[3, 50]));
    let (y, other_mask, ctx) = (blank(&[3, 50]), blank_bytes(&[3, 50]), Context::new());
    forward(&ctx, 0.3, KEY, &x, &y, &other_mask).unwrap();
    forward_in_place(&ctx, 0.3, KEY, &x, &mask).unwrap();
    assert_eq!(values(&x), values(&y));
    let (dy, dx) = (random_tensor(2, &[3, 50]), blank(&[3, 50]));
    backward(&ctx, 0.3, &mask, &dy, &dx).unwrap();
    backward_in_place(&ctx, 0.3, &other_mask, &dy).unwrap();
    assert_eq!(values(&dx), values(&dy));
}

#[test]
fn results_are_equal_to_the_bit_at_any_thread_count() {
    assert_same_at_any_thread_count(|ctx| of_ones(ctx, 0.5, KEY, 100_000));
}

#[test]
fn a_probability_of_one_is_refused() {
    let x = blank(&[4]);
    let error = forward_in_place(&Context::new(), 1.0, KEY, &x, &blank_bytes(&[4])).unwrap_err();
    assert_eq!(error.to_string(), "dropout forward: the probability p = 1 must lie in 0 ≤ p < 1");
}

proptest! {
    #![proptest_config(cases(16))]
    #[test]
    fn the_gradient_is_the_slope_of_the_forward_pass(p in thousandths(0..950), step in 0u64..1000) {
        let key = DropoutKey { step, ..KEY };
        let (x, dy) = (random(step, 60), random(step + 1, 60));
        let output = |x: &[f64]| {
            let (mut y, mut mask) = (x.to_vec(), vec![0xff; x.len()]);
            cpu::forward(&Context::new(), p, key, &mut y, &mut mask);
            (y, mask)
        };
        let mut dx = dy.clone();
        cpu::backward(&Context::new(), p, &output(&x).1, &mut dx);
        assert_gradient("x", &x, &dx, |x| dot(&output(x).0, &dy));
    }
}
