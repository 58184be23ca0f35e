//! From keys to commands: what is sent, what is asked first, and what a read-only cockpit keeps to itself.

use alexscope::knobs::{Applies, Knob};
use alexscope::mosaic::Ground;
use alexscope::session::{Command, Event, FetchState, FinishReason, Phase, SaveReason};
use alexscope::ui::app::{Effect, ExportRequest, Msg};
use alexscope::ui::keys;
use alexscope::ui::screens::Screen;
use alexscope::ui::theme::{Theme, ThemeName};
use alexscope::ui::{Exit, Recorded};
use ratatui::crossterm::event::MouseEventKind;

use crate::fixture::{Cockpit, change, pending, phase};

fn set(knob: Knob, value: f64) -> Command {
    Command::Set { knob, value }
}

#[test]
fn space_pauses_and_resumes_and_a_dot_takes_one_step() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("Space");
    cockpit.happens([phase(Phase::Paused)]);
    cockpit.press("Space .");
    assert_eq!(cockpit.sent, [Command::Pause, Command::Resume, Command::Step(1)]);
}

#[test]
fn a_value_is_shown_as_pending_until_the_trainer_accepts_it() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.press("<");
    assert_eq!(cockpit.sent, [set(Knob::LearningRate, 0.0025)]);
    assert!(cockpit.line_with("› learning rate").ends_with("0.005 → 0.0025 …"), "{}", cockpit.screen());
    cockpit.happens([change(1_001, Knob::LearningRate, "0.005", "0.0025")]);
    let line = cockpit.line_with("› learning rate");
    assert!(line.ends_with("0.0025") && !line.contains('→'), "{line}");
}

#[test]
fn presses_that_are_not_answered_yet_add_up() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("< < >");
    let rates = [0.0025, 0.00125, 0.0025].map(|rate| set(Knob::LearningRate, rate));
    assert_eq!(cockpit.sent, rates);
}

#[test]
fn undo_takes_back_what_waits_then_the_newest_change_then_the_one_before() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([pending(Knob::BatchSize, "64", Applies::NextEpoch)]);
    cockpit.press("u");
    cockpit.happens([pending(Knob::BatchSize, "32", Applies::NextEpoch)]);
    cockpit.press("u");
    cockpit.happens([change(1_001, Knob::LearningRate, "0.005", "0.01")]);
    cockpit.press("u");
    cockpit.happens([change(1_002, Knob::Lrn, "off", "on")]);
    cockpit.press("u");
    assert_eq!(cockpit.sent, [set(Knob::BatchSize, 32.0), set(Knob::LearningRate, 0.01), set(Knob::Lrn, 1.0)]);
    assert!(cockpit.screen().contains("no change is left to take back"));
}

#[test]
fn a_refused_value_is_said_and_no_longer_pending() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press(":");
    cockpit.type_text("lrn.2 off");
    cockpit.press("Enter");
    assert_eq!(cockpit.sent, [set(Knob::LrnLayer(2), 0.0)]);
    cockpit.happens([Event::Rejected { command: "lrn.2 off".into(), reason: "not now".into() }]);
    assert!(cockpit.screen().contains("lrn.2 off: not now"), "{}", cockpit.screen());
    assert!(!cockpit.screen().contains("pending"));
}

#[test]
fn a_trainer_that_takes_no_more_commands_leaves_nothing_pending() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("<");
    cockpit.take(Msg::Busy(set(Knob::LearningRate, 0.0025)));
    assert!(!cockpit.screen().contains("pending"), "{}", cockpit.screen());
    assert!(cockpit.screen().contains("try again"));
}

#[test]
fn read_only_sends_nothing_that_changes_the_training() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.app.readonly = true;
    cockpit.press("Space . < > [ ] L u V S D N Esc Down Right : m o Enter Esc Enter 5 Enter Esc");
    assert_eq!(cockpit.sent, []);
    cockpit.press("Space");
    assert!(cockpit.screen().contains("read-only: this cockpit looks on"), "{}", cockpit.screen());
}

#[test]
fn layers_are_watched_only_while_their_screen_is_open() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("2 2 1 Tab BackTab");
    let watch = Command::WatchLayers;
    assert_eq!(cockpit.sent, [watch(true), watch(false), watch(true), watch(false)]);
}

