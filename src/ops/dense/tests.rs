use candle_core::Tensor;
use proptest::prelude::*;

use super::{Dense, backward, cpu, forward};
use crate::ops::Context;
use crate::ops::activation::Activation;
use crate::ops::testing::*;

fn both_passes(ctx: &Context, geo: &Dense, act: Option<Activation>, batch: usize) -> Vec<Tensor> {
    let (x, w) = (random_tensor(1, &[batch, geo.inputs]), random_tensor(2, &[geo.outputs, geo.inputs]));
    let (b, dy) = (random_tensor(3, &[geo.outputs]), random_tensor(4, &[batch, geo.outputs]));
    let (y, dx) = (blank(dy.dims()), blank(x.dims()));
    let (dw, db) = (blank(w.dims()), blank(b.dims()));
    forward(ctx, geo, act, &x, &w, &b, &y).unwrap();
    backward(ctx, geo, act, &x, &w, &y, &dy, Some(&dx), &dw, &db).unwrap();
    vec![y, dx, dw, db]
}

#[test]
fn it_agrees_with_pytorch() {
    for case in Goldens::load().of("dense") {
        let (x, w, b) = (case.tensor("x"), case.tensor("w"), case.tensor("b"));
        let geo = Dense { inputs: w.dims()[1], outputs: w.dims()[0] };
        let ctx = Context::new();
        let (y, dx, dw, db) = (blank(case.tensor("y").dims()), blank(x.dims()), blank(w.dims()), blank(b.dims()));
        forward(&ctx, &geo, None, &x, &w, &b, &y).unwrap();
        case.assert_equals("y", &y);
        backward(&ctx, &geo, None, &x, &w, &y, &case.tensor("dy"), Some(&dx), &dw, &db).unwrap();
        case.assert_equals("dx", &dx);
        case.assert_equals("dw", &dw);
        case.assert_equals("db", &db);
    }
}

#[test]
fn it_agrees_with_candle_at_sizes_that_do_not_divide() {
    let geo = Dense { inputs: 301, outputs: 133 };
    let (x, w, b) = (random_tensor(1, &[33, 301]), random_tensor(2, &[133, 301]), random_tensor(3, &[133]));
    let y = blank(&[33, 133]);
    forward(&Context::new(), &geo, None, &x, &w, &b, &y).unwrap();
    let theirs = candle_nn::Module::forward(&candle_nn::Linear::new(w, Some(b)), &x).unwrap();
    assert_close("y", &values(&y), &values(&theirs), 1e-4);
}

proptest! {
    #![proptest_config(cases(48))]
    #[test]
    fn each_gradient_is_the_slope_of_the_forward_pass(
        inputs in 1usize..80, outputs in 1usize..80, batch in 1usize..20, which in 0usize..4, seed in 0u64..1000,
    ) {
        let geo = Dense { inputs, outputs };
        let act = Activation::ALL.get(which).copied();
        let (x, w, b) = (random(seed, batch * inputs), random(seed + 1, outputs * inputs), random(seed + 2, outputs));
        let dy = random(seed + 3, batch * outputs);
        let ctx = Context::new();
        let output = |x: &[f64], w: &[f64], b: &[f64]| {
            let mut y = vec![f64::NAN; dy.len()];
            cpu::forward(&ctx, &geo, act, x, w, b, &mut y);
            y
        };
        let (mut dx, mut dw, mut db) = (vec![f64::NAN; x.len()], vec![f64::NAN; w.len()], vec![f64::NAN; b.len()]);
        let y = output(&x, &w, &b);
        let kept = cpu::Kept { x: &x, w: &w, y: &y };
        cpu::backward(&ctx, &geo, act, kept, &mut dy.clone(), cpu::Gradients { dx: Some(&mut dx), dw: &mut dw, db: &mut db });
        assert_gradient("x", &x, &dx, |x| dot(&output(x, &w, &b), &dy));
        assert_gradient("w", &w, &dw, |w| dot(&output(&x, w, &b), &dy));
        assert_gradient("b", &b, &db, |b| dot(&output(&x, &w, b), &dy));
    }
}

#[test]
fn results_are_equal_to_the_bit_at_any_thread_count() {
    assert_same_at_any_thread_count(|ctx| both_passes(ctx, &Dense { inputs: 700, outputs: 300 }, Some(Activation::Relu), 32));
}

#[test]
fn a_batch_of_no_pictures_has_no_gradient() {
    let results = both_passes(&Context::new(), &Dense { inputs: 3, outputs: 2 }, None, 0);
    assert_eq!((values(&results[2]), values(&results[3])), (vec![0.0; 6], vec![0.0; 2]));
}
