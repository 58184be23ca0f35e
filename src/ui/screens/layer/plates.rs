//! The pictures of the screen as a terminal can show them that knows more than half blocks: every tile in view, and the picture.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::subject::Shown;
use super::{Scene, below_head, enlarged, main_part, numbers, with_scene};
use crate::mosaic::{Dot, Extent};
use crate::ui::app::App;
use crate::ui::graphics::{Plate, State, digest};
use crate::ui::widgets::tilegrid::TileGrid;

/// A tile's place: the cells, and the dots that it has in them.
struct Spot {
    area: Rect,
    dots: (usize, usize),
    index: usize,
    /// Row and column of the value that the numbers are about.
    mark: Option<(usize, usize)>,
}

/// In `area`, that of the whole screen.
pub fn plates(app: &App, area: Rect) -> Vec<Plate> {
    let all = |scene: &Scene| {
        let mut plates = if scene.screen.enlarged { enlarged_maps(app, scene, area) } else { maps(app, scene) };
        plates.extend(scene.side.map(|side| numbers::plate(scene, side)));
        plates
    };
    with_scene(app, area, all).unwrap_or_default()
}

fn enlarged_maps(app: &App, scene: &Scene, area: Rect) -> Vec<Plate> {
    let parts = enlarged::parts(scene, below_head(main_part(scene, area)));
    let of_part = |part: &enlarged::Part| {
        let spot = part.place.map(|(area, dots)| Spot { area, dots, index: part.index, mark: Some(part.cursor) });
        tiles(app, scene, part.shown, spot)
    };
    parts.iter().flat_map(of_part).collect()
}

fn maps(app: &App, scene: &Scene) -> Vec<Plate> {
    let of_grid = |(grid, first): &(TileGrid, usize)| {
        let spot = |(index, area)| Spot { area, dots: (grid.width, grid.height), index: first + index, mark: None };
        grid.places().map(spot).collect::<Vec<_>>()
    };
    tiles(app, scene, scene.shown, scene.grids.iter().flat_map(of_grid))
}

fn tiles(app: &App, scene: &Scene, shown: &Shown, spots: impl IntoIterator<Item = Spot>) -> Vec<Plate> {
    // What all tiles share is worked out once.
    let extents = shown.tiles.extents(scene.screen.scale, scene.screen.all);
    spots.into_iter().map(|spot| plate(app, scene, shown, extents(spot.index), spot)).collect()
}

fn plate(app: &App, scene: &Scene, shown: &Shown, extent: Extent, Spot { area, dots, index, mark }: Spot) -> Plate {
    let (screen, ground) = (scene.screen, app.ground());
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
        square: false,
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
