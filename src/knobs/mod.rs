//! THE table of everything a person can set.
//!
//! Command-line flags, the config file, key dispatch, the footer, the help screen, the palette, the README and the log of
//! interventions are all read from [`TABLE`]; a setting that is not in it does not exist. Values travel as `f64`
//! (a toggle is 0 or 1, a choice is its index) so that one message type can carry any of them; [`KnobSpec::parse`]
//! and [`KnobSpec::format`] are exact inverses, which lets the record hold what a person would read.

mod settings;
mod table;

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::settings::Settings;
use self::table::LRN_LAYER;
pub use self::table::TABLE;
use crate::spelling;

/// The activation functions a network can use; the order is the order of the `activation` knob's choices.
pub const ACTIVATIONS: [&str; 3] = ["relu", "leaky-relu", "softplus"];
/// Learning-rate schedules; the order is the order of the `schedule` knob's choices.
pub const SCHEDULES: [&str; 4] = ["constant", "step", "cosine", "one-cycle"];
/// Where initial weights come from; the order is the order of the `init` knob's choices.
pub const INITS: [&str; 4] = ["model", "he", "normal", "truncated-normal"];

/// How an NVIDIA GPU computes; the order is the order of the `precision` knob's choices.
pub const PRECISIONS: [&str; 4] = ["auto", "f32", "tf32", "bf16"];
/// Orders of a picture's numbers on a GPU; the order is the order of the `layout` knob's choices.
pub const LAYOUTS: [&str; 3] = ["auto", "planes", "channels-last"];

/// The names of all settings. `LrnLayer(i)` is the i-th LRN layer of the network, counted from 1: `lrn.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knob {
    LearningRate,
    Momentum,
    Nesterov,
    WeightDecay,
    BatchSize,
    Dropout,
    Lrn,
    LrnLayer(u8),
    LrnN,
    LrnK,
    LrnAlpha,
    LrnBeta,
    Activation,
    Schedule,
    ScheduleGamma,
    ScheduleEvery,
    ScheduleSpan,
    ScheduleFloor,
    WarmUpSteps,
    Mirror,
    Crop,
    EvaluateEvery,
    EvaluatePictures,
    CheckpointEvery,
    Epochs,
    Steps,
    Seed,
    Init,
    Towers,
    Precision,
    Layout,
    Deterministic,
}

/// When a change of a setting takes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applies {
    NextStep,
    NextEpoch,
    NewRun,
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Applies::NextStep => "from the next step",
            Applies::NextEpoch => "from the next epoch",
            Applies::NewRun => "only in a new run",
        })
    }
}

/// What values a setting can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A real number in `min..=max`; `step` is what one press of an arrow adds.
    Real {
        min: f64,
        max: f64,
        step: f64,
    },
    /// A positive real number that is nudged by factors, such as the learning rate.
    Rate {
        min: f64,
        max: f64,
        factor: f64,
    },
    Integer {
        min: i64,
        max: i64,
        step: i64,
    },
    Toggle,
    Choice(&'static [&'static str]),
}

/// How a key changes a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nudge {
    Times(f64),
    Add(f64),
    Toggle,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct KnobSpec {
    pub knob: Knob,
    /// As in `--learning-rate` and `:set learning-rate`.
    pub name: &'static str,
    /// What it says on the panel; short.
    pub label: &'static str,
    /// Empty where the number has none.
    pub unit: &'static str,
    /// A model's file may bring its own default.
    pub default: f64,
    pub kind: Kind,
    pub applies: Applies,
    pub help: &'static str,
    /// Keys that change it from anywhere in the cockpit.
    pub keys: &'static [(char, Nudge)],
}

impl Knob {
    // Only a placeholder for the row that stands for all single LRN layers; `spec` puts the number in.
    #[allow(non_upper_case_globals)]
    const LrnLayer0: Knob = Knob::LrnLayer(0);

    /// The table's row.
    pub fn spec(self) -> KnobSpec {
        match self {
            Knob::LrnLayer(_) => KnobSpec { knob: self, ..LRN_LAYER },
            _ => *TABLE.iter().find(|row| row.knob == self).unwrap_or(&LRN_LAYER),
        }
    }

