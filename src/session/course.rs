//! The course of a run: what was recorded and still counts, after all going back.

use std::collections::HashMap;

use super::Moment;
use super::event::{Change, Event, Stamped};

/// Its header, steps, evaluations, layers' figures and changes, in their order: without what a resumption or a rewind
/// superseded, and without all that only says what the program was doing.
pub fn course(events: impl IntoIterator<Item = Stamped>) -> Vec<Stamped> {
    let mut roads = Roads::default();
    for stamped in events {
        match stamped.event {
            Event::Resumed(resumption) => roads.go_back(&resumption.checkpoint, &resumption.moment),
            Event::Saved { step, path, .. } => roads.saved(step, path),
            Event::Changed(ref change) => {
                roads.correct(change);
                roads.told(stamped);
            }
            Event::Started(_) | Event::Step(_) | Event::Evaluated(_) | Event::Layers(_) => roads.told(stamped),
            _ => {}
        }
    }
    roads.taken()
}

/// Removes what came after a moment.
pub fn cut_back(course: &mut Vec<Stamped>, moment: &Moment) {
    course.retain(|stamped| counts_at(&stamped.event, moment));
}

/// Whether an event lies before a moment of the same road.
fn counts_at(event: &Event, moment: &Moment) -> bool {
    match event {
        Event::Step(step) => step.step <= moment.step,
        Event::Evaluated(evaluation) => moment.has_been_tested(evaluation.step),
        Event::Layers(layers) => layers.step <= moment.step,
        // A change is in force from the step after on. Whether it was made before the moment or after, its settings tell.
        Event::Changed(change) => {
            change.step <= moment.step || (change.step == moment.step + 1 && moment.settings.text(change.knob) == change.to)
        }
        _ => true,
    }
}

/// The roads that a run took, as places in what was told of it: a run may go back to one that it has left.
#[derive(Default)]
struct Roads {
    told: Vec<Stamped>,
    course: Vec<usize>,
    /// Those that were left, whole.
    left: Vec<Vec<usize>>,
    /// Where the last step before each checkpoint was told.
    saved: HashMap<String, usize>,
}

impl Roads {
    fn told(&mut self, stamped: Stamped) {
        self.course.push(self.told.len());
        self.told.push(stamped);
    }

    /// Takes away what a change tells anew; it was told since the newest step.
    fn correct(&mut self, change: &Change) {
        let newest = self.course.iter().rev().take_while(|told| !matches!(self.told[**told].event, Event::Step(_)));
        let corrected = newest.enumerate().find_map(|(back, told)| match &self.told[*told].event {
            Event::Changed(told) if change.corrects(told) => Some(back),
            _ => None,
        });
        if let Some(back) = corrected {
            self.course.remove(self.course.len() - 1 - back);
        }
    }

    fn saved(&mut self, step: u64, checkpoint: String) {
        // A checkpoint is told of some steps late.
        let last =
            self.course.iter().rev().find(|told| matches!(&self.told[**told].event, Event::Step(told) if told.step <= step));
        match last {
            Some(last) => self.saved.insert(checkpoint, *last),
            None => self.saved.remove(&checkpoint),
        };
    }

    fn go_back(&mut self, checkpoint: &str, moment: &Moment) {
        // Places on a road ascend.
        let leads_there = |road: &Vec<usize>| self.saved.get(checkpoint).is_none_or(|step| road.binary_search(step).is_ok());
        let wanted =
            if leads_there(&self.course) { None } else { self.left.iter().rev().find(|road| leads_there(road)).cloned() };
        let is_cut = self.course.iter().any(|told| !counts_at(&self.told[*told].event, moment));
        if is_cut || wanted.is_some() {
            self.left.push(self.course.clone());
        }
        self.course = wanted.unwrap_or_else(|| std::mem::take(&mut self.course));
        self.course.retain(|told| counts_at(&self.told[*told].event, moment));
    }

