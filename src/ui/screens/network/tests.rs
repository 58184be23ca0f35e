use std::time::Duration;

use ratatui::crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;
use crate::session::{Change, Command, Event, LayerStats, LayersSeen, Pass, Progress, Stamped, testing};
use crate::spec::{Layer, LayerSpec, zoo};
use crate::ui::app::Msg;
use crate::ui::screens::Screen;
use crate::ui::shell;
use crate::ui::theme::ThemeName;
use crate::ui::update::update;

/// A cockpit on the Network screen of a run that has just begun.
fn begun(model: &str, width: u16, height: u16) -> App {
    let model = zoo::load(model).unwrap();
    let mut app = App::new(model.clone(), Theme::named(ThemeName::Dark), Rect::new(0, 0, width, height));
    app.screen = Screen::Network;
    happen(&mut app, Event::Started(Box::new(testing::header(model))));
    app
}

fn happen(app: &mut App, event: Event) {
    update(app, Msg::Events(vec![Stamped { event, time: 1.0 }]));
}

fn change(app: &mut App, knob: Knob, to: &str) {
    let change = Change { step: 1, knob, from: "on".into(), to: to.into() };
    happen(app, Event::Changed(change));
}

fn watched(model: &str, width: u16, height: u16) -> App {
    let mut app = begun(model, width, height);
    watch(&mut app);
    app
}

/// Figures such as a step brings.
fn watch(app: &mut App) {
    let trace = app.model.trace().unwrap();
    let stats = |(place, layer): (usize, &Layer)| {
        let traced = &trace.layers[place];
        let work = traced.multiply_adds as f64 / 1e6 + traced.activation_bytes as f64 / 2e5;
        let weighted = traced.weights > 0;
        LayerStats {
            name: layer.name.clone(),
            forward_ms: 0.3 * work,
            backward_ms: if place == 0 { 0.3 * work } else { 0.6 * work },
            mean: Some(0.5 - 0.07 * place as f64),
            deviation: Some(1.0 / (1.0 + 0.3 * place as f64)),
            dead: matches!(layer.what, LayerSpec::Activation { .. }).then_some(0.03 * place as f64),
            weight_norm: weighted.then_some((traced.weights as f64).sqrt() * 0.05),
            gradient_norm: weighted.then_some(0.4 / (1.0 + place as f64)),
            update_ratio: weighted.then_some(1.3e-2 / (1.0 + place as f64)),
            off: matches!(app.model.lrn_knob(place), Some(Knob::LrnLayer(i)) if !app.session().settings.lrn_is_on(i)),
        }
    };
    let layers = app.model.layers.iter().enumerate().map(stats).collect();
    happen(app, Event::Layers(LayersSeen { step: 1_234, layers }));
}

/// AlexNet in training, its second LRN layer off, its first selected.
fn alexnet(width: u16, height: u16) -> App {
    let mut app = begun("alexnet", width, height);
    change(&mut app, Knob::LrnLayer(2), "off");
    watch(&mut app);
    select(&mut app, "lrn1");
    app
}

fn select(app: &mut App, layer: &str) {
    app.network.selected = app.model.layers.iter().position(|other| other.name == layer).unwrap();
}

fn selected_name(app: &App) -> &str {
    &app.model.layers[selected(app)].name
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    update(app, Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))))
}

/// The screen without what is around it.
fn drawn(app: &App) -> String {
    let body = shell::frame(app, app.area).body;
    let mut buf = Buffer::empty(app.area);
    view(app, body, &mut buf);
    let row = |y: u16| (body.x..body.right()).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_string();
    (body.y..body.bottom()).map(row).collect::<Vec<_>>().join("\n")
}

fn drawn_pipeline(mut app: App) -> String {
    press(&mut app, KeyCode::Char('t'));
    drawn(&app)
}

#[test]
fn table_on_a_terminal_of_40_by_12() {
    insta::assert_snapshot!(drawn(&alexnet(40, 12)));
}

#[test]
fn pipeline_on_a_terminal_of_40_by_12() {
    insta::assert_snapshot!(drawn_pipeline(alexnet(40, 12)));
}

#[test]
fn table_on_a_terminal_of_80_by_24() {
    insta::assert_snapshot!(drawn(&alexnet(80, 24)));
}

#[test]
fn pipeline_on_a_terminal_of_80_by_24() {
    insta::assert_snapshot!(drawn_pipeline(alexnet(80, 24)));
}

