//! The course of a run: what was recorded and still counts, after all going back.

use super::Moment;
use super::event::{Event, Stamped};

/// Its header, steps, evaluations, layers' figures and changes, in their order: without what a resumption or a rewind
/// superseded, and without all that only says what the program was doing.
pub fn course(events: impl IntoIterator<Item = Stamped>) -> Vec<Stamped> {
    let mut course = Vec::new();
    for stamped in events {
        match stamped.event {
            Event::Resumed(resumption) => cut_back(&mut course, &resumption.moment),
            Event::Changed(ref change) => {
                // It was told since the newest step.
                let told = course.iter().rev().take_while(|told| !matches!(told.event, Event::Step(_)));
                let corrected = told.enumerate().find_map(|(back, told)| match &told.event {
                    Event::Changed(told) if change.corrects(told) => Some(back),
                    _ => None,
                });
                if let Some(back) = corrected {
                    course.remove(course.len() - 1 - back);
                }
                course.push(stamped);
            }
            Event::Started(_) | Event::Step(_) | Event::Evaluated(_) | Event::Layers(_) => course.push(stamped),
            _ => {}
        }
    }
    course
}

/// Removes what came after a moment.
pub fn cut_back(course: &mut Vec<Stamped>, moment: &Moment) {
    course.retain(|stamped| match &stamped.event {
        Event::Step(step) => step.step <= moment.step,
        Event::Evaluated(evaluation) => moment.has_been_tested(evaluation.step),
        Event::Layers(layers) => layers.step <= moment.step,
        // A change is in force from the step after on. Whether it was made before the moment or after, its settings tell.
        Event::Changed(change) => {
            change.step <= moment.step || (change.step == moment.step + 1 && moment.settings.text(change.knob) == change.to)
        }
        _ => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs::Knob;
    use crate::session::{Change, DeviceInfo, Phase, Resumption, StepStats};

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
