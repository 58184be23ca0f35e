//! The Network screen: every layer with its shape, its costs and what it does, as a table and as a drawn pipeline.

mod detail;
mod draft;
mod heat;
mod layers;
mod pipeline;
mod stages;
mod table;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use crate::knobs::Knob;
use crate::session::Session;
use crate::spec::{ModelSpec, SpecError, Trace, grouped, short};
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, Tone};
use crate::ui::screens::Screen;
use crate::ui::theme::Theme;
use crate::ui::update::perform;
use crate::ui::widgets::grid::Grid;
use crate::ui::widgets::line;
use crate::ui::widgets::panel::panel;
use draft::Draft;
use heat::Heat;
use layers::{LayerView, layers};
use stages::{Stage, stage_of, stages};

#[derive(Debug, Default)]
pub struct NetworkScreen {
    /// Place of the selected layer; may lie beyond the last one of another network.
    selected: usize,
    /// Where there is no room for both: the pipeline rather than the table.
    pipeline: bool,
    /// A copy that is being edited, in the place of all else.
    pub draft: Option<Draft>,
    /// What the strips over the run show.
    heat: Heat,
    /// Only one of them, without the lines about the selected layer, however much room there is.
    alone: bool,
}

/// Lines for the selected layer: a head and all that is known.
const DETAIL: u16 = 6;
/// Layers in a leap.
const PAGE: isize = 8;

/// Where the parts of the screen lie.
struct Layout {
    table: Option<Rect>,
    pipeline: Option<Rect>,
    detail: Rect,
}

/// Everything that is drawn, put together.
struct Scene<'a> {
    model: &'a ModelSpec,
    session: &'a Session,
    trace: &'a Trace,
    layers: &'a [LayerView<'a>],
    stages: &'a [Stage<'a>],
    grid: Grid,
    selected: usize,
    /// The stage of the selected layer.
    stage: usize,
    layout: Layout,
    /// All that the parts have, below the strips.
    area: Rect,
}

/// Puts the scene together for `area` and hands it on.
fn with_scene<R>(app: &App, area: Rect, then: impl FnOnce(&Scene) -> R) -> Result<R, SpecError> {
    let (_, area) = heat::divided(app, area);
    let (model, session) = (model(app), app.shown());
    let trace = model.trace()?;
    let layers = layers(model, &trace, session, &app.sent);
    let stages = stages(model, &layers);
    let selected = selected(app);
    let grid = table::grid(&layers, &trace, selected, &app.theme);
    let layout = layout(area, &app.network, &stages, &grid);
    let stage = stage_of(&stages, selected);
    Ok(then(&Scene { model, session, trace: &trace, layers: &layers, stages: &stages, grid, selected, stage, layout, area }))
}

/// The network of the run in view, or the one that is about to be trained.
pub fn model(app: &App) -> &ModelSpec {
    app.shown().header.as_ref().map_or(&app.model, |header| &header.model)
}

pub fn selected(app: &App) -> usize {
    app.network.selected.min(model(app).layers.len().saturating_sub(1))
}

/// Both where both fit, else the one that was asked for; the selected layer's lines where there is room for them.
fn layout(area: Rect, screen: &NetworkScreen, stages: &[Stage], grid: &Grid) -> Layout {
    let detail = match area.height {
        _ if screen.alone => 0,
        ..12 => 0,
        12..20 => 2,
        20..32 => 4,
        _ => 5,
    };
    let above = Rect { height: area.height - detail, ..area };
    let table = grid.height() + 1 + chain_height(area);
    let funnel = pipeline::funnel_height(stages) + 1;
    let boxes = pipeline::boxes_height(stages, area.width).map(|height| height + 1);
    let beside = |height: &u16| !screen.alone && table + height <= above.height;
    let from = |y: u16, height: u16| Rect { y: above.y + y, height: height.min(above.height - y), ..above };
    let (table, drawn) = match boxes.filter(beside).or(Some(funnel).filter(beside)) {
        Some(height) => (Some(from(0, table)), Some(from(table, height))),
        None if screen.pipeline => (None, Some(from(0, boxes.filter(|height| *height <= above.height).unwrap_or(funnel)))),
        None => (Some(from(0, table)), None),
    };
    let end = drawn.or(table).map_or(area.y, |last| last.bottom());
    let detail = if screen.alone { 0 } else { (area.bottom() - end).min(DETAIL) };
    Layout { table, pipeline: drawn, detail: Rect { y: end, height: detail, ..area } }
}

