//! The Predictions screen: what it asks for, how it tells right from wrong, and a picture that is followed.

use alexscope::dataset::CLASSES;
use alexscope::probe::{Picture, PictureSight, Probe, Seen, Sight};
use alexscope::session::{Command, Confusion, Event};
use alexscope::ui::app::Msg;
use alexscope::ui::theme::{Theme, ThemeName};
use insta::assert_snapshot;

use crate::fixture::{Cockpit, a_run, header};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// On the Predictions screen, with CIFAR-10's classes, without colours.
pub fn looking(width: u16, height: u16) -> Cockpit {
    let mut cockpit = Cockpit::new(width, height);
    let mut events = a_run(&cockpit.app, 1_000);
    let mut header = header(&cockpit.app);
    header.data.classes = CLASSES.map(String::from).to_vec();
    events[0] = Event::Started(Box::new(header));
    cockpit.happens(events);
    cockpit.app.theme = Theme::named(ThemeName::Mono);
    cockpit.press("4");
    cockpit
}

/// What was asked for last.
fn asked(cockpit: &Cockpit) -> Vec<Picture> {
    match cockpit.sent.iter().rev().find(|command| matches!(command, Command::Watch(_))) {
        Some(Command::Watch(Some(Probe::Pictures(pictures)))) => pictures.clone(),
        other => panic!("{other:?}"),
    }
}

/// Every third picture is taken for the class after its own.
pub fn answer(cockpit: &mut Cockpit, step: u64) {
    let pictures = asked(cockpit);
    let sight = |picture: &Picture| {
        let Picture::Test(place) = picture else { return PictureSight { name: picture.to_string(), ..Default::default() } };
        let label = place % 10;
        let guess = if place % 3 == 2 { (label + 1) % 10 } else { label };
        let mut probabilities = vec![0.03; 10];
        (probabilities[guess], probabilities[(guess + 5) % 10]) = (0.6, 0.16);
        let pixels = (0..3072).map(|at| ((at % 32 + at / 32 % 32 + 20 * place) % 256) as u8).collect();
        PictureSight { name: picture.to_string(), pixels, label: Some(label as u8), probabilities }
    };
    let sight = Ok(Sight::Pictures(pictures.iter().map(sight).collect()));
    cockpit.take(Msg::Seen(Box::new(Seen { probe: Probe::Pictures(pictures), step, took: 60.0, per_step: 1.25, sight })));
}

pub fn confusion() -> Confusion {
    let mut confusion = Confusion::new(10);
    for picture in 0..1_000 {
        let class = picture % 10;
        let guess = if picture % 7 == 0 { (class + 1 + picture / 100 % 3) % 10 } else { class };
        let mut probabilities = vec![0.01; 10];
        probabilities[guess] = 0.4 + (picture % 50) as f32 / 100.0;
        confusion.add(picture, class as u8, &probabilities);
    }
    Confusion { step: 1_000, ..confusion }
}

#[test]
fn pictures_with_their_five_likeliest_classes_at_three_sizes() {
    for (width, height) in SIZES {
        let mut cockpit = looking(width, height);
        cockpit.happens([Event::Confusion(confusion())]);
        answer(&mut cockpit, 1_000);
        assert_snapshot!(format!("predictions_{width}x{height}"), cockpit.screen());
    }
}

#[test]
fn what_is_taken_for_what() {
    let mut cockpit = looking(80, 24);
    cockpit.press("v");
    assert!(cockpit.screen().contains("V evaluates on test pictures now"), "{}", cockpit.screen());
    cockpit.happens([Event::Confusion(confusion())]);
    assert_snapshot!(cockpit.screen());
}

#[test]
fn the_surest_mistakes_are_looked_at_in_their_order() {
    let mut cockpit = looking(80, 24);
    cockpit.happens([Event::Confusion(confusion())]);
    cockpit.press("v v");
    let mistakes = confusion().mistakes;
    let first: Vec<Picture> = mistakes.iter().take(4).map(|mistake| Picture::Test(mistake.picture)).collect();
    assert_eq!(asked(&cockpit), first);
    cockpit.press("n");
    assert_eq!(asked(&cockpit)[0], Picture::Test(mistakes[4].picture));
}

#[test]
fn a_pinned_picture_comes_first_and_its_course_is_drawn() {
    let mut cockpit = looking(80, 24);
    answer(&mut cockpit, 1_000);
    cockpit.press("Right Enter n");
    assert_eq!(asked(&cockpit)[0], Picture::Test(1));
    for step in [1_000, 1_040, 1_100] {
        answer(&mut cockpit, step);
    }
    assert!(cockpit.line_with("━ automobile 60 %").contains("◈ test picture 1"), "{}", cockpit.screen());
    assert_snapshot!(cockpit.screen());
    cockpit.press("Esc Esc");
    assert!(cockpit.screen().contains("◈"), "Esc lets no picture go: {}", cockpit.screen());
    cockpit.press("Enter");
    assert!(!cockpit.screen().contains("◈"), "{}", cockpit.screen());
}

