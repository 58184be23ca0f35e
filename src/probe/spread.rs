//! How values are spread: a histogram.

/// Bars of a histogram.
const BARS: usize = 48;

/// Counts of values in bars of equal width from the least to the greatest; numbers that are not finite are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    pub low: f32,
    pub high: f32,
    pub counts: Vec<u32>,
    /// Values that were exactly zero.
    pub zeros: u32,
    /// Values counted.
    pub total: u32,
}

impl Spread {
    pub fn over(values: impl Iterator<Item = f32> + Clone) -> Spread {
        let finite = || values.clone().filter(|value| value.is_finite());
        let (low, high) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return Spread::default();
        }
        let mut spread = Spread { low, high, counts: vec![0; BARS], zeros: 0, total: 0 };
        // In f64, so that the distance of two huge numbers is finite.
        let wide = f64::from(high) - f64::from(low);
        for value in finite() {
            let share = if wide > 0.0 { (f64::from(value) - f64::from(low)) / wide } else { 0.0 };
            spread.counts[((share * BARS as f64) as usize).min(BARS - 1)] += 1;
            spread.zeros += u32::from(value == 0.0);
            spread.total += 1;
        }
        spread
    }

    /// Share of the values that are exactly zero.
    pub fn zero_share(&self) -> f64 {
        f64::from(self.zeros) / f64::from(self.total.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_in_one_bar() {
        let values = [-1.0_f32, 0.0, 0.0, 1.0, f32::NAN, f32::INFINITY];
        let spread = Spread::over(values.into_iter());
        assert_eq!((spread.low, spread.high, spread.total, spread.zeros), (-1.0, 1.0, 4, 2));
        assert_eq!((spread.counts[0], spread.counts[24], spread.counts[47]), (1, 2, 1));
    }

    #[test]
    fn equal_values_huge_ones_and_none_at_all_are_no_trouble() {
        assert_eq!(Spread::over([3.0_f32; 5].into_iter()).counts[0], 5);
        assert_eq!(Spread::over([f32::MIN, f32::MAX].into_iter()).total, 2);
        assert_eq!(Spread::over(std::iter::empty()), Spread::default());
    }
}
