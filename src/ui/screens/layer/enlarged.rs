//! One map with the whole room: where the layer works map by map, before it, after it, and the difference.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scene;
use super::subject::Shown;
use crate::mosaic::Tiles;
use crate::ui::app::App;
use crate::ui::widgets::raster;

pub fn draw(app: &App, scene: &Scene, area: Rect, buf: &mut Buffer) {
    let parts = scene.prepared.parts.iter();
    // Where they are too narrow side by side, the one asked for alone.
    let wide = area.width / (parts.len() as u16).max(1) >= 16;
    let parts: Vec<&Shown> = parts.filter(|part| wide || part.subject == scene.shown.subject).collect();
    let each = (area.width + 1) / (parts.len() as u16).max(1) - 1;
    let cursor = scene.shown.cursor(scene.screen);
    for (i, part) in parts.iter().enumerate() {
        let area = Rect { x: area.x + i as u16 * (each + 1), width: each, ..area };
        let style = if part.subject == scene.shown.subject { app.theme.text } else { app.theme.dim };
        buf.set_stringn(area.x, area.y, part.subject.words(), usize::from(area.width), style);
        let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let size = (scene.shown.tiles.height, scene.shown.tiles.width);
        map(app, scene, &part.tiles, room, buf, translated(cursor, size, (part.tiles.height, part.tiles.width)));
    }
}

/// The same place on a map of another size.
fn translated((row, column): (usize, usize), from: (usize, usize), to: (usize, usize)) -> (usize, usize) {
    (row * to.0 / from.0.max(1), column * to.1 / from.1.max(1))
}

/// The selected tile, as large as it fits by whole dots, and a mark on the cursor's place.
fn map(app: &App, scene: &Scene, tiles: &Tiles, room: Rect, buf: &mut Buffer, (row, column): (usize, usize)) {
    if room.is_empty() || tiles.count() == 0 {
        return;
    }
    let index = scene.screen.selected.min(tiles.count() - 1);
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
    let extent = tiles.extents(scene.screen.scale, scene.screen.all)(index);
    let dots = tiles.dots(index, dots_wide, dots_high, extent, scene.screen.colours, app.ground());
    let area = Rect { width: dots_wide as u16, height: dots_high.div_ceil(2) as u16, ..room };
    raster::draw(area, buf, app.depth(), app.theme.text, dots_wide, &dots);
    let middle = |at: usize, values: usize, dots: usize| ((2 * at + 1) * dots / (2 * values)).min(dots - 1) as u16;
    let (x, y) = (area.x + middle(column, width, dots_wide), area.y + middle(row, height, dots_high) / 2);
    buf.set_string(x, y, "◆", app.theme.cursor);
}
