//! One value of local response normalization, worked out in numbers.

use std::ops::Range;

use crate::probe::{Lrn, Maps};

/// b = a / (k + α Σ a²)^β (Krizhevsky et al. 2012, section 3.3), with everything that goes into it.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkedOut {
    pub a: f64,
    /// The maps of the window, and what each has at that place.
    pub window: Range<usize>,
    pub neighbours: Vec<f64>,
    /// Σ a²
    pub sum: f64,
    /// k + α Σ a²
    pub base: f64,
    /// The base to the power of β.
    pub denominator: f64,
    pub b: f64,
}

/// Works out the value of `channel` at `at` of a map, row by row.
pub fn worked_out(input: &Maps, channel: usize, at: usize, lrn: &Lrn) -> Option<WorkedOut> {
    let [channels, ..] = input.dims();
    let half = lrn.n / 2;
    let window = channel.saturating_sub(half)..(channel + half + 1).min(channels);
    let value = |channel: usize| input.channel(channel).get(at).map(|value| f64::from(*value));
    let a = value(channel)?;
    let neighbours: Vec<f64> = window.clone().filter_map(value).collect();
    let sum: f64 = neighbours.iter().map(|a| a * a).sum();
    let base = lrn.k + lrn.alpha * sum;
    let denominator = base.powf(lrn.beta);
    Some(WorkedOut { a, window, neighbours, sum, base, denominator, b: a / denominator })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_clipped_at_the_ends_and_the_numbers_are_the_papers() {
        let input = Maps { shape: vec![4, 1, 1], values: vec![1.0, 2.0, 3.0, 4.0] };
        let lrn = Lrn { n: 3, k: 2.0, alpha: 0.5, beta: 0.75 };
        let first = worked_out(&input, 0, 0, &lrn).unwrap();
        assert_eq!((first.window, first.sum, first.base), (0..2, 5.0, 4.5));
        let third = worked_out(&input, 2, 0, &lrn).unwrap();
        assert_eq!((third.window, third.neighbours, third.sum), (1..4, vec![2.0, 3.0, 4.0], 29.0));
        assert!((third.b - 3.0 / 16.5_f64.powf(0.75)).abs() < 1e-12);
        assert_eq!(worked_out(&input, 9, 0, &lrn), None);
    }
}
