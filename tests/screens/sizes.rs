//! Every screen, and everything that can lie on top of one, on every small terminal: nothing panics.

use alexscope::chart::Companion;
use alexscope::session::{Divergence, Event, FetchState, Phase, RateTest};
use alexscope::ui::app::Msg;
use ratatui::crossterm::event::Event as Input;

use crate::fixture::{Cockpit, phase};
use crate::{explain, layer, predictions, rewind};

/// Terminals are drawn on up to this size.
const COLUMNS: u16 = 60;
const ROWS: u16 = 30;

fn drawn_at_every_size(mut cockpit: Cockpit) {
    for rows in 0..=ROWS {
        for columns in 0..=COLUMNS {
            cockpit.take(Msg::Input(Input::Resize(columns, rows)));
            cockpit.terminal();
        }
    }
}

/// What each of these keys opens on a run of 1,000 steps with saved moments.
fn with_keys(all: &[&str]) {
    for keys in all {
        let mut cockpit = rewind::with_moments(120, 40);
        cockpit.press(keys);
        drawn_at_every_size(cockpit);
    }
}

#[test]
fn the_train_screen() {
    with_keys(&["", "e", "e e", "e e e", "e e e e", "c", "c PgDn e", "f", "y s x a", "+ + +", "Down Down Enter"]);
}

#[test]
fn what_lies_on_top() {
    with_keys(&[
        "?",
        "? PgDn",
        ":",
        ": l Tab",
        ": m o m Enter",
        "q",
        "E",
        "R",
        "R End",
        "u",
        "F",
        "N",
        "2 ?",
        "2 R",
        "2 :",
        "3 o",
        "4 o",
    ]);
}

#[test]
fn the_network_screen_and_its_editor() {
    with_keys(&["2", "2 t", "2 e", "2 y", "2 y y", "2 y y y", "2 d", "2 d Right Right - -", "2 d a a", "2 d G x", "2 d N"]);
}

#[test]
fn the_layer_screen() {
    for (name, keys) in [
        ("conv1", ""),
        ("conv1", "Enter"),
        ("conv1", "v v v"),
        ("relu1", ""),
        ("relu1", "v v"),
        ("relu1", "Enter v"),
        ("fc6", ""),
    ] {
        let mut cockpit = layer::looking_at(name, (120, 40));
        layer::answer(&mut cockpit, if name == "relu1" { layer::activated() } else { layer::conv1() });
        cockpit.press(keys);
        drawn_at_every_size(cockpit);
    }
    with_keys(&["3"]);
}

#[test]
fn the_predictions_screen() {
    for keys in ["", "Enter", "v", "v v"] {
        let mut cockpit = predictions::looking(120, 40);
        predictions::answer(&mut cockpit, 1_000);
        cockpit.happens([Event::Confusion(predictions::confusion())]);
        cockpit.press(keys);
        drawn_at_every_size(cockpit);
    }
    with_keys(&["4"]);
}

#[test]
fn the_explain_screen_of_each_kind_of_layer() {
    for name in ["conv1", "relu1", "pool1", "lrn1", "flatten", "dropout6", "fc8"] {
        let mut cockpit = explain::explaining(name, (120, 40));
        explain::answer(&mut cockpit, Some(vec![1; 48 * 13 * 13]));
        drawn_at_every_size(cockpit);
    }
    with_keys(&["5"]);
}

#[test]
fn a_run_before_its_first_event_under_way_diverged_failed_and_finished() {
    drawn_at_every_size(Cockpit::new(120, 40));
    let bad = Divergence { step: 1_001, layer: "conv1".into(), what: "gradient".into() };
    let failed = Event::Failed { reason: "the training thread panicked: a very long reason that has to be cut off ".repeat(5) };
    for events in [
        vec![phase(Phase::Preparing)],
        vec![phase(Phase::Paused)],
        vec![phase(Phase::Evaluating)],
        vec![phase(Phase::Finished)],
        vec![Event::Diverged(bad), phase(Phase::Paused)],
        vec![failed],
        vec![Event::Fetch(FetchState::Running { bytes: 1_000_000, of: 170_000_000 })],
    ] {
        let mut cockpit = Cockpit::training(120, 40);
        cockpit.happens(events);
        drawn_at_every_size(cockpit);
    }
}

#[test]
fn a_run_that_is_looked_at_beside_another() {
    let mut cockpit = rewind::with_moments(120, 40);
    let session = Cockpit::training(120, 40).app.session().clone();
    cockpit.app.companions = vec![Companion { name: "without LRN".into(), session }];
    cockpit.app.readonly = true;
    drawn_at_every_size(cockpit);
}

#[test]
fn a_learning_rate_test() {
    let mut test = RateTest::default();
    for place in 0..100 {
        let rate = RateTest::rate(1e-6, 10.0, place, 100);
        test.push(rate, 2.0 + (rate.log10() + 2.0).abs() / 5.0);
    }
    for test in [test, RateTest::default()] {
        let mut cockpit = Cockpit::training(120, 40);
        cockpit.press("T");
        cockpit.happens([Event::RateTested(test)]);
        drawn_at_every_size(cockpit);
    }
}
