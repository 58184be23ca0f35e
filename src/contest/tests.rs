use super::*;
use crate::session::{Evaluation, Event, FinishReason, RunHeader, Split, Stamped, StepStats, testing};
use crate::spec::zoo;

fn header(seed: u64) -> RunHeader {
    let mut header = testing::header(zoo::load("lenet5").unwrap());
    header.settings.set(crate::knobs::Knob::Seed, seed as f64).unwrap();
    header
}

/// A run of 1,000 pictures a second that was tested every ten steps, half an epoch and 25 seconds apart.
fn events(seed: u64, accuracies: &[f64]) -> Vec<Stamped> {
    let mut events = vec![Stamped { event: Event::Started(Box::new(header(seed))), time: 0.0 }];
    for (i, accuracy) in (1..).zip(accuracies.iter().copied()) {
        let (step, epoch, time) = (i * 10, i as f64 * 0.5, i as f64 * 25.0);
        let (loss, learning_rate, images_per_second, merged) = (1.0, 0.1, 1000.0, None);
        let stats = StepStats { step, epoch, loss, accuracy, learning_rate, images_per_second, merged };
        let evaluation = Evaluation { step, epoch, split: Split::Test, loss, accuracy, examples: 10_000 };
        events.extend([Event::Step(stats), Event::Evaluated(evaluation)].map(|event| Stamped { event, time }));
    }
    let (loss, test_accuracy, best_test_accuracy) = (None, None, None);
    let reason = FinishReason::Budget;
    let end = Event::Finished { step: 20, epoch: 1.0, reason, seconds: 50.0, loss, test_accuracy, best_test_accuracy };
    events.push(Stamped { event: end, time: 50.0 });
    events
}

/// Two contenders with three seeds; the second is 0.10 better each time, give or take `wobble`.
fn figures(wobble: f64) -> Figures {
    let labels = ["lenet5", "simple-cnn"].map(String::from).to_vec();
    let mut figures = Figures { labels, seeds: vec![1, 2, 3], budget: "1 epoch, 3 seeds".into(), runs: Vec::new() };
    for seed in 1..=3 {
        for contender in 0..2 {
            let base = 0.40 + 0.05 * seed as f64;
            let better = if contender == 1 { 0.10 + wobble * (seed as f64 - 2.0) } else { 0.0 };
            let place = Place { contender, seed };
            events(seed, &[0.3, base + better]).iter().for_each(|event| figures.absorb(place, event));
        }
    }
    figures
}

#[test]
fn a_run_that_is_followed_live_has_the_figures_of_its_record() {
    let followed = figures(0.0);
    let place = Place { contender: 0, seed: 2 };
    assert_eq!(followed.run(place), Some(&RunFigures::of("lenet5", &header(2), &events(2, &[0.3, 0.5]))));
    let run = followed.run(place).unwrap();
    assert_eq!((run.steps, run.epochs, run.seconds_per_epoch), (20, 1.0, Some(50.0)));
    assert_eq!((run.best_accuracy, run.final_loss, run.parameters), (Some(0.5), Some(1.0), 62_006));
}

#[test]
fn a_difference_that_holds_for_every_seed_is_seen_though_the_seeds_themselves_differ_more() {
    let differences = figures(0.001).differences();
    assert_eq!((differences.len(), differences[0].seeds), (1, 3));
    assert!((differences[0].interval.mean - 0.10).abs() < 1e-9);
    assert_eq!(differences[0].verdict(), "the first is worse");
}

#[test]
fn a_difference_within_its_own_noise_is_said_to_be_none() {
    let differences = figures(0.2).differences();
    assert_eq!(differences[0].verdict(), "no difference seen at this budget");
    let mut one = figures(0.0);
    one.runs.retain(|(place, _)| place.seed == 1);
    assert_eq!(one.differences()[0].verdict(), "one seed: how sure cannot be said");
}

#[test]
fn a_run_that_has_not_ended_counts_for_nothing() {
    let mut figures = figures(0.001);
    figures.runs[0].1.ended = None;
    assert_eq!(figures.differences()[0].seeds, 2);
    assert!(tables::contenders(&figures, None).rows[0].contains(&"2 of 3".to_string()));
}

#[test]
fn a_run_that_diverged_is_counted_as_such_and_nothing_is_concluded_from_it() {
    let mut figures = figures(0.001);
    figures.runs[0].1.ended = Some(FinishReason::Diverged);
    let table = tables::contenders(&figures, None);
    assert_eq!(table.rows[0][1], "2 of 3, 1 diverged");
    assert_eq!(table.rows[0][3], "52.50 ± 3.54", "the mean of 50 and 55 %");
    assert_eq!(figures.differences()[0].seeds, 2);
    assert!(tables::differences(&figures).rows[0][3].ends_with("(2 of 3 seeds)"));
}

#[test]
fn the_table_says_how_long_a_common_accuracy_took() {
    let figures = figures(0.0);
    assert_eq!(figures.common_target(), Some(0.45));
    let table = tables::contenders(&figures, Some(0.5));
    assert_eq!(table.head.last().unwrap(), "s to 50 %");
    // 0.45, 0.50 and 0.55 in the end: one of three never came to it.
    assert_eq!(table.rows[0].last().unwrap(), "50 (1 never)");
    assert_eq!(table.rows[1].last().unwrap(), "50");
    assert_eq!(table.rows[0][3], "50.00 ± 5.00");
}

#[test]
fn of_a_contender_whose_runs_have_not_ended_nothing_is_said_not_even_never() {
    let mut figures = figures(0.0);
    figures.runs.retain(|(place, _)| place.contender == 0);
    assert_eq!(tables::contenders(&figures, Some(0.5)).rows[1].last().unwrap(), "–");
    assert_eq!(tables::contenders(&figures, Some(0.9)).rows[0].last().unwrap(), "never");
}
