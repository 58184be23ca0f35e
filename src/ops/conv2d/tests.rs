use candle_core::Tensor;
use proptest::prelude::*;

use super::{Conv2d, backward, cpu, forward};
use crate::ops::Context;
use crate::ops::activation::Activation;
use crate::ops::testing::*;
use crate::spec::Padding;

fn geometry(x: &Tensor, w: &Tensor, stride: usize, pad: Padding, groups: usize) -> Conv2d {
    let (_, c, height, width) = x.dims4().unwrap();
    let (out, _, kernel, _) = w.dims4().unwrap();
    Conv2d::new([c, height, width], out, kernel, stride, pad, groups).unwrap()
}

/// y, dx, dw and db of random tensors.
fn both_passes(ctx: &Context, geo: &Conv2d, act: Option<Activation>, batch: usize) -> Vec<Tensor> {
    let (x, w) = (random_tensor(1, &geo.input_shape(batch)), random_tensor(2, &geo.weight_shape()));
    let (b, dy) = (random_tensor(3, &[geo.out_channels]), random_tensor(4, &geo.output_shape(batch)));
    let (y, dx) = (blank(&geo.output_shape(batch)), blank(&geo.input_shape(batch)));
    let (dw, db) = (blank(&geo.weight_shape()), blank(&[geo.out_channels]));
    forward(ctx, geo, act, &x, &w, &b, &y).unwrap();
    backward(ctx, geo, act, &x, &w, &y, &dy, Some(&dx), &dw, &db).unwrap();
    vec![y, dx, dw, db]
}

#[test]
fn it_agrees_with_pytorch() {
    for case in Goldens::load().of("conv2d") {
        let (x, w, b) = (case.tensor("x"), case.tensor("w"), case.tensor("b"));
        let geo = geometry(&x, &w, case.count("stride"), Padding::Each(case.count("pad")), case.count("groups"));
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
fn it_agrees_with_candle() {
    for (input, out, kernel, stride, pad, groups) in [
        ([3, 35, 35], 20, 11, 4, 0, 1),
        ([8, 27, 27], 34, 5, 1, 2, 2),
        ([40, 13, 13], 70, 3, 1, 1, 2),
        ([6, 9, 14], 5, 2, 3, 1, 1),
    ] {
        let geo = Conv2d::new(input, out, kernel, stride, Padding::Each(pad), groups).unwrap();
        let (x, w) = (random_tensor(1, &geo.input_shape(3)), random_tensor(2, &geo.weight_shape()));
        let (b, y) = (random_tensor(3, &[out]), blank(&geo.output_shape(3)));
        forward(&Context::new(), &geo, Some(Activation::Relu), &x, &w, &b, &y).unwrap();
        let config = candle_nn::Conv2dConfig { padding: pad, stride, groups, ..Default::default() };
        let theirs = candle_nn::Module::forward(&candle_nn::Conv2d::new(w, Some(b), config), &x).unwrap().relu().unwrap();
        assert_eq!(theirs.dims(), y.dims());
        assert_close("y", &values(&y), &values(&theirs), 1e-4);
    }
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![Just(Padding::Same), (0usize..4).prop_map(Padding::Each)]
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn each_gradient_is_the_slope_of_the_forward_pass(
        (groups, in_group, out_group) in (1usize..4, 1usize..4, 1usize..4),
        (height, width) in (1usize..10, 1usize..10),
        (kernel, stride, pad) in (1usize..6, 1usize..4, paddings()),
        (batch, which, seed) in (1usize..4, 0usize..4, 0u64..1000),
    ) {
        let Ok(geo) = Conv2d::new([groups * in_group, height, width], groups * out_group, kernel, stride, pad, groups) else {
            return Ok(());
        };
        let act = Activation::ALL.get(which).copied();
        let count = |shape: [usize; 4]| shape.iter().product::<usize>();
        let (x, w) = (random(seed, count(geo.input_shape(batch))), random(seed + 1, count(geo.weight_shape())));
        let (b, dy) = (random(seed + 2, geo.out_channels), random(seed + 3, count(geo.output_shape(batch))));
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
fn same_padding_gives_the_odd_zero_to_the_bottom_and_right() {
    let geo = Conv2d::new([3, 224, 224], 64, 11, 4, Padding::Same, 1).unwrap();
    assert_eq!((geo.pad, geo.output), ([3, 3, 4, 4], (56, 56)));
    let geo = Conv2d::new([3, 32, 32], 96, 11, 4, Padding::Each(1), 1).unwrap();
    assert_eq!(geo.output, (6, 6));
}

#[test]
fn results_are_equal_to_the_bit_at_any_thread_count() {
    for (input, kernel, stride, pad) in [([3, 63, 63], 11, 4, 0), ([16, 13, 13], 3, 1, 1), ([8, 27, 27], 5, 1, 2)] {
        let groups = if input[0] == 3 { 1 } else { 2 };
        let geo = Conv2d::new(input, 48, kernel, stride, Padding::Each(pad), groups).unwrap();
        assert_same_at_any_thread_count(|ctx| both_passes(ctx, &geo, Some(Activation::Relu), 11));
    }
}

#[test]
fn a_second_call_with_used_scratch_gives_the_same_bits() {
    let ctx = Context::new();
    let geo = Conv2d::new([4, 13, 13], 6, 3, 2, Padding::Each(1), 2).unwrap();
    let all = |tensors: Vec<Tensor>| tensors.iter().flat_map(values).collect::<Vec<_>>();
    let first = all(both_passes(&ctx, &geo, Some(Activation::Softplus), 3));
    both_passes(&ctx, &Conv2d::new([3, 40, 40], 7, 5, 1, Padding::Same, 1).unwrap(), None, 2);
    assert_eq!(all(both_passes(&ctx, &geo, Some(Activation::Softplus), 3)), first);
}

#[test]
fn the_pictures_gradient_is_left_out_where_it_is_not_wanted() {
    let ctx = Context::new();
    let geo = Conv2d::new([3, 9, 9], 4, 3, 2, Padding::Each(0), 1).unwrap();
    let expected = both_passes(&ctx, &geo, None, 2);
    let (x, w, y) = (random_tensor(1, &geo.input_shape(2)), random_tensor(2, &geo.weight_shape()), &expected[0]);
    let (dw, db) = (blank(&geo.weight_shape()), blank(&[4]));
    backward(&ctx, &geo, None, &x, &w, y, &random_tensor(4, &geo.output_shape(2)), None, &dw, &db).unwrap();
    assert_eq!((values(&dw), values(&db)), (values(&expected[2]), values(&expected[3])));
}

#[test]
fn a_geometry_that_cannot_be_is_refused_with_what_to_do() {
    let refused = |channels, kernel, stride, groups| {
        Conv2d::new([channels, 5, 5], 4, kernel, stride, Padding::Each(0), groups).unwrap_err().to_string()
    };
    assert_eq!(
        refused(3, 7, 1, 1),
        "conv2d: a kernel of 7 is larger than the padded input of 5 × 5; pad more or use a smaller kernel"
    );
    assert!(refused(3, 3, 1, 2).contains("cannot both be split into 2 groups"));
    assert!(refused(3, 3, 0, 1).contains("at least 1"));
}

#[test]
fn a_batch_of_no_pictures_has_no_gradient() {
    let geo = Conv2d::new([3, 9, 9], 4, 3, 2, Padding::Each(0), 1).unwrap();
    let results = both_passes(&Context::new(), &geo, Some(Activation::Relu), 0);
    assert!(values(&results[2]).iter().chain(&values(&results[3])).all(|&v| v == 0.0));
}
