//! The rows of the table of settings.

use super::{ACTIVATIONS, Applies, INITS, Kind, Knob, KnobSpec, LAYOUTS, Nudge, PRECISIONS, SCHEDULES};

macro_rules! knob {
    ($knob:ident, $name:literal, $label:literal, $unit:literal, $default:expr, $kind:expr, $applies:ident, $keys:expr, $help:literal) => {
        KnobSpec {
            knob: Knob::$knob,
            name: $name,
            label: $label,
            unit: $unit,
            default: $default,
            kind: $kind,
            applies: Applies::$applies,
            help: $help,
            keys: $keys,
        }
    };
}

const fn real(min: f64, max: f64, step: f64) -> Kind {
    Kind::Real { min, max, step }
}
const fn rate(min: f64, max: f64, factor: f64) -> Kind {
    Kind::Rate { min, max, factor }
}
const fn integer(min: i64, max: i64, step: i64) -> Kind {
    Kind::Integer { min, max, step }
}

/// Every setting, in the order in which panels and help show them.
pub const TABLE: &[KnobSpec] = &[
    knob!(
        LearningRate,
        "learning-rate",
        "learning rate",
        "",
        0.01,
        rate(1e-8, 100.0, 2.0),
        NextStep,
        &[('<', Nudge::Times(0.5)), ('>', Nudge::Times(2.0)), ('[', Nudge::Times(1.0 / 1.1)), (']', Nudge::Times(1.1))],
        "how far one step moves along the gradient; the schedule and the warm-up multiply it"
    ),
    knob!(
        Momentum,
        "momentum",
        "momentum",
        "",
        0.9,
        real(0.0, 0.9999, 0.05),
        NextStep,
        &[],
        "share of the last update that is kept in the next"
    ),
    knob!(
        Nesterov,
        "nesterov",
        "nesterov",
        "",
        0.0,
        Kind::Toggle,
        NextStep,
        &[],
        "Nesterov's momentum: look ahead along the update before using the gradient"
    ),
    knob!(
        WeightDecay,
        "weight-decay",
        "weight decay",
        "",
        5e-4,
        rate(0.0, 1.0, 2.0),
        NextStep,
        &[],
        "L2 penalty: this share of each weight is added to its gradient"
    ),
    knob!(BatchSize, "batch-size", "batch size", "pictures", 32.0, integer(1, 4096, 8), NextEpoch, &[], "pictures in a step"),
    knob!(
        Dropout,
        "dropout",
        "dropout",
        "",
        0.5,
        real(0.0, 0.95, 0.05),
        NextStep,
        &[],
        "chance that a unit of a dropout layer is silent in a step"
    ),
    knob!(
        Lrn,
        "lrn",
        "LRN",
        "",
        1.0,
        Kind::Toggle,
        NextStep,
        &[('L', Nudge::Toggle)],
        "local response normalization in all LRN layers; lrn.1, lrn.2, … switch one layer alone"
    ),
    knob!(
        LrnN,
        "lrn-n",
        "LRN n",
        "channels",
        5.0,
        integer(1, 63, 2),
        NextStep,
        &[],
        "channels in the window of LRN, the channel's own in the middle; odd"
    ),
    knob!(
        LrnK,
        "lrn-k",
        "LRN k",
        "",
        2.0,
        real(0.001, 100.0, 0.5),
        NextStep,
        &[],
        "the constant in LRN's denominator (k + α Σ a²)^β"
    ),
    knob!(
        LrnAlpha,
        "lrn-alpha",
        "LRN α",
        "",
        1e-4,
        rate(0.0, 100.0, 2.0),
        NextStep,
        &[],
        "weight of the window's squares in LRN's denominator (k + α Σ a²)^β; not divided by n"
    ),
    knob!(
        LrnBeta,
        "lrn-beta",
        "LRN β",
        "",
        0.75,
        real(0.0, 4.0, 0.05),
        NextStep,
        &[],
        "exponent of LRN's denominator (k + α Σ a²)^β"
    ),
    knob!(
        Activation,
        "activation",
        "activation",
        "",
        0.0,
        Kind::Choice(&ACTIVATIONS),
        NextStep,
        &[],
        "the function after each convolution and hidden dense layer"
    ),
    knob!(
        Schedule,
        "schedule",
        "schedule",
        "",
        0.0,
        Kind::Choice(&SCHEDULES),
        NextStep,
        &[],
        "how the learning rate moves by itself: constant; step (Paddle's discexp: × schedule-gamma every schedule-every epochs); cosine; one-cycle"
    ),
    knob!(
        ScheduleGamma,
        "schedule-gamma",
        "step factor",
        "",
        0.1,
        rate(1e-4, 1.0, 2.0),
        NextStep,
        &[],
        "factor of the step schedule"
    ),
    knob!(
        ScheduleEvery,
        "schedule-every",
        "step every",
        "epochs",
        100.0,
        real(0.01, 100_000.0, 1.0),
        NextStep,
        &[],
        "epochs between two drops of the step schedule"
    ),
    knob!(
        ScheduleSpan,
        "schedule-span",
        "schedule span",
        "epochs",
        0.0,
        real(0.0, 100_000.0, 1.0),
        NextStep,
        &[],
        "epochs that cosine and one-cycle stretch over; 0 is the run's own length"
    ),
    knob!(
        ScheduleFloor,
        "schedule-floor",
        "schedule floor",
        "",
        0.0,
        real(0.0, 1.0, 0.01),
        NextStep,
        &[],
        "share of the learning rate at which cosine and one-cycle end"
    ),
    knob!(
        WarmUpSteps,
        "warm-up-steps",
        "warm-up",
        "steps",
        0.0,
        integer(0, 1_000_000, 10),
        NextStep,
        &[],
        "steps over which the learning rate rises from nearly nothing to its value"
    ),
    knob!(Mirror, "mirror", "mirror", "", 1.0, Kind::Toggle, NextStep, &[], "mirror half of the training pictures left to right"),
    knob!(
        Crop,
        "crop",
        "crop",
        "pixels",
        4.0,
        integer(0, 4, 1),
        NextStep,
        &[],
        "pad a training picture by this many black pixels and cut it out again at a random place"
    ),
    knob!(
        EvaluateEvery,
        "evaluate-every",
        "evaluate every",
        "steps",
        100.0,
        integer(0, 1_000_000, 50),
        NextStep,
        &[],
        "steps between two evaluations on test pictures; 0 is at each epoch's end only"
    ),
    knob!(
        EvaluatePictures,
        "evaluate-pictures",
        "evaluate on",
        "pictures",
        500.0,
        integer(0, 10_000, 100),
        NextStep,
        &[],
        "test pictures in an evaluation within an epoch; 0 is all; an epoch's end always takes all"
    ),
    knob!(
        CheckpointEvery,
        "checkpoint-every",
        "save every",
        "steps",
        500.0,
        integer(0, 1_000_000, 100),
        NextStep,
        &[],
        "steps between two checkpoints; 0 saves only before a change, on request and at the end"
    ),
    knob!(
        Epochs,
        "epochs",
        "epochs",
        "",
        90.0,
        integer(0, 1_000_000, 10),
        NextStep,
        &[],
        "epochs after which the run is finished; 0 is no limit"
    ),
    knob!(
        Steps,
        "steps",
        "steps",
        "",
        0.0,
        integer(0, 1_000_000_000, 100),
        NextStep,
        &[],
        "steps after which the run is finished; 0 is no limit"
    ),
    knob!(
        Seed,
        "seed",
        "seed",
        "",
        1.0,
        integer(0, 1 << 53, 1),
        NewRun,
        &[],
        "everything random follows from it: initial weights, order, mirror and crop, dropout"
    ),
    knob!(
        Init,
        "init",
        "initial weights",
        "",
        0.0,
        Kind::Choice(&INITS),
        NewRun,
        &[],
        "model: as the model's file says; he: N(0, 2/fan-in); normal: N(0, 0.01), as in the paper; truncated-normal: σ = 0.1, as in the TensorFlow listing"
    ),
    knob!(
        Towers,
        "towers",
        "towers",
        "",
        0.0,
        integer(0, 2, 1),
        NewRun,
        &[],
        "groups of the layers that the paper split over two GPUs; 0 is as the model's file says, 1 joins them"
    ),
    knob!(
        Precision,
        "precision",
        "precision",
        "",
        0.0,
        Kind::Choice(&PRECISIONS),
        NextStep,
        &[],
        "factors of products on a GPU; auto is tf32; bf16 also holds what goes from layer to layer; the CPU always computes in f32"
    ),
    knob!(
        Layout,
        "layout",
        "layout",
        "",
        0.0,
        Kind::Choice(&LAYOUTS),
        NextStep,
        &[],
        "order of a picture's numbers on a GPU; auto is planes for f32 and channels-last for the tensor cores"
    ),
    knob!(
        Deterministic,
        "deterministic",
        "deterministic",
        "",
        1.0,
        Kind::Toggle,
        NextStep,
        &[],
        "convolutions on a GPU give the same bits each time, chosen by rule; off, the quickest by the clock"
    ),
];

/// The row behind `lrn.N`; the table lists the master switch, these follow from the network.
pub(super) const LRN_LAYER: KnobSpec = knob!(
    LrnLayer0,
    "lrn.N",
    "LRN layer",
    "",
    1.0,
    Kind::Toggle,
    NextStep,
    &[],
    "local response normalization in the N-th LRN layer alone"
);
