//! The pictures of the screen as a terminal can show them that knows more than half blocks: every tile in view, and the picture.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::subject::Shown;
use super::{Scene, below_head, enlarged, main_part, numbers, with_scene};
use crate::mosaic::Dot;
use crate::ui::app::App;
use crate::ui::graphics::{Plate, State, digest};
use crate::ui::widgets::tilegrid::TileGrid;

/// In `area`, that of the whole screen.
pub fn plates(app: &App, area: Rect) -> Vec<Plate> {
    let all = |scene: &Scene| {
        let mut plates = if scene.screen.enlarged {
            let parts = enlarged::parts(scene, below_head(main_part(scene, area)));
            parts
                .iter()
                .filter_map(|part| Some(tile(app, scene, part.shown, part.place?, part.index, Some(part.cursor))))
                .collect()
        } else {
            maps(app, scene)
        };
        plates.extend(scene.side.map(|side| numbers::plate(scene, side)));
        plates
    };
    with_scene(app, area, all).unwrap_or_default()
}

fn maps(app: &App, scene: &Scene) -> Vec<Plate> {
    let of_grid = |(grid, first): &(TileGrid, usize)| {
        let (first, size) = (*first, (grid.width, grid.height));
        grid.places().map(move |(index, area)| (first + index, (area, size))).collect::<Vec<_>>()
    };
    let places = scene.grids.iter().flat_map(of_grid);
    places.map(|(index, place)| tile(app, scene, scene.shown, place, index, None)).collect()
}

/// One tile at its place: the cells, and the dots that it has in them.
fn tile(
    app: &App,
    scene: &Scene,
    shown: &Shown,
    (area, dots): (Rect, (usize, usize)),
    index: usize,
    mark: Option<(usize, usize)>,
) -> Plate {
    let (screen, ground) = (scene.screen, app.ground());
    let extent = shown.tiles.extents(screen.scale, screen.all)(index);
    let relative_to = (extent.low.to_bits(), extent.high.to_bits());
    let (tiles, colours) = (Arc::clone(&shown.tiles), screen.colours);
    let paint = move |width: usize, height: usize| {
        let mut dots = tiles.dots(index, width, height, extent, colours, ground);
        if let Some(value) = mark {
            frame(&mut dots, (width, height), value, (tiles.width, tiles.height));
        }
        dots
    };
    let look = (colours.name(), app.theme.name.name(), screen.scale.name(), mark, screen.training);
    Plate {
        area,
        dots,
        state: State {
            subject: digest(("tile", scene.place, shown.subject, index, (area.width, area.height), dots)),
            look: digest((look, &scene.sight.picture.name, screen.unit)),
            answer: digest((scene.prepared.key.answers, relative_to)),
        },
        paint: Arc::new(paint),
    }
}

/// Frames the value at a row and a column, light on dark and dark on light.
fn frame(dots: &mut [Dot], (width, height): (usize, usize), (row, column): (usize, usize), (columns, rows): (usize, usize)) {
    let side = |at: usize, dots: usize, values: usize| {
        let (first, last) = (at * dots / values.max(1), ((at + 1) * dots).div_ceil(values.max(1)));
        // So large that it is seen where values are finer than dots.
        (first.saturating_sub(2), (last + 1).min(dots.saturating_sub(1)))
    };
    let ((left, right), (top, bottom)) = (side(column, width, columns), side(row, height, rows));
    let is_light =
        dots.get(row * height / rows.max(1) * width + column * width / columns.max(1)).is_some_and(|dot| dot.level > 0.6);
    let ink = Dot::of_colour(if is_light { [0; 3] } else { [u8::MAX; 3] });
    for y in top..=bottom {
        for x in left..=right {
            let on_frame = x < left + 2 || x + 2 > right || y < top + 2 || y + 2 > bottom;
            if let Some(dot) = dots.get_mut(y * width + x).filter(|_| on_frame) {
                *dot = ink;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_around_its_value_and_nowhere_else() {
        let (width, height) = (40, 40);
        let mut dots = vec![Dot::default(); width * height];
        frame(&mut dots, (width, height), (1, 2), (4, 4));
        let inked = |x: usize, y: usize| dots[y * width + x].colour == [u8::MAX; 3];
        assert!(inked(18, 8) && inked(31, 21) && inked(18, 15), "the value at row 1, column 2 is at 20–29, 10–19");
        assert!(!inked(25, 15) && !inked(5, 15) && !inked(35, 35));
    }

    #[test]
    fn the_frame_of_a_value_finer_than_dots_is_still_seen() {
        let mut dots = vec![Dot::default(); 100];
        frame(&mut dots, (10, 10), (226, 226), (227, 227));
        assert!(dots.iter().filter(|dot| dot.colour == [u8::MAX; 3]).count() >= 4);
    }
}
