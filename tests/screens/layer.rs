//! The Layer screen: what it asks for, what it shows, and that its numbers are the network's own.

use std::sync::Arc;

use alexscope::dataset::{Opened, load};
use alexscope::engine::{Standing, Viewer};
use alexscope::knobs::Knob;
use alexscope::nn::{Network, NetworkViewer};
use alexscope::probe::{LayerProbe, LayerSight, Maps, Picture, PictureSight, Probe, Seen, Sight, Spread, Weights};
use alexscope::session::Command;
use alexscope::spec::{Layer, LayerSpec};
use alexscope::ui::app::Msg;
use alexscope::ui::theme::{Theme, ThemeName};
use insta::assert_snapshot;

use crate::fixture::Cockpit;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Values that rise and fall over the map, each map in its own way; from −1 to 1.
fn waves(shape: [usize; 3]) -> Maps {
    let [channels, height, width] = shape;
    let value = |at: usize| {
        let (channel, y, x) = (at / (height * width), at / width % height, at % width);
        let angle = |i: usize, of: usize| i as f32 / of as f32 * std::f32::consts::TAU;
        (angle(y, height) + channel as f32).sin() * (angle(x, width) * (1 + channel % 3) as f32).cos()
    };
    Maps { shape: shape.to_vec(), values: (0..channels * height * width).map(value).collect() }
}

/// A picture that is bright at the top and red on the left.
fn picture() -> PictureSight {
    let pixel = |at: usize| match (at / 1024, at % 1024 / 32, at % 32) {
        (0, y, x) => 255 - 4 * (y + x) as u8,
        (_, y, x) => (4 * (31 - y) + 2 * x) as u8,
    };
    PictureSight {
        name: "test picture 0".into(),
        pixels: (0..3072).map(pixel).collect(),
        label: Some(2),
        probabilities: Vec::new(),
    }
}

pub fn answer(cockpit: &mut Cockpit, sight: LayerSight) {
    let Some(Command::Watch(Some(probe))) = cockpit.sent.iter().rev().find(|command| matches!(command, Command::Watch(_))) else {
        panic!("nothing is looked at: {:?}", cockpit.sent)
    };
    let seen = Seen { probe: probe.clone(), step: 1_000, took: 3.1, per_step: 0.42, sight: Ok(Sight::Layer(Box::new(sight))) };
    cockpit.take(Msg::Seen(Box::new(seen)));
}

/// AlexNet in training, on the Layer screen, without colours so that shades can be read.
pub fn looking_at(layer: &str, (width, height): (u16, u16)) -> Cockpit {
    let mut cockpit = Cockpit::training(width, height);
    cockpit.app.theme = Theme::named(ThemeName::Mono);
    let place = cockpit.app.model.layers.iter().position(|there| there.name == layer).unwrap();
    cockpit.press("2");
    for _ in 0..place {
        cockpit.press("Down");
    }
    cockpit.press("3");
    cockpit
}

pub fn conv1() -> LayerSight {
    let weights = waves([96, 3, 121]).values;
    let spread = Spread::over(weights.iter().copied());
    let weights = Weights {
        shape: vec![96, 3, 11, 11],
        first: 0,
        of: 96,
        gradient: weights.iter().map(|weight| weight * 1e-3).collect(),
        change: weights.iter().map(|weight| weight * -1e-5).collect(),
        values: weights,
        blue_first: false,
        gradient_spread: spread.clone(),
        spread,
    };
    LayerSight {
        picture: picture(),
        input: waves([3, 227, 227]),
        output: waves([96, 55, 55]),
        mask: None,
        lrn: None,
        weights: Some(weights),
    }
}

pub fn activated() -> LayerSight {
    let input = waves([96, 55, 55]);
    let output = Maps { values: input.values.iter().map(|value| value.max(0.0)).collect(), ..input.clone() };
    LayerSight { picture: picture(), input, output, mask: None, lrn: None, weights: None }
}

#[test]
fn maps_of_a_layer_at_three_sizes() {
    for size in SIZES {
        let mut cockpit = looking_at("conv1", size);
        answer(&mut cockpit, conv1());
        assert_snapshot!(format!("layer_maps_{}x{}", size.0, size.1), cockpit.screen());
    }
}

#[test]
fn before_and_after_an_activation_with_the_difference() {
    for size in SIZES {
        let mut cockpit = looking_at("relu1", size);
        answer(&mut cockpit, activated());
        cockpit.press("Right Right Enter");
        assert_snapshot!(format!("layer_enlarged_{}x{}", size.0, size.1), cockpit.screen());
    }
}

#[test]
fn kernels_their_gradient_and_their_last_change() {
    let mut cockpit = looking_at("conv1", (80, 24));
    answer(&mut cockpit, conv1());
    cockpit.press("v v");
    assert!(cockpit.screen().contains("weights: 96 kernels 11×11"), "{}", cockpit.screen());
    assert_snapshot!(cockpit.screen());
    cockpit.press("v");
    assert!(cockpit.screen().contains("gradient of the weights"), "{}", cockpit.screen());
    cockpit.press("v");
    assert!(cockpit.screen().contains("last change of the weights"), "{}", cockpit.screen());
    cockpit.press("v");
    assert!(cockpit.screen().contains("output: 96 maps 55×55"), "{}", cockpit.screen());
}

