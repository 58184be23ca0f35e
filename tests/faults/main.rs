//! What may befall a run, tried many times. `FAULT_TRIALS=1000` sets how often, `tests/faults/some.sh` runs what of the counts on the left
//! takes too long for everybody's `cargo test`, `tests/faults/all.sh` those on the right.
//!
//! | fault | tried by | counts: some / all |
//! |---|---|---|
//! | kill -9 at a random moment, resume | [`killed`] `a_run_killed_again_and_again…` | 30 / 1000 |
//! | kill -9 at every system call of a save | [`calls`], with strace | all |
//! | power loss | [`disks`] `whenever_the_power_fails…` | every prefix × 20 |
//! | truncated or flipped files | [`damage`] | every header byte, 500 / 5000 |
//! | hostile safetensors | [`hostile`], `fuzz/` | each kind, 300 / 5000 of a corpus |
//! | disk full, I/O error | [`disks`] `whichever_operation_fails…`, [`training`], [`full`] on a tmpfs of 20 MB | every operation; 1 / 20 |
//! | NaN or infinite loss | [`training`] `a_rate…`, `a_batch…`; the offer: `tests/cockpit` `a_run_that_diverges…` | 20 |
//! | panic in the trainer | [`panics`], at eight places | 10 / 10 each |
//! | panic in the UI | `tests/cockpit` `a_panic_of_the_screen…`, `…over_a_comparison…`, `…of_the_training…`, at five places | 10 / 10 each |
//! | signals, once and twice | [`killed`] `a_signal…`, `the_second_signal…` | 10 / 50 each |
//! | a reader that hangs; standard output on a full disk | [`killed`] `a_reader_that_hangs…`, `standard_output_that…` | 1 |
//! | signals while it saves, pauses, evaluates; the terminal closed | `tests/cockpit` `signals_and_ctrl_c…`, `a_terminal_that_vanishes…` | 10 / 50 each |
//! | a terminal that stops reading, or reads 9600 baud | `tests/cockpit` `a_terminal_that…`; its cost: `PACE=0 benches/watching_cost.sh` | 5 / 5 |
//! | every terminal size | `tests/screens` `sizes`; random ones: `tests/cockpit` | all; 60 / 2000 |
//! | two programs, one run | [`killed`] `of_many_programs…` | 20 / 20 |
//! | clock jumps | [`clock`], with libfaketime | 1 |
//! | a long soak | `tests/faults/soak.sh` | - / 1 hour |
//!
//! What the machine lacks (strace, libfaketime, the right to mount) is said and passed over.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(unix)]
mod clock;
mod count;
mod damage;
mod disks;
#[cfg(target_os = "linux")]
mod full;
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
