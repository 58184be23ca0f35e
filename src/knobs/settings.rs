//! A value for each setting.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Knob, KnobError, TABLE};

/// A value for every knob: what a run has been told so far.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Settings {
    values: BTreeMap<Knob, f64>,
}

impl Settings {
    /// The table's defaults. A model's own defaults are laid over them with [`Settings::set`].
    pub fn new() -> Settings {
        Settings { values: TABLE.iter().map(|row| (row.knob, row.default)).collect() }
    }

    /// The value, or the knob's default where it was never set.
    pub fn get(&self, knob: Knob) -> f64 {
        self.values.get(&knob).copied().unwrap_or_else(|| knob.spec().default)
    }

    pub fn is_on(&self, knob: Knob) -> bool {
        self.get(knob) != 0.0
    }

    pub fn count(&self, knob: Knob) -> usize {
        self.get(knob) as usize
    }

    /// The value as a person reads it.
    pub fn text(&self, knob: Knob) -> String {
        knob.spec().format(self.get(knob))
    }

    /// Sets a value within the knob's range.
    pub fn set(&mut self, knob: Knob, value: f64) -> Result<(), KnobError> {
        self.values.insert(knob, knob.spec().check(value)?);
        Ok(())
    }

    /// Whether the `layer`-th LRN layer (counted from 1) works: the master switch and its own must both be on.
    pub fn lrn_is_on(&self, layer: u8) -> bool {
        self.is_on(Knob::Lrn) && self.is_on(Knob::LrnLayer(layer))
    }

    pub fn iter(&self) -> impl Iterator<Item = (Knob, f64)> + '_ {
        self.values.iter().map(|(knob, value)| (*knob, *value))
    }
}

// Written as `{"learning-rate": "0.01", "lrn": "on"}`: the record reads as a person would say it.
impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(knob, value)| (knob, knob.spec().format(value))))
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut settings = Settings::new();
        for (knob, text) in BTreeMap::<Knob, String>::deserialize(deserializer)? {
            let value = knob.spec().parse(&text).map_err(D::Error::custom)?;
            settings.values.insert(knob, value);
        }
        Ok(settings)
    }
}
