use super::*;
use crate::session::FinishReason;

fn run(label: &str, seed: u64, accuracies: &[f64]) -> RunFigures {
    let tested: Vec<Tested> = (1..)
        .zip(accuracies)
        .map(|(i, accuracy)| Tested { step: i * 10, epoch: i as f64, seconds: i as f64 * 5.0, loss: 1.0, accuracy: *accuracy })
        .collect();
    RunFigures {
        label: label.into(),
        seed,
        data: "CIFAR-10".into(),
        device: "CPU".into(),
        threads: 2,
        parameters: 62_006,
        steps: 20,
        epochs: 2.0,
        ended: Some(FinishReason::Budget),
        images_per_second: Some(1000.0),
        seconds_per_epoch: Some(50.0),
        best_accuracy: accuracies.iter().copied().max_by(f64::total_cmp),
        final_accuracy: accuracies.last().copied(),
        final_loss: Some(1.0),
        tested,
    }
}

/// Two contenders with three seeds; the second is 0.10 better each time, give or take `wobble`.
fn figures(wobble: f64) -> Figures {
    let contenders = ["lenet5", "simple-cnn"].map(|label| Contender::parse(label).unwrap()).to_vec();
    let plan =
        Plan { version: String::new(), contenders, shared: Vec::new(), seeds: vec![1, 2, 3], data: None, skip_broken: false };
    let places: Vec<Place> = plan.places().collect();
    let runs = places.into_iter().map(|place| {
        let base = 0.40 + 0.05 * place.seed as f64;
        let better = if place.contender == 1 { 0.10 + wobble * (place.seed as f64 - 2.0) } else { 0.0 };
        (place, run(&plan.contenders[place.contender].label, place.seed, &[0.3, base + better]))
    });
    Figures { runs: runs.collect(), plan }
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
fn the_table_says_how_long_a_common_accuracy_took() {
    let figures = figures(0.0);
    assert_eq!(figures.common_target(), Some(0.45));
    let table = tables::contenders(&figures, Some(0.5));
    assert_eq!(table.head.last().unwrap(), "s to 50 %");
    // 0.45, 0.50 and 0.55 in the end: one of three never came to it.
    assert_eq!(table.rows[0].last().unwrap(), "10 (1 never)");
    assert_eq!(table.rows[1].last().unwrap(), "10");
    assert_eq!(table.rows[0][3], "50.00 ± 5.00");
}
