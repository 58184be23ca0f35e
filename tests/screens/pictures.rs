//! What the screen looks like in each situation, at the sizes where it differs.

use alexscope::chart::Companion;
use alexscope::knobs::{Applies, Knob};
use alexscope::session::{Divergence, Event, FetchState, FinishReason, Pass, Phase, Progress, StepStats};
use alexscope::ui::app::Msg;
use alexscope::ui::theme::{Theme, ThemeName};
use insta::assert_snapshot;
use ratatui::style::Color;

use crate::fixture::{Cockpit, a_run, evaluation, header, pending, phase};

/// Small, the usual, roomy, and large.
const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

fn named(situation: &str, (width, height): (u16, u16)) -> String {
    format!("{situation}_{width}x{height}")
}

fn working_at(layer: &str, pass: Pass, done: usize, of: usize) -> Event {
    Event::Progress(Progress { step: 1_001, done, of, evaluating: false, layer: layer.into(), pass })
}

#[test]
fn training() {
    for size in SIZES {
        let mut cockpit = Cockpit::training(size.0, size.1);
        cockpit.happens([working_at("conv2", Pass::Backward, 36, 48)]);
        assert_snapshot!(named("training", size), cockpit.screen());
    }
}

#[test]
fn before_the_first_event() {
    assert_snapshot!(Cockpit::new(80, 24).screen());
}

#[test]
fn preparing() {
    for size in [(40, 12), (80, 24)] {
        let mut cockpit = Cockpit::new(size.0, size.1);
        let mut header = header(&cockpit.app);
        (header.data.name, header.data.stand_in) = ("Emoji-10".into(), true);
        let detail = "drawing initial weights".into();
        cockpit.happens([Event::Started(Box::new(header)), Event::Phase { phase: Phase::Preparing, detail }]);
        assert_snapshot!(named("preparing", size), cockpit.screen());
    }
}

#[test]
fn paused_within_a_step() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.happens([working_at("conv3", Pass::Forward, 8, 48), phase(Phase::Paused)]);
    assert_snapshot!(cockpit.screen());
}

#[test]
fn paused_within_an_evaluation() {
    let mut cockpit = Cockpit::training(80, 24);
    let progress = Progress { step: 1_000, done: 320, of: 500, evaluating: true, layer: String::new(), pass: Pass::Forward };
    cockpit.happens([phase(Phase::Evaluating), Event::Progress(progress), phase(Phase::Paused)]);
    let screen = cockpit.screen();
    assert!(screen.contains("PAUSED") && screen.contains("320/500"), "{screen}");
}

#[test]
fn a_frozen_display_stands_still_while_training_goes_on() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("f");
    let frozen = cockpit.screen();
    assert_snapshot!(frozen);
    cockpit.happens([evaluation(1_000, 0.5, 0.9)]);
    assert_eq!(cockpit.screen(), frozen);
    cockpit.press("f");
    assert!(cockpit.screen().contains("best 90.0 %"), "{}", cockpit.screen());
}

#[test]
fn changes_that_were_sent_and_changes_that_wait() {
    for size in [(80, 24), (120, 40)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        cockpit.happens([pending(Knob::BatchSize, "64", Applies::NextEpoch), pending(Knob::Seed, "7", Applies::NewRun)]);
        cockpit.press("< Down Down Down Down");
        assert_snapshot!(named("pending", size), cockpit.screen());
    }
}

#[test]
fn diverged() {
    for size in [(40, 12), (80, 24)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        let bad = Divergence { step: 1_001, layer: "conv3".into(), what: "gradient".into() };
        cockpit.happens([Event::Diverged(bad), phase(Phase::Paused)]);
        assert_snapshot!(named("diverged", size), cockpit.screen());
    }
}

#[test]
fn failed() {
    let mut cockpit = Cockpit::training(80, 24);
    let reason = "cannot write runs/test/events.jsonl: no space left on the device; free some and start anew";
    cockpit.happens([Event::Failed { reason: reason.into() }]);
    assert_snapshot!(cockpit.screen());
}

#[test]
fn finished() {
    let mut cockpit = Cockpit::training(80, 24);
    let end = Event::Finished {
        step: 1_000,
        epoch: 2.5,
        reason: FinishReason::Budget,
        seconds: 270.0,
        loss: None,
        test_accuracy: None,
        best_test_accuracy: None,
    };
    cockpit.happens([phase(Phase::Finished), end]);
    assert_snapshot!(cockpit.screen());
}

#[test]
fn a_fetch_under_way_and_one_that_failed() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([Event::Fetch(FetchState::Running { bytes: 61_000_000, of: 170_052_171 })]);
    assert!(cockpit.line_with("fetching CIFAR-10").contains(" 36 % of "), "{}", cockpit.screen());
    let reason = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz: cannot be reached: name or service not known";
    cockpit.happens([Event::Fetch(FetchState::Failed { reason: reason.into() })]);
    assert_snapshot!(cockpit.screen());
    cockpit.press("Esc");
    assert!(!cockpit.screen().contains("was not fetched"), "{}", cockpit.screen());
}