    fn taken(self) -> Vec<Stamped> {
        let mut told: Vec<Option<Stamped>> = self.told.into_iter().map(Some).collect();
        self.course.into_iter().filter_map(|place| told[place].take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs::Knob;
    use crate::session::{DeviceInfo, Phase, Resumption, SaveReason, StepStats};

    fn step(step: u64, loss: f64) -> Event {
        let (accuracy, learning_rate, images_per_second) = (0.1, 0.01, 40.0);
        Event::Step(StepStats { step, epoch: 0.0, loss, accuracy, learning_rate, images_per_second, merged: None })
    }

    fn change(step: u64, to: &str) -> Event {
        Event::Changed(Change { step, knob: Knob::Momentum, from: "0.9".into(), to: to.into() })
    }

    fn back_to(step: u64, momentum: f64) -> Event {
        let mut moment = Moment { step, ..Moment::default() };
        moment.settings.set(Knob::Momentum, momentum).unwrap();
        let device = DeviceInfo { name: "CPU".into(), threads: 1 };
        Event::Resumed(Box::new(Resumption { checkpoint: "c".into(), moment, device, version: "0".into() }))
    }

    #[test]
    fn a_run_that_goes_back_to_a_road_it_had_left_has_the_steps_of_that_road() {
        let save = |step: u64, name: &str| Event::Saved { step, path: name.into(), reason: SaveReason::Asked, settings: None };
        let back = |name: &str, step: u64| match back_to(step, 0.9) {
            Event::Resumed(resumption) => Event::Resumed(Box::new(Resumption { checkpoint: name.into(), ..*resumption })),
            other => other,
        };
        let told = [
            step(1, 2.3),
            step(2, 2.2),
            save(1, "1"),
            step(3, 2.1),
            save(3, "2"),
            back("1", 1),
            save(1, "3"),
            step(2, 1.9),
            save(2, "4"),
            // Saved before the run went back, on the road that it left.
            back("2", 3),
            step(4, 2.0),
            back("4", 2),
            step(3, 1.8),
        ];
        let course_of = |events: &[Event]| -> Vec<f64> {
            let course = course(events.iter().map(|event| Stamped { event: event.clone(), time: 0.0 }));
            course
                .into_iter()
                .filter_map(|stamped| if let Event::Step(step) = stamped.event { Some(step.loss) } else { None })
                .collect()
        };
        assert_eq!(course_of(&told[..9]), [2.3, 1.9]);
        assert_eq!(course_of(&told[..11]), [2.3, 2.2, 2.1, 2.0]);
        assert_eq!(course_of(&told), [2.3, 1.9, 1.8]);
    }

    #[test]
    fn a_change_that_is_told_anew_counts_once_where_it_holds() {
        let stamped = |event: Event| Stamped { event, time: 0.0 };
        let kept = course([step(1, 2.3), change(3, "0.5"), change(2, "0.5"), step(2, 2.2)].map(stamped));
        assert_eq!(
            kept.into_iter().map(|stamped| stamped.event).collect::<Vec<_>>(),
            [step(1, 2.3), change(2, "0.5"), step(2, 2.2)]
        );
    }

    #[test]
    fn what_was_gone_back_from_does_not_count_and_a_change_made_at_the_moment_does_if_the_moment_has_it() {
        let paused = Event::Phase { phase: Phase::Paused, detail: String::new() };
        let events = [
            step(1, 2.3),
            step(2, 2.2),
            change(3, "0.5"),
            step(3, 2.1),
            paused,
            back_to(2, 0.5),
            step(3, 2.05),
            back_to(2, 0.9),
            step(3, 2.0),
        ];
        let stamped = |event: &Event| Stamped { event: event.clone(), time: 0.0 };
        let kept =
            |events: &[Event]| course(events.iter().map(stamped)).into_iter().map(|stamped| stamped.event).collect::<Vec<_>>();
        assert_eq!(kept(&events[..7]), [step(1, 2.3), step(2, 2.2), change(3, "0.5"), step(3, 2.05)]);
        assert_eq!(kept(&events), [step(1, 2.3), step(2, 2.2), step(3, 2.0)]);
    }
}
