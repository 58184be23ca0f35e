//! Every operation on the device beside the CPU's.

use alexscope::ops::activation::{self, Activation};
use alexscope::ops::conv2d::{self, Conv2d};
use alexscope::ops::dense::{self, Dense};
use alexscope::ops::dropout::{self, DropoutKey};
use alexscope::ops::lrn::{self, Lrn};
use alexscope::ops::max_pool2d::{self, MaxPool2d};
use alexscope::ops::sgd::{self, Sgd, Trained, Verdict};
use alexscope::ops::{Precision, reorder, softmax_cross_entropy, statistics};
use alexscope::spec::Padding;
use candle_core::{DType, Device, Tensor};

use crate::near::{Pair, assert_near, blank, device, in_every_form, is_emulated, values};

const FUNCTIONS: [Option<Activation>; 4] =
    [None, Some(Activation::Relu), Some(Activation::LeakyRelu), Some(Activation::Softplus)];

/// Weights keep their own order in every form; only their width follows it.
fn weights_there(at: &Pair, w: &Tensor) -> Tensor {
    let there = w.to_device(&at.device).unwrap();
    if at.form.numbers() != DType::BF16 {
        return there;
    }
    let narrow = Tensor::zeros(w.dims(), DType::BF16, &at.device).unwrap();
    reorder::copy(&at.gpu, &there, &narrow).unwrap();
    narrow
}

fn convolve(at: &Pair, geo: &Conv2d, batch: usize, act: Option<Activation>) {
    let (x, w) = (at.random(1, &geo.input_shape(batch)), at.random(2, &geo.weight_shape()));
    let (b, dy) = (at.random(3, &[geo.out_channels]), at.random(4, &geo.output_shape(batch)));
    let y = blank(&geo.output_shape(batch));
    conv2d::forward(&at.cpu, geo, act, &x, &w, &b, &y).unwrap();
    let w_there = weights_there(at, &w);
    let (x_there, y_there) = (at.there(&x), at.blank(y.dims()));
    conv2d::forward(&at.gpu, geo, act, &x_there, &w_there, &at.there_in_f32(&b), &y_there).unwrap();
    at.assert_near(&format!("y of {geo:?}"), &y_there, &y);

    // Both backward passes begin at one y: where it is nearly 0 the two sides may differ in its sign.
    let y_there = at.there(&y);
    let y_held = Tensor::from_vec(reorder::read(&at.gpu, &y_there).unwrap(), y.dims(), &Device::Cpu).unwrap();
    let (dy_there, dx_there) = (at.there(&dy), at.blank(x.dims()));
    let (dw_there, db_there) = (at.blank_in_f32(w.dims()), at.blank_in_f32(b.dims()));
    conv2d::backward(&at.gpu, geo, act, &x_there, &w_there, &y_there, &dy_there, Some(&dx_there), &dw_there, &db_there).unwrap();
    let (dx, dw, db) = (blank(x.dims()), blank(w.dims()), blank(b.dims()));
    conv2d::backward(&at.cpu, geo, act, &x, &w, &y_held, &dy, Some(&dx), &dw, &db).unwrap();
    at.assert_near(&format!("dx of {geo:?}"), &dx_there, &dx);
    at.assert_near(&format!("dw of {geo:?}"), &dw_there, &dw);
    at.assert_near(&format!("db of {geo:?}"), &db_there, &db);
}

#[test]
fn cuda_convolution_agrees_with_the_cpu_with_groups_strides_and_uneven_padding() {
    in_every_form(|at| {
        let shapes = [
            Conv2d::new([3, 23, 19], 16, 5, 2, Padding::Each(0), 1),
            Conv2d::new([8, 9, 9], 16, 3, 1, Padding::Each(1), 2),
            Conv2d::new([6, 8, 7], 4, 5, 1, Padding::Each(2), 2),
            Conv2d::new([3, 22, 22], 8, 11, 4, Padding::Same, 1),
            Conv2d::new([5, 6, 6], 7, 1, 1, Padding::Each(0), 1),
            // More pixels than a block of a bias's gradient takes at once.
            Conv2d::new([2, 40, 40], 264, 1, 1, Padding::Each(0), 1),
        ];
        for (nth, geo) in shapes.into_iter().enumerate() {
            convolve(at, &geo.unwrap(), 3, FUNCTIONS[nth % 4]);
        }
    });
}

