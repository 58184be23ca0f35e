//! What a learning-rate test found (Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3).

use serde::{Deserialize, Serialize};

/// How much of the smoothed loss the newest step is, and how far it has to fall for a rate to be worth naming: by this share, and by more
/// than single steps scatter.
const NEWEST: f64 = 0.1;
const WORTHWHILE: f64 = 0.02;
/// What it falls from is the mean of this share of the steps, at rates that still change nothing.
const BEFORE: f64 = 0.1;
/// The rate suggested is this share of the one at which the smoothed loss was lowest: there it is about to turn
/// (Howard and Gugger 2020, "Deep Learning for Coders", chapter 5).
const SHARE: f64 = 0.1;
/// With a smoothed loss this many times the lowest one the test has seen enough.
const LOST: f64 = 3.0;

/// One step of the test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatePoint {
    pub rate: f64,
    /// Mean over the batch, before the update.
    pub loss: f64,
    /// Averaged with the steps before.
    pub smoothed: f64,
}

/// A sweep over learning rates, from low to high.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RateTest {
    pub points: Vec<RatePoint>,
    /// Absent where the loss never fell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<f64>,
}

impl RateTest {
    /// The rate of step `place` of `steps`, evenly spread over the logarithm from `from` to `to`.
    pub fn rate(from: f64, to: f64, place: usize, steps: usize) -> f64 {
        from * (to / from).powf(place as f64 / (steps.max(2) - 1) as f64)
    }

    /// Takes a step in; false where the loss has run away and more steps say nothing. The average is divided by the sum of its
    /// weights, as Adam does (Kingma and Ba 2015, section 3).
    pub fn push(&mut self, rate: f64, loss: f64) -> bool {
        if !loss.is_finite() {
            return false;
        }
        let weight = |steps: usize| 1.0 - (1.0 - NEWEST).powi(steps as i32);
        let steps = self.points.len();
        let average = self.points.last().map_or(0.0, |last| last.smoothed * weight(steps));
        let smoothed = ((1.0 - NEWEST) * average + NEWEST * loss) / weight(steps + 1);
        self.points.push(RatePoint { rate, loss, smoothed });
        self.suggested = self.suggestion();
        let (lowest, newest) = (self.lowest(), self.points.last());
        newest.zip(lowest).is_none_or(|(newest, lowest)| newest.smoothed <= LOST * lowest.smoothed)
    }

    fn lowest(&self) -> Option<&RatePoint> {
        lowest(&self.points)
    }

    fn suggestion(&self) -> Option<f64> {
        let (before, after) = self.points.split_at((self.points.len() as f64 * BEFORE).ceil() as usize);
        let lowest = lowest(after)?;
        let from = before.iter().map(|point| point.loss).sum::<f64>() / before.len() as f64;
        let until_lowest: Vec<f64> =
            self.points.iter().take_while(|point| point.rate <= lowest.rate).map(|point| point.loss - point.smoothed).collect();
        let scatter = (until_lowest.iter().map(|off| off * off).sum::<f64>() / until_lowest.len() as f64).sqrt();
        let fell = from - lowest.smoothed > scatter.max(WORTHWHILE * from);
        // Two digits are all that such a test can tell.
        fell.then(|| format!("{:.1e}", lowest.rate * SHARE).parse().unwrap_or(lowest.rate * SHARE))
    }
}

fn lowest(points: &[RatePoint]) -> Option<&RatePoint> {
    points.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that falls from 2.3 to its lowest at `best` and rises steeply after it.
    fn swept(best: f64) -> RateTest {
        let mut test = RateTest::default();
        for place in 0..100 {
            let rate = RateTest::rate(1e-6, 10.0, place, 100);
            let away = (rate / best).log10();
            let loss = if away < 0.0 { 2.3 - 1.5 * (away + 3.0).max(0.0) / 3.0 } else { 0.8 + 20.0 * away };
            if !test.push(rate, loss) {
                break;
            }
        }
        test
    }

    #[test]
    fn a_tenth_of_the_rate_of_the_lowest_loss_is_suggested_and_the_test_ends_soon_after_it() {
        let test = swept(0.1);
        let suggested = test.suggested.unwrap();
        let (lowest, grid) = (test.lowest().unwrap().rate, 1e7_f64.powf(1.0 / 99.0));
        assert!((0.1 / grid..0.1 * grid).contains(&lowest), "{lowest} is not the place nearest to 0.1");
        assert!((suggested - lowest / 10.0).abs() < 0.01 * lowest, "{suggested}");
        assert!(test.points.len() < 100 && test.points.last().unwrap().rate < 2.0);
    }

    #[test]
    fn a_loss_that_only_scatters_suggests_nothing() {
        let mut test = RateTest::default();
        (1..=100).for_each(|i| assert!(test.push(1e-4 * f64::from(i), 0.65 + 0.3 * f64::from(i * i).sin())));
        assert!(test.lowest().unwrap().smoothed < 0.9 * test.points[0].smoothed, "a fall from the first step alone would count");
        assert_eq!(test.suggested, None);
    }

    #[test]
    fn rates_are_evenly_spread_over_their_logarithm() {
        assert_eq!(RateTest::rate(1e-4, 1.0, 0, 5), 1e-4);
        assert!((RateTest::rate(1e-4, 1.0, 2, 5) - 1e-2).abs() < 1e-12);
        assert!((RateTest::rate(1e-4, 1.0, 4, 5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_loss_that_never_falls_suggests_nothing_and_one_that_is_no_number_ends_the_test() {
        let mut test = RateTest::default();
        (0..20).for_each(|i| assert!(test.push(1e-4 * f64::from(i + 1), 2.3)));
        assert_eq!(test.suggested, None);
        assert!(!test.push(1.0, f64::NAN));
        assert_eq!(test.points.len(), 20);
    }
}
