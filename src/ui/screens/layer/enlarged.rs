//! One map with the whole room: where the layer works map by map, before it, after it, and the difference.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scene;
use super::subject::Shown;
use crate::mosaic::Tiles;
use crate::ui::app::App;
use crate::ui::widgets::raster;

/// One of the maps side by side.
pub struct Part<'a> {
    pub shown: &'a Shown,
    head: Rect,
    /// The tile, its cells and the dots that it has in them; none where there is no room.
    pub index: usize,
    pub place: Option<(Rect, (usize, usize))>,
    /// The place that the numbers are about, on this map.
    pub cursor: (usize, usize),
}

/// What stands side by side in `area`.
pub fn parts<'a>(scene: &'a Scene, area: Rect) -> Vec<Part<'a>> {
    let parts = scene.prepared.parts.iter();
    // Where they are too narrow side by side, the one asked for alone.
    let wide = area.width / (parts.len() as u16).max(1) >= 16;
    let parts: Vec<&Shown> = parts.filter(|part| wide || part.subject == scene.shown.subject).collect();
    let each = (area.width + 1) / (parts.len() as u16).max(1) - 1;
    let cursor = scene.shown.cursor(scene.screen);
    let size = (scene.shown.tiles.height, scene.shown.tiles.width);
    let part = |(i, shown): (usize, &'a Shown)| {
        let area = Rect { x: area.x + i as u16 * (each + 1), width: each, ..area };
        let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        Part {
            shown,
            head: Rect { height: 1, ..area },
            index: scene.screen.selected.min(shown.tiles.count().saturating_sub(1)),
            place: place(&shown.tiles, room),
            cursor: translated(cursor, size, (shown.tiles.height, shown.tiles.width)),
        }
    };
    parts.into_iter().enumerate().map(part).collect()
}

pub fn draw(app: &App, scene: &Scene, area: Rect, buf: &mut Buffer) {
    for part in parts(scene, area) {
        let asked = part.shown.subject == scene.shown.subject;
        let style = if asked { app.theme.text } else { app.theme.dim };
        buf.set_stringn(part.head.x, part.head.y, part.shown.subject.words(), usize::from(part.head.width), style);
        if let Some(place) = part.place {
            map(app, scene, &part, place, buf);
        }
    }
}

/// The same place on a map of another size.
fn translated((row, column): (usize, usize), from: (usize, usize), to: (usize, usize)) -> (usize, usize) {
    (row * to.0 / from.0.max(1), column * to.1 / from.1.max(1))
}

/// Where a tile lies, as large as it fits by whole dots.
fn place(tiles: &Tiles, room: Rect) -> Option<(Rect, (usize, usize))> {
    if room.is_empty() || tiles.count() == 0 {
        return None;
    }
    let (width, height) = (tiles.width, tiles.height);
    let (most_wide, most_high) = (usize::from(room.width), usize::from(room.height) * raster::DOTS_HIGH);
    let times = (most_wide / width).min(most_high / height);
    let (dots_wide, dots_high) = match times {
        // Shrunk in its proportions.
        0 => {
            let share = (most_wide as f64 / width as f64).min(most_high as f64 / height as f64);
            let dots = |side: usize| ((side as f64 * share) as usize).max(1);
            (dots(width), dots(height))
        }
        times => (width * times, height * times),
    };
    Some((Rect { width: dots_wide as u16, height: dots_high.div_ceil(2) as u16, ..room }, (dots_wide, dots_high)))
}

/// The tile, and a mark on the cursor's place.
fn map(app: &App, scene: &Scene, part: &Part, (area, (dots_wide, dots_high)): (Rect, (usize, usize)), buf: &mut Buffer) {
    let tiles = &part.shown.tiles;
    let extent = tiles.extents(scene.screen.scale, scene.screen.all)(part.index);
    let dots = tiles.dots(part.index, dots_wide, dots_high, extent, scene.screen.colours, app.ground());
    raster::draw(area, buf, app.depth(), app.theme.text, dots_wide, &dots);
    let middle = |at: usize, values: usize, dots: usize| ((2 * at + 1) * dots / (2 * values)).min(dots - 1) as u16;
    let (row, column) = part.cursor;
    let (x, y) = (area.x + middle(column, tiles.width, dots_wide), area.y + middle(row, tiles.height, dots_high) / 2);
    buf.set_string(x, y, "◆", app.theme.cursor);
}