    /// `learning-rate`, `lrn.2`.
    pub fn name(self) -> String {
        match self {
            Knob::LrnLayer(i) => format!("lrn.{i}"),
            _ => self.spec().name.to_string(),
        }
    }

    /// Finds a knob by the name that [`Knob::name`] gives; underscores count as hyphens.
    pub fn by_name(name: &str) -> Result<Knob, KnobError> {
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        if let Some(index) = name.strip_prefix("lrn.") {
            return match index.parse::<u8>() {
                Ok(i) if i > 0 => Ok(Knob::LrnLayer(i)),
                _ => Err(KnobError::Unknown { name, hint: "; did you mean `lrn.1`?".into() }),
            };
        }
        match TABLE.iter().find(|row| row.name == name) {
            Some(row) => Ok(row.knob),
            None => {
                let hint = spelling::hint(&name, TABLE.iter().map(|row| row.name), "");
                Err(KnobError::Unknown { name, hint })
            }
        }
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for Knob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Knob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Knob::by_name(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Why a setting was not taken; says what was expected and what came.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KnobError {
    #[error("there is no setting `{name}`{hint}")]
    Unknown { name: String, hint: String },
    #[error("{knob} takes {expected}, not `{came}`")]
    Value { knob: Knob, expected: String, came: String },
}

impl KnobSpec {
    /// `0.001 to 100`, `on or off`, `relu, leaky-relu or softplus`.
    pub fn range(&self) -> String {
        match self.kind {
            Kind::Real { min, max, .. } | Kind::Rate { min, max, .. } => format!("{} to {}", number(min), number(max)),
            Kind::Integer { min, max, .. } => format!("a whole number, {min} to {max}"),
            Kind::Toggle => "on or off".into(),
            Kind::Choice(names) => match names.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => names.join(", "),
            },
        }
    }

    /// Reads a value as a person writes it. Inverse of [`KnobSpec::format`].
    pub fn parse(&self, text: &str) -> Result<f64, KnobError> {
        let text = text.trim();
        let wrong = || KnobError::Value { knob: self.knob, expected: self.range(), came: text.to_string() };
        let value = match self.kind {
            Kind::Toggle => match text.to_ascii_lowercase().as_str() {
                "on" | "true" | "yes" | "1" => 1.0,
                "off" | "false" | "no" | "0" => 0.0,
                _ => return Err(wrong()),
            },
            Kind::Choice(names) => names.iter().position(|name| *name == text).ok_or_else(wrong)? as f64,
            _ => text.parse::<f64>().map_err(|_| wrong())?,
        };
        self.check(value)
    }

    /// Refuses a value outside the knob's range.
    pub fn check(&self, value: f64) -> Result<f64, KnobError> {
        let good = match self.kind {
            Kind::Real { min, max, .. } | Kind::Rate { min, max, .. } => (min..=max).contains(&value),
            Kind::Integer { min, max, .. } => value.fract() == 0.0 && (min as f64..=max as f64).contains(&value),
            Kind::Toggle => value == 0.0 || value == 1.0,
            Kind::Choice(names) => value.fract() == 0.0 && (0.0..names.len() as f64).contains(&value),
        } && (self.knob != Knob::LrnN || value % 2.0 == 1.0);
        if good {
            Ok(value)
        } else {
            let mut expected = self.range();
            if self.knob == Knob::LrnN {
                expected.push_str(", odd");
            }
            Err(KnobError::Value { knob: self.knob, expected, came: number(value) })
        }
    }

    /// `on`, `cosine`, `0.01`: the shortest text that [`KnobSpec::parse`] reads as the same value.
    pub fn format(&self, value: f64) -> String {
        match self.kind {
            Kind::Toggle => if value != 0.0 { "on" } else { "off" }.into(),
            Kind::Choice(names) => names.get(value as usize).map_or_else(|| number(value), |name| name.to_string()),
            _ => number(value),
        }
    }

    /// The value after a key or an arrow, held within the range and rounded to four significant digits.
    pub fn nudge(&self, value: f64, nudge: Nudge) -> f64 {
        let moved = match nudge {
            Nudge::Times(factor) => significant(value * factor),
            Nudge::Add(step) => significant(value + step),
            Nudge::Toggle => return if value != 0.0 { 0.0 } else { 1.0 },
        };
        match self.kind {
            Kind::Real { min, max, .. } | Kind::Rate { min, max, .. } => moved.clamp(min, max),
            Kind::Integer { min, max, .. } => moved.round().clamp(min as f64, max as f64),
            Kind::Toggle | Kind::Choice(_) => value,
        }
    }

    /// The value one notch up (`true`) or down, as an arrow key on the panel moves it; choices and toggles go round.
    pub fn notch(&self, value: f64, up: bool) -> f64 {
        let sign = if up { 1.0 } else { -1.0 };
        match self.kind {
            Kind::Toggle => self.nudge(value, Nudge::Toggle),
            Kind::Choice(names) => (value + sign).rem_euclid(names.len() as f64),
            Kind::Real { step, .. } => self.nudge(value, Nudge::Add(sign * step)),
            Kind::Integer { step, .. } => self.nudge(value, Nudge::Add(sign * step as f64)),
            // From zero a factor leads nowhere.
            Kind::Rate { max, .. } if value == 0.0 && up => 1e-5_f64.min(max),
            Kind::Rate { factor, .. } => self.nudge(value, Nudge::Times(if up { factor } else { 1.0 / factor })),
        }
    }
}

/// Shortest text of a number; very small and very large ones in scientific form (`1e-4`).
pub fn number(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e16) { format!("{value:e}") } else { format!("{value}") }
}

fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_own_range() {
        for row in TABLE {
            assert_eq!(row.check(row.default), Ok(row.default), "{}", row.name);
        }
    }

