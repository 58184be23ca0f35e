//! The Compare screen of twins: the difference of their losses as it grows, and what both came to.

use std::sync::Arc;

use alexscope::contest::Pair;
use alexscope::link::PairNews;
use alexscope::session::{Command, Event, FinishReason, Phase, Stamped, StepStats};
use alexscope::ui::app::{Effect, ExportRequest, Msg};
use alexscope::ui::screens::Screen;
use alexscope::ui::twins::Twins;
use insta::assert_snapshot;

use crate::fixture::{Cockpit, evaluation, header, phase};

/// The loss of one of the two at a step: alike up to step 40, then the second learns more slowly.
fn loss(place: usize, step: u64) -> f64 {
    let at = step as f64;
    let behind = if place == 1 { 0.4 * (1.0 - (-(at - 40.0).max(0.0) / 150.0).exp()) } else { 0.0 };
    2.3 - 1.2 * (1.0 - (-at / 120.0).exp())
        + 0.15 * (at * 1.3).sin() * (at * 0.37).cos()
        + behind * (1.0 + 0.3 * (at * 0.9).sin())
}

fn step(place: usize, step: u64) -> Event {
    let (epoch, accuracy) = (step as f64 / 400.0, 0.4);
    let stats =
        StepStats { step, epoch, loss: loss(place, step), accuracy, learning_rate: 0.01, images_per_second: 400.0, merged: None };
    Event::Step(stats)
}

/// Steps of both, and a test of both after the last.
fn go_on(cockpit: &mut Cockpit, steps: std::ops::RangeInclusive<u64>) {
    let last = *steps.end();
    let stamped = |event: Event| Stamped { event, time: last as f64 };
    let losses = steps.clone().map(|step| (step, [loss(0, step), loss(1, step)])).collect();
    let tested = |place: usize| evaluation(last, loss(place, last) + 0.1, 0.5 - 0.03 * place as f64);
    cockpit.happens(steps.clone().map(|at| step(0, at)).chain([tested(0)]));
    let second = steps.map(|at| step(1, at)).chain([tested(1)]).map(stamped).collect();
    cockpit.take(Msg::News(PairNews { second, losses }));
}

/// LRN on and off after 400 steps of both.
fn twins(width: u16, height: u16) -> Cockpit {
    let mut cockpit = Cockpit::new(width, height);
    let pair = Pair::new(["lrn on".into(), "lrn off".into()]);
    cockpit.app.twins = Some(Arc::new(Twins::new(pair)));
    cockpit.app.screen = Screen::Compare;
    let started = Event::Started(Box::new(header(&cockpit.app)));
    cockpit.happens([started, phase(Phase::Training)]);
    go_on(&mut cockpit, 1..=400);
    cockpit
}

#[test]
fn twins_on_terminals_of_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        assert_snapshot!(format!("twins_{width}x{height}"), twins(width, height).screen());
    }
}

#[test]
fn before_the_first_step_there_is_nothing_to_tell_yet() {
    let mut cockpit = Cockpit::new(80, 24);
    cockpit.app.twins = Some(Arc::new(Twins::new(Pair::new(["lrn on".into(), "lrn off".into()]))));
    cockpit.app.screen = Screen::Compare;
    cockpit.happens([phase(Phase::Preparing)]);
    cockpit.line_with("waiting for the first step of both");
    cockpit.line_with("lrn on and lrn off have taken no step yet");
}

#[test]
fn the_difference_grows_with_the_steps_and_stands_still_while_frozen() {
    let mut cockpit = twins(120, 40);
    cockpit.line_with("they part at step 41");
    cockpit.press("f");
    go_on(&mut cockpit, 401..=500);
    cockpit.line_with("step 400");
    cockpit.press("f");
    cockpit.line_with("step 500");
}

#[test]
fn space_holds_both_and_what_would_part_them_otherwise_is_refused() {
    let mut cockpit = twins(120, 40);
    cockpit.press("Space .");
    assert_eq!(cockpit.sent, [Command::Pause, Command::Step(1)]);
    for key in ["<", "L", "S", "R", "u", "N", "F", "T", "V"] {
        cockpit.press(key);
        assert_eq!(cockpit.sent.len(), 2, "{key}");
        cockpit.line_with("twins keep to what they began with; Space holds both, q ends them");
        cockpit.press("Esc");
    }
    let footer = cockpit.line_with("q quit");
    assert!(footer.contains("Space pause") && !footer.contains("rewind") && !footer.contains("< >"), "{footer}");
}

#[test]
fn quitting_asks_and_says_what_is_kept() {
    let mut cockpit = twins(80, 24);
    cockpit.press("q");
    cockpit.line_with("Both are at step 400");
    cockpit.press("c q s");
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    let (loss, test_accuracy, best_test_accuracy) = (None, None, None);
    let (step, epoch, reason, seconds) = (400, 1.0, FinishReason::Stopped, 9.0);
    cockpit.happens([Event::Finished { step, epoch, reason, seconds, loss, test_accuracy, best_test_accuracy }]);
    assert!(matches!(cockpit.effects[..], [Effect::Leave(_)]), "{:?}", cockpit.effects);
}

#[test]
fn the_first_ones_charts_have_the_second_beside_it_and_an_export_is_of_the_difference() {
    let mut cockpit = twins(120, 40);
    cockpit.press("E c");
    let Some(Effect::Export(ExportRequest::Chart(chart))) = cockpit.effects.last() else { panic!("{:?}", cockpit.effects) };
    assert_eq!(chart.title, "Loss with lrn off minus with lrn on");
    cockpit.press("e");
    cockpit.line_with("Loss with lrn off");
    assert!(!cockpit.screen().contains("Twins"));
    cockpit.press("Esc 1");
    assert!(cockpit.line_with("Loss").contains("lrn off"), "{}", cockpit.screen());
}
