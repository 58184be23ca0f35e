//! One curve over the steps of a run.

/// Values by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<(u64, f64)>,
}

impl Series {
    /// Adds `count` merged steps that end with `step`.
    pub fn push(&mut self, step: u64, _count: u64, mean: f64, _min: f64, _max: f64) {
        self.points.push((step, mean));
    }

    pub fn push_one(&mut self, step: u64, value: f64) {
        self.push(step, 1, value, value, value);
    }

    /// The last `n` values, oldest first.
    pub fn tail(&self, n: usize) -> impl Iterator<Item = f64> + '_ {
        self.points[self.points.len().saturating_sub(n)..].iter().map(|(_, value)| *value)
    }
}
