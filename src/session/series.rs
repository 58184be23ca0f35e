//! One curve over the steps of a run, kept so that any stretch of it is summed up at once.
//!
//! A pyramid: level 0 has a bucket for each push, every level above one bucket for [`FAN`] of the level below. A stretch of
//! steps is put together from the few largest buckets that lie wholly inside it; so its minimum, mean and maximum are
//! exact, and their cost grows with the logarithm of the run's length. Each level keeps its newest [`KEPT`] buckets: of
//! steps long past only the coarser levels remain, and memory stays bounded (some 70 MB at ten million steps).

use std::collections::VecDeque;
use std::ops::Range;

/// Buckets that one bucket of the next level stands for.
const FAN: usize = 4;
/// Buckets a level keeps; a multiple of [`FAN`], so that what is dropped is always a whole bucket of the level above.
const KEPT: usize = 1 << 20;

/// What some neighbouring steps came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The last of the steps.
    pub step: u64,
    /// How many of the steps had a finite value; at least one.
    pub count: u64,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

/// In f32, as the network computes: 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bucket {
    step: u64,
    /// Steps with a finite value; with none, the bucket is a gap.
    count: u32,
    mean: f32,
    min: f32,
    max: f32,
}

/// Adds buckets up, in f64.
struct Sum {
    step: u64,
    count: u64,
    total: f64,
    min: f32,
    max: f32,
}

impl Sum {
    const EMPTY: Sum = Sum { step: 0, count: 0, total: 0.0, min: f32::INFINITY, max: f32::NEG_INFINITY };

    fn add(&mut self, bucket: &Bucket) {
        self.step = bucket.step;
        self.count += u64::from(bucket.count);
        self.total += f64::from(bucket.mean) * f64::from(bucket.count);
        self.min = self.min.min(bucket.min);
        self.max = self.max.max(bucket.max);
    }

    fn mean(&self) -> f64 {
        // Rounding must not carry the mean past what it is a mean of.
        (self.total / self.count.max(1) as f64).clamp(f64::from(self.min), f64::from(self.max))
    }

    fn bucket(&self) -> Bucket {
        let mean = if self.count == 0 { 0.0 } else { self.mean() as f32 };
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        Bucket { step: self.step, count, mean, min: self.min, max: self.max }
    }

