//! What the runs of a comparison came to.

use std::path::Path;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::plan::{Place, Plan};
use super::statistics::{Interval, mean};
use crate::run::{RunFolder, read_events};
use crate::session::{Event, FinishReason, RunHeader, Split, Stamped};

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

/// What a run's record says.
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
}

impl RunFigures {
    /// The figures of the run in `folder`; `None` where none was begun.
    pub fn read(label: &str, folder: &Path) -> Result<Option<RunFigures>> {
        if !RunFolder::holds_a_run(folder) {
            return Ok(None);
        }
        let run = RunFolder::find(Some(folder))?;
        Ok(Some(RunFigures::of(label, &run.header()?, &read_events(&run.events_path())?)))
    }

    pub fn of(label: &str, header: &RunHeader, events: &[Stamped]) -> RunFigures {
        let train = header.data.train as f64;
        let (mut tested, mut ended) = (Vec::<Tested>::new(), None);
        let (mut steps, mut epochs, mut pictures, mut seconds) = (0, 0.0, 0.0, 0.0);
        for Stamped { event, time } in events {
            match event {
                Event::Step(step) => {
                    let learned = ((step.epoch - epochs) * train).round().max(0.0);
                    pictures += learned;
                    seconds += learned / step.images_per_second.max(1e-9);
                    (steps, epochs) = (step.step, step.epoch);
                    ended = None;
                }
                Event::Evaluated(e) if e.split == Split::Test => {
                    tested.push(Tested { step: e.step, epoch: e.epoch, seconds: *time, loss: e.loss, accuracy: e.accuracy });
                }
                // What came after the moment that a run went on from was done anew.
                Event::Resumed(resumption) => {
                    let moment = &resumption.moment;
                    tested.retain(|tested| tested.step <= moment.step);
                    (steps, epochs) = (moment.step, f64::from(moment.epoch) + moment.offset as f64 / train.max(1.0));
                    ended = None;
                }
                Event::Finished { reason: reason @ (FinishReason::Budget | FinishReason::Diverged), .. } => ended = Some(*reason),
                _ => {}
            }
        }
        let rate = (seconds > 0.0).then(|| pictures / seconds);
        RunFigures {
            label: label.into(),
            seed: header.settings.count(crate::knobs::Knob::Seed) as u64,
            data: header.data.name.clone(),
            device: header.device.name.clone(),
            threads: header.device.threads,
            parameters: header.model.trace().map_or(0, |trace| trace.parameters),
            steps,
            epochs,
            ended,
            images_per_second: rate,
            seconds_per_epoch: rate.map(|rate| train / rate),
            best_accuracy: tested.iter().map(|tested| tested.accuracy).max_by(f64::total_cmp),
            final_accuracy: tested.last().map(|tested| tested.accuracy),
            final_loss: tested.last().map(|tested| tested.loss),
            tested,
        }
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
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub plan: Plan,
    pub runs: Vec<(Place, RunFigures)>,
}

impl Figures {
    pub fn read(plan: Plan, folder: &Path) -> Result<Figures> {
        let mut runs = Vec::new();
        for place in plan.places() {
            let label = &plan.contenders[place.contender].label;
            runs.extend(RunFigures::read(label, &folder.join(plan.folder(place)))?.map(|run| (place, run)));
        }
        Ok(Figures { plan, runs })
    }

    /// The runs of a contender that came to their end.
    pub fn ended(&self, contender: usize) -> impl Iterator<Item = &RunFigures> {
        self.runs.iter().filter(move |(place, run)| place.contender == contender && run.ended.is_some()).map(|(_, run)| run)
    }

    /// The highest whole 5 % that every contender reached in every run.
    pub fn common_target(&self) -> Option<f64> {
        let lowest = self.runs.iter().filter_map(|(_, run)| run.best_accuracy).min_by(f64::total_cmp)?;
        let target = (lowest * 20.0).floor() / 20.0;
        (target > 0.0).then_some(target)
    }

    /// Every pair of contenders whose runs with the same seed came to their end.
    pub fn differences(&self) -> Vec<Difference> {
        let accuracy = |contender: usize, seed: u64| self.ended(contender).find(|run| run.seed == seed)?.final_accuracy;
        let count = self.plan.contenders.len();
        let pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
        pairs
            .filter_map(|(first, second)| {
                let by_seed = |seed: &u64| Some(accuracy(second, *seed)? - accuracy(first, *seed)?);
                let differences: Vec<f64> = self.plan.seeds.iter().filter_map(by_seed).collect();
                Some(Difference { first, second, seeds: differences.len(), interval: Interval::of(&differences)? })
            })
            .collect()
    }

    /// The mean of a figure over the ended runs of a contender.
    pub fn mean(&self, contender: usize, figure: impl Fn(&RunFigures) -> Option<f64>) -> Option<f64> {
        mean(&self.ended(contender).filter_map(figure).collect::<Vec<_>>())
    }
}
