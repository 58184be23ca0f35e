//! How the learning rate moves by itself.

use std::f64::consts::PI;

use crate::knobs::{Knob, Settings};

/// Share of the span over which one-cycle rises (Smith & Topin 2018, as PyTorch's OneCycleLR has it).
const ONE_CYCLE_RISE: f64 = 0.3;
/// One-cycle starts at this share of the learning rate.
const ONE_CYCLE_START: f64 = 1.0 / 25.0;

/// The learning rate of the step after `step` steps and `epoch` epochs: the knob's value, moved by the schedule and the
/// warm-up.
pub fn learning_rate(settings: &Settings, step: u64, epoch: f64, steps_per_epoch: f64) -> f64 {
    let floor = settings.get(Knob::ScheduleFloor);
    let done = || (epoch / span_in_epochs(settings, steps_per_epoch)).clamp(0.0, 1.0);
    let factor = match settings.count(Knob::Schedule) {
        // Paddle's discexp: lr · γ^⌊epochs / every⌋.
        1 => settings.get(Knob::ScheduleGamma).powf((epoch / settings.get(Knob::ScheduleEvery)).floor()),
        // Loshchilov & Hutter 2016, equation 5, without restarts.
        2 => between(floor, 1.0, (1.0 + (PI * done()).cos()) / 2.0),
        3 => one_cycle(done(), floor),
        _ => 1.0,
    };
    let warm_up = settings.get(Knob::WarmUpSteps);
    let warmth = if warm_up > 0.0 { ((step + 1) as f64 / warm_up).min(1.0) } else { 1.0 };
    settings.get(Knob::LearningRate) * factor * warmth
}

fn one_cycle(done: f64, floor: f64) -> f64 {
    if done < ONE_CYCLE_RISE {
        between(ONE_CYCLE_START, 1.0, (1.0 - (PI * done / ONE_CYCLE_RISE).cos()) / 2.0)
    } else {
        between(floor, 1.0, (1.0 + (PI * (done - ONE_CYCLE_RISE) / (1.0 - ONE_CYCLE_RISE)).cos()) / 2.0)
    }
}

fn between(low: f64, high: f64, share: f64) -> f64 {
    low + (high - low) * share
}

/// What cosine and one-cycle stretch over: the knob, or the run's budget.
fn span_in_epochs(settings: &Settings, steps_per_epoch: f64) -> f64 {
    let span = settings.get(Knob::ScheduleSpan);
    if span > 0.0 {
        return span;
    }
    let by_steps = settings.get(Knob::Steps) / steps_per_epoch;
    let by_epochs = settings.get(Knob::Epochs);
    match (by_steps > 0.0, by_epochs > 0.0) {
        (true, true) => by_steps.min(by_epochs),
        (true, false) => by_steps,
        (false, true) => by_epochs,
        // A run without an end: the usual length for CIFAR-10.
        (false, false) => 90.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(Knob, f64)]) -> Settings {
        let mut settings = Settings::new();
        settings.set(Knob::LearningRate, 0.1).unwrap();
        for (knob, value) in pairs {
            settings.set(*knob, *value).unwrap();
        }
        settings
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn the_step_schedule_drops_tenfold_after_a_hundred_epochs_as_the_paddle_listing_does() {
        let settings = with(&[(Knob::Schedule, 1.0)]);
        let at = |epoch| learning_rate(&settings, 0, epoch, 390.625);
        assert!(close(at(0.0), 0.1) && close(at(99.99), 0.1) && close(at(100.0), 0.01) && close(at(250.0), 0.001));
    }

    #[test]
    fn cosine_goes_from_the_rate_through_its_half_to_the_floor() {
        let settings = with(&[(Knob::Schedule, 2.0), (Knob::Epochs, 10.0), (Knob::ScheduleFloor, 0.1)]);
        let at = |epoch| learning_rate(&settings, 0, epoch, 100.0);
        assert!(close(at(0.0), 0.1) && close(at(5.0), 0.055) && close(at(10.0), 0.01) && close(at(99.0), 0.01));
    }

    #[test]
    fn one_cycle_peaks_at_three_tenths_and_spans_the_steps_where_those_are_the_budget() {
        let settings = with(&[(Knob::Schedule, 3.0), (Knob::Steps, 1000.0)]);
        let at = |epoch| learning_rate(&settings, 0, epoch, 100.0);
        assert!(close(at(0.0), 0.004) && close(at(3.0), 0.1) && close(at(10.0), 0.0));
        assert!(at(1.0) < at(2.0) && at(4.0) > at(5.0));
    }

    #[test]
    fn warm_up_rises_in_equal_parts_and_then_lets_go() {
        let settings = with(&[(Knob::WarmUpSteps, 4.0)]);
        let at = |step| learning_rate(&settings, step, 0.0, 100.0);
        assert!(close(at(0), 0.025) && close(at(3), 0.1) && close(at(9), 0.1));
    }
}
