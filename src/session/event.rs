//! Everything that can happen in a run. One event is one line of `events.jsonl`.

use serde::{Deserialize, Serialize};

use super::{Confusion, Moment, RateTest};
use crate::knobs::{Applies, Knob, Settings};
use crate::spec::ModelSpec;

/// An event and when it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    #[serde(flatten)]
    pub event: Event,
    /// Seconds since the run began.
    pub time: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Started(Box<RunHeader>),
    Phase {
        phase: Phase,
        /// What is being done, in words; empty where the phase says it all.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    Step(StepStats),
    Evaluated(Evaluation),
    /// What the evaluation just told took for what.
    Confusion(Confusion),
    Changed(Change),
    /// What a sweep over learning rates on a copy of the network found.
    RateTested(RateTest),
    /// A change that was accepted and waits for its time.
    Pending {
        knob: Knob,
        to: String,
        applies: Applies,
    },
    Layers(LayersSeen),
    Gauge(DeviceGauge),
    /// A checkpoint is on the disk; `path` is its folder's name.
    Saved {
        step: u64,
        path: String,
        reason: SaveReason,
        /// In force there; old records do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settings: Option<Box<Settings>>,
    },
    /// Checkpoints that newer or better ones replaced.
    Dropped {
        paths: Vec<String>,
    },
    /// The run went back to a saved moment and goes on from there: what was recorded after that step is superseded.
    Resumed(Box<Resumption>),
    Rejected {
        command: String,
        reason: String,
    },
    Diverged(Divergence),
    Notice(Notice),
    Failed {
        reason: String,
    },
    Finished {
        step: u64,
        epoch: f64,
        reason: FinishReason,
        /// Seconds since the run began.
        seconds: f64,
        /// Of the last step; absent where none was taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss: Option<f64>,
        /// Of the last evaluation on test pictures; absent where none was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test_accuracy: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        best_test_accuracy: Option<f64>,
    },
    /// How far the step or evaluation under way has come. Shown, never recorded.
    Progress(Progress),
    /// How far fetching CIFAR-10 has come. Shown, never recorded.
    Fetch(FetchState),
}

impl Event {
    /// Events that only say where the program is at this moment; they are not part of the record.
    pub fn is_fleeting(&self) -> bool {
        matches!(self, Event::Progress(_) | Event::Fetch(_))
    }

    /// Events of which a later one of the same kind says all that an earlier one said or that can be merged with their
    /// neighbours; everything else is a milestone and is never dropped.
    pub fn is_mergeable(&self) -> bool {
        matches!(self, Event::Step(_) | Event::Layers(_) | Event::Confusion(_) | Event::Gauge(_)) || self.is_fleeting()
    }
}

/// What a run was started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// Version of alexscope that wrote the record.
    pub version: String,
    /// Name of the run folder.
    pub run: String,
    /// Where the record is kept; empty where there is none.
    pub folder: String,
    pub model: ModelSpec,
    pub settings: Settings,
    pub data: DatasetInfo,
    pub device: DeviceInfo,
    /// Seconds since 1970.
    pub started_at: u64,
    /// The run that this one branched off from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The file that the initial weights came from; absent where all were drawn, and in records older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightsFile>,
}

/// A file of weights that a run began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsFile {
    pub path: String,
    /// Of the whole file, as hexadecimal digits.
    pub sha256: String,
}

/// Where a run branched off from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Name of the other run's folder.
    pub run: String,
    /// The last step that both share.
    pub step: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// `CIFAR-10` or `Emoji-10`.
    pub name: String,
    /// True for pictures that only stand in for CIFAR-10.
    pub stand_in: bool,
    pub folder: String,
    pub classes: Vec<String>,
    pub train: usize,
    pub test: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// `CPU (AVX-512)`, `NVIDIA H100`.
    pub name: String,
    /// Threads that compute.
    pub threads: usize,
}

/// The state of the device that computes, now and then. Absent is what it does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceGauge {
    /// Bytes, of all programs.
    pub memory_used: u64,
    pub memory: u64,
    /// Share of the last second in which it computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<f64>,
    /// Temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub celsius: Option<f64>,
    /// Power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watts: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading data, drawing initial values, compiling kernels.
    Preparing,
    Training,
    Paused,
    Evaluating,
    Saving,
    /// The budget is used up or the run was stopped.
    Finished,
    Failed,
}

/// One training step, or several neighbours merged for a slow reader.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepStats {
    /// Number of the (last) step, from 1.
    pub step: u64,
    /// Epochs behind this step: 1.5 is half-way through the second.
    pub epoch: f64,
    /// Mean cross-entropy over the batch, before the update, in nats; with dropout.
    pub loss: f64,
    /// Share of the batch that was right.
    pub accuracy: f64,
    /// After schedule and warm-up.
    pub learning_rate: f64,
    pub images_per_second: f64,
    /// Present where several steps were merged into this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

/// What is kept of steps that were merged: `loss` and `accuracy` of [`StepStats`] are then the means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    pub count: u64,
    pub loss_min: f64,
    pub loss_max: f64,
    pub accuracy_min: f64,
    pub accuracy_max: f64,
}

