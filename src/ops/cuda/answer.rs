//! What cuDNN answers when it is asked for a convolution's algorithms.

use std::fs::OpenOptions;
use std::io::Write;

use candle_core::cuda_backend::cudarc::cudnn::sys;

use super::dnn::{Convolution, Pass};
use crate::ops::form::Precision;

/// Names a file that every answer is appended to, with its arithmetic and its milliseconds: why a layer is as slow as it is.
const TOLD_TO: &str = "ALEXSCOPE_ALGORITHMS";
/// Algorithms that ask for more scratch memory come last; a few shapes would take gigabytes to save microseconds.
pub(super) const MUCH_SCRATCH: usize = 1 << 30;

/// An algorithm: its number in the pass's own enum, its scratch in bytes, the arithmetic it was judged with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub algorithm: u32,
    pub scratch: usize,
    pub math: sys::cudnnMathType_t,
    pub deterministic: bool,
    pub status: sys::cudnnStatus_t,
    /// Negative where it was not run.
    pub milliseconds: f32,
}

/// The same fields of cuDNN's three structs.
macro_rules! found {
    ($answer:expr) => {
        $crate::ops::cuda::answer::Found {
            algorithm: $answer.algo as u32,
            scratch: $answer.memory,
            math: $answer.mathType,
            deterministic: $answer.determinism == sys::cudnnDeterminism_t::CUDNN_DETERMINISTIC,
            status: $answer.status,
            milliseconds: $answer.time,
        }
    };
}
pub(super) use found;

impl Convolution {
    /// Those of the answers that work and are allowed, the best first.
    pub(super) fn choose(&self, answers: Vec<Found>) -> Vec<Found> {
        let allowed = |found: &Found| {
            found.status == sys::cudnnStatus_t::CUDNN_STATUS_SUCCESS
                && (found.deterministic || !self.form.deterministic)
                && (self.form.precision != Precision::F32
                    || found.math == sys::cudnnMathType_t::CUDNN_FMA_MATH
                    || found.math == sys::cudnnMathType_t::CUDNN_DEFAULT_MATH)
        };
        let mut chosen: Vec<Found> = answers.into_iter().filter(allowed).collect();
        chosen.sort_by_key(|found| found.scratch > MUCH_SCRATCH);
        chosen
    }

    /// Appends the answers to the file that the environment names, if it does. A file that cannot be written costs nothing else.
    pub(super) fn tell(&self, pass: Pass, answers: &[Found]) {
        let Some(path) = std::env::var_os(TOLD_TO) else { return };
        let Ok(mut file) = OpenOptions::new().create(true).append(true).open(path) else { return };
        let Convolution { x, w, y, pad, stride, groups, order, form } = self;
        let mut text =
            format!("{pass:?} x {x:?} w {w:?} y {y:?} pad {pad:?} stride {stride} groups {groups} {order:?} {form:?}\n");
        for Found { algorithm, scratch, math, deterministic, status, milliseconds } in answers {
            let took = if *milliseconds < 0.0 { "not timed".into() } else { format!("{milliseconds:.4} ms") };
            let (math, status) = (format!("{math:?}").replace("CUDNN_", ""), format!("{status:?}").replace("CUDNN_STATUS_", ""));
            let scratch = *scratch as f64 / f64::from(1 << 20);
            let repeats = if *deterministic { "deterministic" } else { "other bits each time" };
            text += &format!("  algorithm {algorithm}  {took}  {math}  {scratch:.1} MiB of scratch  {repeats}  {status}\n");
        }
        let _ = file.write_all(text.as_bytes());
    }
}
