//! Saved moments, and what becomes of the steps that were taken after one that the run goes back to.

use super::event::{Change, Evaluation, SaveReason, Split};
use super::history::History;
use super::moment::Moment;
use super::state::Session;
use crate::knobs::Settings;

/// A checkpoint, and what was known of the run when it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedMoment {
    pub step: u64,
    /// Epochs behind it.
    pub epoch: f64,
    /// Name of its folder.
    pub path: String,
    pub reason: SaveReason,
    /// In force there, if the record says.
    pub settings: Option<Box<Settings>>,
    /// Mean loss of its last step.
    pub loss: Option<f64>,
    /// Of the last evaluation on test pictures before it.
    pub test_accuracy: Option<f64>,
    /// What its weights were tested at, as far as that is sure; the best is kept.
    pub rank: Option<f64>,
    /// The road that it lies on, if the run's own history does not lead through it.
    pub road: Option<usize>,
}

/// A history that the run left when it went back.
#[derive(Clone, Debug, PartialEq)]
pub struct Road {
    /// The last step that it has in common with the road that was taken instead.
    pub from: u64,
    /// From the run's first step on.
    pub history: History,
}

impl Road {
    /// Number of its last step.
    pub fn end(&self) -> u64 {
        self.history.train_loss.last_step().unwrap_or(0)
    }
}

impl Session {
    /// The step of the longest road, or of the one that was taken.
    pub fn furthest(&self) -> u64 {
        self.roads.iter().map(Road::end).fold(self.steps(), u64::max)
    }

    /// The newest saved moment that the run's own history leads through and that lies before a change.
    pub fn saved_before(&self, change: &Change) -> Option<&SavedMoment> {
        // Of the step before a moment with the change may be saved as well as one without.
        let is_without = |saved: &&SavedMoment| {
            saved.step + 1 < change.step
                || saved.settings.as_ref().is_none_or(|settings| settings.text(change.knob) == change.from)
        };
        let on_the_way = self.saved.iter().filter(|saved| saved.road.is_none() && saved.step < change.step);
        on_the_way.filter(is_without).max_by_key(|saved| saved.step)
    }

    pub(super) fn saved(&mut self, step: u64, path: String, reason: SaveReason, settings: Option<Box<Settings>>) {
        let tested =
            self.history.evaluations.iter().rfind(|evaluation| evaluation.split == Split::Test && evaluation.step <= step);
        let moment = SavedMoment {
            step,
            epoch: self.epoch_at(step),
            reason,
            settings,
            loss: self.history.train_loss.nearest(step).filter(|_| step > 0).map(|summary| summary.mean),
            test_accuracy: tested.map(|evaluation| evaluation.accuracy),
            rank: tested.filter(|evaluation| evaluation.step == step).map(Evaluation::surely_right),
            road: None,
            path,
        };
        // A moment that is asked for again keeps its checkpoint.
        self.saved.retain(|saved| saved.path != moment.path);
        self.saved.push(moment);
    }

    /// Stands at a moment of the road that the checkpoint lies on; what lies behind that on the present one becomes a road left.
    pub(super) fn leave_for(&mut self, checkpoint: &str, moment: &Moment) {
        let step = moment.step;
        let origin = self.saved.iter().chain(&self.cleared).find(|saved| saved.path == checkpoint).and_then(|saved| saved.road);
        // Where the present road and the wanted one part.
        let parted = |roads: &[Road]| roads.iter().map(|road| road.from).min().unwrap_or(step);
        let from = origin.map_or(step, |road| parted(&self.roads[road..]).min(step));
        let here = self.roads.len();
        if self.steps() > from {
            self.roads.push(Road { from, history: self.history.clone() });
            for saved in self.saved.iter_mut().filter(|saved| saved.road.is_none() && saved.step > from) {
                saved.road = Some(here);
            }
        }
        if let Some(origin) = origin {
            self.history = self.roads[origin].history.clone();
            let shared: Vec<u64> = (origin..self.roads.len()).map(|end| parted(&self.roads[origin..end])).collect();
            for saved in self.saved.iter_mut().filter(|saved| saved.step <= step) {
                let on_it = |road: usize| road == origin || (road > origin && saved.step <= shared[road - origin]);
                saved.road = saved.road.filter(|road| !on_it(*road));
            }
        }
        self.history.cut_back(moment);
    }
}
