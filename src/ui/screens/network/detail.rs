//! Everything about the selected layer, in sentences.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::layers::LayerView;
use super::table::judgement;
use crate::knobs::{Knob, Settings, number};
use crate::session::Session;
use crate::spec::{LayerSpec, Padding, bytes, grouped, lrn_elsewhere};
use crate::ui::figures::{Health, milliseconds, percent, three};
use crate::ui::theme::Theme;
use crate::ui::widgets::line;

/// What stands between two facts.
const GAP: &str = "  ·  ";

/// Draws a paragraph for each kind of fact, and where there is no room for that, all facts as one.
pub fn draw(area: Rect, buf: &mut Buffer, theme: &Theme, layer: &LayerView, session: &Session) {
    let lrn = matches!(layer.layer.what, LayerSpec::Lrn { .. });
    let constants = if lrn { constants(&session.settings, theme) } else { Vec::new() };
    let paragraphs = [shapes(layer, session, theme), costs(layer, theme), live(layer, theme), constants];
    let flowing = |parts: Vec<Part>| line::flowing(parts, GAP, area.width);
    let mut lines: Vec<Line> = paragraphs.iter().cloned().flat_map(flowing).collect();
    if lines.len() > usize::from(area.height) {
        lines = flowing(paragraphs.concat());
    }
    let room = usize::from(area.height).saturating_sub(lines.len());
    let about = layer.layer.what.about().split("\n\n").next().unwrap_or_default();
    if room > 0 {
        lines.extend(line::wrapped_within(about, area.width, room).into_iter().map(|text| Line::styled(text, theme.dim)));
    }
    for (y, text) in (area.y..area.bottom()).zip(lines) {
        line::spans(Rect { y, height: 1, ..area }, buf, text);
    }
}

/// Words that stay together.
type Part = Vec<Span<'static>>;

fn plain(text: String, theme: &Theme) -> Part {
    vec![Span::styled(text, theme.text)]
}

/// `conv 11×11, stride 4, pad 0`, `3×227×227 → 96×55×55`, and how that follows.
fn shapes(layer: &LayerView, session: &Session, theme: &Theme) -> Vec<Part> {
    let trace = layer.trace;
    let mut parts = vec![vec![Span::styled(what(layer), theme.title)]];
    parts.extend(switch(layer, session, theme));
    parts.push(plain(format!("{} → {}", trace.input, trace.output), theme));
    if let Some(towers) = &trace.towers {
        parts.push(plain(format!("in towers {towers}"), theme));
    }
    if !trace.formula.is_empty() {
        parts.push(vec![Span::styled(trace.formula.clone(), theme.dim)]);
    }
    parts
}

fn what(layer: &LayerView) -> String {
    let what = &layer.summary;
    match layer.layer.what {
        LayerSpec::Conv2d { stride, pad: Padding::Same, .. } => format!("{what}, stride {stride}, SAME"),
        LayerSpec::Conv2d { stride, pad: Padding::Each(pad), .. } => format!("{what}, stride {stride}, pad {pad}"),
        LayerSpec::MaxPool2d { stride, ceil: false, .. } => format!("{what}, stride {stride}"),
        LayerSpec::MaxPool2d { stride, ceil: true, .. } => format!("{what}, stride {stride}, clipped at the border"),
        _ => what.clone(),
    }
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
    parts
}

fn live(layer: &LayerView, theme: &Theme) -> Vec<Part> {
    let Some(live) = layer.live else {
        return vec![vec![Span::styled("live figures come with the next step", theme.dim)]];
    };
    let mut parts = Vec::new();
    if !layer.off {
        let share = layer.share.map_or(String::new(), |share| format!(", {} of the step", percent(share)));
        let [forward, backward] = [live.forward_ms, live.backward_ms].map(milliseconds);
        parts.push(plain(format!("forward {forward} ms, backward {backward} ms{share}"), theme));
    }
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
        parts.push(plain(format!("weight norm {}, gradient norm {}", three(weight), three(gradient)), theme));
    }
    parts
}

/// Whether an LRN layer works, and what its key would do.
fn switch(layer: &LayerView, session: &Session, theme: &Theme) -> Option<Part> {
    let knob = layer.switch?;
    let key = |what: &str| vec![Span::styled("Enter", theme.key), Span::styled(format!(" {what} {knob}"), theme.text)];
    if let Some(waiting) = &layer.waiting {
        return Some(vec![Span::styled(format!("{knob} {waiting}"), theme.pending)]);
    }
    let part = match (layer.off, session.settings.is_on(Knob::Lrn)) {
        (false, _) => [vec![Span::styled("on; ", theme.good)], key("switches off")].concat(),
        (true, true) => [vec![Span::styled("off; ", theme.warning)], key("switches on")].concat(),
        (true, false) => [
            vec![Span::styled("off, as all LRN layers are: ", theme.warning)],
            vec![Span::styled("L", theme.key), Span::styled(" switches them on", theme.text)],
        ]
        .concat(),
    };
    Some(part)
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
