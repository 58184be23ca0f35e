use super::*;
use crate::knobs::Applies;
use crate::session::{Command, Divergence};

const PICTURES: Pictures = Pictures { train: 100, test: 40 };

fn engine(settings: &[(Knob, f64)], script: &str) -> Engine {
    let mut all = Settings::new();
    for (knob, value) in settings {
        all.set(*knob, *value).unwrap();
    }
    Engine::new(all, Script::parse(script, "script").unwrap(), PICTURES, 4)
}

fn taken(loss: f64, rate: f64) -> Outcome {
    Outcome::Stepped(StepResult { loss, correct: 4, learning_rate: rate, seconds: 0.5, layers: None })
}

/// Carries out whatever the engine wants until `steps` are taken or it stops wanting; returns plans and all events.
fn drive(engine: &mut Engine, steps: usize) -> (Vec<StepPlan>, Vec<Event>) {
    let (mut plans, mut events) = (Vec::new(), Vec::new());
    while plans.len() < steps {
        let (action, before) = engine.next_action();
        events.extend(before);
        let outcome = match action {
            Action::Step(plan) => {
                let outcome = taken(2.0, plan.learning_rate);
                plans.push(plan);
                outcome
            }
            Action::Evaluate { pictures, .. } => {
                Outcome::Evaluated(Tested { loss_sum: 1.0, correct: pictures / 4, pictures, ..Default::default() })
            }
            Action::Save(_) => Outcome::Copied,
            Action::Wait | Action::End(_) | Action::Rewind { .. } => break,
        };
        events.extend(engine.absorb(outcome));
    }
    (plans, events)
}

fn set(knob: Knob, value: f64) -> Command {
    Command::Set { knob, value }
}

fn changes(events: &[Event]) -> Vec<(u64, String, String, String)> {
    let changed = |event: &Event| match event {
        Event::Changed(change) => Some((change.step, change.knob.name(), change.from.clone(), change.to.clone())),
        _ => None,
    };
    events.iter().filter_map(changed).collect()
}

#[test]
fn an_epoch_uses_every_picture_once_and_its_last_batch_is_what_is_left() {
    let (plans, _) = drive(&mut engine(&[(Knob::BatchSize, 32.0)], ""), 5);
    let ranges: Vec<_> = plans.iter().map(|plan| (plan.batch.epoch, plan.batch.first, plan.batch.count)).collect();
    assert_eq!(ranges, [(0, 0, 32), (0, 32, 32), (0, 64, 32), (0, 96, 4), (1, 0, 32)]);
}

#[test]
fn each_plan_foretells_the_batch_of_the_next() {
    let (plans, _) = drive(&mut engine(&[(Knob::BatchSize, 32.0)], ""), 9);
    for pair in plans.windows(2) {
        assert_eq!(pair[0].next, pair[1].batch);
    }
}

#[test]
fn a_change_in_the_middle_of_a_step_holds_from_the_step_after_it() {
    let mut engine = engine(&[], "");
    let (Action::Step(first), _) = engine.next_action() else { panic!("expected a step") };
    let events = engine.command(set(Knob::LearningRate, 0.005));
    assert_eq!(changes(&events), [(2, "learning-rate".into(), "0.01".into(), "0.005".into())]);
    assert_eq!(first.learning_rate, 0.01);
    engine.absorb(taken(2.0, 0.01));
    assert_eq!(engine.next_action().0, Action::Save(SaveReason::BeforeChange));
    engine.absorb(Outcome::Copied);
    let (Action::Step(second), _) = engine.next_action() else { panic!("expected a step") };
    assert_eq!((second.step, second.learning_rate), (2, 0.005));
}

#[test]
fn a_new_batch_size_is_pending_until_the_epoch_ends() {
    let mut engine = engine(&[(Knob::BatchSize, 50.0)], "");
    drive(&mut engine, 1);
    let events = engine.command(set(Knob::BatchSize, 20.0));
    assert!(matches!(&events[..], [Event::Pending { knob: Knob::BatchSize, to, applies: Applies::NextEpoch }] if to == "20"));
    let (plans, events) = drive(&mut engine, 2);
    assert_eq!(plans.iter().map(|plan| plan.batch.count).collect::<Vec<_>>(), [50, 20]);
    assert_eq!(changes(&events), [(3, "batch-size".into(), "50".into(), "20".into())]);
}

