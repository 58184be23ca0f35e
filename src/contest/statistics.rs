//! Means, deviations, and how sure a difference is: Student's t (1908, "The probable error of a mean").

/// The chance with which an interval covers the truth.
pub const CONFIDENCE: f64 = 0.95;

pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample's deviation, with n − 1; `None` for fewer than two values.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// A mean and the half width of its [`CONFIDENCE`] interval, t · s / √n; the width is absent for fewer than two values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub mean: f64,
    pub half_width: Option<f64>,
}

impl Interval {
    pub fn of(values: &[f64]) -> Option<Interval> {
        let half_width = deviation(values).map(|deviation| {
            let n = values.len() as f64;
            t_quantile(0.5 + CONFIDENCE / 2.0, n - 1.0) * deviation / n.sqrt()
        });
        Some(Interval { mean: mean(values)?, half_width })
    }

    /// Whether the interval lies on one side of zero.
    pub fn is_clear(&self) -> bool {
        self.half_width.is_some_and(|half| self.mean.abs() > half)
    }
}

/// The value that a t-distributed variable with `freedom` degrees stays under with probability `p`, for 0.5 ≤ p < 1.
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    let mut high = 1.0;
    while t_cumulative(high, freedom) < p && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        *(if t_cumulative(middle, freedom) < p { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}

/// P(T ≤ t) for t ≥ 0: 1 − I(ν/(ν + t²); ν/2, ½)/2 (Abramowitz and Stegun 1964, 26.7.1 with 26.5.27).
fn t_cumulative(t: f64, freedom: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The regularized incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8), evaluated by Lentz's method;
/// the symmetry 26.5.2 keeps it where it converges fast.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    // The numerators of 1 + 1/(1 + d₁/(1 + d₂/(1 + …))).
    let numerator = |i: u32| {
        let m = f64::from(i / 2);
        match i {
            0 => 1.0,
            i if i % 2 == 1 => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
            _ => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
        }
    };
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d, mut fraction) = (1.0, 0.0, 1.0);
    for i in 0..500 {
        d = 1.0 / away_from_zero(1.0 + numerator(i) * d);
        c = away_from_zero(1.0 + numerator(i) / c);
        fraction *= c * d;
        if i > 0 && (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * (fraction - 1.0)
}

/// ln Γ(x) for x > 0 by Stirling's series (Abramowitz and Stegun 6.1.41), after Γ(x + 1) = x·Γ(x) has made x large.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 15.0 {
        shift += x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5)) - 1.0 / (1680.0 * x.powi(7));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_students_table() {
        // Abramowitz and Stegun 1964, table 26.10.
        for (freedom, p, expected) in [
            (1.0, 0.975, 12.706),
            (2.0, 0.975, 4.303),
            (4.0, 0.975, 2.776),
            (9.0, 0.975, 2.262),
            (30.0, 0.975, 2.042),
            (120.0, 0.975, 1.980),
            (5.0, 0.995, 4.032),
            (3.0, 0.9, 1.638),
        ] {
            let found = t_quantile(p, freedom);
            assert!((found - expected).abs() < 6e-4, "{freedom} degrees, {p}: {found}, not {expected}");
        }
        assert!(t_quantile(0.5, 3.0).abs() < 1e-9);
    }

    #[test]
    fn the_logarithm_of_gamma_is_that_of_the_factorials() {
        assert!(
            (ln_gamma(5.0) - 24.0_f64.ln()).abs() < 1e-12 && (ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-12
        );
    }

    #[test]
    fn an_interval_is_t_times_the_standard_error() {
        let interval = Interval::of(&[1.0, 2.0, 3.0]).unwrap();
        // s = 1, n = 3: 4.303 / √3.
        assert!((interval.mean - 2.0).abs() < 1e-12 && (interval.half_width.unwrap() - 2.484).abs() < 1e-3);
        assert!(!interval.is_clear() && Interval::of(&[2.0, 2.1, 2.2]).unwrap().is_clear());
        assert_eq!(Interval::of(&[1.0]), Some(Interval { mean: 1.0, half_width: None }));
        assert_eq!(Interval::of(&[]), None);
    }
}
