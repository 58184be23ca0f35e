//! Something that is seen now and then, over the run: no more of it than there is room for, evenly over the steps.

#[derive(Clone, Debug, PartialEq)]
pub struct Course<T> {
    /// By step, oldest first.
    taken: Vec<(u64, T)>,
}

impl<T> Default for Course<T> {
    fn default() -> Self {
        Course { taken: Vec::new() }
    }
}

impl<T> Course<T> {
    /// Takes what was seen at a step; a run that went back takes its course back too. Past `most` the one goes whose neighbours are
    /// nearest, but neither the first nor the newest.
    pub fn take(&mut self, step: u64, seen: T, most: usize) {
        self.taken.retain(|(before, _)| *before < step);
        self.taken.push((step, seen));
        if self.taken.len() > most {
            let gap = |place: &usize| self.taken[place + 1].0 - self.taken[place - 1].0;
            if let Some(place) = (1..self.taken.len() - 1).min_by_key(gap) {
                self.taken.remove(place);
            }
        }
    }

    /// Steps, and what was seen at them.
    pub fn taken(&self) -> &[(u64, T)] {
        &self.taken
    }

    pub fn newest(&self) -> Option<&T> {
        self.taken.last().map(|(_, seen)| seen)
    }

    /// The first and the newest step.
    pub fn steps(&self) -> Option<(u64, u64)> {
        Some((self.taken.first()?.0, self.taken.last()?.0))
    }

    /// What was known at a step: the newest up to there, or the first.
    pub fn at(&self, step: u64) -> Option<&T> {
        let place = self.taken.partition_point(|(taken, _)| *taken <= step).saturating_sub(1);
        self.taken.get(place).map(|(_, seen)| seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_course_stays_bounded_and_even_and_keeps_its_ends() {
        let mut course = Course::default();
        (1..=10_000).for_each(|step| course.take(step, step, 100));
        assert_eq!((course.taken().len(), course.steps()), (100, Some((1, 10_000))));
        let longest = course.taken().windows(2).map(|pair| pair[1].0 - pair[0].0).max();
        assert!(longest < Some(400), "{longest:?} steps without any; 100 would be even");
    }

    #[test]
    fn a_run_that_goes_back_takes_its_course_along() {
        let mut course = Course::default();
        [10, 20, 30, 15].into_iter().for_each(|step| course.take(step, (), 100));
        assert_eq!(course.steps(), Some((10, 15)));
    }

    #[test]
    fn what_was_known_at_a_step_is_the_newest_up_to_there() {
        let mut course = Course::default();
        [10, 20].into_iter().for_each(|step| course.take(step, step, 100));
        assert_eq!([5, 10, 19, 20, 99].map(|step| course.at(step).copied()), [10, 10, 10, 20, 20].map(Some));
    }
}
