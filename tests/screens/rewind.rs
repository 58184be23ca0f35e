//! Saved moments: the list, going back, and what becomes of the road that was left.

use alexscope::knobs::{Knob, Settings};
use alexscope::session::{
    Command, DeviceInfo, Divergence, Event, Moment, Parent, Phase, Resumption, RunHeader, SaveReason, Session, StepStats,
};
use alexscope::ui::Exit;
use alexscope::ui::app::{Effect, Msg};
use insta::assert_snapshot;

use crate::fixture::{Cockpit, change, evaluation, header, phase};

fn saved(step: u64, number: u32, reason: SaveReason) -> Event {
    Event::Saved { step, path: format!("{number:04}-step-{step:08}"), reason, settings: None }
}

/// Back at a checkpoint, with the rate that was in force there.
fn resumed(cockpit: &Cockpit, step: u64, number: u32, rate: f64) -> Event {
    let mut settings = header(&cockpit.app).settings;
    settings.set(Knob::LearningRate, rate).unwrap();
    let moment = Moment { step, settings, loss: Some(1.5), ..Moment::default() };
    let checkpoint = format!("{number:04}-step-{step:08}");
    let device = DeviceInfo { name: "CPU".into(), threads: 2 };
    Event::Resumed(Box::new(Resumption { checkpoint, moment, device, version: "0.1.0".into() }))
}

fn steps(from: u64, to: u64, loss: f64) -> impl Iterator<Item = Event> {
    (from..=to).map(move |step| {
        let epoch = step as f64 / 400.0;
        Event::Step(StepStats { step, epoch, loss, accuracy: 0.3, learning_rate: 0.001, images_per_second: 100.0, merged: None })
    })
}

/// 1,000 steps with moments saved on the way.
pub fn with_moments(width: u16, height: u16) -> Cockpit {
    let mut cockpit = Cockpit::training(width, height);
    cockpit.happens([
        saved(300, 1, SaveReason::BeforeChange),
        saved(600, 2, SaveReason::BeforeChange),
        saved(750, 3, SaveReason::Asked),
        saved(1_000, 4, SaveReason::Scheduled),
    ]);
    cockpit
}

#[test]
fn the_list_of_saved_moments() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut cockpit = with_moments(size.0, size.1);
        cockpit.press("R Down");
        assert_snapshot!(format!("moments_{}x{}", size.0, size.1), cockpit.screen());
    }
}

#[test]
fn enter_goes_back_to_the_marked_moment_and_t_at_a_tenth_of_its_rate() {
    let mut cockpit = with_moments(80, 24);
    cockpit.press("R Down Down Enter R End t");
    let rewind = |name: &str, slower| Command::Rewind { checkpoint: name.into(), slower };
    assert_eq!(cockpit.sent, [rewind("0002-step-00000600", false), rewind("0001-step-00000300", true)]);
}

#[test]
fn the_mark_stays_on_its_moment_when_another_is_saved() {
    let mut cockpit = with_moments(80, 24);
    cockpit.press("R Down");
    cockpit.happens([saved(1_000, 5, SaveReason::Asked)]);
    cockpit.press("Enter");
    assert_eq!(cockpit.sent, [Command::Rewind { checkpoint: "0003-step-00000750".into(), slower: false }]);
}

#[test]
fn the_mark_of_a_moment_that_is_cleared_away_goes_to_the_one_before_it() {
    let mut cockpit = with_moments(80, 24);
    cockpit.press("R Down");
    cockpit.happens([Event::Dropped { paths: vec!["0003-step-00000750".into()] }]);
    cockpit.press("Enter");
    assert_eq!(cockpit.sent, [Command::Rewind { checkpoint: "0002-step-00000600".into(), slower: false }]);
}

#[test]
fn whoever_only_looks_on_is_offered_no_way_back() {
    let mut cockpit = with_moments(80, 24);
    cockpit.app.readonly = true;
    cockpit.press("R");
    let screen = cockpit.screen();
    assert!(screen.contains("Go back to a saved moment") && screen.contains("stay"), "{screen}");
    assert!(!screen.contains("go back there") && !screen.contains("at a tenth"), "{screen}");
}