/// The same in each form, with algorithms by the clock.
fn in_every_form_by_the_clock(test: impl Fn(&Pair)) {
    in_every_form(|at| {
        let form = alexscope::ops::Form { deterministic: false, ..at.form };
        let mut gpu = at.gpu.alike();
        gpu.set_form(form);
        test(&Pair { gpu, cpu: alexscope::ops::Context::new(), device: at.device.clone(), form });
    });
}

#[test]
fn cuda_convolution_finds_its_algorithms_by_the_clock_too() {
    in_every_form_by_the_clock(|at| {
        convolve(at, &Conv2d::new([8, 9, 9], 8, 3, 1, Padding::Each(1), 1).unwrap(), 2, Some(Activation::Relu));
    });
}

#[test]
fn cuda_convolution_takes_the_named_algorithm_where_none_can_be_timed() {
    // A window of 7 x 7, of which the emulator times nothing.
    in_every_form_by_the_clock(|at| {
        convolve(at, &Conv2d::new([8, 9, 9], 8, 7, 1, Padding::Each(3), 1).unwrap(), 2, Some(Activation::Relu));
    });
}

#[test]
fn cuda_convolution_without_an_algorithm_says_what_to_set() {
    if device().is_none() || !is_emulated() {
        println!("skipped: only the emulator lacks an algorithm for certain");
        return;
    }
    in_every_form_by_the_clock(|at| {
        // A window of 9 x 9, for which the emulator has nothing.
        let geo = Conv2d::new([8, 9, 9], 8, 9, 1, Padding::Each(4), 1).unwrap();
        let (x, y) = (at.blank(&geo.input_shape(2)), at.blank(&geo.output_shape(2)));
        let w = weights_there(at, &at.random(2, &geo.weight_shape()));
        let said = conv2d::forward(&at.gpu, &geo, None, &x, &w, &at.blank_in_f32(&[8]), &y).unwrap_err().to_string();
        let layout = if at.form.channels_last { "layout=planes" } else { "layout=channels-last" };
        assert!(said.contains("Forward") && said.contains("[2, 8, 9, 9]") && said.contains(layout), "{said}");
        assert_eq!(said.contains("precision=f32"), at.form.precision != Precision::F32, "{said}");
    });
}

#[test]
fn cuda_dense_layers_agree_with_the_cpu() {
    in_every_form(|at| {
        // The last ones have more units than a block of a bias's gradient takes at once.
        let shapes = [(5, 48, 32), (3, 70, 10), (130, 16, 520), (1, 7, 3), (9, 6, 2072), (6, 5, 301)];
        for (nth, (batch, inputs, outputs)) in shapes.into_iter().enumerate() {
            let (geo, act) = (Dense { inputs, outputs }, FUNCTIONS[nth % 4]);
            let (x, w) = (at.random(1, &[batch, inputs]), at.random(2, &[outputs, inputs]));
            let (b, dy) = (at.random(3, &[outputs]), at.random(4, &[batch, outputs]));
            let y = blank(&[batch, outputs]);
            dense::forward(&at.cpu, &geo, act, &x, &w, &b, &y).unwrap();
            let (x_there, w_there, y_there) = (at.there(&x), at.there(&w), at.blank(y.dims()));
            dense::forward(&at.gpu, &geo, act, &x_there, &w_there, &at.there_in_f32(&b), &y_there).unwrap();
            at.assert_near("y", &y_there, &y);

            let y_there = at.there(&y);
            let y_held = Tensor::from_vec(reorder::read(&at.gpu, &y_there).unwrap(), y.dims(), &Device::Cpu).unwrap();
            let (dy_there, dx_there) = (at.there(&dy), at.blank(x.dims()));
            let (dw_there, db_there) = (at.blank_in_f32(w.dims()), at.blank_in_f32(b.dims()));
            dense::backward(&at.gpu, &geo, act, &x_there, &w_there, &y_there, &dy_there, Some(&dx_there), &dw_there, &db_there)
                .unwrap();
            let (dx, dw, db) = (blank(x.dims()), blank(w.dims()), blank(b.dims()));
            dense::backward(&at.cpu, &geo, act, &x, &w, &y_held, &dy, Some(&dx), &dw, &db).unwrap();
            at.assert_near("dx", &dx_there, &dx);
            at.assert_near("dw", &dw_there, &dw);
            at.assert_near("db", &db_there, &db);
        }
    });
}

