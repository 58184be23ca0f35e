//! What is worth telling of a single run.

use super::page::Section;
use crate::chart::{ChartView, Companion, Detail, Metric, Role, chart, chart_beside};
use crate::knobs::TABLE;
use crate::session::{FinishReason, RunHeader, Session, Split};
use crate::spec::{grouped, short};
use crate::table::Table;

/// How fine a chart on paper is.
pub const DETAIL: Detail = Detail { columns: 1000, x_ticks: 8, y_ticks: 7, rows: 0 };
/// Evaluations listed; of more, every n-th and the last.
const LISTED: usize = 30;

/// The run's sections; `name` tells its charts from those of others.
pub fn sections(session: &Session, header: &RunHeader, name: &str) -> Vec<Section> {
    vec![
        Section::new("In short").table(summary(session, header)),
        charts(session, name),
        Section::new("What was changed while it trained").table(changes(session)),
        Section::new("Tested").table(evaluations(session)),
        Section::new("The network").words(header.model.about.trim()).table(network(header)),
        Section::new("Settings")
            .words("As the run began; what differs from the network's own is marked with *.")
            .table(settings(header)),
    ]
}

fn summary(session: &Session, header: &RunHeader) -> Table {
    let mut table = Table::new(&["what", "value"]);
    let mut row = |what: &str, value: String| table.push(vec![what.into(), value]);
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let stand_in = if header.data.stand_in { ", a stand-in for CIFAR-10" } else { "" };
    let (train, test) = (grouped(header.data.train as u64), grouped(header.data.test as u64));
    row("network", format!("{}: {}", header.model.name, header.model.title));
    row(
        "pictures",
        format!("{}{stand_in}: {train} to learn from, {test} held out, {} classes", header.data.name, header.data.classes.len()),
    );
    row("machine", format!("{}, {} threads", header.device.name, header.device.threads));
    if let Some(weights) = &header.weights {
        row("began with the weights of", format!("{} (SHA-256 {})", weights.path, weights.sha256));
    }
    row("seed", header.settings.text(crate::knobs::Knob::Seed));
    row("trained", format!("{} steps, {:.2} epochs, {}", grouped(session.steps()), session.epoch(), duration(session.time)));
    if let Some(rate) = session.recent_images_per_second() {
        row("speed at the end", format!("{} images/s", grouped(rate.round() as u64)));
    }
    row("ended", ending(session).into());
    if let Some(best) = session.best() {
        row(
            "best test accuracy",
            format!("{} at step {} (on {} pictures)", percent(best.accuracy), grouped(best.step), best.examples),
        );
    }
    if let Some(last) = session.history.evaluations.iter().rfind(|e| e.split == Split::Test) {
        row(
            "last test accuracy",
            format!("{} at step {} (on {} pictures)", percent(last.accuracy), grouped(last.step), last.examples),
        );
    }
    row("record", format!("{} (alexscope {})", header.folder, header.version));
    table
}

fn ending(session: &Session) -> &'static str {
    match (session.finished, session.failure.is_some()) {
        (_, true) | (Some(FinishReason::Failed), _) => "it failed",
        (Some(FinishReason::Budget), _) => "its budget was used up",
        (Some(FinishReason::Stopped), _) => "it was stopped",
        (Some(FinishReason::Diverged), _) => "its loss or a gradient was no finite number any more",
        (None, _) => "it has not ended, or was broken off",
    }
}

/// `1 h 02 min`, `3 min 20 s`, `12 s`
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

fn charts(session: &Session, name: &str) -> Section {
    let view = ChartView::up_to(session.furthest());
    let drawn = |metric: Metric| chart(session, metric, &view, DETAIL);
    Section::new("Curves")
        .chart(format!("{name}-loss"), drawn(Metric::Loss))
        .chart(format!("{name}-accuracy"), drawn(Metric::Accuracy))
        .chart(format!("{name}-learning-rate"), drawn(Metric::LearningRate))
}

/// Several runs over each other: the smoothed losses and accuracies of training, and the tests.
pub fn together(runs: &[Companion]) -> Section {
    let section = Section::new("Together");
    let [first, others @ ..] = runs else { return section };
    let view = ChartView::up_to(runs.iter().map(|run| run.session.furthest()).fold(0, u64::max));
    let drawn = |metric: Metric| {
        let mut model = chart_beside(&first.session, others, metric, &view, DETAIL);
        model.curves.retain(|curve| curve.role != Role::TrainRaw);
        for curve in &mut model.curves {
            match curve.role {
                Role::Train => curve.name = first.name.clone().into(),
                Role::Test => curve.name = "its tests".into(),
                _ => {}
            }
        }
        model
    };
    section.chart("together-loss", drawn(Metric::Loss)).chart("together-accuracy", drawn(Metric::Accuracy))
}

fn changes(session: &Session) -> Table {
    let mut table = Table::new(&["from step", "setting", "was", "became"]);
    for change in &session.history.changes {
        table.push(vec![grouped(change.step), change.knob.name(), change.from.clone(), change.to.clone()]);
    }
    table
}

fn evaluations(session: &Session) -> Table {
    let mut table = Table::new(&["step", "epoch", "test loss", "test accuracy", "pictures"]);
    let tested: Vec<_> = session.history.evaluations.iter().filter(|e| e.split == Split::Test).collect();
    let stride = tested.len().div_ceil(LISTED).max(1);
    for (i, e) in tested.iter().enumerate() {
        if (i + 1) % stride == 0 || i + 1 == tested.len() {
            let accuracy = format!("{:.2} %", e.accuracy * 100.0);
            table.push(vec![
                grouped(e.step),
                format!("{:.2}", e.epoch),
                format!("{:.4}", e.loss),
                accuracy,
                grouped(e.examples as u64),
            ]);
        }
    }
    table
}

/// Layer by layer, from the trace.
fn network(header: &RunHeader) -> Table {
    let mut table = Table::new(&["layer", "what", "output", "formula", "parameters", "multiply-adds"]);
    let Ok(trace) = header.model.trace() else { return table };
    let exact = |n: u64| if n == 0 { String::new() } else { grouped(n) };
    for (layer, traced) in header.model.layers.iter().zip(&trace.layers) {
        table.push(vec![
            traced.name.clone(),
            layer.what.summary(header.model.towers),
            traced.output.to_string(),
            traced.formula.clone(),
            exact(traced.parameters),
            exact(traced.multiply_adds),
        ]);
    }
    let total = format!("{} layers", trace.layers.len());
    table.push(vec!["total".into(), total, String::new(), String::new(), exact(trace.parameters), short(trace.multiply_adds)]);
    table
}

fn settings(header: &RunHeader) -> Table {
    let own = header.model.settings().unwrap_or_default();
    let mut table = Table::new(&["setting", "value", "unit"]);
    let mut row = |knob: crate::knobs::Knob, unit: &str| {
        let mark = if header.settings.get(knob) == own.get(knob) { "" } else { " *" };
        table.push(vec![knob.name(), header.settings.text(knob) + mark, unit.into()]);
    };
    TABLE.iter().for_each(|spec| row(spec.knob, spec.unit));
    let single = header.settings.iter().filter(|(knob, _)| matches!(knob, crate::knobs::Knob::LrnLayer(_)));
    single.for_each(|(knob, _)| row(knob, ""));
    table
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_are_told_in_two_units_at_most() {
        assert_eq!([duration(12.4), duration(200.0), duration(3725.0)], ["12 s", "3 min 20 s", "1 h 02 min"]);
    }
}
