//! A device to test on, tensors in its forms, and how near is near enough.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use alexscope::nn::device::{Found, Wanted, find};
use alexscope::ops::{Context, Form, Precision, reorder};
use candle_core::{DType, Device, Tensor};

/// The network to test with. The tests start in the repository's root, which may lie elsewhere than where they were built.
pub const SMALL: &str = "tests/cuda/small.toml";

/// Every form that a network can have.
pub fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for precision in [Precision::F32, Precision::Tf32, Precision::Bf16] {
        for channels_last in [false, true] {
            forms.push(Form { precision, channels_last, deterministic: true });
        }
    }
    forms
}

/// Of a number, relative to what it should be or to the root mean square of all.
pub fn tolerance(form: Form) -> f64 {
    match form.precision {
        Precision::F32 => 1e-4,
        Precision::Tf32 => 1e-3,
        Precision::Bf16 => 2e-2,
    }
}

/// Tests that run beside each other share the device; one that takes all of its memory has it alone.
static DEVICE: RwLock<()> = RwLock::new(());

thread_local! {
    /// A test's share of the device, to the end of its thread.
    static SHARE: RefCell<Option<RwLockReadGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// The device, or nothing and a printed reason.
pub fn device() -> Option<Device> {
    SHARE.with_borrow_mut(|share| {
        share.get_or_insert_with(|| DEVICE.read().unwrap_or_else(PoisonError::into_inner));
    });
    find_device()
}

/// The device, which no other test uses as long as the second value lives.
pub fn device_alone() -> Option<(Device, RwLockWriteGuard<'static, ()>)> {
    SHARE.take();
    let alone = DEVICE.write().unwrap_or_else(PoisonError::into_inner);
    Some((find_device()?, alone))
}

/// Whether the device is the emulator, which has no algorithm for some convolutions so that this can be tested.
pub fn is_emulated() -> bool {
    matches!(find(Wanted::Cuda), Ok(Found::Cuda { name, .. }) if name.starts_with("emulated"))
}

fn find_device() -> Option<Device> {
    match find(Wanted::Cuda) {
        Ok(found @ Found::Cuda { .. }) => Some(found.adopt().unwrap()),
        Ok(Found::Cpu { .. }) => None,
        Err(missing) => {
            println!("skipped: {missing}");
            None
        }
    }
}

/// Two places to compute at: the CPU, and the device in a form.
pub struct Pair {
    pub cpu: Context,
    pub gpu: Context,
    pub device: Device,
    pub form: Form,
}

/// Runs `test` in every form, where there is a device; those after one that fails too, so that one run tells of all.
pub fn in_every_form(test: impl Fn(&Pair)) {
    let Some(device) = device() else { return };
    let fails = |form: &Form| {
        let mut gpu = Context::on(&device).unwrap();
        gpu.set_form(*form);
        let pair = Pair { cpu: Context::new(), gpu, device: device.clone(), form: *form };
        catch_unwind(AssertUnwindSafe(|| test(&pair))).is_err()
    };
    let failed: Vec<Form> = forms().into_iter().filter(fails).collect();
    assert!(failed.is_empty(), "failed, as said above, in {failed:#?}");
}

impl Pair {
    /// Numbers that the form can hold exactly, as a tensor of the host.
    pub fn random(&self, seed: u64, shape: &[usize]) -> Tensor {
        let values: Vec<f32> = random(seed, shape.iter().product());
        let exact =
            |value: f32| if self.form.precision == Precision::Bf16 { half::bf16::from_f32(value).to_f32() } else { value };
        Tensor::from_vec(values.into_iter().map(exact).collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
    }

    /// A tensor of the host in the device's form.
    pub fn there(&self, here: &Tensor) -> Tensor {
        let there = self.form.zeros(here.dims(), self.form.numbers(), &self.device).unwrap();
        reorder::copy(&self.gpu, &here.to_device(&self.device).unwrap(), &there).unwrap();
        there
    }

    /// The same in F32 in any form, as biases and gradients of weights are.
    pub fn there_in_f32(&self, here: &Tensor) -> Tensor {
        here.to_device(&self.device).unwrap()
    }

    /// Room for a result, full of what is no number.
    pub fn blank(&self, shape: &[usize]) -> Tensor {
        self.there(&blank(shape))
    }

    pub fn blank_in_f32(&self, shape: &[usize]) -> Tensor {
        self.there_in_f32(&blank(shape))
    }

    pub fn bytes(&self, shape: &[usize]) -> Tensor {
        self.form.zeros(shape, DType::U8, &self.device).unwrap()
    }

    /// The bytes of the device as the host has them.
    pub fn bytes_here(&self, there: &Tensor) -> Vec<u8> {
        let memory_order = match there.rank() {
            4 if self.form.channels_last => there.permute((0, 2, 3, 1)).unwrap(),
            _ => there.clone(),
        };
        let here = memory_order.to_device(&Device::Cpu).unwrap();
        let here = if there.rank() == 4 && self.form.channels_last { here.permute((0, 3, 1, 2)).unwrap() } else { here };
        here.flatten_all().unwrap().to_vec1().unwrap()
    }

    pub fn assert_near(&self, what: &str, there: &Tensor, here: &Tensor) {
        let (got, expected) = (reorder::read(&self.gpu, there).unwrap(), values(here));
        let what = format!("{what} in {:?}", self.form);
        assert_near_on_the_whole(&what, &got, &expected, tolerance(self.form));
        // Factors that are rounded let single sums of thousands stray some deviations further.
        let stray = if self.form.precision == Precision::F32 { 1.0 } else { 5.0 };
        assert_near(&what, &got, &expected, stray * tolerance(self.form));
    }

    /// For what has no products in it: as near as the numbers are fine, whatever the precision of products.
    pub fn assert_as_near_as_held(&self, what: &str, there: &Tensor, here: &Tensor) {
        let (got, expected) = (reorder::read(&self.gpu, there).unwrap(), values(here));
        let tolerance = if self.form.precision == Precision::Bf16 { 2e-2 } else { 1e-5 };
        assert_near(&format!("{what} in {:?}", self.form), &got, &expected, tolerance);
    }
}

pub fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

pub fn blank(shape: &[usize]) -> Tensor {
    Tensor::full(f32::NAN, shape, &Device::Cpu).unwrap()
}

/// Numbers in −1 … 1 that follow from `seed` (SplitMix64, Steele et al. 2014).
pub fn random(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0) as f32
    };
    (0..count).map(|_| next()).collect()
}

/// The root mean square of the differences within `tolerance` of that of the expected numbers.
fn assert_near_on_the_whole(what: &str, got: &[f32], expected: &[f32], tolerance: f64) {
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let off = squares(&mut got.iter().zip(expected).map(|(&g, &e)| f64::from(g) - f64::from(e)));
    let all = squares(&mut expected.iter().map(|&e| f64::from(e)));
    assert!(off.sqrt() <= tolerance * all.sqrt(), "{what}: off by {} of {}", off.sqrt(), all.sqrt());
}

/// Each number near the expected one, relative to it or, where it is smaller, to the root mean square of all.
pub fn assert_near(what: &str, got: &[f32], expected: &[f32], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let mean_square = expected.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>() / expected.len().max(1) as f64;
    for (i, (&g, &e)) in got.iter().zip(expected).enumerate() {
        let allowed = tolerance * f64::from(e).abs().max(mean_square.sqrt());
        assert!((f64::from(g) - f64::from(e)).abs() <= allowed, "{what}: [{i}] is {g}, expected {e}");
    }
}