#[test]
fn help() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        cockpit.press("?");
        assert_snapshot!(named("help", size), cockpit.screen());
    }
}

#[test]
fn the_palette_with_ranges_and_values_and_an_error_in_its_place() {
    for size in [(40, 12), (80, 24)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        cockpit.press(":");
        cockpit.type_text("lr");
        assert_snapshot!(named("palette", size), cockpit.screen());
        cockpit.press("Tab Tab");
        assert_snapshot!(named("palette_completed", size), cockpit.screen());
        cockpit.press("C-u");
        cockpit.type_text("momentum 2");
        cockpit.press("Enter");
        assert_snapshot!(named("palette_error", size), cockpit.screen());
    }
}

#[test]
fn typing_a_setting() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("Down Enter");
    cockpit.type_text("1.5");
    cockpit.press("Enter");
    assert_snapshot!(cockpit.screen());
}

#[test]
fn quitting_asks() {
    for size in [(40, 12), (80, 24)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        cockpit.press("q Down");
        assert_snapshot!(named("quit", size), cockpit.screen());
    }
}

#[test]
fn too_small() {
    assert_snapshot!(Cockpit::training(34, 9).screen());
    // Nothing is too small to be drawn on.
    for (width, height) in [(0, 0), (1, 1), (2, 40), (39, 12), (40, 11), (300, 1)] {
        Cockpit::training(width, height).terminal();
    }
}

#[test]
fn every_size_can_be_drawn_with_everything_on_top() {
    for (width, height) in [(40, 12), (41, 13), (59, 15), (60, 16), (69, 34), (70, 33), (81, 25), (140, 35), (300, 100)] {
        for keys in ["", "?", ":", "q", "E", "c", "e e e e", "Enter", "2"] {
            let mut cockpit = Cockpit::training(width, height);
            cockpit.press(keys);
            cockpit.terminal();
        }
    }
}

#[test]
fn read_only() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.app.readonly = true;
    assert_snapshot!(cockpit.screen());
}

#[test]
fn the_cursor_reads_out_exact_values_on_every_chart() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.press("c g PgDn PgDn");
    assert_snapshot!(cockpit.screen());
}

#[test]
fn an_enlarged_chart_zoomed_and_logarithmic() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.press("e + y s x");
    assert_snapshot!(cockpit.screen());
}

#[test]
fn a_spike_does_not_rule_the_axis_unless_it_is_asked_for() {
    let mut cockpit = Cockpit::training(120, 40);
    let last = cockpit.app.session().last_step.unwrap();
    let loss = |step: u64| if step == 1_001 { 80.0 } else { 1.1 };
    cockpit.happens((1_001..1_300).map(|step| Event::Step(StepStats { step, loss: loss(step), ..last })));
    assert!(cockpit.line_with("Loss").contains("▲ up to 80.000"), "{}", cockpit.screen());
    cockpit.press("a");
    assert!(!cockpit.line_with("Loss").contains("up to"), "{}", cockpit.screen());
}

#[test]
fn mono_says_everything_without_a_colour() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.app.theme = Theme::named(ThemeName::Mono);
    cockpit.happens([pending(Knob::BatchSize, "64", Applies::NextEpoch), phase(Phase::Paused)]);
    cockpit.press("f");
    for keys in ["", "?", "Esc :", "Esc q", "Esc 2"] {
        cockpit.press(keys);
        let terminal = cockpit.terminal();
        let coloured = terminal.backend().buffer().content.iter().find(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset));
        assert_eq!(coloured, None, "after {keys}");
    }
    cockpit.press("1");
    assert_snapshot!(cockpit.screen());
}

#[test]
fn the_whole_screen_is_drawn_anew_after_a_resize() {
    let mut cockpit = Cockpit::training(200, 60);
    cockpit.take(Msg::Input(ratatui::crossterm::event::Event::Resize(80, 24)));
    assert_eq!(cockpit.screen(), Cockpit::training(80, 24).screen());
}

#[test]
fn another_run_beside_this_one() {
    let mut cockpit = Cockpit::training(120, 40);
    let longer = a_run(&cockpit.app, 1_600);
    let mut other = Cockpit::new(120, 40);
    other.happens(longer);
    let session = other.app.session().clone();
    cockpit.app.companions = vec![Companion { name: "without LRN".into(), session }];
    assert_snapshot!(cockpit.screen());
    cockpit.take(Msg::Input(ratatui::crossterm::event::Event::Resize(80, 24)));
    let screen = cockpit.screen();
    let rows: Vec<&str> = screen.lines().filter(|row| row.contains("━ without LRN")).collect();
    assert!(
        !rows.is_empty() && rows.iter().all(|row| !row.contains("Loss")),
        "named in the plot, where the head has no room:\n{screen}"
    );
}
