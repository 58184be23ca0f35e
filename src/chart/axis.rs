//! Axes: range, scale, and ticks at round numbers.

use std::ops::Range;

/// How positions follow from values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Base 10; the range is positive.
    Log,
}

/// Share of an axis that its data should take up before coarser ticks are tried.
const ENOUGH: f64 = 0.7;

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
    /// An axis over `range` with up to `ticks` ticks, labelled by `label`, which gets a tick and the distance between two.
    pub fn new(range: Range<f64>, scale: Scale, ticks: usize, label: impl Fn(f64, f64) -> String) -> Axis {
        let (min, max) = (range.start, range.end);
        let ticks = match scale {
            Scale::Log if min > 0.0 && max / min > 4.0 => decades(min, max, ticks),
            _ => multiples(min, max, round_step(max - min, ticks)),
        };
        Axis::with_ticks(range, scale, ticks, label)
    }

    /// A linear axis with a tick at each multiple of `step`.
    pub(super) fn stepped(range: Range<f64>, step: f64, label: impl Fn(f64, f64) -> String) -> Axis {
        let ticks = multiples(range.start, range.end, step);
        Axis::with_ticks(range, Scale::Linear, ticks, label)
    }

    fn with_ticks(range: Range<f64>, scale: Scale, ticks: Vec<f64>, label: impl Fn(f64, f64) -> String) -> Axis {
        let (min, max) = (range.start, range.end);
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

/// 1, 2, 2.5 and 5 times powers of ten, ascending, from the first of which at most `count` fit into `span`.
fn round_steps(span: f64, count: usize) -> impl Iterator<Item = f64> {
    let least = span / count.max(1) as f64;
    let power = 10_f64.powf(least.log10().floor());
    let all = [1.0, 10.0, 100.0].into_iter().flat_map(|ten| [1.0, 2.0, 2.5, 5.0].map(|factor| factor * ten));
    all.map(move |factor| factor * power).skip_while(move |step| *step < least * 0.999)
}

fn round_step(span: f64, count: usize) -> f64 {
    round_steps(span, count).next().unwrap_or(span)
}

/// `[min, max]` put outwards to multiples of half a tick, so that an axis rests while its data trembles.
pub(super) fn rounded_out(min: f64, max: f64, ticks: usize) -> Range<f64> {
    let half = round_step(max - min, ticks) / 2.0;
    (min / half).floor() * half..(max / half).ceil() * half
}

/// `[min, max]` put outwards to an axis of `rows` rows whose every tick has a row of its own: there are equally many whole rows
/// from tick to tick, and the lowest row has a tick. Returns the axis and the distance of its ticks.
pub(super) fn onto_rows(min: f64, max: f64, ticks: usize, rows: usize) -> (Range<f64>, f64) {
    let gaps = (rows.max(2) - 1) as f64;
    let fit = |step: f64| {
        let low = (min / step).floor() * step;
        let rows_to_a_tick = (gaps * step / (max - low)).floor();
        // A row stands for a round part of a tick, or for several ticks.
        let row = if rows_to_a_tick >= 1.0 { step / rows_to_a_tick } else { step * ((max - low) / gaps / step).ceil() };
        (low..low + gaps * row, step)
    };
    let used = |axis: &Range<f64>| (max - min) / (axis.end - axis.start);
    let labelled_twice = |(axis, step): &(Range<f64>, f64)| axis.start + step <= axis.end;
    let fits: Vec<_> = round_steps(max - min, ticks).take(4).map(fit).filter(labelled_twice).collect();
    let enough = fits.iter().find(|(axis, _)| used(axis) >= ENOUGH);
    let fullest = || fits.iter().max_by(|a, b| used(&a.0).total_cmp(&used(&b.0)));
    enough.or_else(fullest).cloned().unwrap_or((min..max, max - min))
}

fn multiples(min: f64, max: f64, step: f64) -> Vec<f64> {
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
    fn a_logarithmic_axis_that_begins_at_zero_has_few_ticks() {
        let axis = Axis::new(0.0..2.5, Scale::Log, 6, |at, _| at.to_string());
        assert!(axis.ticks.len() <= 7, "{} ticks", axis.ticks.len());
    }

    #[test]
    fn every_tick_can_have_a_row_of_its_own() {
        for (min, max, rows) in [(0.93, 2.47, 14), (0.0, 0.78, 9), (1.2e-3, 5.1e-3, 12), (0.0, 97.0, 30), (0.4, 2.6, 4)] {
            let (range, step) = onto_rows(min, max, rows / 2, rows);
            assert!(range.start <= min && range.end >= max, "{range:?} does not hold {min}..{max}");
            assert!((max - min) / (range.end - range.start) > 0.55, "{range:?} is mostly empty for {min}..{max}");
            let axis = Axis::stepped(range, step, |_, _| String::new());
            assert!(axis.ticks.len() >= 2, "{axis:?}");
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

    /// From 10^(a/10) to 10^(b/10). proptest's own ranges of floats now and then fail an assertion of their own (1.12).
    fn powers(tenths: std::ops::Range<i32>) -> impl Strategy<Value = f64> {
        tenths.prop_map(|tenths| 10_f64.powf(f64::from(tenths) / 10.0))
    }

    proptest! {
        #[test]
        fn a_position_and_its_value_are_inverses(min in powers(-60..0), width in powers(-30..30), at in 0_u32..1000, log: bool) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let axis = Axis::new(min..min + width, scale, 5, |at, _| at.to_string());
            let at = f64::from(at) / 1000.0;
            prop_assert!((axis.fraction(axis.value(at)) - at).abs() < 1e-6);
        }

        #[test]
        fn there_are_never_more_ticks_than_asked_for_and_all_lie_on_the_axis(
            min in powers(-60..30), width in powers(-60..60), count in 2_usize..12, log: bool,
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
