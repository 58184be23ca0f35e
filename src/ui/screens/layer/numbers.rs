//! The column of numbers: the picture, the exact values at the cursor, LRN worked out, and how the values are spread.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::lrn::worked_out;
use super::subject::at_same_place;
use super::{Scene, spreads};
use crate::mosaic::{Extent, photograph};
use crate::spec::{LayerSpec, grouped};
use crate::ui::app::App;
use crate::ui::figures::{percent, three};
use crate::ui::graphics::Plate;
use crate::ui::widgets::{line, raster};

/// A picture is drawn at its own size from this height on, else at half of it.
const TALL: u16 = 34;

pub fn draw(app: &App, scene: &Scene, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let (side, place) = picture_place(area);
    let height = place.height;
    raster::draw(place, buf, app.depth(), theme.text, side, &photograph(&scene.sight.picture.pixels, side));
    let mut lines = about_picture(app, scene);
    if area.width > side as u16 + 10 && side == 16 {
        // Beside a small picture there is room for its name.
        let beside = Rect { x: area.x + side as u16 + 1, width: area.width - side as u16 - 1, height, ..area };
        let words = lines.iter().flat_map(|line| line::wrapped(&line.to_string(), beside.width));
        for (row, text) in beside.rows().zip(words) {
            buf.set_string(row.x, row.y, text, theme.text);
        }
        lines.clear();
    }
    lines.extend(values(app, scene));
    lines.extend(silent(app, scene));
    let room = Rect { y: area.y + height, height: area.height - height, ..area };
    let text = Rect { height: room.height.min(lines.len() as u16), ..room };
    for (row, line) in text.rows().zip(lines) {
        line::spans(row, buf, line);
    }
    let rest = Rect { y: text.bottom(), height: room.bottom() - text.bottom(), ..room };
    spreads::draw(app, scene, rest, buf);
}

/// Dots of the picture's side, and the cells that it has.
fn picture_place(area: Rect) -> (usize, Rect) {
    let side = if area.height >= TALL && area.width >= 32 { 32 } else { 16 };
    (side, Rect { height: (side as u16 / 2).min(area.height), width: area.width.min(side as u16), ..area })
}

/// The picture, for a terminal that shows it finer.
pub fn plate(scene: &Scene, area: Rect) -> Plate {
    let (side, place) = picture_place(area);
    Plate::photograph(place, side, &scene.sight.picture)
}

fn about_picture<'a>(app: &App, scene: &Scene) -> Vec<Line<'a>> {
    let picture = &scene.sight.picture;
    let classes = scene.session.header.as_ref().map_or(&[][..], |header| &header.data.classes);
    let label = picture.label.and_then(|label| classes.get(usize::from(label)));
    let mut lines = vec![Line::styled(picture.name.clone(), app.theme.dim)];
    lines.extend(label.map(|label| Line::styled(label.clone(), app.theme.title)));
    lines
}

/// A value in full: enough digits to tell neighbours apart.
fn exact(value: f32) -> String {
    match value.abs() {
        size if !value.is_finite() || size == 0.0 || (1e-3..1e5).contains(&size) => format!("{value:.5}").replace('-', "−"),
        _ => format!("{value:.4e}").replace('-', "−"),
    }
}

/// What stands at the cursor's place, and how it came about.
fn values<'a>(app: &App, scene: &Scene) -> Vec<Line<'a>> {
    let (theme, shown) = (&app.theme, &scene.shown);
    let tiles = &shown.tiles;
    let index = scene.screen.selected.min(tiles.count().saturating_sub(1));
    let (row, column) = shown.cursor(scene.screen);
    let line = |name: &str, value: String| {
        Line::from(vec![Span::styled(format!("{name} "), theme.dim), Span::styled(value, theme.text)])
    };
    let Extent { low, high } = Extent::of(tiles.tile(index));
    let named = if tiles.count() > 1 { format!("{index}: ") } else { String::new() };
    let mut lines = vec![Line::styled(format!("{named}{} … {}", three(low.into()), three(high.into())), theme.title)];
    let at = row * tiles.width + column;
    let value = tiles.tile(index).get(at).copied().unwrap_or(f32::NAN);
    if shown.subject.is_of_weights() {
        lines.push(line(&format!("row {row}, column {column}:"), exact(value)));
        return lines;
    }
    let units = tiles.count() == 1;
    lines.push(line(if units { "unit" } else { "row, column" }, if units { at.to_string() } else { format!("{row}, {column}") }));
    let (channel, place, size) = if units { (at, (0, 0), (1, 1)) } else { (index, (row, column), (tiles.height, tiles.width)) };
    let works_on_maps = !matches!(scene.layer.what, LayerSpec::Conv2d { .. } | LayerSpec::Dense { .. } | LayerSpec::Flatten);
    match (at_same_place(&scene.sight.input, channel, place, size), at_same_place(&scene.sight.output, channel, place, size)) {
        (Some(input), Some(output)) if works_on_maps => {
            lines.push(line("in ", exact(input)));
            lines.push(line("out", exact(output)));
        }
        _ => lines.push(line("value", exact(value))),
    }
    if matches!(scene.layer.what, LayerSpec::Lrn { .. }) {
        lines.extend(lrn(app, scene, channel, at));
    }
    lines
}

/// LRN at the cursor's place, step by step.
fn lrn<'a>(app: &App, scene: &Scene, channel: usize, at: usize) -> Vec<Line<'a>> {
    let theme = &app.theme;
    let Some(constants) = &scene.sight.lrn else {
        return vec![Line::styled("off: it passes its input on", theme.warning)];
    };
    let Some(worked) = worked_out(&scene.sight.input, channel, at, constants) else { return Vec::new() };
    let dim = |text: String| Line::styled(text, theme.dim);
    let mut lines = vec![dim(format!("a in maps {}–{}:", worked.window.start, worked.window.end - 1))];
    let neighbours: Vec<String> = worked.neighbours.iter().map(|a| three(*a)).collect();
    lines.extend(neighbours.chunks(3).map(|three| Line::styled(format!(" {}", three.join("  ")), theme.text)));
    lines.push(dim(format!("Σ a² = {:.5}", worked.sum)));
    lines.push(dim(format!("k + α·Σ = {:.6}", worked.base)));
    lines.push(dim(format!("(…)^β = {:.6}", worked.denominator)));
    lines.push(Line::styled(format!("b = a/{:.4} = {}", worked.denominator, exact(worked.b as f32)), theme.text));
    lines
}

/// How much of the layer says nothing: for this picture, and for the whole batch of the step that was measured last.
fn silent<'a>(app: &App, scene: &Scene) -> Vec<Line<'a>> {
    if scene.prepared.silent == 0.0 {
        return Vec::new();
    }
    let mut words = vec![format!("{} of the values are 0", percent(scene.prepared.silent))];
    let measured = scene.session.layers.as_ref();
    let dead = measured.and_then(|seen| Some((seen.step, seen.layers.get(scene.place)?.dead?)));
    words.extend(dead.map(|(step, dead)| format!("{} dead in step {}", percent(dead), grouped(step))));
    words.into_iter().map(|words| Line::styled(words, app.theme.dim)).collect()
}
