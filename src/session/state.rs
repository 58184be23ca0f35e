//! [`Session`]: the fold over a run's events. The live screen, a run opened later, charts and tests share it.

use super::event::*;
use super::history::History;
use super::road::{Road, SavedMoment};
use super::series::Series;
use super::{Confusion, LayerCourses, Moment, RateTest};
use crate::knobs::{Applies, Knob, Settings};

/// A change that was accepted and waits.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingChange {
    pub knob: Knob,
    pub to: String,
    pub applies: Applies,
    /// Steps taken when it was accepted.
    pub since: u64,
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
    /// Training stands still, also while something is evaluated meanwhile.
    pub paused: bool,
    pub last_step: Option<StepStats>,
    /// How the run came to where it stands.
    pub history: History,
    /// The newest figures of the device that computes.
    pub gauge: Option<DeviceGauge>,
    pub layers: Option<LayersSeen>,
    /// What was measured of the layers over the run.
    pub courses: LayerCourses,
    /// Of the newest evaluation.
    pub confusion: Option<Confusion>,
    /// Checkpoints on the disk, in the order in which they were written.
    pub saved: Vec<SavedMoment>,
    /// Those cleared away since the last step: one that a rewind has read may be gone before it is told.
    pub(super) cleared: Vec<SavedMoment>,
    /// What a resumption or a rewind superseded, oldest first.
    pub roads: Vec<Road>,
    pub divergence: Option<Divergence>,
    /// The newest.
    pub rate_test: Option<RateTest>,
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
            paused: false,
            last_step: None,
            history: History::default(),
            layers: None,
            courses: LayerCourses::default(),
            confusion: None,
            gauge: None,
            saved: Vec::new(),
            cleared: Vec::new(),
            roads: Vec::new(),
            divergence: None,
            rate_test: None,
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
                self.paused = match phase {
                    Phase::Paused => true,
                    Phase::Evaluating | Phase::Saving => self.paused,
                    Phase::Preparing | Phase::Training | Phase::Finished | Phase::Failed => false,
                };
                if phase == Phase::Training {
                    self.divergence = None;
                    self.finished = None;
                }
                // A pause takes effect within a step or an evaluation; how far it came still holds.
                if !matches!(phase, Phase::Training | Phase::Evaluating | Phase::Paused) {
                    self.progress = None;
                }
            }
            Event::Step(stats) => self.step(stats),
            Event::Evaluated(evaluation) => {
                self.history.evaluations.push(evaluation);
                self.progress = None;
            }
            Event::Changed(change) => {
                self.pending.retain(|pending| pending.knob != change.knob);
                if let Ok(value) = change.knob.spec().parse(&change.to) {
                    // The trainer accepted it, so it is within the range.
                    let _ = self.settings.set(change.knob, value);
                }
                self.history.changes.retain(|told| !change.corrects(told));
                self.history.changes.push(change);
            }
            Event::Pending { knob, to, applies } => {
                self.pending.retain(|pending| pending.knob != knob);
                if self.settings.text(knob) != to {
                    self.pending.push(PendingChange { knob, to, applies, since: self.steps() });
                }
            }
            Event::Confusion(confusion) => self.confusion = Some(confusion),
            Event::Layers(layers) => {
                self.courses.push(&layers);
                self.layers = Some(layers);
            }
            Event::Gauge(gauge) => self.gauge = Some(gauge),
            Event::Saved { step, path, reason, settings } => self.saved(step, path, reason, settings),
            Event::Dropped { paths } => self.cleared.extend(self.saved.extract_if(.., |saved| paths.contains(&saved.path))),
            Event::Resumed(resumption) => self.go_back(*resumption),
            Event::Rejected { command, reason } => {
                self.notice(stamped.time, Notice { text: format!("{command}: {reason}"), warning: true });
            }
            Event::RateTested(test) => {
                self.rate_test = Some(test);
                self.progress = None;
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
            self.history.epoch_ends.push(stats.step);
        }
        self.history.train_loss.push(stats.step, merged.count, stats.loss, merged.loss_min, merged.loss_max);
        self.history.train_accuracy.push(stats.step, merged.count, stats.accuracy, merged.accuracy_min, merged.accuracy_max);
        self.history.learning_rate.push_one(stats.step, stats.learning_rate);
        self.history.images_per_second.push_one(stats.step, stats.images_per_second);
        self.last_step = Some(stats);
        self.progress = None;
        self.cleared.clear();
    }

    /// Keeps what was recorded after the moment as a road not taken further, and stands where the moment stood.
    fn go_back(&mut self, resumption: Resumption) {
        let moment = resumption.moment;
        self.leave_for(&resumption.checkpoint, &moment);
        self.last_step = self.last_step_at(&moment);
        self.pending = moment
            .waiting
            .into_iter()
            .map(|(knob, to)| PendingChange { knob, to, applies: knob.spec().applies, since: moment.step })
            .collect();
        self.settings = moment.settings;
        if let Some(header) = &mut self.header {
            header.device = resumption.device;
        }
        (self.progress, self.layers, self.divergence) = (None, None, None);
        (self.confusion, self.paused) = (None, false);
        self.courses.cut(moment.step);
        (self.failure, self.finished, self.fetch) = (None, None, None);
    }

    /// What is still known of a step that was gone back to.
    fn last_step_at(&self, moment: &Moment) -> Option<StepStats> {
        let loss = moment.loss?;
        let value = |series: &Series| series.nearest(moment.step).map_or(f64::NAN, |summary| summary.mean);
        let pictures = self.header.as_ref().map_or(1, |header| header.data.train.max(1));
        Some(StepStats {
            step: moment.step,
            epoch: f64::from(moment.epoch) + moment.offset as f64 / pictures as f64,
            loss,
            accuracy: value(&self.history.train_accuracy),
            learning_rate: value(&self.history.learning_rate),
            images_per_second: value(&self.history.images_per_second),
            merged: None,
        })
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

    /// Epochs behind a step, also of one that is yet to come.
    pub fn epoch_at(&self, step: u64) -> f64 {
        between(&self.epoch_anchors(), step as f64)
    }

    /// The step at which so many epochs are behind; the inverse of [`Session::epoch_at`].
    pub fn step_at(&self, epoch: f64) -> f64 {
        let turned: Vec<_> = self.epoch_anchors().into_iter().map(|(step, epoch)| (epoch, step)).collect();
        between(&turned, epoch)
    }

    /// Steps whose epoch is known; the batch size, and with it their distance, may change from epoch to epoch.
    fn epoch_anchors(&self) -> Vec<(f64, f64)> {
        let mut anchors = vec![(0.0, 0.0)];
        anchors.extend((1_u32..).zip(&self.history.epoch_ends).map(|(epoch, step)| (*step as f64, f64::from(epoch))));
        let newest = self.last_step.map(|last| (last.step as f64, last.epoch));
        anchors.extend(newest.filter(|newest| anchors.last().is_none_or(|last| newest.0 > last.0 && newest.1 > last.1)));
        let (step, epoch) = anchors[anchors.len() - 1];
        let per_epoch = self.steps_per_epoch().map_or(1.0, |steps| steps.max(1) as f64);
        anchors.push((step + per_epoch, epoch + 1.0));
        anchors
    }

    /// The newest change that was not taken back since: the one that undoing takes back next.
    pub fn undoable(&self) -> Option<&Change> {
        let mut standing: Vec<&Change> = Vec::new();
        for change in &self.history.changes {
            let takes_back = |last: &&&Change| last.knob == change.knob && last.from == change.to && last.to == change.from;
            if standing.last().filter(takes_back).is_some() {
                standing.pop();
            } else {
                standing.push(change);
            }
        }
        standing.pop()
    }

    /// The best evaluation on test pictures, as far as that is sure.
    pub fn best(&self) -> Option<&Evaluation> {
        self.history
            .evaluations
            .iter()
            .filter(|evaluation| evaluation.split == Split::Test)
            .max_by(|a, b| a.surely_right().total_cmp(&b.surely_right()))
    }

    /// Images/s over the last steps: their harmonic mean, so that it is pictures over time.
    pub fn recent_images_per_second(&self) -> Option<f64> {
        let recent: Vec<f64> = self.history.images_per_second.tail(16).filter(|rate| *rate > 0.0).collect();
        let seconds: f64 = recent.iter().map(|rate| 1.0 / rate).sum();
        (!recent.is_empty()).then(|| recent.len() as f64 / seconds)
    }
}

/// Straight lines through ascending points, the last one drawn out.
fn between(points: &[(f64, f64)], x: f64) -> f64 {
    let after = points.partition_point(|point| point.0 < x).clamp(1, points.len() - 1);
    let ((x0, y0), (x1, y1)) = (points[after - 1], points[after]);
    y0 + (x - x0) * (y1 - y0) / (x1 - x0)
}
