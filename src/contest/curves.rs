//! A comparison's figures as a chart.

use super::figures::{Figures, RunFigures, Tested};
use crate::chart::{Across, ChartModel, Detail, Entrant, Metric, Spread, comparison};

/// The curve of each contender over what is counted: its mean over the runs that came to their end, and the one under way.
pub fn curves(figures: &Figures, metric: Metric, across: Across, spread: Spread, detail: Detail) -> ChartModel {
    let point = |tested: &Tested| {
        let x = match across {
            Across::Step => tested.step as f64,
            Across::Epoch => tested.epoch,
            Across::Time => tested.seconds,
        };
        (x, if metric == Metric::Loss { tested.loss } else { tested.accuracy })
    };
    let points = |run: &RunFigures| run.tested.iter().map(point).collect::<Vec<_>>();
    let entrants: Vec<Entrant> = (0..)
        .zip(&figures.labels)
        .map(|(contender, label)| {
            let runs: Vec<_> = figures.sound(contender).map(points).collect();
            let under_way = figures.under_way(contender).map(points).unwrap_or_default();
            // Where there is no other, it stands for its contender.
            let (runs, under_way) = if runs.is_empty() { (vec![under_way], Vec::new()) } else { (runs, under_way) };
            Entrant { name: label.clone(), runs, under_way }
        })
        .collect();
    comparison(&entrants, metric, across, spread, detail)
}