#[test]
fn cuda_max_pooling_finds_the_very_places_of_the_cpu() {
    in_every_form(|at| {
        for (channels, side, kernel, stride, ceil) in
            [(16, 13, 3, 2, false), (3, 12, 3, 2, true), (8, 9, 2, 2, false), (5, 11, 3, 1, false), (4, 10, 2, 3, true)]
        {
            let geo = MaxPool2d::new([channels, side, side], kernel, stride, ceil).unwrap();
            // Few different numbers, so that windows have equal maxima; and one that is no number.
            let mut numbers: Vec<f32> = values(&at.random(7, &geo.input_shape(2))).iter().map(|v| (v * 3.0).round()).collect();
            numbers[40] = f32::NAN;
            let x = Tensor::from_vec(numbers, &geo.input_shape(2), &Device::Cpu).unwrap();
            let dy = at.random(8, &geo.output_shape(2));
            let (y, argmax) = (blank(dy.dims()), Tensor::zeros(dy.dims(), DType::U8, &Device::Cpu).unwrap());
            max_pool2d::forward(&at.cpu, &geo, &x, &y, &argmax).unwrap();
            let (y_there, argmax_there) = (at.blank(y.dims()), at.bytes(y.dims()));
            max_pool2d::forward(&at.gpu, &geo, &at.there(&x), &y_there, &argmax_there).unwrap();
            let bits = |values: Vec<f32>| {
                values.into_iter().map(|v| if v.is_nan() { u32::MAX } else { v.to_bits() }).collect::<Vec<_>>()
            };
            assert_eq!(bits(reorder::read(&at.gpu, &y_there).unwrap()), bits(values(&y)), "{geo:?} {:?}", at.form);
            let places: Vec<u8> = argmax.flatten_all().unwrap().to_vec1().unwrap();
            assert_eq!(at.bytes_here(&argmax_there), places, "{geo:?} {:?}", at.form);

            let (dx, dx_there) = (blank(x.dims()), at.blank(x.dims()));
            max_pool2d::backward(&at.cpu, &geo, &argmax, &dy, &dx).unwrap();
            max_pool2d::backward(&at.gpu, &geo, &argmax_there, &at.there(&dy), &dx_there).unwrap();
            at.assert_as_near_as_held(&format!("dx of {geo:?}"), &dx_there, &dx);
        }
    });
}

#[test]
fn cuda_lrn_agrees_with_the_cpu_at_any_window_and_power() {
    in_every_form(|at| {
        for (channels, n, beta) in [(16, 5, 0.75), (7, 3, 0.5), (24, 9, 0.75), (4, 5, 1.0), (8, 1, 0.75)] {
            let lrn = Lrn { n, k: 2.0, alpha: 0.1, beta };
            let (x, dy) = (at.random(1, &[2, channels, 5, 4]), at.random(2, &[2, channels, 5, 4]));
            let (y, d, dx) = (blank(x.dims()), blank(x.dims()), blank(x.dims()));
            lrn::forward(&at.cpu, &lrn, &x, &y, &d).unwrap();
            let x_there = at.there(&x);
            let (y_there, dx_there) = (at.blank(x.dims()), at.blank(x.dims()));
            let d_there = at.form.zeros(x.dims(), DType::F32, &at.device).unwrap();
            lrn::forward(&at.gpu, &lrn, &x_there, &y_there, &d_there).unwrap();
            at.assert_as_near_as_held("y", &y_there, &y);
            // The denominators are kept as F32 in every form.
            assert_near("d", &reorder::read(&at.gpu, &d_there).unwrap(), &values(&d), 1e-5);

            lrn::backward(&at.cpu, &lrn, &x, &y, &d, &dy, &dx).unwrap();
            lrn::backward(&at.gpu, &lrn, &x_there, &y_there, &d_there, &at.there(&dy), &dx_there).unwrap();
            at.assert_as_near_as_held("dx", &dx_there, &dx);
        }
    });
}

