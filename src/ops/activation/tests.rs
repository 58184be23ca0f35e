use candle_core::{Device, Tensor};
use proptest::prelude::*;

use super::{Activation, backward, cpu, forward};
use crate::ops::testing::*;
use crate::ops::{Context, Error};

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn each_derivative_is_the_slope_of_its_function(seed in 0u64..1000, which in 0usize..3) {
        let function = Activation::ALL[which];
        let x: Vec<f64> = random(seed, 40).iter().map(|v| 5.0 * v).collect();
        let dy = random(seed + 1, 40);
        let of = |x: &[f64]| {
            let mut y = x.to_vec();
            cpu::forward(&Context::new(), function, &mut y);
            y
        };
        let mut dx = dy.clone();
        cpu::backward(&Context::new(), function, &of(&x), &mut dx);
        assert_gradient("activation", &x, &dx, |x| dot(&of(x), &dy));
    }
}

#[test]
fn the_functions_have_the_values_of_their_formulas_and_overflow_nowhere() {
    let x = [-100.0f32, -2.0, 0.0, 2.0, 1e4];
    for (function, expected) in [
        (Activation::Relu, [0.0, 0.0, 0.0, 2.0, 1e4]),
        (Activation::LeakyRelu, [-1.0, -0.02, 0.0, 2.0, 1e4]),
        (Activation::Softplus, [3.72e-44, 0.126_928, std::f32::consts::LN_2, 2.126_928, 1e4]),
    ] {
        let y = Tensor::new(&x, &Device::Cpu).unwrap();
        forward(&Context::new(), function, &y).unwrap();
        assert_close(&format!("{function:?}"), &values(&y), &expected, 1e-6);
    }
}

#[test]
fn the_derivative_of_relu_at_zero_is_zero() {
    let (y, dy) = (Tensor::new(&[0f32, 1.0], &Device::Cpu).unwrap(), Tensor::new(&[5f32, 5.0], &Device::Cpu).unwrap());
    backward(&Context::new(), Activation::Relu, &y, &dy).unwrap();
    assert_eq!(values(&dy), [0.0, 5.0]);
}

#[test]
fn a_nan_passes_through_every_function() {
    for function in Activation::ALL {
        let x = Tensor::new(&[f32::NAN], &Device::Cpu).unwrap();
        forward(&Context::new(), function, &x).unwrap();
        assert!(values(&x)[0].is_nan(), "{function:?}");
    }
}

#[test]
fn a_part_of_a_batch_is_changed_and_the_rest_is_left_alone() {
    let all = Tensor::full(-1f32, (3, 2), &Device::Cpu).unwrap();
    forward(&Context::new(), Activation::Relu, &all.narrow(0, 1, 1).unwrap()).unwrap();
    assert_eq!(values(&all), [-1.0, -1.0, 0.0, 0.0, -1.0, -1.0]);
}

#[test]
fn a_strided_view_a_wrong_shape_a_wrong_type_and_shared_memory_are_refused() {
    let ctx = Context::new();
    let (a, b) = (blank(&[2, 3]), blank(&[3, 2]));
    let refused = |y: &Tensor, dy: &Tensor| backward(&ctx, Activation::Relu, y, dy).unwrap_err();
    assert!(matches!(refused(&a.t().unwrap(), &b), Error::Strided { name: "y", .. }));
    assert!(matches!(refused(&a, &b), Error::Shape { name: "dy", .. }));
    assert!(matches!(refused(&a, &blank_bytes(&[2, 3])), Error::DType { name: "dy", .. }));
    assert!(matches!(refused(&a, &a), Error::Shared { written: "dy", other: "y", .. }));
    assert_eq!(
        refused(&a, &b).to_string(),
        "activation backward: `dy` should have the shape [2, 3], got [3, 2]; build the tensor from the layer's geometry"
    );
}
