//! The Compare screen: a comparison of four networks of which the last run trains.

use std::sync::Arc;

use alexscope::contest::{Figures, Place};
use alexscope::knobs::Knob;
use alexscope::session::{Event, FinishReason, Phase, Stamped, StepStats};
use alexscope::ui::app::{Effect, ExportRequest, Msg};
use alexscope::ui::screens::Screen;
use alexscope::ui::{Contest, Exit};
use insta::assert_snapshot;

use crate::fixture::{Cockpit, evaluation, header, phase};

const LABELS: [&str; 4] = ["paddle-lrn:learning-rate=0.02", "paddle:learning-rate=0.02", "lenet5", "simple-cnn"];
/// So much better than its sisters that no difference is sure.
const LUCKY: Place = Place { contender: 1, seed: 3 };
const LIVE: Place = Place { contender: 3, seed: 3 };

/// The events of a run that is tested after each of `epochs` epochs of 400 steps.
fn a_run(cockpit: &Cockpit, place: Place, epochs: u64) -> Vec<Event> {
    let mut header = header(&cockpit.app);
    header.settings.set(Knob::Seed, place.seed as f64).unwrap();
    let mut events = vec![Event::Started(Box::new(header)), phase(Phase::Training)];
    for epoch in 1..=epochs {
        let step = epoch * 400;
        let learnt = 1.0 - (-(epoch as f64) / 2.5).exp();
        let skill =
            0.35 + 0.06 * place.contender as f64 + 0.02 * (place.seed as f64 - 2.0) + if place == LUCKY { 0.12 } else { 0.0 };
        let stats = StepStats {
            step,
            epoch: epoch as f64,
            loss: 2.3 - learnt,
            accuracy: 0.4,
            learning_rate: 0.02,
            images_per_second: 100.0 * (place.contender + 1) as f64,
            merged: None,
        };
        events.extend([Event::Step(stats), evaluation(step, 2.3 - learnt, 0.1 + skill * learnt)]);
    }
    events
}

fn finished() -> Event {
    let (loss, test_accuracy, best_test_accuracy) = (None, None, None);
    Event::Finished {
        step: 2_000,
        epoch: 5.0,
        reason: FinishReason::Budget,
        seconds: 90.0,
        loss,
        test_accuracy,
        best_test_accuracy,
    }
}

/// Three seeds of four networks; of the last run only two of five epochs are done.
fn comparing(width: u16, height: u16) -> Cockpit {
    let mut cockpit = Cockpit::on("simple-cnn", width, height);
    let labels = LABELS.map(String::from).to_vec();
    let mut figures = Figures { labels, seeds: vec![1, 2, 3], budget: "5 epochs, 3 seeds".into(), runs: Vec::new() };
    for seed in 1..=3 {
        for contender in 0..LABELS.len() {
            let place = Place { contender, seed };
            if place != LIVE {
                let pace = 20.0 / (contender + 1) as f64;
                for (i, event) in (0..).zip(a_run(&cockpit, place, 5).into_iter().chain([finished()])) {
                    figures.absorb(place, &Stamped { event, time: f64::from(i) * pace });
                }
            }
        }
    }
    cockpit.app.contest = Some(Arc::new(Contest { figures, live: Some(LIVE), target: None }));
    cockpit.app.screen = Screen::Compare;
    cockpit.app.readonly = true;
    cockpit.app.leave_at_end = true;
    let events = a_run(&cockpit, LIVE, 2);
    cockpit.happens(events);
    cockpit
}

#[test]
fn a_comparison_on_terminals_of_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        assert_snapshot!(format!("compare_{width}x{height}"), comparing(width, height).screen());
    }
}

#[test]
fn x_goes_from_epochs_to_seconds_to_steps() {
    let mut cockpit = comparing(120, 40);
    assert!(cockpit.line_with("epoch").contains("epoch"));
    cockpit.press("x");
    cockpit.line_with("seconds of training");
    cockpit.press("x");
    assert!(cockpit.line_with("1,000").trim_end().ends_with("step"), "{}", cockpit.screen());
}

#[test]
fn the_curve_of_the_run_that_trains_grows_with_it_and_the_table_waits_for_its_end() {
    let mut cockpit = comparing(120, 40);
    assert!(cockpit.line_with("▼ simple-cnn ").contains("2 of 3"), "{}", cockpit.screen());
    cockpit.line_with("▼ simple-cnn, seed 3: epoch 2.00");
    cockpit.happens([finished()]);
    assert!(cockpit.line_with("▼ simple-cnn ").contains("3 of 3"), "{}", cockpit.screen());
    assert!(matches!(cockpit.effects[..], [Effect::Leave(Exit::Ended(look))] if look.screen == Screen::Compare));
}

#[test]
fn a_finished_comparison_that_is_looked_at_offers_no_key_that_steers() {
    let mut cockpit = comparing(120, 40);
    cockpit.app.leave_at_end = false;
    cockpit.happens([finished(), phase(Phase::Finished)]);
    assert_eq!(cockpit.line_with("the budget is used up").trim(), "■ the budget is used up");
    let footer = cockpit.line_with("q quit");
    assert!(footer.contains("b bands") && !footer.contains("rewind"), "{footer}");
}

#[test]
fn columns_without_room_come_into_view_with_an_arrow_and_differences_scroll() {
    let mut cockpit = comparing(80, 24);
    assert!(!cockpit.screen().contains("meters"), "{}", cockpit.screen());
    cockpit.press("Right Right");
    cockpit.line_with("parameters");
    cockpit.press("e e e");
    assert!(cockpit.screen().contains("Student's t"), "{}", cockpit.screen());
    assert!(cockpit.screen().contains("lenet5 → ▼ simple-cnn"), "{}", cockpit.screen());
}

#[test]
fn v_shows_the_loss_b_the_deviation_and_an_export_is_of_that_chart() {
    let mut cockpit = comparing(120, 40);
    cockpit.press("v b");
    assert!(cockpit.line_with("Test loss").contains("mean ± deviation"), "{}", cockpit.screen());
    cockpit.press("E c");
    let Some(Effect::Export(ExportRequest::Chart(chart))) = cockpit.effects.last() else { panic!("{:?}", cockpit.effects) };
    assert_eq!(chart.title, "Test loss");
}

#[test]
fn a_frozen_comparison_stays_as_it_was() {
    let mut cockpit = comparing(120, 40);
    cockpit.press("f");
    cockpit.happens([finished()]);
    assert!(cockpit.line_with("▼ simple-cnn ").contains("2 of 3"), "{}", cockpit.screen());
    cockpit.press("f");
    assert!(cockpit.line_with("▼ simple-cnn ").contains("3 of 3"), "{}", cockpit.screen());
}

#[test]
fn a_run_that_is_compared_with_none_has_no_such_screen_and_says_how_to_get_one() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("6");
    assert_eq!(cockpit.app.screen, Screen::Train);
    assert!(cockpit.screen().contains("alexscope compare"), "{}", cockpit.screen());
    cockpit.take(Msg::Time(cockpit.app.now));
    cockpit.press("BackTab");
    assert_eq!(cockpit.app.screen, Screen::Explain);
}