#[test]
fn a_script_line_holds_at_its_step_and_says_so_once() {
    let (plans, events) = drive(&mut engine(&[], "3 lrn off\n5 lrn on\n5 momentum 0.5"), 6);
    let lrn: Vec<_> = plans.iter().map(|plan| plan.settings.is_on(Knob::Lrn)).collect();
    assert_eq!(lrn, [true, true, false, false, true, true]);
    let expected = [(3, "lrn", "on", "off"), (5, "lrn", "off", "on"), (5, "momentum", "0.9", "0.5")];
    assert_eq!(changes(&events), expected.map(|(step, knob, from, to)| (step, knob.into(), from.into(), to.into())));
}

#[test]
fn one_step_is_one_step_and_then_it_is_paused_again() {
    let mut engine = engine(&[], "");
    engine.command(Command::Pause);
    assert_eq!(drive(&mut engine, 9).0.len(), 0);
    engine.command(Command::Step(2));
    assert_eq!(drive(&mut engine, 9).0.len(), 2);
    assert!(engine.is_paused());
    engine.command(Command::Resume);
    assert_eq!(drive(&mut engine, 9).0.len(), 9);
}

#[test]
fn test_pictures_are_asked_every_so_many_steps_and_all_of_them_at_an_epochs_end() {
    let settings = [(Knob::BatchSize, 25.0), (Knob::EvaluateEvery, 3.0), (Knob::EvaluatePictures, 10.0)];
    let (_, events) = drive(&mut engine(&settings, ""), 8);
    let evaluations: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Evaluated(e) = event { Some((e.step, e.examples)) } else { None })
        .collect();
    assert_eq!(evaluations, [(3, 10), (4, 40), (6, 10)]);
}

#[test]
fn a_used_up_budget_ends_the_run_after_a_last_evaluation_and_a_raised_one_goes_on() {
    let mut engine = engine(&[(Knob::Steps, 3.0), (Knob::EvaluateEvery, 0.0)], "");
    let (plans, events) = drive(&mut engine, 9);
    assert_eq!(plans.len(), 3);
    assert!(events.iter().any(|event| matches!(event, Event::Evaluated(_))));
    assert_eq!(engine.next_action().0, Action::Save(SaveReason::Scheduled));
    engine.absorb(Outcome::Copied);
    assert_eq!(engine.next_action().0, Action::Wait);
    engine.command(set(Knob::Steps, 5.0));
    assert_eq!(drive(&mut engine, 9).0.len(), 2);
}

#[test]
fn a_diverged_step_is_not_counted_and_pauses() {
    let mut engine = engine(&[], "");
    drive(&mut engine, 2);
    engine.next_action();
    let divergence = Divergence { step: 3, layer: "conv2".into(), what: "output".into() };
    engine.absorb(Outcome::Diverged(divergence));
    assert!(engine.has_diverged() && engine.is_paused());
    assert_eq!(engine.position().step, 2);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut engine = engine(&[], "");
    let before = engine.settings().clone();
    for (knob, value) in [(Knob::Momentum, 2.0), (Knob::LrnLayer(9), 0.0), (Knob::LearningRate, f64::NAN)] {
        let events = engine.command(set(knob, value));
        assert!(matches!(&events[..], [Event::Rejected { .. }]), "{knob}: {events:?}");
    }
    assert_eq!(engine.settings(), &before);
}

#[test]
fn a_setting_for_a_new_run_only_is_noted_and_leaves_this_run_alone() {
    let mut engine = engine(&[], "");
    let events = engine.command(set(Knob::Seed, 7.0));
    assert!(matches!(&events[..], [Event::Pending { applies: Applies::NewRun, .. }]));
    assert_eq!(engine.settings().get(Knob::Seed), 1.0);
}

#[test]
fn saving_while_paused_gives_up_the_step_and_takes_it_again() {
    let mut engine = engine(&[], "");
    let (first, _) = engine.next_action();
    engine.command(Command::Pause);
    assert!(!engine.wants_abandon(false));
    engine.command(Command::Save);
    assert!(engine.wants_abandon(false));
    engine.absorb(Outcome::Abandoned);
    assert_eq!(engine.next_action().0, Action::Save(SaveReason::Asked));
    engine.absorb(Outcome::Copied);
    assert_eq!(engine.next_action().0, Action::Wait);
    engine.command(Command::Resume);
    assert_eq!(engine.next_action().0, first);
}

