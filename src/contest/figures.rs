//! What the runs of a comparison came to.

use serde::Serialize;

use super::statistics::{Interval, mean};
use crate::knobs::Knob;
use crate::session::{Event, FinishReason, RunHeader, Split, Stamped};

/// One run of a comparison: a contender, by its place among them, with a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub contender: usize,
    pub seed: u64,
}

/// One evaluation on test pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tested {
    pub step: u64,
    pub epoch: f64,
    /// Of training, evaluations included; not of the time in which nobody worked on the run.
    pub seconds: f64,
    pub loss: f64,
    pub accuracy: f64,
}

/// What a run's record says. A fold over its events, as a session is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunFigures {
    pub label: String,
    pub seed: u64,
    pub data: String,
    pub device: String,
    pub threads: usize,
    pub parameters: u64,
    pub steps: u64,
    pub epochs: f64,
    /// `budget` or `diverged`; absent where it has not ended.
    pub ended: Option<FinishReason>,
    /// Pictures learned from over the time of the steps alone.
    pub images_per_second: Option<f64>,
    pub seconds_per_epoch: Option<f64>,
    pub best_accuracy: Option<f64>,
    pub final_accuracy: Option<f64>,
    pub final_loss: Option<f64>,
    pub tested: Vec<Tested>,
    /// Training pictures in an epoch.
    #[serde(skip)]
    train: f64,
    /// Pictures that all steps learned from, those done anew twice, and the seconds it took.
    #[serde(skip)]
    learned: (f64, f64),
}

impl RunFigures {
    /// Of a run of which nothing has happened yet.
    pub fn begun(label: &str, header: &RunHeader) -> RunFigures {
        RunFigures {
            label: label.into(),
            seed: header.settings.count(Knob::Seed) as u64,
            data: header.data.name.clone(),
            device: header.device.name.clone(),
            threads: header.device.threads,
            parameters: header.model.trace().map_or(0, |trace| trace.parameters),
            steps: 0,
            epochs: 0.0,
            ended: None,
            images_per_second: None,
            seconds_per_epoch: None,
            best_accuracy: None,
            final_accuracy: None,
            final_loss: None,
            tested: Vec::new(),
            train: header.data.train as f64,
            learned: (0.0, 0.0),
        }
    }

    pub fn of(label: &str, header: &RunHeader, events: &[Stamped]) -> RunFigures {
        let mut figures = RunFigures::begun(label, header);
        events.iter().for_each(|event| figures.absorb(event));
        figures
    }

    /// Takes one more event in.
    pub fn absorb(&mut self, Stamped { event, time }: &Stamped) {
        match event {
            Event::Step(step) => {
                let learned = ((step.epoch - self.epochs) * self.train).round().max(0.0);
                self.learned.0 += learned;
                self.learned.1 += learned / step.images_per_second.max(1e-9);
                self.images_per_second = (self.learned.1 > 0.0).then(|| self.learned.0 / self.learned.1);
                self.seconds_per_epoch = self.images_per_second.map(|rate| self.train / rate);
                (self.steps, self.epochs) = (step.step, step.epoch);
                self.ended = None;
            }
            Event::Evaluated(e) if e.split == Split::Test => {
                self.tested.push(Tested { step: e.step, epoch: e.epoch, seconds: *time, loss: e.loss, accuracy: e.accuracy });
                self.rank();
            }
            // What came after the moment that a run went on from was done anew.
            Event::Resumed(resumption) => {
                let moment = &resumption.moment;
                self.tested.retain(|tested| moment.has_been_tested(tested.step));
                self.rank();
                (self.steps, self.epochs) = (moment.step, f64::from(moment.epoch) + moment.offset as f64 / self.train.max(1.0));
                self.ended = None;
            }
            Event::Finished { reason: reason @ (FinishReason::Budget | FinishReason::Diverged), .. } => {
                self.ended = Some(*reason)
            }
            _ => {}
        }
    }

    /// The best and the last of the evaluations.
    fn rank(&mut self) {
        self.best_accuracy = self.tested.iter().map(|tested| tested.accuracy).max_by(f64::total_cmp);
        self.final_accuracy = self.tested.last().map(|tested| tested.accuracy);
        self.final_loss = self.tested.last().map(|tested| tested.loss);
    }