impl StepStats {
    /// This step and the ones that follow in `next` as one, so that no spike is lost.
    pub fn merge(self, next: StepStats) -> StepStats {
        let (a, b) = (self.as_merged(), next.as_merged());
        let count = a.count + b.count;
        let mean = |x: f64, y: f64| (x * a.count as f64 + y * b.count as f64) / count as f64;
        StepStats {
            loss: mean(self.loss, next.loss),
            accuracy: mean(self.accuracy, next.accuracy),
            merged: Some(Merged {
                count,
                loss_min: a.loss_min.min(b.loss_min),
                loss_max: a.loss_max.max(b.loss_max),
                accuracy_min: a.accuracy_min.min(b.accuracy_min),
                accuracy_max: a.accuracy_max.max(b.accuracy_max),
            }),
            ..next
        }
    }

    /// A single step seen as a merge of one.
    pub fn as_merged(&self) -> Merged {
        self.merged.unwrap_or(Merged {
            count: 1,
            loss_min: self.loss,
            loss_max: self.loss,
            accuracy_min: self.accuracy,
            accuracy_max: self.accuracy,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    Train,
    Test,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub step: u64,
    pub epoch: f64,
    pub split: Split,
    /// Mean cross-entropy, without dropout. On the way to a divergence it may be no finite number, which JSON has not: it is written as null.
    #[serde(deserialize_with = "or_nan")]
    pub loss: f64,
    pub accuracy: f64,
    /// Pictures it was measured on.
    pub examples: usize,
}

/// The accuracy that a test surely shows: the lower end of the 95 % interval for a share that was right so often among so many pictures
/// (Wilson 1927). Tests are ranked by it, since a lucky one on few pictures says less than one on all of them.
pub fn surely_right(accuracy: f64, pictures: usize) -> f64 {
    let (n, z) = (pictures.max(1) as f64, 1.96);
    let middle = accuracy + z * z / (2.0 * n);
    let reach = z * (accuracy * (1.0 - accuracy) / n + z * z / (4.0 * n * n)).max(0.0).sqrt();
    ((middle - reach) / (1.0 + z * z / n)).max(0.0)
}

impl Evaluation {
    pub fn surely_right(&self) -> f64 {
        surely_right(self.accuracy, self.examples)
    }
}

fn or_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first step taken with the new value.
    pub step: u64,
    pub knob: Knob,
    /// As [`crate::knobs::KnobSpec::format`] writes it.
    pub from: String,
    pub to: String,
}

impl Change {
    /// Whether this tells an earlier event anew: the step in flight at that time was given up, so the change holds a step earlier.
    pub fn corrects(&self, told: &Change) -> bool {
        (self.knob, &self.from, &self.to, self.step + 1) == (told.knob, &told.from, &told.to, told.step)
    }
}

/// Why a checkpoint was written. What a person asked for is kept until a person removes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveReason {
    Asked,
    Scheduled,
    /// The moment before a setting was changed.
    BeforeChange,
    /// The moment that a rewind left.
    BeforeRewind,
    /// The moment that a rewind went back to, which the run goes on from.
    Rewound,
    Ending,
}

/// A run that goes on from a saved moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumption {
    /// Name of the checkpoint's folder.
    pub checkpoint: String,
    pub moment: Moment,
    pub device: DeviceInfo,
    /// Version of alexscope that goes on.
    pub version: String,
}

/// What the layers did in one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayersSeen {
    pub step: u64,
    /// In the order of the model's layers.
    pub layers: Vec<LayerStats>,
}

/// Live figures of one layer. Absent where a layer has no such thing, or where it was not measured in that step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerStats {
    pub name: String,
    pub forward_ms: f64,
    pub backward_ms: f64,
    /// Of the layer's output over the whole batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// Share of the units of an activation layer that are zero for every picture of the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<f64>,
    /// Euclidean norms over the layer's weights (without biases).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_norm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// |update| / |weights| of the last step; about 1e-3 is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_ratio: Option<f64>,
    /// Switched off, as LRN can be: the layer passes its input on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

/// A loss or gradient that is not a number: the update was not made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The step that was not taken.
    pub step: u64,
    /// The first layer whose output or gradient is not finite; `loss` where all layers' are.
    pub layer: String,
    /// `output`, `gradient` or `loss`.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    Forward,
    Backward,
    Update,
}

/// Progress within the step or evaluation under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The step under way.
    pub step: u64,
    /// Layer passes (in a step) or pictures (in an evaluation) done, and how many there are.
    pub done: usize,
    pub of: usize,
    pub evaluating: bool,
    pub layer: String,
    pub pass: Pass,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FetchState {
    Running { bytes: u64, of: u64 },
    Done { folder: String },
    Failed { reason: String },
}

/// Something worth a line: a fallback taken, a file not written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub text: String,
    pub warning: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The budget of steps or epochs is used up.
    Budget,
    Stopped,
    Diverged,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lucky_test_on_few_pictures_ranks_below_a_worse_one_on_all() {
        assert!(surely_right(0.30, 20) < surely_right(0.22, 10_000));
        assert!(surely_right(0.60, 500) > surely_right(0.30, 10_000));
        assert!((0.0..1.0).contains(&surely_right(0.0, 20)) && surely_right(1.0, 20) < 1.0);
    }

    #[test]
    fn an_evaluation_whose_loss_is_no_number_is_read_again_as_such() {
        for loss in [f64::NAN, f64::INFINITY] {
            let evaluation = Evaluation { step: 3, epoch: 0.5, split: Split::Test, loss, accuracy: 0.1, examples: 10 };
            let line = serde_json::to_string(&Stamped { event: Event::Evaluated(evaluation), time: 1.0 }).unwrap();
            let Stamped { event: Event::Evaluated(read), .. } = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
            assert!(read.loss.is_nan() && read.accuracy == 0.1, "{line}");
        }
    }
}