#[test]
fn without_a_saved_moment_the_key_says_how_to_save_one() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("R");
    assert!(cockpit.screen().contains("nothing is saved yet; S saves"), "{}", cockpit.screen());
}

#[test]
fn the_road_that_was_left_stays_on_the_chart() {
    for size in [(80, 24), (120, 40)] {
        let mut cockpit = with_moments(size.0, size.1);
        let back = resumed(&cockpit, 600, 2, 0.01);
        cockpit.happens([back, phase(Phase::Paused), saved(600, 5, SaveReason::Rewound)]);
        cockpit.happens(steps(601, 720, 0.9));
        assert_snapshot!(format!("road_left_{}x{}", size.0, size.1), cockpit.screen());
    }
}

#[test]
fn labels_of_changes_that_lie_close_together_are_whole_or_absent() {
    for size in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut cockpit = Cockpit::training(size.0, size.1);
        for (step, from, to) in [(960, "0.005", "0.01"), (970, "0.01", "0.02"), (985, "0.02", "0.01"), (999, "0.01", "0.005")] {
            cockpit.happens([change(step, Knob::LearningRate, from, to), change(step, Knob::Lrn, "off", "on")]);
        }
        let screen = cockpit.screen();
        let whole = ["0.01→0.005", "0.005→0.01", "0.01→0.02", "0.02→0.01"];
        let whole = |text: &str| whole.iter().any(|label| text.starts_with(label));
        for (at, _) in screen.match_indices("lr ").filter(|(at, _)| !screen[..*at].ends_with(char::is_alphanumeric)) {
            assert!(whole(&screen[at + 3..]), "a piece of a label:\n{screen}");
        }
        assert!(!screen.contains(".01.0") && !screen.contains(".02.0") && !screen.contains(".005.0"), "{screen}");
    }
}

#[test]
fn a_change_that_was_gone_back_before_is_no_longer_on_the_run() {
    let mut cockpit = with_moments(80, 24);
    assert_eq!(cockpit.app.session().history.changes.len(), 2);
    let back = resumed(&cockpit, 600, 2, 0.01);
    cockpit.happens([back]);
    let knobs: Vec<Knob> = cockpit.app.session().history.changes.iter().map(|change| change.knob).collect();
    assert_eq!(knobs, [Knob::Lrn], "the rate was changed from step 601 on");
    let kept = resumed(&cockpit, 300, 1, 0.01);
    cockpit.happens([change(601, Knob::LearningRate, "0.01", "0.02"), kept]);
    assert!(cockpit.app.session().history.changes.is_empty());
}

fn mean(session: &Session, step: u64) -> f64 {
    (session.history.train_loss.nearest(step).unwrap().mean * 100.0).round() / 100.0
}

#[test]
fn going_back_to_a_road_that_was_left_brings_its_history_back() {
    let mut cockpit = Cockpit::new(80, 24);
    let begun = Event::Started(Box::new(header(&cockpit.app)));
    cockpit.happens([begun, phase(Phase::Training)]);
    cockpit.happens(steps(1, 200, 2.0));
    cockpit.happens([saved(200, 1, SaveReason::Asked), evaluation(200, 2.0, 0.2)]);
    cockpit.happens(steps(201, 400, 1.0));
    cockpit.happens([saved(400, 2, SaveReason::BeforeRewind)]);
    let back = resumed(&cockpit, 200, 1, 0.01);
    cockpit.happens([back]);
    cockpit.happens(steps(201, 300, 3.0));
    cockpit.happens([saved(300, 3, SaveReason::BeforeRewind)]);
    let session = cockpit.app.session();
    assert_eq!((mean(session, 300), session.furthest()), (3.0, 400));
    assert_eq!(session.saved.iter().map(|saved| saved.road).collect::<Vec<_>>(), [None, Some(0), None]);
    let forward = resumed(&cockpit, 400, 2, 0.01);
    cockpit.happens([forward]);
    let session = cockpit.app.session();
    assert_eq!((mean(session, 300), session.steps()), (1.0, 400));
    assert_eq!(session.saved.iter().map(|saved| saved.road).collect::<Vec<_>>(), [None, None, Some(1)]);
    assert_eq!(session.roads.iter().map(|road| (road.from, road.end())).collect::<Vec<_>>(), [(200, 400), (200, 300)]);
}

