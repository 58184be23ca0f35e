//! The Explain screen, and the strips that tell how the layers fared.

use alexscope::knobs::Knob;
use alexscope::probe::{LayerSight, Maps, Probe, Seen, Sight};
use alexscope::session::{Command, Event, LayerStats, LayersSeen};
use alexscope::ui::app::{Effect, ExportRequest, Msg};
use alexscope::ui::theme::{Theme, ThemeName};
use insta::assert_snapshot;

use crate::fixture::{Cockpit, change};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

pub fn explaining(layer: &str, (width, height): (u16, u16)) -> Cockpit {
    let mut cockpit = Cockpit::training(width, height);
    cockpit.app.theme = Theme::named(ThemeName::Mono);
    let place = cockpit.app.model.layers.iter().position(|there| there.name == layer).unwrap();
    cockpit.press("2");
    for _ in 0..place {
        cockpit.press("Down");
    }
    cockpit.press("5");
    cockpit
}

pub fn answer(cockpit: &mut Cockpit, mask: Option<Vec<u8>>) {
    let Some(Command::Watch(Some(probe @ Probe::Layer(_)))) = cockpit.sent.last().cloned() else {
        panic!("nothing is looked at: {:?}", cockpit.sent)
    };
    let value = |at: usize| ((at as f32 * 0.37).sin() + (at as f32 * 0.011).cos()) * 20.0;
    let input = Maps { shape: vec![48, 13, 13], values: (0..48 * 13 * 13).map(value).collect() };
    let sight = LayerSight { output: input.clone(), input, mask, ..Default::default() };
    let sight = Ok(Sight::Layer(Box::new(sight)));
    cockpit.take(Msg::Seen(Box::new(Seen { probe, step: 1_000, took: 1.0, per_step: 0.31, sight })));
}

#[test]
fn lrn_as_a_curve_over_the_energies_it_meets() {
    for size in SIZES {
        let mut cockpit = explaining("lrn1", size);
        answer(&mut cockpit, None);
        assert_snapshot!(format!("explain_lrn_{}x{}", size.0, size.1), cockpit.screen());
    }
}

#[test]
fn changing_a_constant_moves_the_curve() {
    let mut cockpit = explaining("lrn1", (120, 40));
    answer(&mut cockpit, None);
    let before = cockpit.screen();
    cockpit.happens([change(1_001, Knob::LrnAlpha, "0.0001", "0.05")]);
    let after = cockpit.screen();
    assert!(after.contains("0.05·Σa²"), "{after}");
    assert_ne!(before, after);
}

#[test]
fn activations_with_their_slopes() {
    let mut cockpit = explaining("relu1", (80, 24));
    answer(&mut cockpit, None);
    assert_snapshot!(cockpit.screen());
    cockpit.happens([change(1_001, Knob::Activation, "relu", "softplus")]);
    assert!(cockpit.screen().contains("f(x) = ln(1 + eˣ)"), "{}", cockpit.screen());
}

#[test]
fn dropout_as_it_fell_in_the_newest_step() {
    let mut cockpit = explaining("dropout6", (80, 24));
    let Some(Command::Watch(Some(Probe::Layer(probe)))) = cockpit.sent.last() else { panic!("nothing is looked at") };
    assert!(probe.training, "dropout is only at work in training");
    answer(&mut cockpit, Some((0..4_096).map(|at| u8::from(at * 7 % 5 > 1)).collect()));
    assert_snapshot!(cockpit.screen());
}

#[test]
fn a_layer_without_a_curve_is_told_in_words() {
    let cockpit = explaining("conv2", (80, 24));
    assert_snapshot!(cockpit.screen());
}

#[test]
fn strips_tell_how_the_layers_fared() {
    for size in [(80, 24), (120, 40)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        cockpit.app.theme = Theme::named(ThemeName::Mono);
        cockpit.press("2");
        let layers = cockpit.app.model.layers.clone();
        let seen = |step: u64| {
            let stats = |(place, layer): (usize, &alexscope::spec::Layer)| LayerStats {
                name: layer.name.clone(),
                gradient_norm: layer
                    .name
                    .starts_with(['c', 'f'])
                    .then(|| 10_f64.powf((step as f64 / 100.0 + place as f64).sin())),
                update_ratio: layer.name.starts_with(['c', 'f']).then_some(1e-3),
                dead: layer.name.starts_with("relu").then(|| step as f64 / 1_000.0),
                ..Default::default()
            };
            Event::Layers(LayersSeen { step, layers: layers.iter().enumerate().map(stats).collect() })
        };
        cockpit.happens((1..=40).map(|i| seen(i * 25)));
        cockpit.press("y");
        assert_snapshot!(format!("heat_{}x{}", size.0, size.1), cockpit.screen());
        cockpit.press("y");
        assert!(cockpit.screen().contains("Update over weights"), "{}", cockpit.screen());
        cockpit.press("y");
        assert!(cockpit.line_with("relu1").contains("100 %"), "{}", cockpit.screen());
        cockpit.press("y");
        assert!(!cockpit.screen().contains("Share of dead units"), "{}", cockpit.screen());
    }
}

#[test]
fn every_layer_can_be_explained_at_every_size() {
    for (width, height) in [(40, 12), (59, 15), (81, 24), (111, 30)] {
        let mut cockpit = explaining("conv1", (width, height));
        for _ in 0..cockpit.app.model.layers.len() {
            answer(&mut cockpit, Some(vec![1; 48 * 13 * 13]));
            cockpit.terminal();
            cockpit.press("e");
            cockpit.terminal();
            cockpit.press("e )");
        }
    }
}

#[test]
fn an_export_of_the_network_or_of_an_explanation_is_of_what_stands_there() {
    for key in ["5", "2"] {
        for size in SIZES {
            let mut cockpit = explaining("lrn1", size);
            answer(&mut cockpit, None);
            cockpit.press(key);
            let screen = cockpit.screen();
            cockpit.press("E c");
            let Some(Effect::Export(ExportRequest::Screen { buffer: body, .. })) = cockpit.effects.last() else {
                panic!("{:?}", cockpit.effects)
            };
            let line = |y| (body.area.left()..body.area.right()).map(|x| body[(x, y)].symbol()).collect::<String>();
            let lines: Vec<String> = (body.area.top()..body.area.bottom()).map(line).collect();
            let shown: Vec<&str> = screen.lines().collect();
            assert_eq!(lines.len(), shown.len() - 2, "all but the tabs and the keys");
            for (exported, shown) in lines.iter().zip(&shown[1..]) {
                assert_eq!(exported.trim(), shown.trim());
            }
        }
    }
}
