//! What is worth telling of a comparison.

use std::collections::BTreeMap;

use super::page::Section;
use super::run::DETAIL;
use crate::chart::{Across, Metric, Spread};
use crate::compare::Plan;
use crate::contest::{Figures, RunFigures, curves, tables};
use crate::spec::zoo;
use crate::table::Table;

pub fn sections(plan: &Plan, figures: &Figures, name: &str, command: &str) -> Vec<Section> {
    let drawn = |metric, across| curves(figures, metric, across, Spread::Range, DETAIL);
    let target = figures.common_target();
    vec![
        Section::new("In short").table(tables::contenders(figures, target)).words(reading(figures)),
        Section::new("Differences").table(tables::differences(figures)).words(tables::METHOD),
        Section::new("Curves")
            .chart(format!("{name}-accuracy-epoch"), drawn(Metric::Accuracy, Across::Epoch))
            .chart(format!("{name}-loss-epoch"), drawn(Metric::Loss, Across::Epoch))
            .chart(format!("{name}-accuracy-time"), drawn(Metric::Accuracy, Across::Time)),
        Section::new("Every run").table(runs(figures)),
        Section::new("Settings").words(shared(plan, figures)).table(settings(plan)),
        Section::new("To make it again").verbatim(command),
    ]
}

fn reading(figures: &Figures) -> String {
    format!(
        "Means over the seeds, ± the deviation between them. Budget: {}. The time an epoch is that of the steps alone; the time to \
         an accuracy includes the evaluations.",
        figures.budget
    )
}

fn runs(figures: &Figures) -> Table {
    let mut table = Table::new(&[
        "run",
        "seed",
        "steps",
        "final test %",
        "best test %",
        "final test loss",
        "s an epoch",
        "images/s",
        "ended",
    ]);
    for (_, run) in &figures.runs {
        let percent = |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.2}", share * 100.0));
        table.push(vec![
            run.label.clone(),
            run.seed.to_string(),
            run.steps.to_string(),
            percent(run.final_accuracy),
            percent(run.best_accuracy),
            run.final_loss.map_or("–".into(), |loss| format!("{loss:.4}")),
            run.seconds_per_epoch.map_or("–".into(), |seconds| format!("{seconds:.1}")),
            run.images_per_second.map_or("–".into(), |rate| format!("{rate:.0}")),
            ended(run).into(),
        ]);
    }
    table
}

fn ended(run: &RunFigures) -> &'static str {
    use crate::session::FinishReason;
    match run.ended {
        Some(FinishReason::Diverged) => "diverged",
        Some(_) => "yes",
        None => "not yet",
    }
}

fn shared(plan: &Plan, figures: &Figures) -> String {
    let shared = plan.shared.iter().filter(|(_, value)| value != "0").map(|(knob, value)| format!("{knob} {value}"));
    let machine = figures.runs.first().map_or_else(String::new, |(_, run)| {
        format!(" Machine: {}, {} threads; pictures: {}.", run.device, run.threads, run.data)
    });
    format!("The same for all: {}.{machine}", shared.collect::<Vec<_>>().join(", "))
}

/// What each trains with that is neither the same for all nor a knob's usual value: what its file says of training, and what it was given.
fn settings(plan: &Plan) -> Table {
    let mut table = Table::new(&["network", "settings of its own"]);
    for contender in &plan.contenders {
        let of_its_file = zoo::load(&contender.model).map(|model| model.training).unwrap_or_default();
        let mut own: BTreeMap<String, String> = of_its_file.into_iter().collect();
        own.retain(|name, _| !plan.shared.iter().any(|(knob, _)| knob.name() == *name));
        own.extend(contender.settings.iter().map(|(knob, value)| (knob.name(), value.clone())));
        let own: Vec<String> = own.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
        table.push(vec![contender.label.clone(), if own.is_empty() { "none".into() } else { own.join(", ") }]);
    }
    table
}
