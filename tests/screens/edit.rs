//! Editing a network: everything is worked out at each key, and the running network stays as it is.

use alexscope::knobs::Knob;
use alexscope::spec::{LayerSpec, ModelSpec};
use alexscope::ui::Exit;
use alexscope::ui::app::{Effect, ExportRequest};
use insta::assert_snapshot;

use crate::fixture::{Cockpit, change};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn editing((width, height): (u16, u16)) -> Cockpit {
    let mut cockpit = Cockpit::training(width, height);
    cockpit.press("2 d");
    cockpit
}

#[test]
fn a_draft_at_three_sizes() {
    for size in SIZES {
        assert_snapshot!(format!("draft_{}x{}", size.0, size.1), editing(size).screen());
    }
}

#[test]
fn shapes_and_costs_follow_each_key_and_the_running_network_stays() {
    let mut cockpit = editing((120, 40));
    assert!(cockpit.line_with("96×55×55").contains("34,944"), "{}", cockpit.screen());
    cockpit.press("Right Right -");
    assert!(cockpit.screen().contains("‹stride 3›") && cockpit.screen().contains("96×73×73"), "{}", cockpit.screen());
    let stride = |model: &ModelSpec| match model.layers[0].what {
        LayerSpec::Conv2d { stride, .. } => stride,
        _ => panic!("conv1 is no convolution"),
    };
    assert_eq!(stride(&cockpit.app.model), 4);
    assert!(cockpit.sent.iter().all(|command| format!("{command:?}").starts_with("Watch")), "{:?}", cockpit.sent);
    cockpit.press("Esc");
    assert!(cockpit.line_with("▸ conv1").contains("55×55"), "{}", cockpit.screen());
}

#[test]
fn a_network_that_cannot_be_says_where_and_why_and_is_neither_written_nor_run() {
    let mut cockpit = editing((80, 24));
    cockpit.press("G x");
    let screen = cockpit.screen();
    assert!(screen.contains("✖") && screen.contains("classes"), "{screen}");
    assert_snapshot!(screen);
    cockpit.press("w N");
    assert!(cockpit.effects.is_empty() && cockpit.app.overlay.is_none(), "{:?}", cockpit.effects);
    cockpit.press("Esc");
}

#[test]
fn layers_before_the_one_that_cannot_be_keep_their_figures_and_the_rest_wait() {
    for size in SIZES {
        let mut cockpit = editing(size);
        // The kernel of conv2, far beyond its input.
        cockpit.press("Down Down Down Down Right");
        for _ in 0..60 {
            cockpit.press("+");
        }
        let screen = cockpit.screen();
        assert!(screen.contains("✖ cannot be at conv2"), "{screen}");
        assert!(cockpit.line_with("lrn1").contains("96×27×27"), "{screen}");
        assert!(cockpit.line_with("lrn2").contains('–'), "{screen}");
        assert_snapshot!(format!("draft_refused_{}x{}", size.0, size.1), screen);
        cockpit.press("w N");
        assert!(cockpit.effects.is_empty() && cockpit.app.overlay.is_none(), "{:?}", cockpit.effects);
    }
}

#[test]
fn a_draft_is_written_as_toml_and_a_new_run_is_started_from_it() {
    let mut cockpit = editing((80, 24));
    cockpit.press("+ w");
    let Some(Effect::Export(ExportRequest::Network { name, toml })) = cockpit.effects.last() else {
        panic!("{:?}", cockpit.effects)
    };
    let written = ModelSpec::from_toml(toml, "draft.toml").unwrap();
    assert_eq!((name.as_str(), &written.name), ("alexnet-edited", name));
    assert!(matches!(written.layers[0].what, LayerSpec::Conv2d { out: 112, .. }));
    cockpit.press("N");
    assert!(cockpit.screen().contains("alexnet-edited"), "{}", cockpit.screen());
    cockpit.press("x");
    assert!(matches!(&cockpit.app.leaving, Some(Exit::Edited { model, .. }) if **model == written), "{:?}", cockpit.app.leaving);
}

#[test]
fn layers_are_added_changed_in_kind_and_taken_out() {
    let mut cockpit = editing((120, 40));
    let rows = |cockpit: &Cockpit| cockpit.screen().lines().filter(|line| line.contains('×') && line.contains("conv")).count();
    let before = rows(&cockpit);
    cockpit.press("a");
    assert_eq!(rows(&cockpit), before + 1, "{}", cockpit.screen());
    cockpit.press("c c");
    assert!(cockpit.screen().contains("max pool 2×2"), "{}", cockpit.screen());
    cockpit.press("x");
    assert_eq!(rows(&cockpit), before, "{}", cockpit.screen());
}

#[test]
fn a_draft_begins_with_the_constants_that_the_run_has_come_to() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.happens([change(1_001, Knob::Dropout, "0.5", "0.2"), change(1_001, Knob::LrnK, "2", "1.5")]);
    cockpit.press("2 d N x");
    let Some(Exit::Edited { settings, .. }) = &cockpit.app.leaving else { panic!("{:?}", cockpit.app.leaving) };
    assert_eq!((settings.get(Knob::Dropout), settings.get(Knob::LrnK)), (0.2, 1.5));
}