#[test]
fn quitting_asks_and_leaves_only_when_the_trainer_has_stopped() {
    for (key, save) in [("s", true), ("x", false)] {
        let mut cockpit = Cockpit::training(80, 24);
        cockpit.press("q");
        assert_eq!(cockpit.sent, []);
        cockpit.press(key);
        assert_eq!(cockpit.sent, [Command::Stop { save }]);
        assert!(cockpit.screen().contains("STOPPING") && cockpit.effects.is_empty());
        cockpit.take(Msg::WorkerGone);
        assert!(matches!(cockpit.effects[..], [Effect::Leave(Exit::Quit)]), "{:?}", cockpit.effects);
    }
    let mut staying = Cockpit::training(80, 24);
    staying.press("q c q Esc q Down Down Enter");
    assert!(staying.sent.is_empty() && staying.effects.is_empty());
    assert!(!staying.screen().contains("Quit?"));
}

#[test]
fn control_c_saves_and_stops_and_a_second_time_leaves_at_once() {
    // Also before a step has come to be shown.
    let mut cockpit = Cockpit::new(80, 24);
    cockpit.press("C-c");
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("? C-c");
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    assert!(cockpit.effects.is_empty());
    cockpit.press("C-c");
    assert!(matches!(cockpit.effects[..], [Effect::Leave(Exit::Quit)]), "{:?}", cockpit.effects);
}

#[test]
fn before_the_first_step_and_after_a_failure_nothing_is_asked() {
    let mut cockpit = Cockpit::new(80, 24);
    cockpit.press("q");
    // Whether there is something to save the trainer knows best.
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([phase(Phase::Finished)]);
    cockpit.press("q");
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([Event::Failed { reason: "a fault".into() }]);
    cockpit.press("q");
    assert!(matches!(&cockpit.effects[..], [Effect::Leave(Exit::WorkerFailed(reason))] if reason == "a fault"));
}

#[test]
fn a_record_is_left_at_once_and_without_a_question() {
    for keys in ["q", "C-c"] {
        let mut cockpit = Cockpit::training(80, 24);
        (cockpit.app.readonly, cockpit.app.recorded) = (true, Some(Recorded::Whole));
        cockpit.happens([phase(Phase::Paused)]);
        cockpit.press(keys);
        assert!(matches!(cockpit.effects[..], [Effect::Leave(Exit::Quit)]), "{keys}: {:?}", cockpit.effects);
        assert_eq!(cockpit.sent, []);
    }
}

#[test]
fn a_record_without_an_end_says_whether_its_run_goes_on_or_was_broken_off() {
    for (recorded, chip, words) in [
        (Recorded::SoFar, "▷ SO FAR", "a program trains this run; this is its record so far, up to step 1,000"),
        (Recorded::BrokenOff, "✖ BROKEN OFF", "this run was broken off after step 1,000 · `alexscope resume` goes on with it"),
        (Recorded::Waiting, "◌ WAITING", "nobody has taken this run up yet · `alexscope resume` does"),
    ] {
        let mut cockpit = Cockpit::training(120, 40);
        (cockpit.app.readonly, cockpit.app.recorded) = (true, Some(recorded));
        let screen = cockpit.screen();
        assert!(screen.contains(chip) && screen.contains(words) && !screen.contains("TRAINING"), "{screen}");
    }
}

#[test]
fn a_new_run_takes_along_what_waited_for_one_and_the_colours() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([pending(Knob::Seed, "7", Applies::NewRun)]);
    cockpit.app.theme = Theme::named(ThemeName::Light);
    cockpit.press("N");
    assert!(cockpit.screen().contains("seed 7"), "{}", cockpit.screen());
    cockpit.press("s");
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    cockpit.take(Msg::WorkerGone);
    let [Effect::Leave(Exit::NewRun { settings, theme })] = &cockpit.effects[..] else { panic!("{:?}", cockpit.effects) };
    assert_eq!((settings.get(Knob::Seed), settings.get(Knob::LearningRate), *theme), (7.0, 0.005, ThemeName::Light));
}

#[test]
fn a_used_up_budget_can_be_raised() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([phase(Phase::Finished), finished()]);
    assert!(!cockpit.line_with("? help").contains("pause"), "a finished run cannot be paused");
    cockpit.press(":");
    cockpit.type_text("steps 2000");
    cockpit.press("Enter");
    assert_eq!(cockpit.sent, [set(Knob::Steps, 2_000.0)]);
    cockpit.happens([change(1_001, Knob::Steps, "0", "2000"), phase(Phase::Training)]);
    assert!(cockpit.screen().contains("TRAINING") && !cockpit.screen().contains("used up"));
}

fn finished() -> Event {
    Event::Finished {
        step: 1_000,
        epoch: 2.5,
        reason: FinishReason::Budget,
        seconds: 270.0,
        loss: None,
        test_accuracy: None,
        best_test_accuracy: None,
    }
}