#[test]
fn table_on_a_terminal_of_120_by_40() {
    let mut app = alexnet(120, 40);
    select(&mut app, "conv1");
    insta::assert_snapshot!(drawn(&app));
}

#[test]
fn pipeline_on_a_terminal_of_120_by_40() {
    insta::assert_snapshot!(drawn_pipeline(alexnet(120, 40)));
}

#[test]
fn table_and_pipeline_on_a_terminal_of_200_by_60() {
    insta::assert_snapshot!(drawn(&alexnet(200, 60)));
}

#[test]
fn a_small_network_has_both_on_a_terminal_of_120_by_40() {
    insta::assert_snapshot!(drawn(&watched("lenet5", 120, 40)));
}

#[test]
fn a_network_without_live_figures_is_drawn_too() {
    insta::assert_snapshot!(drawn(&begun("torchvision", 120, 30)));
}

#[test]
fn every_network_is_drawn_on_every_size_without_a_panic() {
    for name in zoo::names() {
        for (width, height) in [(1, 1), (40, 12), (41, 13), (79, 20), (80, 24), (133, 33), (200, 60), (400, 120)] {
            let mut app = watched(name, width, height);
            for code in ['t', 'e', 'e', 'e'] {
                press(&mut app, KeyCode::Char(code));
                drawn(&app);
            }
        }
    }
}

#[test]
fn arrows_go_by_layers_and_sideways_by_stages() {
    let mut app = alexnet(80, 24);
    press(&mut app, KeyCode::Up);
    assert_eq!(selected_name(&app), "pool1");
    press(&mut app, KeyCode::Right);
    assert_eq!(selected_name(&app), "conv2");
    press(&mut app, KeyCode::Char('h'));
    press(&mut app, KeyCode::Char('h'));
    press(&mut app, KeyCode::Char('h'));
    assert_eq!(selected_name(&app), "conv1");
    press(&mut app, KeyCode::Char('G'));
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Right);
    assert_eq!(selected_name(&app), "fc8");
    press(&mut app, KeyCode::PageUp);
    press(&mut app, KeyCode::Char('g'));
    assert_eq!(selected_name(&app), "conv1");
}

fn sent(effects: &[Effect]) -> Vec<&Command> {
    effects.iter().filter_map(|effect| if let Effect::Send(command) = effect { Some(command) } else { None }).collect()
}

#[test]
fn enter_switches_the_selected_lrn_layer_alone_and_shows_it_as_waiting_until_it_holds() {
    let mut app = alexnet(120, 40);
    let effects = press(&mut app, KeyCode::Enter);
    assert_eq!(sent(&effects), [&Command::Set { knob: Knob::LrnLayer(1), value: 0.0 }]);
    assert!(drawn(&app).contains("lrn.1 → off, sent"));
    change(&mut app, Knob::LrnLayer(1), "off");
    let screen = drawn(&app);
    assert!(screen.contains("off; Enter switches on lrn.1"), "{screen}");
    assert!(screen.contains("live figures come with the next step"), "those at hand are of a layer that was on: {screen}");
    let effects = press(&mut app, KeyCode::Enter);
    assert_eq!(sent(&effects), [&Command::Set { knob: Knob::LrnLayer(1), value: 1.0 }]);
}

/// What the footer offers for `key`.
fn offered(app: &App, key: &str) -> Option<String> {
    let mut buf = Buffer::empty(app.area);
    shell::view(app, app.area, &mut buf);
    let last = app.area.bottom() - 1;
    let footer: String = (0..app.area.width).map(|x| buf[(x, last)].symbol()).collect();
    footer.split("  ").find_map(|item| item.trim().strip_prefix(key)?.strip_prefix(' ').map(str::to_string))
}

#[test]
fn the_footer_offers_only_what_the_keys_do_now() {
    let mut app = alexnet(80, 24);
    assert_eq!([offered(&app, "t"), offered(&app, "Enter")], [Some("pipeline".into()), Some("lrn.1 off".into())]);
    press(&mut app, KeyCode::Char('t'));
    select(&mut app, "lrn2");
    assert_eq!([offered(&app, "t"), offered(&app, "Enter")], [Some("table".into()), Some("lrn.2 on".into())]);
    select(&mut app, "conv1");
    assert_eq!([offered(&app, "t"), offered(&app, "Enter")], [Some("table".into()), None]);
    assert_eq!(offered(&alexnet(200, 60), "t"), None);
    assert_eq!(offered(&alexnet(40, 12), "t"), Some("pipeline".into()));
}