    /// Seconds until the test accuracy first was `target` or more.
    pub fn seconds_to(&self, target: f64) -> Option<f64> {
        self.tested.iter().find(|tested| tested.accuracy >= target).map(|tested| tested.seconds)
    }
}

/// Two contenders: the second's final accuracy minus the first's, seed by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub first: usize,
    pub second: usize,
    pub seeds: usize,
    pub interval: Interval,
}

impl Difference {
    /// In plain words.
    pub fn verdict(&self) -> &'static str {
        match (self.interval.half_width, self.interval.is_clear()) {
            (None, _) => "one seed: how sure cannot be said",
            (Some(_), false) => "no difference seen at this budget",
            (Some(_), true) if self.interval.mean > 0.0 => "the first is worse",
            (Some(_), true) => "the first is better",
        }
    }
}

/// All runs of a comparison that were begun.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The contenders' names, in their order.
    pub labels: Vec<String>,
    pub seeds: Vec<u64>,
    /// How long each may train, in words.
    pub budget: String,
    pub runs: Vec<(Place, RunFigures)>,
}

impl Figures {
    /// The figures of one run, if it was begun.
    pub fn run(&self, place: Place) -> Option<&RunFigures> {
        self.runs.iter().find(|(there, _)| *there == place).map(|(_, run)| run)
    }

    /// Lets a run take one more event in; its beginning among them.
    pub fn absorb(&mut self, place: Place, stamped: &Stamped) {
        let there = self.runs.iter().position(|(there, _)| *there == place);
        match (&stamped.event, there) {
            (Event::Started(header), None) => {
                let label = self.labels.get(place.contender).map_or("", String::as_str);
                self.runs.push((place, RunFigures::begun(label, header)));
            }
            (_, Some(there)) => self.runs[there].1.absorb(stamped),
            (_, None) => {}
        }
    }

    /// The runs of a contender that used their budget up: those of which figures are made.
    pub fn sound(&self, contender: usize) -> impl Iterator<Item = &RunFigures> {
        self.ended(contender).filter(|run| run.ended == Some(FinishReason::Budget))
    }

    /// The runs of a contender that came to their end, also by diverging.
    pub fn ended(&self, contender: usize) -> impl Iterator<Item = &RunFigures> {
        self.runs.iter().filter(move |(place, run)| place.contender == contender && run.ended.is_some()).map(|(_, run)| run)
    }

    /// A run of a contender that has begun and not ended.
    pub fn under_way(&self, contender: usize) -> Option<&RunFigures> {
        let begun = |(place, run): &&(Place, RunFigures)| place.contender == contender && run.ended.is_none();
        self.runs.iter().rev().find(begun).map(|(_, run)| run)
    }

    /// The highest whole 5 % that every contender reached in every run that did not diverge.
    pub fn common_target(&self) -> Option<f64> {
        let sound = (0..self.labels.len()).flat_map(|contender| self.sound(contender));
        let lowest = sound.filter_map(|run| run.best_accuracy).min_by(f64::total_cmp)?;
        let target = (lowest * 20.0).floor() / 20.0;
        (target > 0.0).then_some(target)
    }

    /// Every pair of contenders whose runs with the same seed used their budget up.
    pub fn differences(&self) -> Vec<Difference> {
        let accuracy = |contender: usize, seed: u64| self.sound(contender).find(|run| run.seed == seed)?.final_accuracy;
        let count = self.labels.len();
        let pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
        pairs
            .filter_map(|(first, second)| {
                let by_seed = |seed: &u64| Some(accuracy(second, *seed)? - accuracy(first, *seed)?);
                let differences: Vec<f64> = self.seeds.iter().filter_map(by_seed).collect();
                Some(Difference { first, second, seeds: differences.len(), interval: Interval::of(&differences)? })
            })
            .collect()
    }

    /// The mean of a figure over the runs of a contender that used their budget up.
    pub fn mean(&self, contender: usize, figure: impl Fn(&RunFigures) -> Option<f64>) -> Option<f64> {
        mean(&self.sound(contender).filter_map(figure).collect::<Vec<_>>())
    }
}
