use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::{LossSum, backward, cpu, forward};
use crate::ops::testing::*;
use crate::ops::{Context, Error};

#[test]
fn it_agrees_with_pytorch() {
    for case in Goldens::load().of("softmax_cross_entropy") {
        let x = case.tensor("x");
        let labels: Vec<u8> = values(&case.tensor("labels")).into_iter().map(|l| l as u8).collect();
        let dx = blank(x.dims());
        let loss = backward(&Context::new(), &x, &labels, &dx).unwrap();
        let mean = Tensor::new(&[(loss.loss_sum / labels.len() as f64) as f32], &Device::Cpu).unwrap();
        case.assert_equals("y", &mean);
        case.assert_equals("dx", &dx);
    }
}

#[test]
fn it_agrees_with_candle() {
    let (logits, labels) = (random_tensor(1, &[9, 10]), [3u8, 1, 4, 1, 5, 9, 2, 6, 5]);
    let probabilities = blank(logits.dims());
    let loss = forward(&Context::new(), &logits, &labels, Some(&probabilities)).unwrap();
    let theirs = candle_nn::ops::softmax(&logits, 1).unwrap();
    assert_close("probabilities", &values(&probabilities), &values(&theirs), 1e-5);
    let targets = Tensor::new(&labels, &Device::Cpu).unwrap().to_dtype(DType::U32).unwrap();
    let mean: f32 = candle_nn::loss::cross_entropy(&logits, &targets).unwrap().to_scalar().unwrap();
    assert!((loss.loss_sum / 9.0 - mean as f64).abs() < 1e-6);
    let best = theirs.argmax(1).unwrap().to_vec1::<u32>().unwrap();
    assert_eq!(loss.correct, best.iter().zip(&labels).filter(|&(&b, &l)| b == l as u32).count());
}

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn the_gradient_is_the_slope_of_the_mean_loss(batch in 1usize..8, classes in 1usize..12, scale in thousandths(100..20_000), seed in 0u64..1000) {
        let logits: Vec<f64> = random(seed, batch * classes).iter().map(|v| scale * v).collect();
        let labels: Vec<u8> = (0..batch).map(|i| ((i * 7 + seed as usize) % classes) as u8).collect();
        let mut gradient = vec![f64::NAN; logits.len()];
        cpu::backward(classes, &logits, &labels, &mut gradient);
        let mean = |z: &[f64]| cpu::forward(classes, z, &labels, None).loss_sum / batch as f64;
        assert_gradient("logits", &logits, &gradient, mean);
    }
}

#[test]
fn the_loss_before_any_learning_is_ln_of_the_classes() {
    let logits = Tensor::zeros((4, 10), DType::F32, &Device::Cpu).unwrap();
    let loss = forward(&Context::new(), &logits, &[0, 1, 2, 3], None).unwrap();
    assert!((loss.loss_sum / 4.0 - 10f64.ln()).abs() < 1e-12);
    assert_eq!(loss.correct, 1, "of equal logits the first counts");
}

#[test]
fn logits_beyond_the_range_of_the_exponential_give_finite_losses() {
    let logits = Tensor::new(&[[1e30f32, -1e30], [88_000.0, 89_000.0]], &Device::Cpu).unwrap();
    let loss = forward(&Context::new(), &logits, &[0, 0], None).unwrap();
    assert_eq!(loss, LossSum { loss_sum: 1000.0, correct: 1 });
}

#[test]
fn a_logit_that_is_not_a_number_makes_the_loss_none() {
    let logits = Tensor::new(&[[f32::NAN, 1.0]], &Device::Cpu).unwrap();
    assert!(forward(&Context::new(), &logits, &[1], None).unwrap().loss_sum.is_nan());
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let logits = blank(&[2, 10]);
    let refused = |labels: &[u8]| forward(&Context::new(), &logits, labels, None).unwrap_err();
    assert!(matches!(refused(&[1]), Error::LabelCount { got: 1, batch: 2, .. }));
    assert!(matches!(refused(&[1, 10]), Error::Label { picture: 1, label: 10, classes: 10, .. }));
}
