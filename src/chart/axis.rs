//! Axes: range, scale, and ticks at round numbers.

use std::ops::Range;

/// How positions follow from values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Base 10; the range is positive.
    Log,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// `step`, `epoch`; empty where the title says it.
    pub label: &'static str,
    pub min: f64,
    pub max: f64,
    pub scale: Scale,
    /// Ascending, all within the range.
    pub ticks: Vec<Tick>,
}

impl Axis {
    /// An axis over `range` with up to `ticks` ticks, labelled by `label`.
    pub fn new(range: Range<f64>, scale: Scale, ticks: usize, label: impl Fn(f64, f64) -> String) -> Axis {
        let (min, max) = (range.start, range.end);
        let ticks = match scale {
            Scale::Log if max / min > 4.0 => decades(min, max, ticks),
            _ => round_numbers(min, max, ticks),
        };
        let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let ticks = ticks.into_iter().map(|at| Tick { at, label: label(at, step) }).collect();
        Axis { label: "", min, max, scale, ticks }
    }

    /// Where a value lies, from 0 at `min` to 1 at `max`; beyond them for values out of range, never NaN for finite ones.
    pub fn fraction(&self, value: f64) -> f64 {
        let at = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(f64::MIN_POSITIVE).log10(),
        };
        (at(value) - at(self.min)) / (at(self.max) - at(self.min))
    }

    /// The value at a fraction of the axis; the inverse of [`Axis::fraction`].
    pub fn value(&self, fraction: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.min + (self.max - self.min) * fraction,
            Scale::Log => self.min * (self.max / self.min).powf(fraction),
        }
    }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten of which at most `count` fit into `span`.
pub(super) fn round_step(span: f64, count: usize) -> f64 {
    let least = span / count.max(1) as f64;
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least * 0.999).unwrap_or(least)
}

/// `[min, max]` put outwards to multiples of half a tick, so that an axis rests while its data trembles. With `rows`, `max` is
/// put up so far that there are equally many whole rows from tick to tick, beginning with a tick on the lowest row.
pub(super) fn rounded_out(min: f64, max: f64, ticks: usize, rows: usize) -> Range<f64> {
    let step = round_step(max - min, ticks);
    let half = step / 2.0;
    if rows < 2 {
        return (min / half).floor() * half..(max / half).ceil() * half;
    }
    let min = (min / step).floor() * step;
    let gaps = (rows - 1) as f64;
    let rows_to_a_tick = (gaps * step / (max - min)).floor();
    // A row stands for a round part of a tick where it must stand for more than one.
    let row = if rows_to_a_tick >= 1.0 { step / rows_to_a_tick } else { step * (((max - min) / gaps / step).ceil()) };
    min..min + gaps * row
}

fn round_numbers(min: f64, max: f64, count: usize) -> Vec<f64> {
    let step = round_step(max - min, count);
    if !step.is_finite() || step <= 0.0 {
        return vec![min];
    }
    let (first, last) = ((min / step - 1e-9).ceil() as i64, (max / step + 1e-9).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Powers of ten, with 2 and 5 times them where there is room, and only every so many where there is not.
fn decades(min: f64, max: f64, count: usize) -> Vec<f64> {
    let (first, last) = (min.log10().floor() as i32, max.log10().ceil() as i32);
    let within = |factors: &[f64], every: i32| -> Vec<f64> {
        let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
        powers
            .flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)))
            .filter(|tick| (min * 0.999..=max * 1.001).contains(tick))
            .collect()
    };
    let choices = [within(&[1.0, 2.0, 5.0], 1), within(&[1.0, 3.0], 1), within(&[1.0], 1), within(&[1.0], 2), within(&[1.0], 5)];
    choices.into_iter().find(|ticks| (1..=count.max(1)).contains(&ticks.len())).unwrap_or_else(|| vec![min, max])
}

/// The least number of a fixed row (1, 1.25, 1.5, 2, … times powers of ten) that is at least `n`: an axis that ends there gives
/// a growing curve some room and then rests.
pub(super) fn roomy_end(n: u64) -> u64 {
    const ROW: [u64; 10] = [100, 125, 150, 200, 250, 300, 400, 500, 600, 800];
    let mut unit = 1;
    loop {
        if let Some(end) = ROW.iter().map(|factor| factor * unit).find(|end| *end >= n) {
            return end;
        }
        match unit.checked_mul(10) {
            Some(next) if next < u64::MAX / 1000 => unit = next,
            _ => return n,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        let plain = |at: f64, _: f64| format!("{at}");
        assert_eq!(labels(&Axis::new(0.0..2.4, Scale::Linear, 6, plain)), ["0", "0.5", "1", "1.5", "2"]);
        assert_eq!(labels(&Axis::new(0.0..1000.0, Scale::Linear, 4, plain)), ["0", "250", "500", "750", "1000"]);
        assert_eq!(labels(&Axis::new(1e-3..10.0, Scale::Log, 6, plain)), ["0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(&Axis::new(0.1..3.0, Scale::Log, 6, plain)), ["0.1", "0.2", "0.5", "1", "2"]);
    }

    #[test]
    fn every_tick_can_have_a_row_of_its_own() {
        for (min, max, rows) in [(0.93, 2.47, 14), (0.0, 0.78, 9), (1.2e-3, 5.1e-3, 12), (0.0, 97.0, 30), (0.4, 2.6, 4)] {
            let range = rounded_out(min, max, rows / 2, rows);
            assert!(range.start <= min && range.end >= max, "{range:?} does not hold {min}..{max}");
            let axis = Axis::new(range, Scale::Linear, rows / 2 + 1, |_, _| String::new());
            for tick in &axis.ticks {
                let row = axis.fraction(tick.at) * (rows - 1) as f64;
                assert!((row - row.round()).abs() < 1e-6, "{tick:?} is on row {row} of {rows}");
            }
        }
    }

    #[test]
    fn an_axis_that_grows_with_the_run_rests_most_of_the_time() {
        assert_eq!([1, 100, 101, 126, 999, 8_001].map(roomy_end), [100, 100, 125, 150, 1_000, 10_000]);
        let ends: std::collections::BTreeSet<u64> = (1..10_000).map(roomy_end).collect();
        assert!(ends.len() <= 22, "{ends:?}");
    }

    proptest! {
        #[test]
        fn a_position_and_its_value_are_inverses(min in 1e-6_f64..1.0, width in 1e-3_f64..1e3, at in 0.0_f64..1.0, log: bool) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let axis = Axis::new(min..min + width, scale, 5, |at, _| at.to_string());
            prop_assert!((axis.fraction(axis.value(at)) - at).abs() < 1e-6);
        }

        #[test]
        fn there_are_never_more_ticks_than_asked_for_and_all_lie_on_the_axis(
            min in 1e-6_f64..1e3, width in 1e-6_f64..1e6, count in 2_usize..12, log: bool,
        ) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let axis = Axis::new(min..min + width, scale, count, |at, _| at.to_string());
            prop_assert!(axis.ticks.len() <= count + 1, "{:?}", axis.ticks);
            for tick in &axis.ticks {
                prop_assert!((-0.01..=1.01).contains(&axis.fraction(tick.at)), "{tick:?} on {min}..{}", min + width);
            }
        }
    }
}
