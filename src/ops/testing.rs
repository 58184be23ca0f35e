//! What the proofs of all operations share.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use proptest::test_runner::{Config, RngSeed};
use safetensors::SafeTensors;
use serde_json::Value;

use super::Context;

/// PyTorch's values (computed in f64, stored as f32), one case after the other.
pub struct Goldens {
    tensors: HashMap<String, Tensor>,
    settings: HashMap<String, Value>,
}

/// One case: what went in and what must come out.
pub struct Golden<'a> {
    pub name: &'a str,
    pub settings: &'a Value,
    tensors: &'a HashMap<String, Tensor>,
}

impl Goldens {
    pub fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/ops.safetensors");
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let settings = header.metadata().as_ref().unwrap().iter();
        Goldens {
            tensors: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap(),
            settings: settings.map(|(name, text)| (name.clone(), serde_json::from_str(text).unwrap())).collect(),
        }
    }

    /// All cases of one operation; there is at least one.
    pub fn of(&self, op: &str) -> Vec<Golden<'_>> {
        let cases: Vec<_> = self
            .settings
            .iter()
            .filter(|(_, settings)| settings["op"] == op)
            .map(|(name, settings)| Golden { name, settings, tensors: &self.tensors })
            .collect();
        assert!(!cases.is_empty(), "no golden of {op}");
        cases
    }
}

impl Golden<'_> {
    pub fn tensor(&self, leaf: &str) -> Tensor {
        self.tensors[&format!("{}.{leaf}", self.name)].clone()
    }

    pub fn number(&self, setting: &str) -> f64 {
        self.settings[setting].as_f64().unwrap()
    }

    pub fn count(&self, setting: &str) -> usize {
        self.settings[setting].as_u64().unwrap() as usize
    }

    pub fn flag(&self, setting: &str) -> bool {
        self.settings[setting].as_bool().unwrap()
    }

    /// Each element within 1e-4, relative to the golden element or, where that is smaller, to the golden tensor's root mean square.
    pub fn assert_equals(&self, leaf: &str, got: &Tensor) {
        let expected = self.tensor(leaf);
        assert_eq!(got.dims(), expected.dims(), "{}.{leaf}", self.name);
        assert_close(&format!("{}.{leaf}", self.name), &values(got), &values(&expected), 1e-4);
    }
}

/// Each element within `tolerance`, relative to the expected element or, where that is smaller, to the root mean square of all expected ones.
pub fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let mean_square = expected.iter().map(|&e| e as f64 * e as f64).sum::<f64>() / expected.len() as f64;
    for (i, (&g, &e)) in got.iter().zip(expected).enumerate() {
        let allowed = tolerance * (e as f64).abs().max(mean_square.sqrt());
        assert!((g as f64 - e as f64).abs() <= allowed, "{what}[{i}] is {g}, expected {e}");
    }
}

pub fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// A tensor to be overwritten. It holds NaN, so that an element that is forgotten shows.
pub fn blank(shape: &[usize]) -> Tensor {
    Tensor::full(f32::NAN, shape, &Device::Cpu).unwrap()
}

pub fn blank_bytes(shape: &[usize]) -> Tensor {
    Tensor::full(0xffu8, shape, &Device::Cpu).unwrap()
}

/// `count` numbers in −1 … 1 that follow from `seed` (SplitMix64, Steele et al. 2014).
pub fn random(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

pub fn random_tensor(seed: u64, shape: &[usize]) -> Tensor {
    let values: Vec<f32> = random(seed, shape.iter().product()).into_iter().map(|v| v as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Σ aᵢ bᵢ: with a random b, a loss whose gradient by a is b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Compares `gradient` with (loss(x + h) − loss(x − h)) / 2h in up to 40 of its elements, spread evenly.
pub fn assert_gradient(what: &str, x: &[f64], gradient: &[f64], loss: impl Fn(&[f64]) -> f64) {
    const H: f64 = 1e-6;
    assert_eq!(x.len(), gradient.len(), "{what}");
    let mut x = x.to_vec();
    for i in (0..x.len()).step_by(x.len().div_ceil(40).max(1)) {
        let original = x[i];
        x[i] = original + H;
        let above = loss(&x);
        x[i] = original - H;
        let below = loss(&x);
        x[i] = original;
        let slope = (above - below) / (2.0 * H);
        assert!(
            (slope - gradient[i]).abs() <= 1e-6 * slope.abs().max(1.0),
            "{what}: d/dx[{i}] is {slope}, the gradient says {}",
            gradient[i]
        );
    }
}

/// The same cases in every run: what a kink of ReLU or a tie of a pooling spoils by chance must not fail a test one day in a thousand.
pub fn cases(count: u32) -> Config {
    Config { cases: count, rng_seed: RngSeed::Fixed(20_120_930), failure_persistence: None, ..Config::default() }
}

/// Runs `compute` on 1, 2 and 4 threads; all bits of all results must be equal.
pub fn assert_same_at_any_thread_count(compute: impl Fn(&Context) -> Vec<Tensor> + Sync) {
    let bits = |threads: usize| -> Vec<Vec<u32>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let tensors = pool.install(|| compute(&Context::new()));
        tensors.iter().map(|t| values(t).into_iter().map(f32::to_bits).collect()).collect()
    };
    let alone = bits(1);
    assert!(bits(2) == alone && bits(4) == alone);
}

/// Real numbers by their thousandths. proptest's own ranges of floats now and then fail an assertion of their own (1.12).
pub fn thousandths(range: std::ops::Range<u32>) -> impl proptest::strategy::Strategy<Value = f64> {
    proptest::strategy::Strategy::prop_map(range, |thousandths| f64::from(thousandths) / 1000.0)
}
