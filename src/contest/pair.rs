//! Two runs that differ in one setting, in step with each other: how far their losses lie apart.

use crate::chart::{ChartModel, ChartView, Detail, difference};
use crate::session::{Series, Session, Split};
use crate::table::Table;

/// Steps over which the newest losses are averaged.
const NEWEST: usize = 20;

/// Losses of both at each step that both have taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    losses: Vec<(u64, [f64; 2])>,
    /// The second loss minus the first.
    differences: Series,
    parted: Option<u64>,
}

impl Course {
    /// Takes in the losses of both at the next step.
    pub fn push(&mut self, step: u64, [first, second]: [f64; 2]) {
        self.losses.push((step, [first, second]));
        self.differences.push_one(step, second - first);
        if self.parted.is_none() && first.to_bits() != second.to_bits() {
            self.parted = Some(step);
        }
    }

    /// The first step whose losses are not equal to the bit.
    pub fn parted(&self) -> Option<u64> {
        self.parted
    }

    /// The newest step that both have taken, and the losses of both.
    pub fn newest(&self) -> Option<(u64, [f64; 2])> {
        self.losses.last().copied()
    }

    /// The means of both losses over the newest steps, and how many those are.
    pub fn recent(&self) -> Option<(usize, [f64; 2])> {
        let tail = &self.losses[self.losses.len().saturating_sub(NEWEST)..];
        let mean = |place: usize| tail.iter().map(|(_, losses)| losses[place]).sum::<f64>() / tail.len() as f64;
        (!tail.is_empty()).then(|| (tail.len(), [mean(0), mean(1)]))
    }
}

/// Twins and their course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pair {
    /// `lrn on` and `lrn off`.
    pub names: [String; 2],
    pub course: Course,
}

impl Pair {
    pub fn new(names: [String; 2]) -> Pair {
        Pair { names, course: Course::default() }
    }

    /// The difference over the steps, with a mark where they part.
    pub fn chart(&self, view: &ChartView, detail: Detail) -> ChartModel {
        let title = format!("Loss with {} minus with {}", self.names[1], self.names[0]);
        difference(&title, &self.course.differences, self.course.parted, view, detail)
    }

    /// A line for each, and one for the difference: the newest losses and the newest test. `runs` are those of the two.
    pub fn table(&self, runs: [&Session; 2]) -> Table {
        let recent = self.course.recent();
        let mut table =
            Table::new(&["", "loss", &format!("over {}", recent.map_or(NEWEST, |(count, _)| count)), "test loss", "test %"]);
        let tested = runs.map(|run| run.history.evaluations.iter().rfind(|e| e.split == Split::Test));
        let cell = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.4}"));
        let percent = |value: Option<f64>| value.map_or("–".into(), |share| format!("{:.2}", share * 100.0));
        for place in 0..2 {
            table.push(vec![
                self.names[place].clone(),
                cell(self.course.newest().map(|(_, losses)| losses[place])),
                cell(recent.map(|(_, means)| means[place])),
                cell(tested[place].map(|e| e.loss)),
                percent(tested[place].map(|e| e.accuracy)),
            ]);
        }
        let between = |values: [Option<f64>; 2]| Some(values[1]? - values[0]?);
        let signed = |values: [Option<f64>; 2]| between(values).map_or("–".into(), |value| format!("{value:+.4}"));
        // While only one of them has made the newest test, there is nothing to compare it with.
        let same_step = tested[0].map(|e| e.step) == tested[1].map(|e| e.step);
        let tested = tested.map(|e| e.filter(|_| same_step));
        let points =
            between(tested.map(|e| e.map(|e| e.accuracy))).map_or("–".into(), |share| format!("{:+.2}", share * 100.0));
        table.push(vec![
            "difference".into(),
            signed([0, 1].map(|place| self.course.newest().map(|(_, losses)| losses[place]))),
            signed([0, 1].map(|place| recent.map(|(_, means)| means[place]))),
            signed(tested.map(|e| e.map(|e| e.loss))),
            points,
        ]);
        table
    }

    pub fn csv(&self) -> String {
        let lines = self.course.losses.iter().map(|(step, [a, b])| format!("{step},{a},{b},{}\n", b - a));
        format!("step,{},{},difference\n{}", self.names[0], self.names[1], lines.collect::<String>())
    }

    pub fn in_words(&self) -> String {
        let [first, second] = &self.names;
        match (self.course.parted, self.course.recent()) {
            (None, None) => format!("{first} and {second} have taken no step yet"),
            (Some(step), Some((count, [a, b]))) => format!(
                "they part at step {step}; over the last {} {first} has a loss of {a:.4}, {second} of {b:.4}: {:+.4}",
                if count == 1 { "step".into() } else { format!("{count} steps") },
                b - a
            ),
            _ => format!("{first} and {second} gave the same losses to the bit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(losses: &[[f64; 2]]) -> Pair {
        let mut pair = Pair::new(["lrn on".into(), "lrn off".into()]);
        (1..).zip(losses).for_each(|(step, both)| pair.course.push(step, *both));
        pair
    }

    #[test]
    fn twins_part_where_their_losses_first_differ() {
        let parted = pair(&[[2.3, 2.3], [2.0, 2.0], [1.9, 1.8]]);
        assert_eq!(parted.course.parted(), Some(3));
        assert_eq!(pair(&[[2.3, 2.3], [2.0, 2.0]]).course.parted(), None);
        assert!(parted.csv().starts_with("step,lrn on,lrn off,difference\n1,2.3,2.3,0\n"));
    }

    #[test]
    fn words_tell_no_step_no_difference_and_a_difference_apart() {
        assert_eq!(pair(&[]).in_words(), "lrn on and lrn off have taken no step yet");
        assert_eq!(pair(&[[2.3, 2.3]]).in_words(), "lrn on and lrn off gave the same losses to the bit");
        let parted = pair(&[[2.0, 2.0], [1.0, 2.0]]).in_words();
        assert!(parted.contains("part at step 2; over the last 2 steps lrn on has a loss of 1.5000, lrn off of 2.0000: +0.5000"));
    }

    #[test]
    fn the_table_has_what_both_came_to_and_the_second_minus_the_first() {
        let table = pair(&[[2.0, 2.0], [1.0, 1.5]]).table([&Session::default(), &Session::default()]);
        assert_eq!(table.rows[0][..3], ["lrn on", "1.0000", "1.5000"]);
        assert_eq!(table.rows[2], ["difference", "+0.5000", "+0.2500", "–", "–"]);
    }
}