#[test]
fn stopping_saves_first_where_asked_and_there_is_something_to_save() {
    let mut fresh = engine(&[], "");
    fresh.next_action();
    fresh.command(Command::Stop { save: true });
    fresh.absorb(Outcome::Abandoned);
    assert_eq!(fresh.next_action().0, Action::End(FinishReason::Stopped));
    let mut engine = engine(&[], "");
    drive(&mut engine, 2);
    engine.next_action();
    engine.command(Command::Stop { save: true });
    engine.absorb(Outcome::Abandoned);
    assert_eq!(engine.next_action().0, Action::Save(SaveReason::Ending));
    engine.absorb(Outcome::Copied);
    assert_eq!(engine.next_action().0, Action::End(FinishReason::Stopped));
}

#[test]
fn the_moment_before_a_change_is_saved_with_the_old_settings_and_only_once() {
    let mut engine = engine(&[], "");
    drive(&mut engine, 2);
    engine.next_action();
    engine.command(set(Knob::LearningRate, 0.005));
    engine.command(set(Knob::LearningRate, 0.0025));
    engine.absorb(taken(2.0, 0.01));
    assert_eq!(engine.next_action().0, Action::Save(SaveReason::BeforeChange));
    assert_eq!((engine.moment().step, engine.moment().settings.get(Knob::LearningRate)), (3, 0.01));
    engine.absorb(Outcome::Copied);
    assert_eq!(engine.moment().settings.get(Knob::LearningRate), 0.0025);
    assert!(matches!(engine.next_action().0, Action::Step(plan) if plan.learning_rate == 0.0025));
}

