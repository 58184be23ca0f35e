use candle_core::Tensor;
use proptest::prelude::*;

use super::{Lrn, backward, cpu, forward};
use crate::ops::Context;
use crate::ops::testing::*;

/// y, denominators and dx.
fn both_passes(ctx: &Context, lrn: &Lrn, x: &Tensor, dy: &Tensor) -> Vec<Tensor> {
    let (y, denominator, dx) = (blank(x.dims()), blank(x.dims()), blank(x.dims()));
    forward(ctx, lrn, x, &y, &denominator).unwrap();
    backward(ctx, lrn, x, &y, &denominator, dy, &dx).unwrap();
    vec![y, denominator, dx]
}

#[test]
fn it_agrees_with_pytorch() {
    for case in Goldens::load().of("lrn") {
        let lrn = Lrn { n: case.count("size"), k: case.number("k"), alpha: case.number("alpha"), beta: case.number("beta") };
        let results = both_passes(&Context::new(), &lrn, &case.tensor("x"), &case.tensor("dy"));
        case.assert_equals("y", &results[0]);
        case.assert_equals("dx", &results[2]);
    }
}

#[test]
fn one_channel_alone_is_divided_by_its_own_response() {
    let lrn = Lrn { n: 5, k: 2.0, alpha: 0.5, beta: 0.75 };
    let x = Tensor::full(2f32, (1, 1, 1, 1), &candle_core::Device::Cpu).unwrap();
    let results = both_passes(&Context::new(), &lrn, &x, &x);
    assert_eq!(values(&results[1]), [4.0]);
    assert_close("y", &values(&results[0]), &[2.0 / 4f32.powf(0.75)], 1e-6);
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn the_gradient_is_the_slope_of_the_forward_pass(
        (batch, channels, side) in (1usize..3, 1usize..12, 1usize..6),
        (half, k, alpha) in (0usize..5, thousandths(500..3000), thousandths(0..2000)),
        beta in prop_oneof![Just(0.75), thousandths(0..2000)],
        seed in 0u64..1000,
    ) {
        let lrn = Lrn { n: 2 * half + 1, k, alpha, beta };
        let shape = cpu::Shape::of((batch, channels, side, side));
        let x: Vec<f64> = random(seed, batch * channels * side * side).iter().map(|v| 3.0 * v).collect();
        let dy = random(seed + 1, x.len());
        let output = |x: &[f64]| {
            let (mut y, mut denominator) = (vec![f64::NAN; x.len()], vec![f64::NAN; x.len()]);
            cpu::forward(&Context::new(), &lrn, shape, x, &mut y, &mut denominator);
            (y, denominator)
        };
        let (y, denominator) = output(&x);
        let mut dx = vec![f64::NAN; x.len()];
        cpu::backward(&Context::new(), &lrn, shape, cpu::Kept { x: &x, y: &y, denominator: &denominator }, &dy, &mut dx);
        assert_gradient("x", &x, &dx, |x| dot(&output(x).0, &dy));
    }
}

#[test]
fn constants_that_make_no_sense_are_refused_with_what_to_use() {
    let x = blank(&[1, 4, 2, 2]);
    let refused = |lrn: Lrn| forward(&Context::new(), &lrn, &x, &blank(x.dims()), &blank(x.dims())).unwrap_err().to_string();
    let paper = Lrn { n: 5, k: 2.0, alpha: 1e-4, beta: 0.75 };
    assert_eq!(refused(Lrn { n: 4, ..paper }), "lrn forward: the window of 4 channels has no middle; use an odd n");
    assert!(refused(Lrn { k: 0.0, ..paper }).contains("use k > 0"));
}

#[test]
fn results_are_equal_to_the_bit_at_any_thread_count() {
    let (x, dy) = (random_tensor(1, &[7, 20, 9, 9]), random_tensor(2, &[7, 20, 9, 9]));
    let lrn = Lrn { n: 5, k: 2.0, alpha: 0.1, beta: 0.75 };
    assert_same_at_any_thread_count(|ctx| both_passes(ctx, &lrn, &x, &dy));
}