#[test]
fn enter_looks_inside_other_layers_and_says_why_a_switch_does_nothing() {
    let mut app = alexnet(120, 40);
    select(&mut app, "conv1");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.screen, Screen::Layer);
    app.screen = Screen::Network;
    change(&mut app, Knob::Lrn, "off");
    select(&mut app, "lrn1");
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    let screen = drawn(&app);
    assert!(screen.contains("off, as all LRN layers are: L switches them on"), "{screen}");
}

#[test]
fn an_lrn_layer_that_is_off_is_grey_and_says_so() {
    let app = alexnet(80, 24);
    let body = shell::frame(&app, app.area).body;
    let mut buf = Buffer::empty(app.area);
    view(&app, body, &mut buf);
    let row_of = |name: &str| {
        let text = |y: u16| (0..80).map(|x| buf[(x, y)].symbol()).collect::<String>();
        (body.y..body.bottom()).find(|y| text(*y).trim_start().starts_with(name)).map(|y| (y, text(y))).unwrap()
    };
    let (off, text) = row_of("lrn2");
    assert!(text.contains("off"), "{text}");
    let (on, _) = row_of("relu2");
    let name_style = |y: u16| buf[(body.x + 2, y)].style();
    assert_eq!(name_style(off).fg, app.theme.dim.fg);
    assert_ne!(name_style(off).fg, name_style(on).fg);
}

#[test]
fn the_layer_that_the_step_goes_through_bears_a_sign() {
    let mut app = alexnet(80, 24);
    let progress = |pass: Pass| Progress { step: 2, done: 5, of: 50, evaluating: false, layer: "conv2".into(), pass };
    happen(&mut app, Event::Progress(progress(Pass::Forward)));
    assert!(drawn(&app).contains(" ↓conv2"));
    happen(&mut app, Event::Progress(progress(Pass::Backward)));
    assert!(drawn(&app).contains(" ↑conv2"));
}

#[test]
fn a_click_selects_a_row_or_a_box_and_a_second_one_switches_an_lrn_layer() {
    let click = |app: &mut App, word: &str, nth: usize| {
        let screen = drawn(app);
        let top = shell::frame(app, app.area).body.y;
        let (row, line) = screen.lines().enumerate().filter(|(_, line)| line.contains(word)).nth(nth).unwrap();
        let column = line[..line.find(word).unwrap()].chars().count() as u16;
        let event = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column,
            row: top + row as u16,
            modifiers: KeyModifiers::NONE,
        };
        update(app, Msg::Input(Input::Mouse(event)))
    };
    let mut app = alexnet(200, 60);
    assert!(click(&mut app, "lrn3", 0).is_empty());
    assert_eq!(selected_name(&app), "lrn3");
    assert_eq!(sent(&click(&mut app, "lrn3", 0)), [&Command::Set { knob: Knob::LrnLayer(3), value: 0.0 }]);
    click(&mut app, "16,781,312", 0);
    assert_eq!(selected_name(&app), "fc7");
    let mut app = alexnet(80, 24);
    press(&mut app, KeyCode::Char('t'));
    click(&mut app, "conv4", 0);
    assert_eq!(selected_name(&app), "conv4");
}

#[test]
fn a_network_of_another_run_with_fewer_layers_has_a_selection_too() {
    let mut app = alexnet(80, 24);
    press(&mut app, KeyCode::Char('G'));
    let mut other = begun("lenet5", 80, 24);
    other.network.selected = app.network.selected;
    assert_eq!(selected_name(&other), "fc5");
    assert!(drawn(&other).contains("▸ fc5"));
}

#[test]
fn drawing_the_largest_network_takes_no_time_worth_noticing() {
    let app = alexnet(200, 60);
    let mut buf = Buffer::empty(app.area);
    let mut frame = || {
        let started = std::time::Instant::now();
        view(&app, app.area, &mut buf);
        started.elapsed()
    };
    // The quickest: the others also tell what else the machine did.
    let quickest = (0..20).map(|_| frame()).min().unwrap();
    assert!(quickest < Duration::from_millis(20), "{quickest:?} a frame");
}