#[test]
fn towers_stand_apart_and_together() {
    let mut cockpit = looking_at("conv2", (120, 40));
    answer(&mut cockpit, LayerSight { input: waves([96, 27, 27]), output: waves([256, 27, 27]), ..conv1() });
    assert!(cockpit.screen().contains("tower 2: maps 128–255"), "{}", cockpit.screen());
    cockpit.press("t");
    assert!(!cockpit.screen().contains("tower 2"), "{}", cockpit.screen());
}

#[test]
fn looking_is_asked_for_while_the_screen_is_open_and_no_longer() {
    let mut cockpit = looking_at("conv1", (80, 24));
    let probe = |layer, picture| Command::Watch(Some(Probe::Layer(LayerProbe { layer, picture, training: false, unit: 0 })));
    assert_eq!(cockpit.sent.last(), Some(&probe(0, Picture::Test(0))));
    cockpit.press(") n");
    assert_eq!(cockpit.sent.last(), Some(&probe(1, Picture::Test(1))));
    let asked = cockpit.sent.len();
    cockpit.press("s m e");
    assert_eq!(cockpit.sent.len(), asked, "the same is not asked for again: {:?}", cockpit.sent);
    cockpit.press("1");
    assert_eq!(cockpit.sent.last(), Some(&Command::Watch(None)));
}

/// Outputs that grow from look to look, and more and more zeros among them.
fn growing(look: usize) -> LayerSight {
    let input = waves([96, 55, 55]);
    let grown = |value: &f32| (value * (1.0 + look as f32) - 0.1 * look as f32).max(0.0);
    let output = Maps { values: input.values.iter().map(grown).collect(), ..input.clone() };
    LayerSight { picture: picture(), input, output, mask: None, lrn: None, weights: None }
}

#[test]
fn histograms_are_followed_over_the_run_while_somebody_looks() {
    for size in SIZES {
        let mut cockpit = looking_at("relu1", size);
        let probe = |cockpit: &Cockpit| match cockpit.sent.last() {
            Some(Command::Watch(Some(probe))) => probe.clone(),
            other => panic!("{other:?}"),
        };
        for look in 0..8 {
            let (probe, sight) = (probe(&cockpit), Ok(Sight::Layer(Box::new(growing(look)))));
            let step = 1_000 + 50 * look as u64;
            cockpit.take(Msg::Seen(Box::new(Seen { probe, step, took: 3.1, per_step: 0.42, sight })));
        }
        cockpit.press("y");
        let screen = cockpit.screen();
        let steps = cockpit.line_with("step 1,000  ");
        assert!(steps.trim_end().ends_with("1,350"), "{screen}");
        assert_snapshot!(format!("layer_over_the_run_{}x{}", size.0, size.1), screen);
        cockpit.press("y");
        assert!(!cockpit.screen().contains("step 1,000  "), "{}", cockpit.screen());
        cockpit.press("n");
        answer(&mut cockpit, LayerSight { picture: PictureSight { name: "another".into(), ..picture() }, ..growing(0) });
        cockpit.press("y");
        let steps = cockpit.line_with("step 1,000  ");
        assert!(steps.trim_end().ends_with("1,000"), "another picture begins anew: {}", cockpit.screen());
    }
}

#[test]
fn pinned_pictures_are_gone_through_in_their_order_until_they_are_let_go() {
    let mut cockpit = looking_at("conv1", (120, 40));
    cockpit.press("w");
    assert!(cockpit.screen().contains("no picture is pinned"), "{}", cockpit.screen());
    cockpit.press("n n b n b n");
    let mut shown = |keys: &str| {
        cockpit.press(keys);
        let Some(Command::Watch(Some(Probe::Layer(probe)))) = cockpit.sent.last() else { panic!("{:?}", cockpit.sent.last()) };
        probe.picture.clone()
    };
    assert_eq!(["w", "w", "w"].map(&mut shown), [2, 3, 2].map(Picture::Test));
    assert_eq!(["b", "w", "w"].map(&mut shown), [2, 3, 3].map(Picture::Test), "picture 2 is let go");
    answer(&mut cockpit, conv1());
    assert!(cockpit.screen().contains("◈ 1 of 1 pinned"), "{}", cockpit.screen());
    cockpit.press("n");
    answer(&mut cockpit, conv1());
    assert!(!cockpit.screen().contains("◈"), "{}", cockpit.screen());
}