#[test]
fn a_second_enter_lets_the_same_picture_go_whether_it_has_moved_yet_or_not() {
    for moved in [false, true] {
        let mut cockpit = looking(80, 24);
        answer(&mut cockpit, 1_000);
        cockpit.press("Right Right Enter");
        if moved {
            answer(&mut cockpit, 1_000);
        }
        assert_eq!(cockpit.app.pinned.pictures().collect::<Vec<_>>(), [&Picture::Test(2)]);
        cockpit.press("Enter");
        assert_eq!(cockpit.app.pinned.count(), 0);
    }
}

#[test]
fn no_picture_counts_as_a_mistake_before_an_evaluation() {
    let mut cockpit = looking(80, 24);
    answer(&mut cockpit, 1_000);
    cockpit.press("v v");
    let screen = cockpit.screen();
    assert!(screen.contains("Surest mistakes") && screen.contains("V evaluates on test pictures now"), "{screen}");
    assert!(!screen.contains("test picture 0"), "{screen}");
    cockpit.press("Enter");
    assert_eq!(cockpit.app.pinned.count(), 0);
}

#[test]
fn several_pinned_pictures_are_followed_and_the_layer_screen_has_the_same() {
    for (width, height) in SIZES {
        let mut cockpit = looking(width, height);
        answer(&mut cockpit, 1_000);
        // Pinned ones come first: the next to be pinned stands behind them.
        for (pinned, keys) in [(1, "Right Enter"), (2, "End Enter"), (3, "End Enter")] {
            cockpit.press(keys);
            answer(&mut cockpit, 1_000 + pinned);
            assert_eq!(cockpit.app.pinned.count() as u64, pinned);
        }
        let pinned: Vec<Picture> = cockpit.app.pinned.pictures().cloned().collect();
        assert_eq!(asked(&cockpit)[..3], pinned);
        cockpit.press("n");
        for step in [1_040, 1_100, 1_150] {
            answer(&mut cockpit, step);
        }
        assert_snapshot!(format!("predictions_pinned_{width}x{height}"), cockpit.screen());
        // Every one of them can be come to, with its course.
        for picture in &pinned {
            cockpit.press("w");
            assert!(cockpit.screen().contains(&format!("◈ {picture}")), "{picture}: {}", cockpit.screen());
        }
        cockpit.press("3 w");
        let shown = cockpit.app.layer.picture.clone();
        assert!(pinned.contains(&shown), "{shown}");
        cockpit.press("b 4");
        let left: Vec<Picture> = pinned.into_iter().filter(|picture| *picture != shown).collect();
        assert_eq!(cockpit.app.pinned.pictures().cloned().collect::<Vec<_>>(), left);
        assert_eq!(asked(&cockpit)[..2], left);
    }
}

#[test]
fn a_ninth_picture_is_not_pinned_and_it_is_said_why() {
    let mut cockpit = looking(200, 60);
    answer(&mut cockpit, 1_000);
    for _ in 0..9 {
        cockpit.press("End Enter");
        answer(&mut cockpit, 1_000);
    }
    assert_eq!(cockpit.app.pinned.count(), 8);
    assert!(cockpit.screen().contains("8 pictures are pinned"), "{}", cockpit.screen());
}

#[test]
fn the_selected_picture_is_taken_into_the_layer_screen() {
    let mut cockpit = looking(80, 24);
    answer(&mut cockpit, 1_000);
    cockpit.press("Right Right i");
    assert_eq!(cockpit.app.layer.picture, Picture::Test(2));
    assert!(matches!(cockpit.sent.last(), Some(Command::Watch(Some(Probe::Layer(_))))), "{:?}", cockpit.sent.last());
}

#[test]
fn every_size_can_be_drawn_with_few_and_with_many_classes() {
    for (width, height) in [(40, 12), (59, 15), (81, 24), (150, 30), (300, 100)] {
        for classes in [2, 10, 100] {
            let mut cockpit = looking(width, height);
            let mut confusion = Confusion::new(classes);
            (0..classes).for_each(|class| confusion.add(class, class as u8, &vec![0.01; classes]));
            cockpit.happens([Event::Confusion(confusion)]);
            for keys in ["", "Enter", "v", "v"] {
                cockpit.press(keys);
                if keys.is_empty() {
                    answer(&mut cockpit, 1);
                }
                cockpit.terminal();
            }
        }
    }
}
