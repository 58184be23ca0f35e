//! Lines of labels above a plot, none upon another.

/// A gap between two labels in a line.
const GAP: f64 = 10.0;

pub struct Labels {
    /// What is taken of each line, from and to.
    lines: Vec<Vec<(f64, f64)>>,
    left: f64,
    right: f64,
}

impl Labels {
    pub fn new(lines: usize, left: f64, right: f64) -> Labels {
        Labels { lines: vec![Vec::new(); lines], left, right }
    }

    /// The line, counted from the top, and the left end of a label about `x`; `None` where every line is taken there. The lowest
    /// line that is free gets it, next to what it speaks of.
    pub fn place(&mut self, x: f64, width: f64) -> Option<(usize, f64)> {
        let from = (x - width / 2.0).min(self.right - width).max(self.left);
        let to = from + width;
        let free = |taken: &Vec<(f64, f64)>| taken.iter().all(|(start, end)| to + GAP <= *start || end + GAP <= from);
        let line = self.lines.iter().rposition(free)?;
        self.lines[line].push((from, to));
        Some((line, from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_moves_up_where_another_stands_and_is_left_out_where_all_is_taken() {
        let mut labels = Labels::new(2, 0.0, 400.0);
        assert_eq!(labels.place(100.0, 80.0), Some((1, 60.0)));
        assert_eq!(labels.place(110.0, 80.0), Some((0, 70.0)));
        assert_eq!(labels.place(120.0, 80.0), None);
        assert_eq!(labels.place(240.0, 80.0), Some((1, 200.0)));
    }

    #[test]
    fn a_label_stays_on_the_sheet() {
        let mut labels = Labels::new(1, 50.0, 400.0);
        assert_eq!(labels.place(52.0, 80.0), Some((0, 50.0)));
        assert_eq!(labels.place(399.0, 80.0), Some((0, 320.0)));
    }
}
