//! The way that a run took to where it stands.

use super::event::{Change, Evaluation};
use super::moment::Moment;
use super::series::Series;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// By step, as the other series.
    pub train_loss: Series,
    pub train_accuracy: Series,
    pub learning_rate: Series,
    pub images_per_second: Series,
    pub evaluations: Vec<Evaluation>,
    pub changes: Vec<Change>,
    /// Steps at which an epoch ended.
    pub epoch_ends: Vec<u64>,
}

impl History {
    /// Forgets what came after a moment.
    pub(super) fn cut_back(&mut self, moment: &Moment) {
        let step = moment.step;
        for series in [&mut self.train_loss, &mut self.train_accuracy, &mut self.learning_rate, &mut self.images_per_second] {
            *series = series.up_to(step);
        }
        self.evaluations.retain(|evaluation| moment.has_been_tested(evaluation.step));
        // A checkpoint may be of the moment before a change that was to hold from the next step on.
        let holds = |change: &Change| change.step == step + 1 && moment.settings.text(change.knob) == change.to;
        self.changes.retain(|change| change.step <= step || holds(change));
        self.epoch_ends.retain(|end| *end <= step);
    }
}