#[test]
fn a_rewind_gives_up_the_step_under_way_and_pauses_where_the_moment_stood() {
    let mut engine = engine(&[], "4 lrn off");
    drive(&mut engine, 2);
    let moment = engine.moment();
    drive(&mut engine, 4);
    engine.next_action();
    engine.command(Command::Rewind { checkpoint: "0001".into(), slower: false });
    assert!(engine.wants_abandon(false));
    engine.absorb(Outcome::Abandoned);
    assert_eq!(engine.next_action().0, Action::Rewind { checkpoint: "0001".into(), slower: false });
    engine.rewind(moment, false);
    assert_eq!(engine.next_action().0, Action::Wait);
    engine.command(Command::Resume);
    let (plans, events) = drive(&mut engine, 3);
    assert_eq!(plans.iter().map(|plan| plan.step).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(changes(&events), [(4, "lrn".into(), "on".into(), "off".into())]);
}

#[test]
fn a_slower_rewind_goes_on_with_a_tenth_of_the_rate_of_that_moment() {
    let mut engine = engine(&[(Knob::LearningRate, 0.01)], "");
    drive(&mut engine, 2);
    let moment = engine.moment();
    engine.command(set(Knob::LearningRate, 0.5));
    let events = engine.rewind(moment, true);
    assert_eq!(changes(&events), [(3, "learning-rate".into(), "0.01".into(), "0.001".into())]);
    assert!(engine.is_saved());
}

#[test]
fn checkpoints_are_written_every_so_many_steps() {
    let mut engine = engine(&[(Knob::CheckpointEvery, 3.0), (Knob::EvaluateEvery, 0.0)], "");
    let mut saved = Vec::new();
    while engine.position().step < 8 {
        match engine.next_action().0 {
            Action::Save(reason) => {
                saved.push((engine.position().step, reason));
                engine.absorb(Outcome::Copied);
            }
            Action::Evaluate { pictures, .. } => {
                drop(engine.absorb(Outcome::Evaluated(Tested { pictures, ..Tested::default() })))
            }
            _ => drop(engine.absorb(taken(2.0, 0.01))),
        }
    }
    assert_eq!(saved, [(3, SaveReason::Scheduled), (6, SaveReason::Scheduled)]);
}

#[test]
fn a_scheduled_checkpoint_knows_the_accuracy_of_its_own_weights_and_one_between_evaluations_knows_none() {
    let mut engine = engine(&[(Knob::CheckpointEvery, 2.0), (Knob::EvaluateEvery, 4.0)], "");
    let (mut saved, mut correct) = (Vec::new(), 0);
    while engine.position().step < 7 {
        match engine.next_action().0 {
            Action::Save(_) => {
                let moment = engine.moment();
                saved.push((moment.step, moment.test_accuracy, moment.rank().is_some()));
                engine.absorb(Outcome::Copied);
            }
            Action::Evaluate { .. } => {
                correct += 1;
                drop(engine.absorb(Outcome::Evaluated(Tested { pictures: 10, correct, ..Tested::default() })))
            }
            _ => drop(engine.absorb(taken(2.0, 0.01))),
        }
    }
    assert_eq!(saved, [(2, None, false), (4, Some(0.1), true), (6, Some(0.1), false)]);
}

#[test]
fn a_change_made_while_a_step_is_held_is_told_anew_where_that_step_is_given_up() {
    let mut engine = engine(&[(Knob::EvaluateEvery, 0.0)], "");
    drive(&mut engine, 2);
    assert!(matches!(engine.next_action().0, Action::Step(_)));
    let told = engine.command(set(Knob::LearningRate, 0.5));
    assert_eq!(changes(&told), [(4, "learning-rate".into(), "0.01".into(), "0.5".into())]);
    engine.command(Command::Pause);
    assert!(engine.wants_abandon(false), "the moment before the change is saved while nothing moves");
    let again = engine.absorb(Outcome::Abandoned);
    assert_eq!(changes(&again), [(3, "learning-rate".into(), "0.01".into(), "0.5".into())]);
    let [Event::Changed(first), ..] = &told[..] else { panic!("{told:?}") };
    assert!(matches!(&again[..], [Event::Changed(change)] if change.corrects(first)));
    assert_eq!(engine.next_action().0, Action::Save(SaveReason::BeforeChange));
    assert_eq!(engine.moment().settings.get(Knob::LearningRate), 0.01);
    engine.absorb(Outcome::Copied);
    engine.command(Command::Resume);
    let (plans, _) = drive(&mut engine, 1);
    assert_eq!((plans[0].step, plans[0].learning_rate), (3, 0.5));
}

#[test]
fn what_is_saved_for_the_end_or_because_somebody_asks_has_the_change_that_was_made_just_before() {
    for (command, reason) in [(Command::Stop { save: true }, SaveReason::Ending), (Command::Save, SaveReason::Asked)] {
        let mut engine = engine(&[(Knob::EvaluateEvery, 0.0)], "");
        drive(&mut engine, 2);
        engine.command(set(Knob::LearningRate, 0.5));
        engine.command(command);
        assert_eq!(engine.next_action().0, Action::Save(reason));
        assert_eq!(engine.moment().settings.get(Knob::LearningRate), 0.5);
    }
}

#[test]
fn what_waits_for_the_end_of_an_epoch_is_in_every_moment_before_it_holds() {
    // Epochs of four steps, of which a person changes the batch size in the first.
    let mut one = engine(&[(Knob::BatchSize, 32.0), (Knob::CheckpointEvery, 1.0), (Knob::EvaluateEvery, 0.0)], "2 batch-size 64");
    let (mut moments, mut plans) = (Vec::new(), Vec::new());
    while plans.len() < 6 {
        let outcome = match one.next_action().0 {
            Action::Step(plan) => {
                plans.push(plan.batch);
                taken(2.0, 0.01)
            }
            Action::Evaluate { pictures, .. } => Outcome::Evaluated(Tested { pictures, ..Tested::default() }),
            Action::Save(_) => {
                moments.push(one.moment());
                Outcome::Copied
            }
            other => panic!("{other:?}"),
        };
        one.absorb(outcome);
    }
    for moment in moments {
        let step = moment.step as usize;
        let script = Script::parse("2 batch-size 64", "script").unwrap();
        let resumed = drive(&mut Engine::resume(moment, script, PICTURES, 4), 6 - step).0;
        assert_eq!(resumed.iter().map(|plan| plan.batch).collect::<Vec<_>>(), plans[step..], "from step {step}");
    }
    assert_eq!(plans.iter().map(|batch| batch.count).collect::<Vec<_>>(), [32, 32, 32, 4, 64, 36]);
}
