use candle_core::{Device, Tensor};
use proptest::prelude::*;

use super::{MaxPool2d, backward, cpu, forward};
use crate::ops::Context;
use crate::ops::testing::*;

/// y and dx.
fn both_passes(ctx: &Context, geo: &MaxPool2d, x: &Tensor, dy: &Tensor) -> Vec<Tensor> {
    let (y, dx, argmax) = (blank(dy.dims()), blank(x.dims()), blank_bytes(dy.dims()));
    forward(ctx, geo, x, &y, &argmax).unwrap();
    backward(ctx, geo, &argmax, dy, &dx).unwrap();
    vec![y, dx]
}

fn plane(side: usize, x: &[f32]) -> Tensor {
    Tensor::from_slice(x, (1, 1, side, side), &Device::Cpu).unwrap()
}

#[test]
fn it_agrees_with_pytorch() {
    for case in Goldens::load().of("max_pool2d") {
        let x = case.tensor("x");
        let (_, c, height, width) = x.dims4().unwrap();
        let geo = MaxPool2d::new([c, height, width], case.count("kernel"), case.count("stride"), case.flag("ceil_mode")).unwrap();
        let results = both_passes(&Context::new(), &geo, &x, &case.tensor("dy"));
        case.assert_equals("y", &results[0]);
        case.assert_equals("dx", &results[1]);
    }
}

#[test]
fn a_lone_maximum_gets_the_whole_gradient() {
    let geo = MaxPool2d::new([1, 3, 3], 3, 1, false).unwrap();
    let x = plane(3, &[0.0, 1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0, 7.0]);
    let results = both_passes(&Context::new(), &geo, &x, &plane(1, &[2.5]));
    assert_eq!(values(&results[1]), [0.0, 0.0, 0.0, 0.0, 2.5, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn of_equal_maxima_the_first_in_row_order_gets_the_gradient() {
    let geo = MaxPool2d::new([1, 3, 3], 3, 1, false).unwrap();
    let x = plane(3, &[0.0, 0.0, 7.0, 7.0, 0.0, 0.0, 7.0, 7.0, 7.0]);
    let results = both_passes(&Context::new(), &geo, &x, &plane(1, &[1.0]));
    assert_eq!(values(&results[1]), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_maximum_of_several_windows_gets_the_sum_of_their_gradients() {
    let geo = MaxPool2d::new([1, 3, 3], 2, 1, false).unwrap();
    let x = plane(3, &[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let results = both_passes(&Context::new(), &geo, &x, &plane(2, &[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(values(&results[1])[4], 10.0);
}

#[test]
fn a_nan_and_an_infinity_are_not_hidden() {
    let geo = MaxPool2d::new([1, 3, 3], 3, 1, false).unwrap();
    let pooled = |centre: f32, last: f32| {
        let x = plane(3, &[1.0, 1.0, 1.0, 1.0, centre, 1.0, 1.0, 1.0, last]);
        values(&both_passes(&Context::new(), &geo, &x, &plane(1, &[1.0]))[0])[0]
    };
    assert!(pooled(f32::NAN, 9.0).is_nan());
    assert!(pooled(1.0, f32::NAN).is_nan());
    let below_all = plane(3, &[f32::NEG_INFINITY; 9]);
    assert_eq!(values(&both_passes(&Context::new(), &geo, &below_all, &plane(1, &[1.0]))[1])[0], 1.0);
}

#[test]
fn ceil_mode_clips_windows_and_starts_none_outside() {
    let output = |side, kernel, stride, ceil| MaxPool2d::new([1, side, side], kernel, stride, ceil).map(|geo| geo.output.0).ok();
    assert_eq!(output(6, 3, 2, false), Some(2));
    assert_eq!(output(6, 3, 2, true), Some(3));
    assert_eq!(output(3, 3, 2, true), Some(1));
    assert_eq!(output(1, 3, 2, true), Some(1));
    assert_eq!(output(1, 3, 2, false), None);
    assert_eq!(output(4, 1, 3, true), Some(2));
    assert_eq!(output(3, 1, 3, true), Some(1), "a second window would start outside");
    assert_eq!(output(20, 17, 1, true), None);
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn the_gradient_is_the_slope_of_the_forward_pass(
        (height, width, planes) in (1usize..14, 1usize..14, 1usize..4),
        (kernel, stride, ceil) in (1usize..6, 1usize..5, any::<bool>()),
        seed in 0u64..1000,
    ) {
        let Ok(geo) = MaxPool2d::new([planes, height, width], kernel, stride, ceil) else { return Ok(()) };
        let x = random(seed, planes * height * width);
        let dy = random(seed + 1, geo.output_shape(1).iter().product());
        let output = |x: &[f64]| {
            let (mut y, mut argmax) = (vec![f64::NAN; dy.len()], vec![0xff; dy.len()]);
            cpu::forward(&Context::new(), &geo, x, &mut y, &mut argmax);
            (y, argmax)
        };
        let (y, argmax) = output(&x);
        for (i, &y) in y.iter().enumerate() {
            let (plane, row, column) = (i / (geo.output.0 * geo.output.1), i / geo.output.1 % geo.output.0, i % geo.output.1);
            let rows = row * stride..(row * stride + kernel).min(height);
            let largest = rows
                .flat_map(|r| (column * stride..(column * stride + kernel).min(width)).map(move |c| (r, c)))
                .map(|(r, c)| x[(plane * height + r) * width + c])
                .fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(y, largest);
        }
        let mut dx = vec![f64::NAN; x.len()];
        cpu::backward(&Context::new(), &geo, &argmax, &dy, &mut dx);
        assert_gradient("x", &x, &dx, |x| dot(&output(x).0, &dy));
    }
}

#[test]
fn results_are_equal_to_the_bit_at_any_thread_count() {
    let geo = MaxPool2d::new([12, 27, 27], 3, 2, false).unwrap();
    let (x, dy) = (random_tensor(1, &geo.input_shape(5)), random_tensor(2, &geo.output_shape(5)));
    assert_same_at_any_thread_count(|ctx| both_passes(ctx, &geo, &x, &dy));
}