#[test]
fn a_road_is_known_also_where_its_checkpoint_is_cleared_away_before_the_run_stands_there() {
    let mut cockpit = Cockpit::new(80, 24);
    let begun = Event::Started(Box::new(header(&cockpit.app)));
    cockpit.happens([begun, phase(Phase::Training)]);
    cockpit.happens(steps(1, 200, 2.0));
    cockpit.happens([saved(200, 1, SaveReason::Asked)]);
    cockpit.happens(steps(201, 400, 1.0));
    cockpit.happens([saved(400, 2, SaveReason::BeforeRewind)]);
    let back = resumed(&cockpit, 200, 1, 0.01);
    cockpit.happens([back]);
    cockpit.happens(steps(201, 300, 3.0));
    let cleared = Event::Dropped { paths: vec!["0002-step-00000400".into()] };
    let forward = resumed(&cockpit, 400, 2, 0.01);
    cockpit.happens([saved(300, 3, SaveReason::BeforeRewind), cleared, forward]);
    let session = cockpit.app.session();
    assert_eq!((mean(session, 300), session.steps()), (1.0, 400));
    assert_eq!(session.saved.len(), 2, "what is cleared away is not in the list");
}

#[test]
fn undo_goes_back_to_no_moment_that_has_the_change() {
    let mut cockpit = with_moments(80, 24);
    let changed = change(1_001, Knob::LearningRate, "0.01", "0.02");
    let settings = |rate: f64| {
        let mut settings = Settings::new();
        settings.set(Knob::LearningRate, rate).unwrap();
        Some(Box::new(settings))
    };
    let save = |number: u32, rate: f64| {
        let path = format!("{number:04}-step-00001000");
        Event::Saved { step: 1_000, path, reason: SaveReason::Asked, settings: settings(rate) }
    };
    cockpit.happens([save(7, 0.01), changed, save(8, 0.02)]);
    cockpit.happens(steps(1_001, 1_002, 1.0));
    let undone = cockpit.app.session().undoable().unwrap();
    let before = cockpit.app.session().saved_before(undone).map(|saved| saved.path.clone());
    assert_eq!(before.as_deref(), Some("0007-step-00001000"));
}

#[test]
fn undo_offers_to_set_the_value_or_to_go_back_before_the_change() {
    let mut cockpit = with_moments(80, 24);
    cockpit.press("u");
    assert_snapshot!(cockpit.screen());
    cockpit.press("s");
    cockpit.happens([change(1_001, Knob::LearningRate, "0.005", "0.01")]);
    cockpit.press("u r");
    let set = Command::Set { knob: Knob::LearningRate, value: 0.01 };
    let rewind = Command::Rewind { checkpoint: "0001-step-00000300".into(), slower: false };
    assert_eq!(cockpit.sent, [set, rewind]);
}

#[test]
fn a_run_that_diverged_offers_to_go_back() {
    let mut cockpit = with_moments(80, 24);
    let bad = Divergence { step: 1_001, layer: "conv1".into(), what: "gradient".into() };
    cockpit.happens([Event::Diverged(bad), phase(Phase::Paused)]);
    assert!(cockpit.screen().contains("R goes back"), "{}", cockpit.screen());
}

#[test]
fn a_fork_asks_saves_and_stops_before_the_other_run_takes_over() {
    let mut cockpit = with_moments(80, 24);
    cockpit.press("F");
    assert_snapshot!(cockpit.screen());
    cockpit.press("f");
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    assert!(cockpit.effects.is_empty());
    cockpit.take(Msg::WorkerGone);
    assert!(matches!(cockpit.effects[..], [Effect::Leave(Exit::Fork { .. })]), "{:?}", cockpit.effects);
}

#[test]
fn a_fork_says_where_it_comes_from() {
    let mut cockpit = Cockpit::new(140, 40);
    let parent = Some(Parent { run: "2026-01-02-alexnet".into(), step: 1_200 });
    cockpit.happens([Event::Started(Box::new(RunHeader { parent, ..header(&cockpit.app) }))]);
    cockpit.line_with("alexnet on CIFAR-10 · branched off 2026-01-02-alexnet at step 1,200");
}
