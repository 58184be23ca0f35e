//! The units that dropout silenced in the newest step, for the first picture of its batch.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::knobs::Knob;
use crate::mosaic::{ColourMap, Dot, Extent, Tiles};
use crate::probe::LayerSight;
use crate::spec::grouped;
use crate::ui::app::App;
use crate::ui::figures::percent;
use crate::ui::widgets::{line, raster};

pub fn draw(app: &App, sight: Option<&LayerSight>, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let mask = sight.and_then(|sight| sight.mask.as_ref());
    let Some(mask) = mask else {
        let words = if app.shown().settings.get(Knob::Dropout) == 0.0 { "p = 0: no unit is dropped" } else { "looking …" };
        line::spans(area, buf, Line::styled(words, theme.dim));
        return;
    };
    let silent = mask.iter().filter(|spoke| **spoke == 0).count();
    let words = format!(
        "{} of {} units silent ({}) for this step's first picture, the others scaled",
        grouped(silent as u64),
        grouped(mask.len() as u64),
        percent(silent as f64 / mask.len().max(1) as f64)
    );
    line::spans(Rect { height: 1, ..area }, buf, Line::styled(line::fitted(&words, area.width), theme.text));
    let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let tiles = Tiles::of_values(&[mask.len()], mask.iter().map(|spoke| f32::from(*spoke)).collect());
    let (wide, high) = (usize::from(room.width), usize::from(room.height) * raster::DOTS_HIGH);
    if wide == 0 || high == 0 {
        return;
    }
    // As many whole units as there are dots for; a mean over several would say nothing about any.
    let (width, height) = (tiles.width.min(wide), tiles.height.min(high));
    let extent = Extent { low: 0.0, high: 1.0 };
    let dot = |at: usize| match mask.get(at / width * tiles.width + at % width) {
        Some(spoke) => extent.dot(f32::from(*spoke), ColourMap::Viridis, app.ground()),
        None => Dot::of_ground(app.ground()),
    };
    let dots: Vec<_> = (0..width * height).map(dot).collect();
    raster::draw(room, buf, app.depth(), theme.text, width, &dots);
}
