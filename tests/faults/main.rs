//! What may befall a run, tried many times: FAULT_TRIALS=1000 sets how often, `tests/faults/all.sh` runs the full counts.

mod damage;
mod disks;
mod hostile;
#[cfg(unix)]
mod killed;
#[cfg(debug_assertions)]
mod panics;
mod program;
#[cfg(unix)]
mod training;

use std::path::Path;

use alexscope::knobs::Settings;
use alexscope::run::{Arrays, RealDisk, SavedState, write_checkpoint};
use alexscope::session::{Moment, SaveReason};
use alexscope::spec::ModelSpec;

/// How often something is tried: `few` where nobody asked for another count.
fn trials(few: usize) -> usize {
    wanted().unwrap_or(few)
}

/// Whether somebody asked for a count, and so for everything that takes long.
#[cfg(unix)]
fn asked_for() -> bool {
    wanted().is_some()
}

fn wanted() -> Option<usize> {
    std::env::var("FAULT_TRIALS").ok()?.parse().ok()
}

/// Chance that is the same each time (Steele et al. 2014, SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn heads(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// A network of one dense layer.
fn tiny_model() -> ModelSpec {
    let text = r#"
name = "tiny"
title = "one layer"
about = "for tests"
input = [1, 2, 2]
classes = 3
layers = [{ name = "flatten", kind = "flatten" }, { name = "fc1", kind = "dense", out = 3 }]
"#;
    ModelSpec::from_toml(text, "tiny.toml").unwrap()
}

fn tiny_arrays(step: u64) -> Arrays {
    let weights = (0..12).map(|i| step as f32 + i as f32 / 16.0).collect();
    vec![("fc1.bias".into(), vec![3], vec![step as f32; 3]), ("fc1.weight".into(), vec![3, 4], weights)]
}

fn tiny_state(step: u64) -> SavedState {
    let moment = Moment { step, settings: Settings::new(), ..Moment::default() };
    SavedState { version: "0".into(), model: "tiny".into(), reason: SaveReason::Scheduled, moment }
}

/// Saves a moment of the tiny network; returns the checkpoint's name.
fn save(checkpoints: &Path, step: u64) -> String {
    write_checkpoint(&RealDisk, checkpoints, &tiny_state(step), &tiny_arrays(step), &tiny_arrays(step)).unwrap()
}