    fn summary(&self) -> Option<Summary> {
        (self.count > 0).then(|| Summary {
            step: self.step,
            count: self.count,
            min: self.min.into(),
            mean: self.mean(),
            max: self.max.into(),
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Level {
    /// Buckets that were dropped at the front.
    dropped: usize,
    kept: VecDeque<Bucket>,
}

impl Level {
    /// How many buckets the level ever had.
    fn len(&self) -> usize {
        self.dropped + self.kept.len()
    }

    fn get(&self, index: usize) -> Option<&Bucket> {
        self.kept.get(index.checked_sub(self.dropped)?)
    }

    /// The newest `FAN` buckets as one.
    fn newest_as_one(&self) -> Bucket {
        let mut sum = Sum::EMPTY;
        self.kept.range(self.kept.len().saturating_sub(FAN)..).for_each(|bucket| sum.add(bucket));
        sum.bucket()
    }
}

/// Values by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    levels: Vec<Level>,
}

impl Series {
    /// Adds `count` merged steps that end with `step`. A value that is not finite is a gap; a step that does not come after the
    /// last one is left out.
    pub fn push(&mut self, step: u64, count: u64, mean: f64, min: f64, max: f64) {
        if self.last_step().is_some_and(|last| step <= last) {
            return;
        }
        let mut sum = Sum::EMPTY;
        let (mean, min, max) = (mean as f32, min as f32, max as f32);
        if mean.is_finite() && min.is_finite() && max.is_finite() {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            sum.add(&Bucket { step, count, mean, min, max });
        }
        sum.step = step;
        self.push_bucket(0, sum.bucket());
    }

    pub fn push_one(&mut self, step: u64, value: f64) {
        self.push(step, 1, value, value, value);
    }

    fn push_bucket(&mut self, height: usize, bucket: Bucket) {
        if height == self.levels.len() {
            self.levels.push(Level::default());
        }
        let level = &mut self.levels[height];
        level.kept.push_back(bucket);
        if level.len().is_multiple_of(FAN) {
            let one = level.newest_as_one();
            if level.kept.len() > KEPT {
                level.kept.drain(..FAN);
                level.dropped += FAN;
            }
            self.push_bucket(height + 1, one);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    pub fn last_step(&self) -> Option<u64> {
        Some(self.levels.first()?.kept.back()?.step)
    }

    /// The same curve as it was when `step` was its last, as finely as it is still known.
    pub fn up_to(&self, step: u64) -> Series {
        let mut before = Series::default();
        // Oldest first: each level has what the finer one under it has dropped already.
        for (height, level) in self.levels.iter().enumerate().rev() {
            let finer = height.checked_sub(1).and_then(|height| self.levels[height].kept.front());
            let known_here = |bucket: &&Bucket| bucket.step <= step && finer.is_none_or(|finer| bucket.step < finer.step);
            level.kept.iter().filter(known_here).for_each(|bucket| before.push_bucket(0, *bucket));
        }
        before
    }

    /// The last `n` values, oldest first.
    pub fn tail(&self, n: usize) -> impl Iterator<Item = f64> + '_ {
        let newest = self.levels.first().map(|level| level.kept.range(level.kept.len().saturating_sub(n)..));
        newest.into_iter().flatten().filter(|bucket| bucket.count > 0).map(|bucket| bucket.mean.into())
    }

    /// What the steps of a stretch came to; none where no step of it has a value. Merged steps count where the last of them lies.
    pub fn summary(&self, steps: Range<u64>) -> Option<Summary> {
        self.sum(self.index(steps.start)..self.index(steps.end)).summary()
    }

    /// The stretch in `columns` parts of equal width, each summed up. One step's value is in exactly one of them.
    pub fn columns(&self, steps: Range<u64>, columns: usize) -> Vec<Option<Summary>> {
        let width = u128::from(steps.end.saturating_sub(steps.start));
        let border = |i: usize| steps.start + (width * i as u128 / columns.max(1) as u128) as u64;
        let mut from = self.index(steps.start);
        (1..=columns)
            .map(|i| {
                let to = self.index(border(i));
                let summary = self.sum(from..to).summary();
                from = to;
                summary
            })
            .collect()
    }

    /// The value at a step, or the nearest to it. Of steps long past only several together are still known.
    pub fn nearest(&self, step: u64) -> Option<Summary> {
        let (height, index) = self.find(step);
        let level = self.levels.get(height)?;
        let at = |index: usize| {
            let mut sum = Sum::EMPTY;
            sum.add(level.get(index)?);
            sum.summary()
        };
        // Gaps are rare and short; a few neighbours on either side are enough.
        let neighbours = index.saturating_sub(16)..index + 16;
        let first = |summary: &Summary| summary.step.saturating_sub(summary.count - 1);
        let away = |summary: &Summary| first(summary).saturating_sub(step).max(step.saturating_sub(summary.step));
        neighbours.filter_map(at).min_by_key(away)
    }

    /// The finest level that still knows the step, and there the first bucket that ends at or after it.
    fn find(&self, step: u64) -> (usize, usize) {
        let knows = |level: &Level| level.dropped == 0 || level.kept.front().is_some_and(|first| first.step < step);
        let height = self.levels.iter().position(knows).unwrap_or(self.levels.len().saturating_sub(1));
        let index = self.levels.get(height).map_or(0, |level| level.dropped + level.kept.partition_point(|b| b.step < step));
        (height, index)
    }

    /// The same place counted in buckets of level 0.
    fn index(&self, step: u64) -> usize {
        let (height, index) = self.find(step);
        index * FAN.pow(height as u32)
    }

    /// Adds up a stretch of level 0, by the largest buckets that fit.
    fn sum(&self, mut range: Range<usize>) -> Sum {
        let mut sum = Sum::EMPTY;
        while range.start < range.end {
            let (mut height, mut width) = (0, 1);
            while range.start.is_multiple_of(width * FAN)
                && range.start + width * FAN <= range.end
                && self.levels.get(height + 1).is_some_and(|level| range.start / (width * FAN) < level.len())
            {
                (height, width) = (height + 1, width * FAN);
            }
            if let Some(bucket) = self.levels[height].get(range.start / width) {
                sum.add(bucket);
            }
            range.start += width;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(values: &[(u64, f64)]) -> Series {
        let mut series = Series::default();
        for (step, value) in values {
            series.push_one(*step, *value);
        }
        series
    }

    /// Values at ascending steps with gaps between them, some not finite.
    fn curve() -> impl Strategy<Value = Vec<(u64, f64)>> {
        let value = prop_oneof![20 => (-1e3_f32..1e3).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
        prop::collection::vec((1_u64..4, value), 0..700).prop_map(|pairs| {
            let mut step = 0;
            let at = |(ahead, value)| {
                step += ahead;
                (step, value)
            };
            pairs.into_iter().map(at).collect()
        })
    }

    proptest! {
        #[test]
        fn every_column_has_the_extremes_that_a_search_of_all_its_steps_finds(
            values in curve(), start in 0_u64..800, width in 1_u64..2_000, columns in 1_usize..300,
        ) {
            let series = series(&values);
            let drawn = series.columns(start..start + width, columns);
            prop_assert_eq!(drawn.len(), columns);
            for (i, column) in drawn.iter().enumerate() {
                let (a, b) = (start + width * i as u64 / columns as u64, start + width * (i as u64 + 1) / columns as u64);
                let inside = || values.iter().filter(|(step, v)| (a..b).contains(step) && v.is_finite()).map(|(_, v)| *v);
                prop_assert_eq!(column.map_or(0, |c| c.count as usize), inside().count());
                if let Some(column) = column {
                    prop_assert_eq!(column.min, inside().fold(f64::INFINITY, f64::min));
                    prop_assert_eq!(column.max, inside().fold(f64::NEG_INFINITY, f64::max));
                    let mean = inside().sum::<f64>() / inside().count() as f64;
                    prop_assert!((column.mean - mean).abs() <= 1e-3, "{} against {mean}", column.mean);
                }
            }
        }

        #[test]
        fn the_nearest_value_is_the_one_at_the_step_where_there_is_one(values in curve(), at in 0_usize..700) {
            let series = series(&values);
            if let Some((step, value)) = values.get(at).filter(|(_, value)| value.is_finite()) {
                let nearest = series.nearest(*step).unwrap();
                prop_assert_eq!((nearest.step, nearest.mean), (*step, *value));
            }
        }
    }

    #[test]
    fn a_curve_taken_back_to_a_step_is_the_curve_that_was_there_then() {
        let values: Vec<_> = (1..=1000).map(|step| (step, (step * step % 97) as f64)).collect();
        for step in [0, 1, 3, 4, 500, 999, 1000, 2000] {
            let then = values.iter().copied().filter(|(at, _)| *at <= step).collect::<Vec<_>>();
            assert_eq!(series(&values).up_to(step), series(&then), "{step}");
        }
    }

    #[test]
    fn merged_steps_keep_their_spike_and_their_weight() {
        let mut series = Series::default();
        series.push(3, 3, 2.0, 1.0, 9.0);
        series.push_one(4, 6.0);
        let all = series.summary(0..10).unwrap();
        assert_eq!(all, Summary { step: 4, count: 4, min: 1.0, mean: 3.0, max: 9.0 });
    }

    #[test]
    fn a_value_that_is_no_number_is_a_gap() {
        let series = series(&[(1, 1.0), (2, f64::NAN), (3, f64::INFINITY), (4, 2.0)]);
        assert_eq!(series.summary(2..4), None);
        assert_eq!(series.summary(1..5).map(|all| (all.min, all.max, all.count)), Some((1.0, 2.0, 2)));
        assert_eq!(series.tail(10).collect::<Vec<_>>(), [1.0, 2.0]);
    }

    #[test]
    fn a_spike_long_past_the_finest_level_is_still_there_and_memory_is_bounded() {
        let mut series = Series::default();
        let steps = 3 * KEPT as u64 / 2;
        for step in 1..=steps {
            series.push_one(step, if step == 777 { 99.0 } else { 1.0 });
        }
        assert!(series.levels[0].kept.len() <= KEPT + FAN);
        let columns = series.columns(0..steps + 1, 100);
        assert_eq!(columns[0].map(|first| first.max), Some(99.0));
        assert_eq!(columns.iter().flatten().map(|column| column.count).sum::<u64>(), steps);
        let nearest = series.nearest(777).unwrap();
        assert_eq!((nearest.max, nearest.count), (99.0, FAN as u64));
    }

    #[test]
    fn a_stretch_is_put_together_from_few_buckets() {
        let values: Vec<_> = (1..=200_000).map(|step| (step, step as f64)).collect();
        let series = series(&values);
        // 600 columns of a million steps, each from some 3 × 2 × log₄ buckets: well within a frame even without optimization.
        let timed = || {
            let start = std::time::Instant::now();
            let columns = series.columns(1..200_001, 600);
            (start.elapsed(), columns)
        };
        // The quickest: the others also tell what else the machine did.
        let (quickest, columns) = (0..10).map(|_| timed()).min_by_key(|(time, _)| *time).unwrap();
        assert!(quickest.as_millis() < 50, "{quickest:?}");
        assert_eq!(columns[599].map(|last| last.max), Some(200_000.0));
    }
}