#[test]
fn cuda_dropout_silences_the_very_units_of_the_cpu() {
    in_every_form(|at| {
        for (shape, p) in [(&[3, 100][..], 0.5), (&[2, 6, 5, 5], 0.3), (&[1, 1], 0.9), (&[130, 257], 0.0)] {
            let key = DropoutKey { seed: 9, layer: 2, step: 1 << 40 };
            let (x, y) = (at.random(1, shape), blank(shape));
            let mask = Tensor::zeros(shape, DType::U8, &Device::Cpu).unwrap();
            dropout::forward(&at.cpu, p, key, &x, &y, &mask).unwrap();
            let (y_there, mask_there) = (at.blank(shape), at.bytes(shape));
            dropout::forward(&at.gpu, p, key, &at.there(&x), &y_there, &mask_there).unwrap();
            assert_eq!(at.bytes_here(&mask_there), mask.flatten_all().unwrap().to_vec1::<u8>().unwrap());
            at.assert_as_near_as_held("y", &y_there, &y);

            let (dy, dx, dx_there) = (at.random(2, shape), blank(shape), at.blank(shape));
            dropout::backward(&at.cpu, p, &mask, &dy, &dx).unwrap();
            dropout::backward(&at.gpu, p, &mask_there, &at.there(&dy), &dx_there).unwrap();
            at.assert_as_near_as_held("dx", &dx_there, &dx);
            let in_place = at.there(&dy);
            dropout::backward_in_place(&at.gpu, p, &mask_there, &in_place).unwrap();
            at.assert_as_near_as_held("dx in place", &in_place, &dx);
        }
    });
}

#[test]
fn cuda_activations_agree_with_the_cpu_and_keep_what_is_no_number() {
    in_every_form(|at| {
        for function in FUNCTIONS.into_iter().flatten() {
            let x = at.random(1, &[3, 5, 7, 3]).affine(20.0, 0.0).unwrap();
            let (x_there, dy) = (at.there(&x), at.random(2, x.dims()));
            let (y, dx) = (x.copy().unwrap(), dy.copy().unwrap());
            activation::forward(&at.cpu, function, &y).unwrap();
            activation::forward(&at.gpu, function, &x_there).unwrap();
            at.assert_as_near_as_held("y", &x_there, &y);
            let dx_there = at.there(&dy);
            activation::backward(&at.cpu, function, &y, &dx).unwrap();
            activation::backward(&at.gpu, function, &at.there(&y), &dx_there).unwrap();
            at.assert_as_near_as_held("dx", &dx_there, &dx);
            let nan = at.blank(&[2, 9]);
            activation::forward(&at.gpu, function, &nan).unwrap();
            assert!(reorder::read(&at.gpu, &nan).unwrap().iter().all(|v| v.is_nan()));
        }
    });
}

#[test]
fn cuda_softmax_and_loss_agree_with_the_cpu() {
    in_every_form(|at| {
        for (batch, classes) in [(4, 10), (300, 10), (1, 256)] {
            let logits = at.random(1, &[batch, classes]).affine(8.0, 0.0).unwrap();
            let there = at.there(&logits);
            let held = Tensor::from_vec(reorder::read(&at.gpu, &there).unwrap(), logits.dims(), &Device::Cpu).unwrap();
            let labels: Vec<u8> = (0..batch).map(|i| (i * 7 % classes) as u8).collect();
            let (d, d_there) = (blank(logits.dims()), at.blank(logits.dims()));
            let expected = softmax_cross_entropy::backward(&at.cpu, &held, &labels, &d).unwrap();
            let got = softmax_cross_entropy::backward(&at.gpu, &there, &labels, &d_there).unwrap();
            assert_eq!(got.correct, expected.correct);
            assert!((got.loss_sum / expected.loss_sum - 1.0).abs() < 1e-12, "{got:?} {expected:?}");
            at.assert_as_near_as_held("gradient", &d_there, &d);
            let alone = softmax_cross_entropy::forward(&at.gpu, &there, &labels, None).unwrap();
            assert_eq!(alone, got);
        }
    });
}

