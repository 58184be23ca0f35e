use proptest::prelude::*;

use super::{CHANNELS, forward, input_gradient, suits, weight_gradient};
use crate::ops::conv2d::Conv2d;
use crate::ops::testing::*;
use crate::ops::{Context, Instructions};
use crate::spec::Padding;

/// The formula of [`Conv2d`], in f64.
fn by_the_formula(geo: &Conv2d, batch: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let (in_group, out_group, k) = (geo.in_group(), geo.out_group(), geo.kernel);
    for (b, o, i, j) in indices([batch, geo.out_channels, geo.output.0, geo.output.1]) {
        for (c, u, v, _) in indices([in_group, k, k, 1]) {
            let (Some(row), Some(column)) = ((i + u).checked_sub(geo.pad[0]), (j + v).checked_sub(geo.pad[1])) else { continue };
            if row < geo.input.0 && column < geo.input.1 {
                let x = ((b * geo.in_channels + o / out_group * in_group + c) * geo.input.0 + row) * geo.input.1 + column;
                let w = ((o * in_group + c) * k + u) * k + v;
                visit(((b * geo.out_channels + o) * geo.output.0 + i) * geo.output.1 + j, x, w);
            }
        }
    }
}

fn indices([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
}

fn numbers(seed: u64, shape: [usize; 4]) -> Vec<f32> {
    random(seed, shape.iter().product()).into_iter().map(|v| v as f32).collect()
}

/// y without bias, dx and dw.
fn passes(ctx: &Context, geo: &Conv2d, batch: usize) -> [Vec<f32>; 3] {
    let (x, w) = (numbers(1, geo.input_shape(batch)), numbers(2, geo.weight_shape()));
    let dz = numbers(3, geo.output_shape(batch));
    let (mut y, mut dx, mut dw) = (vec![f32::NAN; dz.len()], vec![f32::NAN; x.len()], vec![f32::NAN; w.len()]);
    forward(ctx, geo, None, &x, &w, &vec![0.0; geo.out_channels], &mut y);
    input_gradient(ctx, geo, &w, &dz, &mut dx);
    weight_gradient(ctx, geo, &x, &dz, &mut dw);
    [y, dx, dw]
}

proptest! {
    #![proptest_config(cases(24))]
    #[test]
    fn it_is_the_sum_of_the_formula_with_any_instructions(
        (groups, in_group, out_group) in (1usize..3, 1usize..40, 1usize..40),
        (height, width) in (1usize..12, 1usize..12),
        (kernel, pad, batch) in (prop_oneof![Just(3usize), Just(5)], 0usize..4, 1usize..4),
    ) {
        let Ok(geo) = Conv2d::new([groups * in_group, height, width], groups * out_group, kernel, 1, Padding::Each(pad), groups)
        else {
            return Ok(());
        };
        let (x, w) = (numbers(1, geo.input_shape(batch)), numbers(2, geo.weight_shape()));
        let dz = numbers(3, geo.output_shape(batch));
        let mut sums = [vec![0f64; dz.len()], vec![0f64; x.len()], vec![0f64; w.len()]];
        by_the_formula(&geo, batch, |y_at, x_at, w_at| {
            let (x, w, dz) = (x[x_at] as f64, w[w_at] as f64, dz[y_at] as f64);
            sums[0][y_at] += x * w;
            sums[1][x_at] += dz * w;
            sums[2][w_at] += dz * x;
        });
        let expected = sums.map(|sums| sums.into_iter().map(|sum| sum as f32).collect::<Vec<_>>());
        for instructions in Instructions::ALL {
            let got = passes(&Context::with(instructions), &geo, batch);
            for (what, (got, expected)) in ["y", "dx", "dw"].into_iter().zip(got.iter().zip(&expected)) {
                assert_close(&format!("{what} of {geo:?} with {instructions}"), got, expected, 1e-4);
            }
        }
    }
}

#[test]
fn it_is_taken_where_it_saves_half_of_the_multiplications() {
    let suited = |input, kernel, stride, pad| suits(&Conv2d::new(input, 64, kernel, stride, Padding::Each(pad), 1).unwrap());
    assert!(suited([CHANNELS, 13, 13], 3, 1, 1) && suited([CHANNELS, 56, 40], 3, 1, 0));
    assert!(!suited([CHANNELS - 1, 13, 13], 3, 1, 1), "the transforms cost more than few channels save");
    assert!(!suited([64, 1, 1], 3, 1, 1) && !suited([64, 2, 9], 3, 1, 1), "most of a tile lies beyond so small an output");
    assert!(suited([CHANNELS, 27, 27], 5, 1, 2) && !suited([64, 1, 2], 5, 1, 2));
    assert!(!suited([64, 27, 27], 3, 2, 1) && !suited([64, 27, 27], 7, 1, 3) && !suited([64, 27, 27], 1, 1, 0));
}

#[test]
fn no_output_of_many_channels_is_off_by_more_than_a_ten_thousandth_of_a_typical_one() {
    for (channels, kernel) in [(256, 3), (128, 5)] {
        let geo = Conv2d::new([channels, 7, 6], 32, kernel, 1, Padding::Each(kernel / 2), 1).unwrap();
        let (x, w) = (numbers(1, geo.input_shape(1)), numbers(2, geo.weight_shape()));
        let mut expected = vec![0f64; geo.output_shape(1).iter().product()];
        by_the_formula(&geo, 1, |y_at, x_at, w_at| expected[y_at] += x[x_at] as f64 * w[w_at] as f64);
        let typical = (expected.iter().map(|y| y * y).sum::<f64>() / expected.len() as f64).sqrt();
        let [y, ..] = passes(&Context::new(), &geo, 1);
        let worst = y.iter().zip(&expected).map(|(y, expected)| (f64::from(*y) - expected).abs()).fold(0.0, f64::max);
        assert!(worst <= 1e-4 * typical, "{worst} of {typical} with {kernel} × {kernel}");
    }
}
