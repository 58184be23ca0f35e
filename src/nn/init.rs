//! Initial weights: a function of seed, layer and place, whatever the thread count.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use crate::spec::WeightInit;

/// Weights drawn from one stream; even, since the normal distribution comes in pairs.
const STRETCH: usize = 1 << 16;

/// Draws `count` weights of the `layer`-th layer that has any; `fan_in` is the number of inputs of one unit.
pub fn weights(init: WeightInit, seed: u64, layer: u64, count: usize, fan_in: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    values.par_chunks_mut(STRETCH).enumerate().for_each(|(stretch, values)| {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream((layer << 32) | stretch as u64);
        match init {
            // He et al. 2015, "Delving Deep into Rectifiers", equation 10.
            WeightInit::He => fill(&mut stream, values, (2.0 / fan_in as f64).sqrt(), f64::INFINITY),
            WeightInit::Normal { deviation } => fill(&mut stream, values, deviation, f64::INFINITY),
            WeightInit::TruncatedNormal { deviation } => fill(&mut stream, values, deviation, 2.0),
        }
    });
    values
}

/// Fills `values` from N(0, deviation²), drawing again what lies beyond `limit` deviations.
fn fill(stream: &mut ChaCha8Rng, values: &mut [f32], deviation: f64, limit: f64) {
    let mut at = 0;
    while at < values.len() {
        for normal in normal_pair(stream) {
            if at < values.len() && normal.abs() <= limit {
                values[at] = (normal * deviation) as f32;
                at += 1;
            }
        }
    }
}

/// Two independent standard normal numbers (Box & Muller 1958).
fn normal_pair(stream: &mut ChaCha8Rng) -> [f64; 2] {
    // In (0, 1], so that the logarithm is finite.
    let uniform = |bits: u32| (f64::from(bits) + 1.0) / 4_294_967_296.0;
    let (radius, angle) = (uniform(stream.next_u32()), uniform(stream.next_u32()));
    let radius = (-2.0 * radius.ln()).sqrt();
    let (sine, cosine) = (2.0 * std::f64::consts::PI * angle).sin_cos();
    [radius * cosine, radius * sine]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, (square - mean * mean).sqrt())
    }

    #[test]
    fn he_weights_have_the_deviation_that_keeps_a_relu_layers_variance() {
        let (mean, deviation) = moments(&weights(WeightInit::He, 1, 0, 300_000, 200));
        assert!(mean.abs() < 1e-3 && (deviation / 0.1 - 1.0).abs() < 0.01, "{mean} {deviation}");
    }

    #[test]
    fn truncated_weights_stay_within_two_deviations() {
        let values = weights(WeightInit::TruncatedNormal { deviation: 0.1 }, 1, 0, 100_000, 9);
        assert!(values.iter().all(|v| v.abs() <= 0.2));
        // 0.8796 is the deviation of a standard normal cut off at ±2.
        assert!((moments(&values).1 / 0.08796 - 1.0).abs() < 0.01);
    }

    #[test]
    fn weights_follow_from_seed_and_layer_whatever_the_thread_count() {
        let draw = |seed, layer| weights(WeightInit::He, seed, layer, 200_000, 10);
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| draw(3, 1));
        assert_eq!(alone, draw(3, 1));
        assert_ne!(alone, draw(4, 1));
        assert_ne!(alone, draw(3, 2));
    }
}