#[test]
fn cuda_statistics_agree_with_the_cpu() {
    in_every_form(|at| {
        let t = at.random(1, &[4, 9, 30, 31]);
        let (sum, squares) = statistics::sum_and_squares(&at.cpu, &t).unwrap();
        let there = at.there(&t);
        let (sum_there, squares_there) = statistics::sum_and_squares(&at.gpu, &there).unwrap();
        assert!((sum - sum_there).abs() < 1e-9 * squares && (squares_there / squares - 1.0).abs() < 1e-12);
        assert!(statistics::all_finite(&at.gpu, &there).unwrap());
        let relu = t.relu().unwrap();
        let dead = statistics::dead_share(&at.cpu, &relu).unwrap();
        assert_eq!(statistics::dead_share(&at.gpu, &at.there(&relu)).unwrap(), dead);
        assert!(!statistics::all_finite(&at.gpu, &at.blank(&[3, 3])).unwrap());
    });
}

#[test]
fn cuda_updates_of_all_parameters_at_once_are_those_of_the_cpu_and_stop_where_they_must() {
    in_every_form(|at| {
        // More tensors than a launch takes, some larger than a block's piece, some of odd lengths.
        let lengths: Vec<usize> = (0..35).map(|i| [40_000, 3, 17, 16_384][i % 4]).collect();
        let tensors = |seed: u64| lengths.iter().map(|n| at.random(seed, &[*n])).collect::<Vec<_>>();
        let (w, v, dw) = (tensors(1), tensors(2), tensors(3));
        let there = |all: &[Tensor]| all.iter().map(|t| at.there_in_f32(t)).collect::<Vec<_>>();
        let (w_there, v_there, dw_there) = (there(&w), there(&v), there(&dw));
        let copies: Vec<_> = lengths.iter().map(|n| Tensor::zeros(*n, DType::BF16, &at.device).unwrap()).collect();
        let trained: Vec<_> = (0..lengths.len())
            .map(|i| Trained { w: &w_there[i], velocity: &v_there[i], dw: &dw_there[i], copy: Some(&copies[i]) })
            .collect();
        let verdict = Verdict::new(lengths.len(), &at.device).unwrap();
        for nesterov in [false, true] {
            let sgd = Sgd { learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-3, nesterov };
            sgd::judge(&at.gpu, &trained, 0.5, &verdict).unwrap();
            sgd::update_all(&at.gpu, &sgd, &trained, true, &verdict).unwrap();
            let told = verdict.read().unwrap();
            assert!(!told.stopped);
            for i in 0..lengths.len() {
                let norms = sgd::update(&at.cpu, &sgd, &w[i], &v[i], &dw[i], true).unwrap();
                let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-5;
                assert!(near(told.norms[i].weight_sq, norms.weight_sq) && near(told.norms[i].update_sq, norms.update_sq));
                assert!(near(told.squares[i], statistics::square_sum(&at.cpu, &dw[i]).unwrap()));
                assert_near("w", &values(&w_there[i]), &values(&w[i]), 1e-5);
                assert_near("v", &values(&v_there[i]), &values(&v[i]), 1e-5);
                assert_near("copy", &reorder::read(&at.gpu, &copies[i]).unwrap(), &values(&w[i]), 5e-3);
            }
        }
        // One gradient that is no number among all: nothing moves.
        let mut spoilt = vec![0.0f32; lengths[20]];
        spoilt[0] = f32::INFINITY;
        let spoilt = Tensor::from_vec(spoilt, lengths[20], &at.device).unwrap();
        let mut trained = trained.clone();
        trained[20].dw = &spoilt;
        sgd::judge(&at.gpu, &trained, 0.5, &verdict).unwrap();
        let sgd = Sgd { learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-3, nesterov: false };
        let before = values(&w_there[0]);
        sgd::update_all(&at.gpu, &sgd, &trained, false, &verdict).unwrap();
        let told = verdict.read().unwrap();
        assert!(told.stopped && !told.squares[20].is_finite());
        assert_eq!(values(&w_there[0]), before);
    });
}

#[test]
fn cuda_reordering_there_and_back_changes_nothing() {
    in_every_form(|at| {
        let x = at.random(1, &[3, 5, 4, 7]);
        assert_eq!(reorder::read(&at.gpu, &at.there(&x)).unwrap(), values(&x));
    });
}
