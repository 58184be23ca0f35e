//! Where the words of a legend go: one after the other, in as many rows as they need.

/// A row begins so far below the row above.
pub const ROW: f64 = 24.0;
/// A gap between two items.
const GAP: f64 = 24.0;
/// A longer name is cut.
const LONGEST: usize = 48;

/// The row, counted from the top, and the left end of each item of these widths. The first row begins at `first`, behind the
/// title, the others at `left`; none reaches beyond `right`, but for one that is wider than a whole row.
pub fn places(widths: &[f64], first: f64, left: f64, right: f64) -> Vec<(usize, f64)> {
    let (mut row, mut x) = (0, first);
    let mut place = |width: &f64| {
        if x + width > right && x > left {
            (row, x) = (row + 1, left);
        }
        let at = (row, x);
        x += width + GAP;
        at
    };
    widths.iter().map(&mut place).collect()
}

/// A name as it stands in a legend.
pub fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST { name.into() } else { name.chars().take(LONGEST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_without_room_begins_the_next_row() {
        assert_eq!(places(&[100.0, 200.0, 150.0], 150.0, 50.0, 500.0), [(0, 150.0), (0, 274.0), (1, 50.0)]);
        assert_eq!(places(&[900.0, 10.0], 50.0, 50.0, 500.0), [(0, 50.0), (1, 50.0)], "one too wide for any row keeps its own");
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(shortened("lenet5"), "lenet5");
        assert_eq!(shortened(&"a".repeat(60)).chars().count(), LONGEST);
    }
}
