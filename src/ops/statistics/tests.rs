use candle_core::{Device, Tensor};

use super::{all_finite, dead_share, square_sum, sum_and_squares};
use crate::ops::Context;
use crate::ops::testing::*;

#[test]
fn sums_are_those_of_f64_in_any_size() {
    for count in [0, 1, 15, 16, 16_384, 40_001] {
        let t = random_tensor(5, &[count]);
        let v = values(&t);
        let (sum, squares) = sum_and_squares(&Context::new(), &t).unwrap();
        assert!((sum - v.iter().map(|&v| v as f64).sum::<f64>()).abs() < 1e-9);
        assert!((squares - v.iter().map(|&v| v as f64 * v as f64).sum::<f64>()).abs() < 1e-8);
    }
}

#[test]
fn a_single_number_that_is_not_finite_is_found_anywhere() {
    let ctx = Context::new();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in [0, 63, 64, 16_383, 16_384, 20_000] {
            let mut v = vec![f32::MAX; 20_001];
            let all = |v: &[f32]| all_finite(&ctx, &Tensor::new(v, &Device::Cpu).unwrap()).unwrap();
            assert!(all(&v));
            v[place] = bad;
            assert!(!all(&v), "{bad} at {place}");
            assert!(!square_sum(&ctx, &Tensor::new(v.as_slice(), &Device::Cpu).unwrap()).unwrap().is_finite());
        }
    }
}

#[test]
fn a_square_sum_of_the_largest_numbers_is_still_finite() {
    let t = Tensor::full(f32::MAX, 100_000, &Device::Cpu).unwrap();
    assert!(square_sum(&Context::new(), &t).unwrap().is_finite());
}

#[test]
fn a_unit_is_dead_if_it_is_silent_for_every_picture() {
    let y = Tensor::new(&[[0f32, 0.0, 1.0, 0.0], [0.0, 2.0, 1.0, f32::NAN]], &Device::Cpu).unwrap();
    assert_eq!(dead_share(&Context::new(), &y).unwrap(), 0.25);
    let mut large = vec![1f32; 2 * 5000];
    large[4999] = 0.0;
    large[9999] = 0.0;
    large[3] = 0.0;
    // Below zero, as a leaky unit is: it learns.
    (large[7], large[5007]) = (-1.0, -1.0);
    let large = Tensor::from_vec(large, (2, 5000), &Device::Cpu).unwrap();
    assert_eq!(dead_share(&Context::new(), &large).unwrap(), 1.0 / 5000.0);
}

#[test]
fn sums_are_equal_to_the_bit_at_any_thread_count() {
    let t = random_tensor(5, &[200_000]);
    let sums = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sum_and_squares(&Context::new(), &t).unwrap())
    };
    assert_eq!(sums(1), sums(2));
    assert_eq!(sums(1), sums(4));
}
