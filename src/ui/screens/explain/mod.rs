//! The Explain screen: what a kind of layer does, as a formula, as a curve, and over the values that really come in.

mod curves;
mod dropout;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::knobs::{Knob, number};
use crate::probe::{LayerProbe, LayerSight, Probe, Seen, Sight};
use crate::spec::{Layer, LayerSpec, grouped};
use crate::ui::action::Action;
use crate::ui::app::{App, Effect};
use crate::ui::screens::{layer, network};
use crate::ui::widgets::line;
use crate::ui::widgets::panel::panel;

/// From this width on the words stand beside the picture.
const WIDE: u16 = 110;

#[derive(Debug, Default)]
pub struct ExplainScreen {
    /// Only the picture, or only the words.
    enlarged: bool,
}

/// What the screen wants to be shown: the selected layer at work, dropout as it fell in the newest step.
pub fn probe(app: &App) -> Probe {
    let place = network::selected(app);
    let dropout = network::model(app).layers.get(place).is_some_and(|layer| matches!(layer.what, LayerSpec::Dropout { .. }));
    Probe::Layer(LayerProbe { layer: place, picture: app.layer.picture.clone(), training: dropout, unit: 0 })
}

fn sight(app: &App) -> Option<(&Seen, &LayerSight)> {
    let seen = app.seen_now()?;
    match (&seen.probe, &seen.sight) {
        (Probe::Layer(probe), Ok(Sight::Layer(sight))) if probe.layer == network::selected(app) => Some((seen, sight)),
        _ => None,
    }
}

/// Where the picture and the words lie; the words alone where there is nothing to draw.
fn layout(area: Rect, drawn: bool, enlarged: bool) -> (Option<Rect>, Option<Rect>) {
    match drawn {
        false => (None, Some(area)),
        true if enlarged => (Some(area), None),
        true if area.width >= WIDE => {
            let left = Rect { width: area.width * 3 / 5, ..area };
            (Some(left), Some(Rect { x: left.right() + 2, width: area.right() - left.right() - 2, ..area }))
        }
        true => {
            let above = Rect { height: area.height * 3 / 5, ..area };
            (Some(above), Some(Rect { y: above.bottom(), height: area.height - above.height, ..area }))
        }
    }
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let Some(layer) = network::model(app).layers.get(network::selected(app)) else { return };
    let drawn = matches!(layer.what, LayerSpec::Lrn { .. } | LayerSpec::Activation { .. } | LayerSpec::Dropout { .. });
    let (picture, words) = layout(area, drawn, app.explain.enlarged);
    if let Some(area) = picture {
        draw(app, layer, area, buf);
    }
    if let Some(area) = words {
        explain(app, layer, area, buf);
    }
}

/// The curve or the mask, over the values that come in.
fn draw(app: &App, layer: &Layer, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let seen = sight(app);
    let mut facts: Vec<Vec<Span>> = formula(app, layer).into_iter().map(|text| vec![Span::styled(text, theme.text)]).collect();
    if let Some((seen, _)) = seen {
        facts.push(vec![Span::styled(app.looking.cost(seen), theme.dim)]);
    }
    let right = seen.map_or(String::new(), |(seen, _)| format!("step {}", grouped(seen.step)));
    let inner = panel(area, buf, theme, &layer.name, facts, &right);
    let sight = seen.map(|(_, sight)| sight);
    match layer.what {
        LayerSpec::Lrn { .. } => curves::lrn(app, sight, inner, buf),
        LayerSpec::Activation { function } => curves::activation(app, function, sight, inner, buf),
        LayerSpec::Dropout { .. } => dropout::draw(app, sight, inner, buf),
        LayerSpec::Conv2d { .. } | LayerSpec::MaxPool2d { .. } | LayerSpec::Flatten | LayerSpec::Dense { .. } => {}
    }
}

/// The formula with the numbers that hold now.
fn formula(app: &App, layer: &Layer) -> Vec<String> {
    let settings = &app.shown().settings;
    let of = |knob: Knob| number(settings.get(knob));
    match layer.what {
        LayerSpec::Lrn { .. } => vec![
            format!("b = a / ({} + {}·Σa²)^{}", of(Knob::LrnK), of(Knob::LrnAlpha), of(Knob::LrnBeta)),
            format!("Σ over {} maps", settings.count(Knob::LrnN)),
        ],
        LayerSpec::Dropout { .. } => vec![format!("each unit is silent with p = {}", of(Knob::Dropout))],
        LayerSpec::Activation { .. } => vec![curves::live(app, layer).formula().into()],
        LayerSpec::Conv2d { .. } | LayerSpec::MaxPool2d { .. } | LayerSpec::Flatten | LayerSpec::Dense { .. } => Vec::new(),
    }
}

/// The layer in words, with what follows from its numbers.
fn explain(app: &App, layer: &Layer, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let model = network::model(app);
    let mut paragraphs: Vec<String> = Vec::new();
    if let Ok(trace) = model.trace()
        && let Some(traced) = trace.layers.get(network::selected(app))
    {
        let formula = if traced.formula.is_empty() { String::new() } else { format!(": {}", traced.formula) };
        paragraphs.push(format!("{} → {}{formula}", traced.input, traced.output));
    }
    paragraphs.extend(layer.what.about().split("\n\n").map(|paragraph| paragraph.trim().to_string()));
    let title = format!("{}: {}", layer.name, layer.what.summary(model.towers));
    let inner = panel(area, buf, theme, &title, Vec::new(), "");
    // Blank lines only where there is room for all words with them.
    let lines = |gap: bool| {
        let wrapped = |(i, text): (usize, &String)| {
            let blank = (gap && i > 0).then(String::new);
            blank.into_iter().chain(line::wrapped(text, inner.width)).collect::<Vec<_>>()
        };
        paragraphs.iter().enumerate().flat_map(wrapped).collect::<Vec<_>>()
    };
    let roomy = lines(true);
    let all = if roomy.len() <= usize::from(inner.height) { roomy } else { lines(false) };
    let cut = all.len() > usize::from(inner.height);
    for (row, text) in inner.rows().zip(&all) {
        let last = cut && row.y + 1 == inner.bottom();
        let text = if last { line::fitted(&format!("{text} …"), row.width) } else { text.clone() };
        buf.set_string(row.x, row.y, text, theme.text);
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Up | Action::Left => network::move_by(app, -1),
        Action::Down | Action::Right => network::move_by(app, 1),
        Action::OtherLayer(by) => network::move_by(app, by),
        Action::First => network::move_by(app, isize::MIN / 2),
        Action::Last => network::move_by(app, isize::MAX / 2),
        Action::Enlarge => app.explain.enlarged = !app.explain.enlarged,
        Action::Close if app.explain.enlarged => app.explain.enlarged = false,
        Action::Close => app.freeze(false),
        Action::OtherPicture(_) | Action::RandomPicture => return layer::act(app, action),
        _ => {}
    }
    Vec::new()
}
