//! Measured numbers in few cells.

/// Three digits: `0.123`, `12.3`, `1.2e-5`.
pub fn three(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 {
        return if size == 0.0 { "0".into() } else { format!("{value}").to_lowercase().replace("inf", "∞") };
    }
    let text = match size {
        s if s < 9.95e-3 => format!("{value:.1e}"),
        s if s < 0.9995 => format!("{value:.3}"),
        s if s < 9.995 => format!("{value:.2}"),
        s if s < 99.95 => format!("{value:.1}"),
        s if s < 99_999.5 => format!("{value:.0}"),
        _ => format!("{value:.1e}"),
    };
    text.replacen('-', if value < 0.0 { "−" } else { "-" }, 1)
}

/// Milliseconds: three digits, and no more than microseconds.
pub fn milliseconds(value: f64) -> String {
    match value {
        v if v > 0.0 && v < 5e-4 => "<0.001".into(),
        v if v < 9.95e-3 => format!("{v:.3}"),
        v => three(v),
    }
}

/// `12 %`, `0.4 %`
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 || percent == 0.0 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// `█████▍`: a share of `width` cells, in eighths.
pub fn bar(share: f64, width: u16) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// How a number compares with what trains well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    Low,
    High,
    Bad,
}

impl Health {
    pub fn word(self) -> &'static str {
        match self {
            Health::Good => "healthy",
            Health::Low => "low",
            Health::High => "high",
            Health::Bad => "far too high",
        }
    }

    /// |update| / |weights|: about 1e-3 is healthy.
    pub fn of_update(ratio: f64) -> Health {
        match ratio {
            r if !r.is_finite() || r > 0.1 => Health::Bad,
            r if r > 0.01 => Health::High,
            r if r < 1e-5 => Health::Low,
            _ => Health::Good,
        }
    }

    /// The share of units that are silent for a whole batch.
    pub fn of_dead(share: f64) -> Health {
        match share {
            s if s > 0.9 => Health::Bad,
            s if s > 0.5 => Health::High,
            _ => Health::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_say_enough_in_at_most_seven_cells() {
        let texts = [0.0, 0.000_012_3, 0.0026, 0.0123, 1.0, -12.34, 123.4, 99_999.4, -1.5e-7, 2.5e9].map(three);
        assert_eq!(texts, ["0", "1.2e-5", "2.6e-3", "0.012", "1.00", "−12.3", "123", "99999", "−1.5e-7", "2.5e9"]);
        assert_eq!([three(f64::NAN), three(f64::NEG_INFINITY)], ["nan", "-∞"]);
        for exponent in -12..12 {
            let value = -9.996 * 10_f64.powi(exponent);
            assert!(three(value).chars().count() <= 8, "{}", three(value));
        }
    }

    #[test]
    fn times_stop_at_a_microsecond() {
        assert_eq!(
            [0.0, 1.7e-4, 0.004, 0.0123, 1.234, 568.2].map(milliseconds),
            ["0.000", "<0.001", "0.004", "0.012", "1.23", "568"]
        );
    }

    #[test]
    fn a_bar_is_full_at_one_and_half_a_cell_is_half_a_cell() {
        assert_eq!([bar(1.0, 4), bar(0.375, 4), bar(0.0, 4), bar(7.0, 2)], ["████", "█▌", "", "██"]);
    }

    #[test]
    fn percents_keep_a_digit_where_they_are_small() {
        assert_eq!(
            [percent(0.0), percent(0.0001), percent(0.004), percent(0.0994), percent(0.0996), percent(1.0)],
            ["0 %", "0.0 %", "0.4 %", "9.9 %", "10 %", "100 %"]
        );
    }
}
