//! How a layer's values were spread from look to look: what the histograms showed, over the run.

use std::collections::HashMap;

use super::prepared::Prepared;
use crate::probe::{LayerProbe, LayerSight, Spread};
use crate::ui::course::Course;
use crate::ui::graphics::digest;

/// Histograms of a thing that are kept.
const KEPT: usize = 128;
/// Of the values this share is left out at either end, so that a stray one does not flatten all others.
const STRAY: f64 = 0.001;

/// By the layer's place and what the values are.
#[derive(Debug, Default)]
pub struct Courses {
    of: HashMap<(usize, &'static str), SpreadCourse>,
    /// How many answers had come when the newest was taken.
    answers: u64,
}

/// Histograms of one thing.
#[derive(Debug, Default)]
pub struct SpreadCourse {
    /// Outputs are of one picture: those of another begin anew.
    subject: u64,
    course: Course<Spread>,
}

impl Courses {
    /// Takes the histograms of an answer in, once.
    pub fn take(&mut self, probe: &LayerProbe, step: u64, sight: &LayerSight, prepared: &Prepared) {
        if self.answers == prepared.key.answers {
            return;
        }
        self.answers = prepared.key.answers;
        for (name, spread) in &prepared.spreads {
            let subject = if *name == super::prepared::OUTPUT { digest((&sight.picture.name, probe.training)) } else { 0 };
            self.of.entry((prepared.key.place, name)).or_default().take(subject, step, spread);
        }
    }

    pub fn of(&self, place: usize, name: &'static str) -> Option<&SpreadCourse> {
        self.of.get(&(place, name))
    }
}

impl SpreadCourse {
    fn take(&mut self, subject: u64, step: u64, spread: &Spread) {
        if self.subject != subject {
            *self = SpreadCourse { subject, course: Course::default() };
        }
        if spread.total > 0 {
            self.course.take(step, spread.clone(), KEPT);
        }
    }

    pub fn steps(&self) -> Option<(u64, u64)> {
        self.course.steps()
    }

    /// The values between which nearly all lay, at any step.
    pub fn range(&self) -> Option<(f64, f64)> {
        let ranges = self.course.taken().iter().map(|(_, spread)| range(spread));
        ranges.reduce(|(low, high), (other_low, other_high)| (low.min(other_low), high.max(other_high)))
    }

    /// What was known at the step of each column.
    pub fn columns(&self, columns: usize) -> Vec<&Spread> {
        let Some((first, last)) = self.steps() else { return Vec::new() };
        let step = |column: usize| first + (last - first) * (column as u64 + 1) / columns.max(1) as u64;
        (0..columns).filter_map(|column| self.course.at(step(column))).collect()
    }
}

/// The share of the values in each of `rows` equal parts from `low` to `high`; what lies beyond belongs to the outermost.
pub fn shares(spread: &Spread, (low, high): (f64, f64), rows: usize) -> Vec<f64> {
    let mut shares = vec![0.0; rows];
    let (width, all) = (bar_width(spread), f64::from(spread.total.max(1)));
    let row = |value: f64| match high > low {
        true => (((value - low) / (high - low) * rows as f64).max(0.0) as usize).min(rows - 1),
        false => rows / 2,
    };
    for (bar, count) in spread.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = f64::from(spread.low) + bar as f64 * width;
        let (first, last) = (row(left), row(left + width * (1.0 - 1e-9)));
        // A bar over several parts is shared out among them.
        let each = f64::from(*count) / all / (last - first + 1) as f64;
        shares[first..=last].iter_mut().for_each(|share| *share += each);
    }
    shares
}

fn bar_width(spread: &Spread) -> f64 {
    (f64::from(spread.high) - f64::from(spread.low)) / spread.counts.len().max(1) as f64
}

/// The ends of the bars between which all values but the stray ones lie.
fn range(spread: &Spread) -> (f64, f64) {
    let stray = STRAY * f64::from(spread.total);
    let spared = |counts: &mut dyn Iterator<Item = &u32>| {
        let mut sum = 0.0;
        let is_stray = |count: &&u32| {
            sum += f64::from(**count);
            sum <= stray
        };
        counts.take_while(is_stray).count() as f64
    };
    let (width, counts) = (bar_width(spread), &spread.counts);
    let low = f64::from(spread.low) + spared(&mut counts.iter()) * width;
    (low, (f64::from(spread.high) - spared(&mut counts.iter().rev()) * width).max(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: impl Iterator<Item = f32> + Clone) -> Spread {
        Spread::over(values)
    }

    #[test]
    fn shares_are_those_of_the_values_and_come_to_one() {
        let even = spread((0..4_800).map(|i| i as f32 / 4_799.0));
        let shares_of = shares(&even, (0.0, 1.0), 4);
        assert!(shares_of.iter().all(|share| (share - 0.25).abs() < 0.02), "{shares_of:?}");
        let beyond = shares(&even, (0.25, 0.5), 2);
        assert!((beyond.iter().sum::<f64>() - 1.0).abs() < 1e-9 && beyond[1] > 0.55, "{beyond:?}");
        assert_eq!(shares(&spread([3.0_f32; 5].into_iter()), (3.0, 3.0), 5)[2], 1.0);
    }

    #[test]
    fn a_stray_value_does_not_widen_the_range() {
        let mut course = SpreadCourse::default();
        course.take(0, 1, &spread((0..10_000).map(|i| (i % 100) as f32 / 100.0).chain([50.0])));
        let (low, high) = course.range().unwrap();
        assert!(low >= 0.0 && high < 2.0, "{low} … {high}");
    }

    #[test]
    fn each_column_shows_what_was_known_at_its_step() {
        let mut course = SpreadCourse::default();
        for step in (100..=1_000).step_by(100) {
            course.take(0, step, &spread([step as f32, step as f32 + 1.0].into_iter()));
        }
        let lows: Vec<f32> = course.columns(9).iter().map(|spread| spread.low).collect();
        assert_eq!(lows, [200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 900.0, 1_000.0]);
    }

    #[test]
    fn another_picture_begins_anew() {
        let mut course = SpreadCourse::default();
        let one = spread([0.0, 1.0].into_iter());
        [10, 20].into_iter().for_each(|step| course.take(0, step, &one));
        assert_eq!(course.steps(), Some((10, 20)));
        course.take(7, 40, &one);
        assert_eq!(course.steps(), Some((40, 40)));
    }
}