/// Lines of the chain of sides: with names below it on a large screen.
fn chain_height(area: Rect) -> u16 {
    if area.height > 30 && area.width > 100 { 2 } else { 1 }
}

fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// Where the table's rows are drawn: below its head and the chain.
fn rows_area(table: Rect, whole: Rect) -> Rect {
    below(table, 1 + chain_height(whole))
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    if let Some(draft) = &app.network.draft {
        return draft::draw(draft, area, buf, &app.theme);
    }
    if let (Some(strips), _) = heat::divided(app, area) {
        heat::draw(app, strips, buf);
    }
    let drawn = with_scene(app, area, |scene| draw(scene, buf, &app.theme));
    if let Err(error) = drawn {
        // The trainer takes no such network; a record by another hand may hold anything.
        line::spans(area, buf, Span::styled(error.to_string(), app.theme.bad).into());
    }
}

fn draw(scene: &Scene, buf: &mut Buffer, theme: &Theme) {
    if let Some(table) = scene.layout.table {
        let rows = rows_area(table, scene.area);
        let seen = scene.grid.visible(rows.height);
        let mut facts = facts(scene, theme);
        if seen.len() < scene.layers.len() {
            let part = format!("layers {}–{} of {}", seen.start + 1, seen.end, scene.layers.len());
            facts.insert(0, vec![Span::styled(part, theme.text)]);
        }
        let inner = panel(table, buf, theme, &scene.model.name, facts, &watched(scene.session));
        let chain = Rect { height: chain_height(scene.area).min(inner.height), ..inner };
        pipeline::chain(chain, buf, theme, scene.stages, scene.stage);
        scene.grid.draw(rows, buf, theme);
    }
    if let Some(drawn) = scene.layout.pipeline {
        let alone = scene.layout.table.is_none();
        let (title, facts) = if alone { (&scene.model.name[..], facts(scene, theme)) } else { ("pipeline", Vec::new()) };
        let inner = panel(drawn, buf, theme, title, facts, "");
        pipeline::draw(inner, buf, theme, scene.stages, scene.stage);
    }
    if let (Some(layer), 1..) = (scene.layers.get(scene.selected), scene.layout.detail.height) {
        let inner = panel(scene.layout.detail, buf, theme, &layer.layer.name, Vec::new(), "");
        detail::draw(inner, buf, theme, layer, scene.session);
    }
}

fn facts<'a>(scene: &Scene, theme: &Theme) -> Vec<Vec<Span<'a>>> {
    let model = scene.model;
    let [channels, height, width] = model.input;
    let fact = |text: String| vec![Span::styled(text, theme.dim)];
    let mut facts = vec![
        fact(format!("{channels}×{height}×{width} in, {} classes", model.classes)),
        fact(format!("{} parameters", short(scene.trace.parameters))),
    ];
    if model.towers > 1 {
        facts.push(fact(format!("{} towers", model.towers)));
    }
    facts
}