    #[test]
    fn names_and_keys_are_given_out_once() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        let mut keys: Vec<_> = TABLE.iter().flat_map(|row| row.keys).map(|(key, _)| key).collect();
        let (all_names, all_keys) = (names.len(), keys.len());
        names.sort_unstable();
        names.dedup();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!((names.len(), keys.len()), (all_names, all_keys));
    }

    #[test]
    fn what_format_writes_parse_reads_as_the_same_bits() {
        for row in TABLE {
            for value in [row.default, row.notch(row.default, true), row.notch(row.default, false)] {
                assert_eq!(row.parse(&row.format(value)), Ok(value), "{}", row.name);
            }
        }
    }

    #[test]
    fn halving_and_doubling_the_learning_rate_returns_to_it() {
        let row = Knob::LearningRate.spec();
        assert_eq!(row.nudge(row.nudge(0.01, Nudge::Times(0.5)), Nudge::Times(2.0)), 0.01);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest_right_one() {
        let error = Knob::by_name("learing-rate").unwrap_err();
        assert_eq!(error.to_string(), "there is no setting `learing-rate`; did you mean `learning-rate`?");
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_was_expected() {
        let refused = |knob: Knob, text: &str| knob.spec().parse(text).unwrap_err().to_string();
        assert_eq!(refused(Knob::Momentum, "1.5"), "momentum takes 0 to 0.9999, not `1.5`");
        assert_eq!(refused(Knob::LearningRate, "NaN"), "learning-rate takes 1e-8 to 100, not `NaN`");
        assert_eq!(refused(Knob::Lrn, "maybe"), "lrn takes on or off, not `maybe`");
        assert_eq!(refused(Knob::LrnN, "4"), "lrn-n takes a whole number, 1 to 63, odd, not `4`");
    }

    #[test]
    fn settings_survive_json() {
        let mut settings = Settings::new();
        settings.set(Knob::LrnLayer(2), 0.0).unwrap();
        settings.set(Knob::Schedule, 2.0).unwrap();
        let json = serde_json::to_string(&settings).unwrap();
        assert!(json.contains(r#""schedule":"cosine""#) && json.contains(r#""lrn.2":"off""#), "{json}");
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    }
}