#[test]
fn cifar_10_is_fetched_only_where_it_is_missing() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("D");
    assert_eq!(cockpit.sent, []);
    let mut missing = Cockpit::new(80, 24);
    missing.app.data_missing = true;
    missing.press("D");
    assert_eq!(missing.sent, [Command::FetchData]);
    missing.happens([Event::Fetch(FetchState::Done { folder: "data".into() })]);
    assert!(missing.screen().contains("CIFAR-10 is here"), "{}", missing.screen());
}

#[test]
fn a_setting_of_a_layer_that_the_network_has_not_is_not_sent() {
    let mut cockpit = Cockpit::on("lenet5", 80, 24);
    cockpit.press("L");
    assert_eq!(cockpit.sent, []);
    let screen = cockpit.screen();
    assert!(screen.contains("lenet5 has no layer that lrn could change") && !screen.contains("LRN n"), "{screen}");
}

#[test]
fn typing_replaces_a_value_and_a_wrong_one_is_refused_in_its_place() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("Down Enter");
    cockpit.type_text("1.5");
    cockpit.press("Enter");
    assert_eq!(cockpit.sent, []);
    assert!(cockpit.screen().contains("momentum takes 0 to 0.9999"), "{}", cockpit.screen());
    cockpit.press("C-u 0 . 8 Up Enter");
    assert_eq!(cockpit.sent, [set(Knob::Momentum, 0.85)]);
}

#[test]
fn settings_that_are_out_of_sight_are_typed_in_the_palette_and_not_nudged() {
    let mut cockpit = Cockpit::training(40, 12);
    cockpit.press("Right");
    assert_eq!(cockpit.sent, []);
    cockpit.press("Enter");
    cockpit.type_text("0.02");
    cockpit.press("Enter");
    assert_eq!(cockpit.sent, [set(Knob::LearningRate, 0.02)]);
}

#[test]
fn the_palette_takes_short_forms_and_corrects_mistakes() {
    let sent = |line: &str| {
        let mut cockpit = Cockpit::training(80, 24);
        cockpit.press(":");
        cockpit.type_text(line);
        cockpit.press("Enter");
        (cockpit.sent.clone(), cockpit.screen())
    };
    for line in ["lr 0.1", "set learning-rate 0.1", "learning-rate=0.1", "set lr = 1e-1", "learning 0.1"] {
        assert_eq!(sent(line).0, [set(Knob::LearningRate, 0.1)], "{line}");
    }
    assert_eq!(sent("step 5").0, [Command::Step(5)]);
    assert_eq!(sent("schedule cosine").0, [set(Knob::Schedule, 2.0)]);
    for (line, said) in [
        ("momentun 0.5", "did you mean `momentum`?"),
        ("pasue", "did you mean `pause`?"),
        ("sched 3", "several settings begin with `sched`"),
        ("momentum", "momentum is 0.9; it takes 0 to 0.9999"),
        ("momentum 0.5 0.6", "one word too many"),
        ("theme pink", "themes are dark, light, ansi, mono"),
    ] {
        let (commands, screen) = sent(line);
        assert!(commands.is_empty() && screen.contains(said), "{line}: {commands:?}\n{screen}");
    }
}

#[test]
fn the_palette_completes_in_turn_and_remembers() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press(": m o m Tab");
    assert!(cockpit.line_with(": mom").contains(": momentum"), "{}", cockpit.screen());
    cockpit.type_text("0.8");
    cockpit.press("Enter : Up");
    assert!(cockpit.screen().contains(": momentum 0.8"), "{}", cockpit.screen());
    cockpit.press("Down");
    assert!(!cockpit.screen().contains(": momentum 0.8"));
}

#[test]
fn exports_take_the_enlarged_chart_or_the_screen_without_the_question() {
    let mut cockpit = Cockpit::training(80, 24);
    let before = cockpit.screen();
    cockpit.press("E s");
    let [Effect::Export(ExportRequest::Screen { buffer, ground: Ground::Dark })] = &cockpit.effects[..] else {
        panic!("{:?}", cockpit.effects)
    };
    assert_eq!(buffer, cockpit.terminal().backend().buffer());
    assert_eq!(cockpit.screen(), before);
    cockpit.effects.clear();
    cockpit.press("e e E c");
    let [Effect::Export(ExportRequest::Chart(chart))] = &cockpit.effects[..] else { panic!("{:?}", cockpit.effects) };
    assert_eq!(chart.title, "Accuracy");
    cockpit.take(Msg::Exported(Err("the disk is full".into())));
    assert!(cockpit.screen().contains("the disk is full"));
    cockpit.effects.clear();
    cockpit.app.theme = Theme::named(ThemeName::Light);
    cockpit.press("E s");
    assert!(matches!(cockpit.effects[..], [Effect::Export(ExportRequest::Screen { ground: Ground::Light, .. })]));
}

