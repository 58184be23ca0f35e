//! Seconds since 1970 as a date, in UTC.

/// Year, month, day, hour, minute and second.
pub struct Date([u64; 6]);

impl Date {
    pub fn of(seconds: u64) -> Date {
        let (year, month, day) = civil_date(seconds / 86_400);
        Date([year, month, day, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60])
    }

    /// `20261124-080312`
    pub fn for_a_name(&self) -> String {
        let Date([year, month, day, hour, minute, second]) = self;
        format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
    }

    /// `2026-11-24 08:03`
    pub fn for_a_person(&self) -> String {
        let Date([year, month, day, hour, minute, _]) = self;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar counted in 400-year eras that begin on
/// 1 March, so that the leap day comes last.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| Date::of(seconds).for_a_name();
        assert_eq!(at(0), "19700101-000000");
        assert_eq!(at(951_782_399), "20000228-235959");
        assert_eq!(at(951_782_400), "20000229-000000");
        assert_eq!(at(1_795_507_392), "20261124-080312");
        assert_eq!(Date::of(1_795_507_392).for_a_person(), "2026-11-24 08:03");
    }
}
