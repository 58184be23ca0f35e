//! The layers as a table: what they are, what they cost, and what they did in the last step.

use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use super::layers::{LayerView, both_ways};
use crate::session::Pass;
use crate::spec::{Trace, bytes, short};
use crate::ui::figures::{Health, bar, milliseconds, percent, three};
use crate::ui::theme::Theme;
use crate::ui::widgets::grid::{Grid, Head};

/// Cells of the bar that shows a layer's share of the step.
const BAR: u16 = 8;

const fn left(title: &'static str, rank: u8) -> Head {
    Head { title, right: false, rank, width: 0 }
}

const fn right(title: &'static str, rank: u8, width: u16) -> Head {
    Head { title, right: true, rank, width }
}

/// In the order of [`cells`].
const HEADS: [Head; 18] = [
    left("layer", 0),
    left("what", 13),
    left("output", 1),
    left("formula", 8),
    left("in towers", 15),
    right("params", 9, 0),
    right("MACs", 10, 0),
    right("memory", 16, 0),
    right("sees", 17, 0),
    right("fwd ms", 2, 6),
    right("bwd ms", 3, 6),
    right("share", 4, 5),
    Head { title: "", right: false, rank: 14, width: BAR },
    right("mean ± dev", 5, 15),
    right("dead", 6, 5),
    right("‖w‖", 12, 5),
    right("‖∇w‖", 11, 6),
    right("Δw/w", 7, 6),
];

pub fn grid(layers: &[LayerView], trace: &Trace, selected: usize, theme: &Theme) -> Grid {
    let rows = layers.iter().map(|layer| row(layer, theme)).collect();
    let mark = layers.iter().enumerate().find_map(|(place, layer)| Some((place, sign(layer.pass?))));
    Grid { heads: HEADS.to_vec(), rows, totals: totals(layers, trace, theme), selected: Some(selected), mark }
}

/// Which way the step goes through the layer at this moment.
fn sign(pass: Pass) -> &'static str {
    match pass {
        Pass::Forward => "↓",
        Pass::Backward => "↑",
        Pass::Update => "·",
    }
}

fn row(layer: &LayerView, theme: &Theme) -> Vec<Span<'static>> {
    let cells = cells(layer, theme);
    if layer.off {
        return cells.into_iter().map(|cell| Span::styled(cell.content, grey(theme))).collect();
    }
    cells.into()
}

/// For what takes no part.
pub fn grey(theme: &Theme) -> Style {
    theme.dim.add_modifier(Modifier::DIM)
}

fn cells(layer: &LayerView, theme: &Theme) -> [Span<'static>; 18] {
    let text = |text: String| Span::styled(text, theme.text);
    let dim = |text: String| Span::styled(text, theme.dim);
    let number = |value: Option<f64>| text(value.map_or(String::new(), three));
    let trace = layer.trace;
    let live = layer.live;
    let time = |ms: Option<f64>| match &layer.waiting {
        Some(_) => Span::styled("…", theme.pending),
        None if layer.off => text("off".into()),
        None => text(ms.map_or(String::new(), milliseconds)),
    };
    let spread = live.and_then(|live| Some((live.mean?, live.deviation?)));
    let judged = |value: Option<f64>, health: fn(f64) -> Health, write: fn(f64) -> String| match value {
        Some(value) => Span::styled(write(value), judgement(health(value), theme)),
        None => Span::raw(""),
    };
    [
        Span::styled(layer.layer.name.clone(), theme.title),
        text(layer.summary.clone()),
        text(trace.output.to_string()),
        dim(trace.formula.clone()),
        dim(trace.towers.clone().unwrap_or_default()),
        text(count(trace.parameters)),
        text(count(trace.multiply_adds)),
        dim(bytes(trace.activation_bytes)),
        dim(trace.receptive_field.to_string()),
        time(live.map(|live| live.forward_ms)),
        time(live.map(|live| live.backward_ms)),
        text(layer.share.map_or(String::new(), percent)),
        Span::styled(layer.share.map_or(String::new(), |share| bar(share, BAR)), theme.train),
        text(spread.map_or(String::new(), |(mean, deviation)| format!("{} ± {:<5}", three(mean), three(deviation)))),
        judged(live.and_then(|live| live.dead), Health::of_dead, percent),
        number(live.and_then(|live| live.weight_norm)),
        number(live.and_then(|live| live.gradient_norm)),
        judged(live.and_then(|live| live.update_ratio), Health::of_update, three),
    ]
}

pub fn judgement(health: Health, theme: &Theme) -> Style {
    match health {
        Health::Good => theme.text,
        Health::Low | Health::High => theme.warning,
        Health::Bad => theme.bad,
    }
}

/// Nothing for nothing: most layers have neither parameters nor multiply-adds.
fn count(n: u64) -> String {
    if n == 0 { String::new() } else { short(n) }
}

fn totals(layers: &[LayerView], trace: &Trace, theme: &Theme) -> Vec<Span<'static>> {
    let sum = |ms: fn(&LayerView) -> Option<f64>| {
        let times: Vec<f64> = layers.iter().filter_map(ms).collect();
        if times.is_empty() { String::new() } else { milliseconds(times.iter().sum()) }
    };
    let forward = sum(|layer| layer.live.map(|live| live.forward_ms));
    let backward = sum(|layer| layer.live.map(|live| live.backward_ms));
    let whole = sum(|layer| layer.live.map(both_ways));
    let mut cells = [const { String::new() }; 18];
    cells[0] = "total".into();
    cells[2] = format!("{} layers", layers.len());
    cells[3] = if whole.is_empty() { whole } else { format!("{whole} ms forward and backward") };
    cells[5] = count(trace.parameters);
    cells[6] = count(trace.multiply_adds);
    cells[7] = bytes(trace.activation_bytes);
    cells[9] = forward;
    cells[10] = backward;
    cells.map(|text| Span::styled(text, theme.title)).into()
}
