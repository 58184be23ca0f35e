//! Commands, and what they change.

use std::sync::Arc;

use super::{Engine, Position, State, phase, rejected};
use crate::knobs::{Applies, Knob};
use crate::session::{Change, Command, Event, Phase, SaveReason};

impl Engine {
    /// Takes a command, at any time.
    pub fn command(&mut self, command: Command) -> Vec<Event> {
        match command {
            Command::Pause => self.pause(),
            Command::Resume => self.go_on(State::Running),
            Command::Step(count) => self.go_on(State::Counting(count.max(1))),
            Command::Set { knob, value } => self.set(knob, value),
            Command::Evaluate => {
                self.evaluation_due.get_or_insert(self.pictures_to_test());
                Vec::new()
            }
            Command::Save => {
                // With what was changed just now: whoever saves wants to go on from here.
                self.settings_before = None;
                self.want_save(SaveReason::Asked);
                Vec::new()
            }
            Command::Rewind { checkpoint, slower } => {
                self.rewind_due = Some((checkpoint, slower));
                Vec::new()
            }
            // Whoever vanished is noticed more than once.
            Command::Stop { .. } if self.stopping => Vec::new(),
            Command::Stop { save } => {
                self.stopping = true;
                self.given_up = !save;
                // Of a run without a step there is nothing that does not follow from its seed.
                if save && self.position.step > 0 {
                    self.settings_before = None;
                    self.want_save(SaveReason::Ending);
                }
                Vec::new()
            }
            // The worker's own business.
            Command::WatchLayers(_) | Command::Watch(_) | Command::FetchData | Command::TestRate => Vec::new(),
        }
    }

    fn pause(&mut self) -> Vec<Event> {
        if !matches!(self.state, State::Running | State::Counting(_)) {
            return Vec::new();
        }
        self.state = State::Paused;
        vec![phase(Phase::Paused, "")]
    }

    fn go_on(&mut self, to: State) -> Vec<Event> {
        if self.budget_is_used_up() {
            self.state = State::Done;
            return vec![rejected("resume", "the budget is used up: raise epochs or steps first")];
        }
        let was = std::mem::replace(&mut self.state, to);
        (self.diverged, self.halved) = (false, false);
        if was == to { Vec::new() } else { vec![phase(Phase::Training, "")] }
    }

    pub(super) fn set(&mut self, knob: Knob, value: f64) -> Vec<Event> {
        let spec = knob.spec();
        let asked = format!("{knob} {}", spec.format(value));
        if let Err(error) = spec.check(value) {
            return vec![rejected(&asked, &error.to_string())];
        }
        if let Knob::LrnLayer(layer) = knob
            && !(1..=self.lrn_layers).contains(&layer)
        {
            return vec![rejected(&asked, &format!("this network has {} LRN layers, counted from 1", self.lrn_layers))];
        }
        match spec.applies {
            Applies::NextStep => self.put(knob, value).into_iter().collect(),
            Applies::NextEpoch if self.position == Position::default() && self.in_flight.is_none() => {
                self.put(knob, value).into_iter().collect()
            }
            Applies::NextEpoch => {
                self.waiting.insert(knob, value);
                vec![Event::Pending { knob, to: spec.format(value), applies: spec.applies }]
            }
            // The engine only says so; who starts the new run takes the value along.
            Applies::NewRun => vec![Event::Pending { knob, to: spec.format(value), applies: spec.applies }],
        }
    }

    /// A save that is due already stays due for the reason that weighs more.
    pub fn want_save(&mut self, reason: SaveReason) {
        let weight = |reason: SaveReason| match reason {
            SaveReason::Scheduled => 0,
            SaveReason::BeforeChange | SaveReason::BeforeRewind | SaveReason::Rewound => 1,
            SaveReason::Ending => 2,
            SaveReason::Asked => 3,
        };
        self.save_due = Some(self.save_due.map_or(reason, |due| if weight(due) > weight(reason) { due } else { reason }));
    }

    /// Asks for a checkpoint of the moment before a change, unless that moment is saved or follows from the seed.
    fn save_before_change(&mut self) {
        let reached = self.position.step + u64::from(self.in_flight.is_some());
        if reached > self.saved_at && self.settings_before.is_none() {
            self.settings_before = Some((self.settings.clone(), self.waiting.clone()));
            self.want_save(SaveReason::BeforeChange);
        }
    }

    pub(super) fn put(&mut self, knob: Knob, value: f64) -> Option<Event> {
        let from = self.settings.text(knob);
        if self.settings.get(knob) != value {
            self.save_before_change();
        }
        let settings = Arc::make_mut(&mut self.settings);
        // Checked before; a value out of range changes nothing.
        settings.set(knob, value).ok()?;
        let to = settings.text(knob);
        let change = (from != to).then(|| Change { step: self.next_step(), knob, from, to })?;
        if self.in_flight.is_some() {
            self.changed_in_flight.push(change.clone());
        }
        Some(Event::Changed(change))
    }
}
