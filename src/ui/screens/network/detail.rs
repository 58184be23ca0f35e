//! Everything about the selected layer, in sentences.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::figures::{Health, percent, three};
use super::layers::LayerView;
use super::table::judgement;
use crate::knobs::{Knob, Settings, number};
use crate::session::Session;
use crate::spec::{LayerSpec, Padding, bytes, grouped, lrn_elsewhere};
use crate::ui::theme::Theme;
use crate::ui::widgets::line;

/// Draws as many lines as there is room for; the first say the most.
pub fn draw(area: Rect, buf: &mut Buffer, theme: &Theme, layer: &LayerView, session: &Session) {
    let mut lines = vec![vec![flow(layer, theme)], costs(layer, theme)];
    lines.insert(1, live(layer, theme));
    if let LayerSpec::Lrn { .. } = layer.layer.what {
        lines.insert(1, vec![switch(layer, session, theme)]);
        lines.push(constants(&session.settings, theme));
    }
    let filled = lines.into_iter().filter(|parts| !parts.is_empty());
    for (y, parts) in (area.y..area.bottom()).zip(filled) {
        let text = line::fitting(parts, "  ·  ", area.width);
        buf.set_line(area.x, y, &text, area.width);
    }
}

/// Parts of a line that come and go together.
type Part = Vec<Span<'static>>;

fn plain(text: String, theme: &Theme) -> Part {
    vec![Span::styled(text, theme.text)]
}

/// `conv 11×11, stride 4: 3×227×227 → 96×55×55`
fn flow(layer: &LayerView, theme: &Theme) -> Part {
    let trace = layer.trace;
    let mut what = layer.summary.clone();
    match layer.layer.what {
        LayerSpec::Conv2d { stride, pad, .. } => {
            let pad = match pad {
                Padding::Same => "SAME".to_string(),
                Padding::Each(pad) => format!("pad {pad}"),
            };
            what += &format!(", stride {stride}, {pad}");
        }
        LayerSpec::MaxPool2d { stride, ceil, .. } => {
            what += &format!(", stride {stride}{}", if ceil { ", clipped at the border" } else { "" });
        }
        _ => {}
    }
    let mut part =
        vec![Span::styled(what, theme.title), Span::styled(format!("  {} → {}", trace.input, trace.output), theme.text)];
    if !trace.formula.is_empty() {
        part.push(Span::styled(format!("  {}", trace.formula), theme.dim));
    }
    part
}

fn costs(layer: &LayerView, theme: &Theme) -> Vec<Part> {
    let trace = layer.trace;
    let mut parts = Vec::new();
    if trace.parameters > 0 {
        parts.push(plain(format!("{} weights + {} biases", grouped(trace.weights), grouped(trace.biases)), theme));
        parts.push(plain(format!("{} multiply-adds", grouped(trace.multiply_adds)), theme));
    }
    parts.push(plain(format!("{} a picture", bytes(trace.activation_bytes)), theme));
    parts.push(plain(format!("sees {0}×{0} pixels", trace.receptive_field), theme));
    if let Some(towers) = &trace.towers {
        parts.push(plain(format!("in towers {towers}"), theme));
    }
    parts
}

fn live(layer: &LayerView, theme: &Theme) -> Vec<Part> {
    let Some(live) = layer.live else {
        return vec![vec![Span::styled("live figures come with the next step", theme.dim)]];
    };
    let mut parts = Vec::new();
    let share = layer.share.map_or(String::new(), |share| format!(", {} of the step", percent(share)));
    parts.push(plain(format!("forward {} ms, backward {} ms{share}", three(live.forward_ms), three(live.backward_ms)), theme));
    if let (Some(mean), Some(deviation)) = (live.mean, live.deviation) {
        parts.push(plain(format!("output {} ± {}", three(mean), three(deviation)), theme));
    }
    let judged = |what: &str, text: String, health: Health| {
        let word = if health == Health::Good && what == "dead" { String::new() } else { format!(", {}", health.word()) };
        vec![Span::styled(format!("{what} {text}"), theme.text), Span::styled(word, judgement(health, theme))]
    };
    if let Some(dead) = live.dead {
        parts.push(judged("dead", percent(dead), Health::of_dead(dead)));
    }
    if let Some(ratio) = live.update_ratio {
        parts.push(judged("update/weight", three(ratio), Health::of_update(ratio)));
    }
    if let (Some(weight), Some(gradient)) = (live.weight_norm, live.gradient_norm) {
        parts.push(plain(format!("weights {}, gradient {}", three(weight), three(gradient)), theme));
    }
    parts
}

/// Whether an LRN layer works, and what its key would do.
fn switch(layer: &LayerView, session: &Session, theme: &Theme) -> Part {
    let Some(knob) = layer.switch else { return Vec::new() };
    let key = |what: &str| vec![Span::styled("Enter", theme.key), Span::styled(format!(" {what} {knob}"), theme.text)];
    if let Some(waiting) = &layer.waiting {
        return vec![Span::styled(format!("{knob} {waiting}"), theme.pending)];
    }
    match (layer.off, session.settings.is_on(Knob::Lrn)) {
        (false, _) => [vec![Span::styled("on; ", theme.good)], key("switches off")].concat(),
        (true, true) => [vec![Span::styled("off; ", theme.warning)], key("switches on")].concat(),
        (true, false) => [
            vec![Span::styled("off, as all LRN layers are: ", theme.warning)],
            vec![Span::styled("L", theme.key), Span::styled(" switches them on", theme.text)],
        ]
        .concat(),
    }
}

/// The constants in force, and what other programs call them.
fn constants(settings: &Settings, theme: &Theme) -> Vec<Part> {
    let of = |knob: Knob| settings.get(knob);
    let (n, k, alpha, beta) = (settings.count(Knob::LrnN), of(Knob::LrnK), of(Knob::LrnAlpha), of(Knob::LrnBeta));
    let ours = format!("n = {n}, k = {k}, α = {}, β = {beta}", number(alpha));
    let mut parts = vec![plain(ours, theme)];
    parts.extend(lrn_elsewhere(n, k, alpha).into_iter().map(|text| vec![Span::styled(text, theme.dim)]));
    parts
}
