//! A batch has some hundred numbers here, so everything is done in order, on one thread, and in f64.

use super::LossSum;
use crate::ops::Real;

pub(super) fn forward<T: Real>(classes: usize, logits: &[T], labels: &[u8], mut probabilities: Option<&mut [T]>) -> LossSum {
    let mut total = LossSum::default();
    for (i, (logits, &label)) in logits.chunks_exact(classes.max(1)).zip(labels).enumerate() {
        let normalizer = Normalizer::of(logits);
        total.loss_sum += normalizer.loss(logits[label as usize]);
        total.correct += (first_largest(logits) == label as usize) as usize;
        if let Some(probabilities) = &mut probabilities {
            let row = &mut probabilities[i * classes..][..classes];
            row.iter_mut().zip(logits).for_each(|(p, &z)| *p = T::of(normalizer.probability(z)));
        }
    }
    total
}

pub(super) fn backward<T: Real>(classes: usize, logits: &[T], labels: &[u8], dlogits: &mut [T]) -> LossSum {
    let share = 1.0 / labels.len().max(1) as f64;
    for ((dlogits, logits), &label) in
        dlogits.chunks_exact_mut(classes.max(1)).zip(logits.chunks_exact(classes.max(1))).zip(labels)
    {
        let normalizer = Normalizer::of(logits);
        for (class, (d, &z)) in dlogits.iter_mut().zip(logits).enumerate() {
            let target = (class == label as usize) as u8 as f64;
            *d = T::of((normalizer.probability(z) - target) * share);
        }
    }
    forward(classes, logits, labels, None)
}

/// The largest logit m and ln Σ e^(z − m).
struct Normalizer {
    largest: f64,
    log_sum: f64,
}

impl Normalizer {
    fn of<T: Real>(logits: &[T]) -> Self {
        let largest = logits.iter().map(|z| z.to_f64()).fold(f64::NEG_INFINITY, f64::max);
        let log_sum = logits.iter().map(|z| (z.to_f64() - largest).exp()).sum::<f64>().ln();
        Normalizer { largest, log_sum }
    }

    fn probability<T: Real>(&self, z: T) -> f64 {
        (z.to_f64() - self.largest - self.log_sum).exp()
    }

    /// −ln of the probability.
    fn loss<T: Real>(&self, z: T) -> f64 {
        self.log_sum - (z.to_f64() - self.largest)
    }
}

fn first_largest<T: Real>(logits: &[T]) -> usize {
    let mut best = 0;
    for (i, z) in logits.iter().enumerate() {
        if *z > logits[best] {
            best = i;
        }
    }
    best
}
