//! A comparison's figures as tables, for a terminal, a report and the README.

use super::figures::{Figures, RunFigures};
use super::statistics::{deviation, mean};
use crate::spec::{grouped, short};
use crate::table::Table;

/// A line for each contender.
pub fn contenders(figures: &Figures, target: Option<f64>) -> Table {
    let to_target = target.map(|target| format!("s to {} %", percent(target, 0)));
    let mut head = vec!["network", "runs", "best test %", "final test %", "s an epoch", "images/s", "parameters"];
    head.extend(to_target.as_deref());
    let mut table = Table::new(&head);
    for (contender, label) in figures.labels.iter().enumerate() {
        let runs: Vec<&RunFigures> = figures.sound(contender).collect();
        let diverged = figures.ended(contender).count() - runs.len();
        let over = |figure: fn(&RunFigures) -> Option<f64>| runs.iter().filter_map(|run| figure(run)).collect::<Vec<f64>>();
        let average = |figure: fn(&RunFigures) -> Option<f64>| mean(&over(figure));
        let mut row = vec![
            label.clone(),
            format!("{} of {}", runs.len(), figures.seeds.len()) + &diverged_words(diverged),
            spread(&over(|run| run.best_accuracy)),
            spread(&over(|run| run.final_accuracy)),
            average(|run| run.seconds_per_epoch).map_or(none(), |seconds| format!("{seconds:.1}")),
            average(|run| run.images_per_second).map_or(none(), |rate| grouped(rate.round() as u64)),
            runs.first().map_or(none(), |run| short(run.parameters)),
        ];
        if let Some(target) = target {
            let reached: Vec<f64> = runs.iter().filter_map(|run| run.seconds_to(target)).collect();
            let missed = runs.len() - reached.len();
            row.push(match mean(&reached) {
                Some(seconds) if missed == 0 => format!("{seconds:.0}"),
                Some(seconds) => format!("{seconds:.0} ({missed} never)"),
                None if runs.is_empty() => none(),
                None => "never".into(),
            });
        }
        table.push(row);
    }
    table
}

/// A line for each pair.
pub fn differences(figures: &Figures) -> Table {
    let mut table = Table::new(&["first → second", "points of final test accuracy", "95 % interval", "in words"]);
    for difference in figures.differences() {
        let name = |contender: usize| figures.labels[contender].clone();
        let interval = difference.interval;
        let bound = |value: f64| format!("{:+.2}", value * 100.0);
        let range = interval
            .half_width
            .map_or(none(), |half| format!("{} to {}", bound(interval.mean - half), bound(interval.mean + half)));
        table.push(vec![
            format!("{} → {}", name(difference.first), name(difference.second)),
            bound(interval.mean),
            range,
            difference.verdict().to_string() + &seeds_words(difference.seeds, figures.seeds.len()),
        ]);
    }
    table
}

/// `, 2 diverged`
fn diverged_words(runs: usize) -> String {
    if runs == 0 { String::new() } else { format!(", {runs} diverged") }
}

/// ` (2 of 3 seeds)` where some are missing.
fn seeds_words(paired: usize, all: usize) -> String {
    if paired == all { String::new() } else { format!(" ({paired} of {all} seeds)") }
}

/// How the intervals were made.
pub const METHOD: &str = "Differences are paired by seed (which draws the initial values and the order of the pictures); the \
                          interval is Student's t over the seeds, not corrected for the number of pairs.";

/// `61.25 ± 0.40`
fn spread(accuracies: &[f64]) -> String {
    match (mean(accuracies), deviation(accuracies)) {
        (None, _) => none(),
        (Some(mean), None) => percent(mean, 2),
        (Some(mean), Some(deviation)) => format!("{} ± {}", percent(mean, 2), percent(deviation, 2)),
    }
}

fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$}", share * 100.0)
}

fn none() -> String {
    "–".into()
}