/// Of which step the live figures are.
fn watched(session: &Session) -> String {
    session.layers.as_ref().map_or(String::new(), |seen| format!("live figures of step {}", grouped(seen.step)))
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if app.network.draft.is_some() {
        return draft::act(app, action);
    }
    match action {
        Action::Draft => {
            let steered = model(app).with_constants(&app.settings_for_a_new_run());
            app.network.draft = Some(Draft::of(&steered, selected(app)));
        }
        Action::Up => move_by(app, -1),
        Action::Down => move_by(app, 1),
        Action::PageUp => move_by(app, -PAGE),
        Action::PageDown => move_by(app, PAGE),
        Action::First => app.network.selected = 0,
        Action::Last => move_by(app, isize::MAX),
        Action::Left => to_stage(app, -1),
        Action::Right => to_stage(app, 1),
        Action::Heat => app.network.heat = app.network.heat.next(),
        Action::Pipeline => app.network.pipeline = !app.network.pipeline,
        Action::Enlarge => {
            let screen = &mut app.network;
            (screen.alone, screen.pipeline) = match (screen.alone, screen.pipeline) {
                (false, _) => (true, false),
                (true, false) => (true, true),
                (true, true) => (false, false),
            };
        }
        Action::Close if app.network.alone => app.network.alone = false,
        Action::Close => app.freeze(false),
        Action::Accept if model(app).lrn_knob(selected(app)).is_none() => return perform(app, Action::Open(Screen::Layer)),
        Action::Accept => return switch(app),
        _ => {}
    }
    Vec::new()
}

pub fn move_by(app: &mut App, layers: isize) {
    let last = model(app).layers.len().saturating_sub(1);
    app.network.selected = selected(app).saturating_add_signed(layers).min(last);
}

/// To the first layer of the stage before or after this one.
fn to_stage(app: &mut App, by: isize) {
    let found = with_scene(app, app.area, |scene| {
        let next = scene.stage.saturating_add_signed(by).clamp(1, scene.stages.len().max(2) - 1);
        scene.stages.get(next).map(|stage| stage.places.start)
    });
    if let Ok(Some(place)) = found {
        app.network.selected = place;
    }
}

/// Turns the selected LRN layer over.
fn switch(app: &mut App) -> Vec<Effect> {
    let Some(knob) = model(app).lrn_knob(selected(app)) else { return Vec::new() };
    if app.aimed_at(Knob::Lrn) == 0.0 {
        app.say(Tone::Info, "all LRN layers are off; L switches them on");
        return Vec::new();
    }
    let turned = if app.aimed_at(knob) == 0.0 { 1.0 } else { 0.0 };
    app.set(knob, turned)
}

/// What a key of this screen does at the moment; none where it would do nothing.
pub fn word(app: &App, body: Rect, action: Action) -> Option<String> {
    match action {
        Action::Pipeline => {
            let word = |scene: &Scene| match (scene.layout.table, scene.layout.pipeline) {
                (Some(_), Some(_)) => None,
                (None, _) => Some("table"),
                (_, None) => Some("pipeline"),
            };
            with_scene(app, body, word).ok().flatten().map(str::to_string)
        }
        Action::Accept => {
            let knob = model(app).lrn_knob(selected(app)).filter(|_| app.is_steered() && app.aimed_at(Knob::Lrn) != 0.0)?;
            Some(format!("{knob} {}", if app.aimed_at(knob) == 0.0 { "on" } else { "off" }))
        }
        _ => None,
    }
}

/// Selects the layer under a place on the screen; a second time switches it.
pub fn click(app: &mut App, area: Rect, place: Position) -> Vec<Effect> {
    if app.network.draft.is_some() {
        return Vec::new();
    }
    let found = with_scene(app, area, |scene| layer_at(scene, place));
    let Ok(Some(layer)) = found else { return Vec::new() };
    let again = selected(app) == layer;
    app.network.selected = layer;
    if again && model(app).lrn_knob(layer).is_some() { switch(app) } else { Vec::new() }
}

fn layer_at(scene: &Scene, place: Position) -> Option<usize> {
    match (scene.layout.table, scene.layout.pipeline) {
        (Some(table), _) if table.contains(place) => scene.grid.row_at(rows_area(table, scene.area), place.y),
        (_, Some(drawn)) if drawn.contains(place) => {
            let stage = pipeline::stage_at(below(drawn, 1), scene.stages, scene.stage, place)?;
            scene.stages.get(stage).filter(|stage| !stage.places.is_empty()).map(|stage| stage.places.start)
        }
        _ => None,
    }
}
