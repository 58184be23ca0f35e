//! [`Session`]: the fold over a run's events. The live screen, a run opened later, charts and tests share it.

use super::event::*;
use super::series::Series;
use crate::knobs::{Applies, Knob, Settings};

/// A change that was accepted and waits.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingChange {
    pub knob: Knob,
    pub to: String,
    pub applies: Applies,
}

/// Everything known about a run. Built by [`Session::apply`] alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub header: Option<RunHeader>,
    /// The values the trainer accepted.
    pub settings: Settings,
    pub pending: Vec<PendingChange>,
    pub phase: Phase,
    pub phase_detail: String,
    pub last_step: Option<StepStats>,
    /// By step.
    pub train_loss: Series,
    pub train_accuracy: Series,
    pub learning_rate: Series,
    pub images_per_second: Series,
    pub evaluations: Vec<Evaluation>,
    pub changes: Vec<Change>,
    /// Steps at which an epoch ended.
    pub epoch_ends: Vec<u64>,
    pub layers: Option<LayersSeen>,
    pub saved: Vec<(u64, String)>,
    pub divergence: Option<Divergence>,
    /// Newest last.
    pub notices: Vec<(f64, Notice)>,
    pub failure: Option<String>,
    pub finished: Option<FinishReason>,
    pub progress: Option<Progress>,
    pub fetch: Option<FetchState>,
    /// Seconds since the run began, at the newest event.
    pub time: f64,
}

/// Notices kept; older ones stay in the record.
const NOTICES: usize = 200;

impl Default for Session {
    fn default() -> Self {
        Session {
            header: None,
            settings: Settings::new(),
            pending: Vec::new(),
            phase: Phase::Preparing,
            phase_detail: String::new(),
            last_step: None,
            train_loss: Series::default(),
            train_accuracy: Series::default(),
            learning_rate: Series::default(),
            images_per_second: Series::default(),
            evaluations: Vec::new(),
            changes: Vec::new(),
            epoch_ends: Vec::new(),
            layers: None,
            saved: Vec::new(),
            divergence: None,
            notices: Vec::new(),
            failure: None,
            finished: None,
            progress: None,
            fetch: None,
            time: 0.0,
        }
    }
}

impl Session {
    /// Takes one more event in.
    pub fn apply(&mut self, stamped: Stamped) {
        self.time = self.time.max(stamped.time);
        match stamped.event {
            Event::Started(header) => {
                self.settings = header.settings.clone();
                self.header = Some(*header);
            }
            Event::Phase { phase, detail } => {
                self.phase = phase;
                self.phase_detail = detail;
                if phase == Phase::Training {
                    self.divergence = None;
                    self.finished = None;
                }
                if !matches!(phase, Phase::Training | Phase::Evaluating) {
                    self.progress = None;
                }
            }
            Event::Step(stats) => self.step(stats),
            Event::Evaluated(evaluation) => self.evaluations.push(evaluation),
            Event::Changed(change) => {
                self.pending.retain(|pending| pending.knob != change.knob);
                if let Ok(value) = change.knob.spec().parse(&change.to) {
                    // The trainer accepted it, so it is within the range.
                    let _ = self.settings.set(change.knob, value);
                }
                self.changes.push(change);
            }
            Event::Pending { knob, to, applies } => {
                self.pending.retain(|pending| pending.knob != knob);
                if self.settings.text(knob) != to {
                    self.pending.push(PendingChange { knob, to, applies });
                }
            }
            Event::Layers(layers) => self.layers = Some(layers),
            Event::Saved { step, path } => self.saved.push((step, path)),
            Event::Rejected { command, reason } => {
                self.notice(stamped.time, Notice { text: format!("{command}: {reason}"), warning: true });
            }
            Event::Diverged(divergence) => self.divergence = Some(divergence),
            Event::Notice(notice) => self.notice(stamped.time, notice),
            Event::Failed { reason } => {
                self.phase = Phase::Failed;
                self.failure = Some(reason);
            }
            Event::Finished { reason, .. } => {
                self.finished = Some(reason);
                self.progress = None;
            }
            Event::Progress(progress) => self.progress = Some(progress),
            Event::Fetch(state) => self.fetch = Some(state),
        }
    }

    fn step(&mut self, stats: StepStats) {
        let merged = stats.as_merged();
        let before = self.last_step.map_or(0.0, |last| last.epoch);
        if stats.epoch.floor() > before.floor() {
            self.epoch_ends.push(stats.step);
        }
        self.train_loss.push(stats.step, merged.count, stats.loss, merged.loss_min, merged.loss_max);
        self.train_accuracy.push(stats.step, merged.count, stats.accuracy, merged.accuracy_min, merged.accuracy_max);
        self.learning_rate.push_one(stats.step, stats.learning_rate);
        self.images_per_second.push_one(stats.step, stats.images_per_second);
        self.last_step = Some(stats);
        self.progress = None;
    }

    fn notice(&mut self, time: f64, notice: Notice) {
        self.notices.push((time, notice));
        if self.notices.len() > NOTICES {
            self.notices.remove(0);
        }
    }

    /// Number of the last step taken.
    pub fn steps(&self) -> u64 {
        self.last_step.map_or(0, |last| last.step)
    }

    pub fn epoch(&self) -> f64 {
        self.last_step.map_or(0.0, |last| last.epoch)
    }

    /// Steps in an epoch at the batch size in force.
    pub fn steps_per_epoch(&self) -> Option<u64> {
        let pictures = self.header.as_ref()?.data.train as u64;
        Some(pictures.div_ceil(self.settings.count(Knob::BatchSize).max(1) as u64))
    }

    /// The evaluation on test pictures with the highest accuracy.
    pub fn best(&self) -> Option<&Evaluation> {
        self.evaluations
            .iter()
            .filter(|evaluation| evaluation.split == Split::Test)
            .max_by(|a, b| a.accuracy.total_cmp(&b.accuracy))
    }

    /// Images/s over the last steps: their harmonic mean, so that it is pictures over time.
    pub fn recent_images_per_second(&self) -> Option<f64> {
        let recent: Vec<f64> = self.images_per_second.tail(16).filter(|rate| *rate > 0.0).collect();
        let seconds: f64 = recent.iter().map(|rate| 1.0 / rate).sum();
        (!recent.is_empty()).then(|| recent.len() as f64 / seconds)
    }
}