#[test]
fn a_picture_of_ones_own_is_named_and_what_is_wrong_with_it_is_said() {
    let mut cockpit = looking_at("conv1", (80, 24));
    cockpit.press("o");
    cockpit.type_text("dog.png");
    cockpit.press("Enter");
    let picture = Picture::File("dog.png".into());
    let probe = Probe::Layer(LayerProbe { layer: 0, picture, training: false, unit: 0 });
    assert_eq!(cockpit.sent.last(), Some(&Command::Watch(Some(probe.clone()))));
    let sight = Err("dog.png: neither a PNG nor a JPEG; convert it to one of them".into());
    cockpit.take(Msg::Seen(Box::new(Seen { probe, step: 1_000, took: 0.1, per_step: 0.1, sight })));
    assert!(cockpit.screen().contains("dog.png: neither a PNG nor a JPEG"), "{}", cockpit.screen());
}

#[test]
fn a_frozen_display_keeps_the_maps_it_shows() {
    let mut cockpit = looking_at("relu1", (80, 24));
    answer(&mut cockpit, activated());
    cockpit.press("f");
    let frozen = cockpit.screen();
    answer(&mut cockpit, LayerSight { output: waves([96, 55, 55]), ..activated() });
    assert_eq!(cockpit.screen(), frozen);
}

#[test]
fn lrn_worked_out_in_numbers_is_what_the_network_gives() {
    let mut cockpit = Cockpit::on("lenet5", 80, 24);
    let what = LayerSpec::Lrn { n: 5, k: 2.0, alpha: 1e-4, beta: 0.75 };
    cockpit.app.model.layers.insert(2, Layer { name: "lrn1".into(), what, bias: 0.0 });
    let events = crate::fixture::a_run(&cockpit.app, 10);
    cockpit.happens(events);
    // Strong enough to be seen in the fifth digit.
    cockpit.happens([crate::fixture::change(11, Knob::LrnAlpha, "1e-4", "0.5")]);
    let model = cockpit.app.model.clone();
    let settings = Arc::new(cockpit.app.session().settings.clone());
    let network = Network::build(&model, 1, 1).unwrap();
    let mut viewer = NetworkViewer::new(&network, model, Arc::new(load(&Opened::Emoji10).unwrap())).unwrap();
    cockpit.press("2 Down Down 3");
    let Some(Command::Watch(Some(probe))) = cockpit.sent.last().cloned() else { panic!("nothing is looked at") };
    let sight = viewer.look(&probe, &Standing { step: 10, settings, taken: None }).map_err(|error| error.to_string());
    cockpit.take(Msg::Seen(Box::new(Seen { probe, step: 10, took: 1.0, per_step: 0.1, sight })));
    for _ in 0..6 {
        let number = |line: String, before: &str| line.split(before).last().unwrap().trim().to_string();
        let given = number(cockpit.line_with(" out "), "out ");
        let worked_out = number(cockpit.line_with("b = a/"), " = ");
        assert_eq!(given, worked_out, "{}", cockpit.screen());
        assert_ne!(given, number(cockpit.line_with(" in "), "in "), "LRN changes it: {}", cockpit.screen());
        cockpit.press("Right");
    }
    let worked_out = cockpit.line_with("b = a/");
    cockpit.happens([crate::fixture::change(12, Knob::LrnAlpha, "0.5", "2")]);
    assert_eq!(cockpit.line_with("b = a/"), worked_out, "what was seen was made with the constants of then");
}

#[test]
fn every_size_can_be_drawn_with_every_view() {
    for (width, height) in [(40, 12), (59, 15), (60, 16), (61, 24), (110, 30)] {
        for (layer, sight) in [("conv1", conv1()), ("relu1", activated())] {
            let mut cockpit = looking_at(layer, (width, height));
            answer(&mut cockpit, sight);
            for keys in ["t", "End", "Enter", "v", "v", "Enter", "PgDn", "o"] {
                cockpit.press(keys);
                cockpit.terminal();
            }
        }
    }
}

#[test]
fn down_goes_to_the_map_that_is_drawn_below() {
    for size in SIZES {
        let mut cockpit = looking_at("relu1", size);
        answer(&mut cockpit, activated());
        let bar = |cockpit: &Cockpit| {
            let screen = cockpit.screen();
            let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(['▐', '▌'])).unwrap();
            (row, line.chars().position(|sign| "▐▌".contains(sign)).unwrap())
        };
        let (row, column) = bar(&cockpit);
        cockpit.press("Down");
        let (below, same) = bar(&cockpit);
        assert!(below > row && same == column, "{size:?}: from {row}, {column} to {below}, {same}:\n{}", cockpit.screen());
    }
}

#[test]
fn what_was_missed_while_the_display_was_frozen_is_asked_for_when_it_goes_on() {
    let mut cockpit = looking_at("relu1", (80, 24));
    answer(&mut cockpit, activated());
    let looks = |cockpit: &Cockpit| cockpit.sent.iter().filter(|command| matches!(command, Command::Watch(Some(_)))).count();
    cockpit.press("f n");
    let before = looks(&cockpit);
    cockpit.press("f");
    assert_eq!(looks(&cockpit), before + 1, "{:?}", cockpit.sent);
}