#[test]
fn colours_follow_the_terminals_ground_where_nobody_chose_them() {
    for (by_ground, key, ground, theme) in [
        (true, "", Ground::Light, ThemeName::Light),
        (true, "", Ground::Dark, ThemeName::Dark),
        (false, "", Ground::Light, ThemeName::Dark),
        (true, ": theme ansi", Ground::Light, ThemeName::Ansi),
        (true, ": theme dark", Ground::Light, ThemeName::Dark),
    ] {
        let mut cockpit = Cockpit::training(80, 24);
        cockpit.app.by_ground = by_ground;
        if let Some(line) = key.strip_prefix(": ") {
            cockpit.press(":");
            cockpit.type_text(line);
            cockpit.press("Enter");
        }
        cockpit.app.suit(ground);
        assert_eq!(cockpit.app.theme.name, theme, "{by_ground} {key:?} {ground:?}");
    }
}

#[test]
fn the_mouse_opens_tabs_takes_answers_and_keys_of_the_footer_and_puts_the_cursor_out() {
    let mut cockpit = Cockpit::training(80, 24);
    let place = |cockpit: &Cockpit, words: &str| {
        let screen = cockpit.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        (line.split(words).next().unwrap().chars().count() as u16, row as u16)
    };
    let click = |cockpit: &mut Cockpit, words: &str| {
        let (column, row) = place(cockpit, words);
        cockpit.click(column, row);
    };
    click(&mut cockpit, "2 Network");
    click(&mut cockpit, "1 Train");
    click(&mut cockpit, "pause");
    assert_eq!(cockpit.sent, [Command::WatchLayers(true), Command::WatchLayers(false), Command::Pause]);
    cockpit.click(20, 6);
    let step = cockpit.app.view.cursor.unwrap();
    assert!((300..400).contains(&step), "{step}");
    cockpit.press("Esc");
    cockpit.mouse(MouseEventKind::ScrollUp, 20, 6);
    assert!(cockpit.screen().contains("guessing") && cockpit.app.view.steps(1_000).end < 1_000);
    click(&mut cockpit, "momentum");
    click(&mut cockpit, "momentum");
    cockpit.press("0 Enter");
    assert_eq!(cockpit.sent.last(), Some(&set(Knob::Momentum, 0.0)));
    click(&mut cockpit, "quit");
    click(&mut cockpit, "save and stop");
    assert_eq!(cockpit.sent.last(), Some(&Command::Stop { save: true }));
}

#[test]
fn a_long_message_is_told_to_its_end() {
    let mut cockpit = Cockpit::training(80, 24);
    let reason = "cannot make the folder /home/somebody/alexscope/runs/2026-01-31T12-00-00-alexnet/checkpoints: no space left";
    cockpit.happens([Event::Rejected { command: "save".into(), reason: reason.into() }]);
    let screen = cockpit.screen();
    let words: Vec<&str> = screen.lines().rev().take(3).flat_map(str::split_whitespace).collect();
    assert!(reason.split_whitespace().all(|word| words.contains(&word)), "{screen}");
}

#[test]
fn a_message_goes_away_by_itself() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([Event::Saved { step: 1_000, path: "0001-step-00001000".into(), reason: SaveReason::Asked, settings: None }]);
    assert!(cockpit.screen().contains("step 1,000 is saved in 0001-step-00001000"));
    let deadline = cockpit.app.deadline().unwrap();
    cockpit.passes(deadline.as_secs());
    assert!(!cockpit.screen().contains("is saved in") && cockpit.app.deadline().is_none());
}

#[test]
fn suspending_and_signals_work_whatever_lies_on_top() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press(": a C-z");
    assert!(matches!(cockpit.effects[..], [Effect::Suspend]), "{:?}", cockpit.effects);
    cockpit.take(Msg::Signal(signal_hook::consts::SIGTERM));
    assert_eq!(cockpit.sent, [Command::Stop { save: true }]);
    assert!(matches!(cockpit.effects[1..], [Effect::Leave(Exit::Signal(_))]), "{:?}", cockpit.effects);
}

