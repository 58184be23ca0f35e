//! What is known of each layer: the description, what follows from it, and what it did in the last step that was watched.

use crate::knobs::Knob;
use crate::session::{LayerStats, Pass, Session};
use crate::spec::{Layer, LayerTrace, ModelSpec, Trace};
use crate::ui::sent::Sent;

/// One layer of the network, as the screen shows it.
pub struct LayerView<'a> {
    pub layer: &'a Layer,
    pub trace: &'a LayerTrace,
    /// What it is, in few words.
    pub summary: String,
    pub live: Option<&'a LayerStats>,
    /// The pass that the step under way is making through it.
    pub pass: Option<Pass>,
    /// Of the time of a step's forward and backward passes.
    pub share: Option<f64>,
    /// For an LRN layer, the setting that switches it alone.
    pub switch: Option<Knob>,
    /// What its switch was told, and when that holds: not accepted yet, or accepted for later.
    pub waiting: Option<String>,
    /// An LRN layer that passes its input on.
    pub off: bool,
}

pub fn layers<'a>(model: &'a ModelSpec, trace: &'a Trace, session: &'a Session, sent: &Sent) -> Vec<LayerView<'a>> {
    let seen = session.layers.as_ref().map_or(&[][..], |seen| &seen.layers);
    let total: f64 = seen.iter().map(both_ways).sum();
    let view = |(place, (layer, trace)): (usize, (&'a Layer, &'a LayerTrace))| {
        let switch = model.lrn_knob(place);
        let off = matches!(switch, Some(Knob::LrnLayer(i)) if !session.settings.lrn_is_on(i));
        // Figures from before a switch say nothing about the layer as it is now.
        let live = seen.get(place).filter(|live| live.name == layer.name && live.off == off);
        LayerView {
            layer,
            trace,
            summary: layer.what.summary(model.towers),
            share: live.filter(|_| total > 0.0 && !off).map(|live| both_ways(live) / total),
            live,
            pass: session.progress.as_ref().filter(|now| !now.evaluating && now.layer == layer.name).map(|now| now.pass),
            waiting: switch.and_then(|knob| waiting(knob, session, sent)),
            switch,
            off,
        }
    };
    model.layers.iter().zip(&trace.layers).enumerate().map(view).collect()
}

/// `→ off, sent`, `→ off from the next step`
fn waiting(knob: Knob, session: &Session, sent: &Sent) -> Option<String> {
    if let Some(value) = sent.latest(knob) {
        return Some(format!("→ {}, sent", knob.spec().format(value)));
    }
    let pending = session.pending.iter().find(|pending| pending.knob == knob)?;
    Some(format!("→ {} {}", pending.to, pending.applies))
}

/// Milliseconds forward and backward together.
pub fn both_ways(live: &LayerStats) -> f64 {
    live.forward_ms + live.backward_ms
}