#[test]
fn help_shows_every_row_of_the_key_table() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.press("?");
    let mut seen = cockpit.screen();
    for _ in 0..5 {
        cockpit.press("PgDn");
        seen += &cockpit.screen();
    }
    for row in keys::bindings() {
        let words: Vec<&str> = row.help.split_whitespace().take(4).collect();
        assert!(seen.contains(&words.join(" ")), "`{}` is not in help", row.help);
    }
}

#[test]
fn space_resumes_a_paused_run_also_while_it_evaluates() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.happens([phase(Phase::Evaluating)]);
    assert!(cockpit.screen().contains("Space pause"), "{}", cockpit.screen());
    cockpit.happens([phase(Phase::Paused), phase(Phase::Evaluating)]);
    assert!(cockpit.screen().contains("Space resume"), "{}", cockpit.screen());
    cockpit.press("Space");
    assert_eq!(cockpit.sent, [Command::Resume]);
}

#[test]
fn a_letter_with_control_answers_no_question() {
    let mut cockpit = Cockpit::training(80, 24);
    cockpit.press("q C-x");
    assert!(cockpit.sent.is_empty() && cockpit.app.overlay.is_some(), "{:?}", cockpit.sent);
    cockpit.press("x");
    assert_eq!(cockpit.sent, [Command::Stop { save: false }]);
}

#[test]
fn nothing_is_asked_of_a_record() {
    let mut cockpit = Cockpit::training(80, 24);
    (cockpit.app.readonly, cockpit.app.recorded) = (true, Some(Recorded::Whole));
    cockpit.press("2 3 4 5 1");
    assert_eq!(cockpit.sent, []);
}

#[test]
fn a_command_of_another_screen_goes_there_and_one_that_the_open_screen_knows_stays() {
    for (keys, line, screen) in [
        ("3", "log", Screen::Train),
        ("3", "smooth 30", Screen::Train),
        ("1", "edit-network", Screen::Network),
        ("3", "heat", Screen::Layer),
        ("4", "momentum 0.8", Screen::Predictions),
    ] {
        let mut cockpit = Cockpit::training(80, 24);
        cockpit.press(&format!("{keys} :"));
        cockpit.type_text(line);
        cockpit.press("Enter");
        assert_eq!(cockpit.app.screen, screen, "{line}");
        assert!(line != "log" || cockpit.app.view.log);
        assert!(line != "edit-network" || cockpit.app.network.draft.is_some());
    }
}

#[test]
fn keys_that_would_do_nothing_are_not_offered() {
    let footer = |cockpit: &Cockpit| cockpit.line_with("q quit");
    let mut cockpit = Cockpit::training(200, 60);
    assert!(footer(&cockpit).contains("e enlarge") && footer(&cockpit).contains("Enter edit"));
    cockpit.press("4");
    assert!(!footer(&cockpit).contains("enlarge"), "{}", footer(&cockpit));
    cockpit.press("2");
    assert!(footer(&cockpit).contains("e enlarge"));
    cockpit.press("d");
    assert!(!footer(&cockpit).contains("enlarge"), "{}", footer(&cockpit));
    cockpit.press("Esc");
    (cockpit.app.readonly, cockpit.app.recorded) = (true, Some(Recorded::Whole));
    for (screen, words) in [
        ("1", &["Enter edit"][..]),
        ("3", &["n picture", "v view", "s scale", "o own", "e enlarge"]),
        ("4", &["n next", "pin", "o own"]),
        ("5", &["n picture"]),
    ] {
        cockpit.press(screen);
        let footer = footer(&cockpit);
        words.iter().for_each(|word| assert!(!footer.contains(word), "{word}: {footer}"));
    }
}

#[test]
fn escape_lets_a_frozen_display_go_on_from_every_screen() {
    let mut cockpit = Cockpit::training(120, 40);
    for screen in ["1", "2", "3", "4", "5"] {
        cockpit.press(screen);
        cockpit.press("f");
        cockpit.line_with("FROZEN");
        cockpit.press("Esc");
        assert!(!cockpit.screen().contains("FROZEN"), "screen {screen}");
    }
}

#[test]
fn with_pictures_of_ones_own_there_is_no_stand_in_to_replace() {
    let mut cockpit = Cockpit::training(120, 40);
    cockpit.press("D");
    cockpit.line_with("CIFAR-10 is here already");
    let mut header = crate::fixture::header(&cockpit.app);
    header.data.name = "holidays".into();
    cockpit.happens([Event::Started(Box::new(header))]);
    cockpit.press("D");
    cockpit.line_with("this run is on holidays");
    assert_eq!(cockpit.sent, []);
}
