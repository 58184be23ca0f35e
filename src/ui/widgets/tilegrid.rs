//! Many small pictures in rows and columns, as large as lets all of them be seen, within reason.

use ratatui::layout::{Position, Rect};

/// Where tiles lie. Those that do not fit are scrolled: the selected one is in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileGrid {
    area: Rect,
    count: usize,
    /// Dots of a tile.
    pub width: usize,
    pub height: usize,
    pub columns: usize,
    /// Rows of tiles in view, and the first of them.
    pub rows: usize,
    pub first_row: usize,
}

/// Tiles are shrunk to no fewer dots a side than this, and enlarged no more than so many times.
const LEAST: usize = 8;
const MOST_TIMES: usize = 6;
/// Cells between two tiles in a row; below each at least one dot is free.
const GAP: u16 = 1;

impl TileGrid {
    /// For `count` tiles of `width` × `height` values.
    pub fn fit(area: Rect, count: usize, (width, height): (usize, usize), selected: usize) -> TileGrid {
        let enlarged = (2..=MOST_TIMES).rev().map(|times| (width * times, height * times));
        let longest = width.max(height).max(1);
        let shrunk = (LEAST.min(longest)..=longest)
            .rev()
            .map(|side| ((width * side).div_ceil(longest), (height * side).div_ceil(longest)));
        let mut best = None;
        for (width, height) in enlarged.chain(shrunk) {
            let grid = TileGrid::of(area, count, width, height);
            if grid.columns * grid.rows >= count {
                best = Some(grid);
                break;
            }
            best = Some(grid).filter(|grid| grid.columns > 0 && grid.rows > 0).or(best);
        }
        let mut grid = best.unwrap_or_else(|| TileGrid::of(area, count, LEAST, LEAST));
        let (row, all) = (selected / grid.columns.max(1), count.div_ceil(grid.columns.max(1)));
        grid.first_row = row.saturating_sub(grid.rows / 2).min(all.saturating_sub(grid.rows));
        grid
    }

    fn of(area: Rect, count: usize, width: usize, height: usize) -> TileGrid {
        let columns = (usize::from(area.width) + usize::from(GAP)) / (width + usize::from(GAP));
        // The last row needs no free dot below it.
        let rows = (usize::from(area.height) + cells(height) - height.div_ceil(2)) / cells(height);
        TileGrid { area, count, width, height, columns: columns.min(count), rows, first_row: 0 }
    }

    /// The tiles in view with their places, clipped to the area.
    pub fn places(&self) -> impl Iterator<Item = (usize, Rect)> + '_ {
        let first = self.first_row * self.columns;
        let last = (first + self.columns * self.rows.max(1)).min(self.count);
        (first..last).map(|index| (index, self.place(index)))
    }

    fn place(&self, index: usize) -> Rect {
        let (row, column) = (index / self.columns.max(1) - self.first_row, index % self.columns.max(1));
        let x = self.area.x + (column * (self.width + usize::from(GAP))) as u16;
        let y = self.area.y + (row * cells(self.height)) as u16;
        let tile = Rect { x, y, width: self.width as u16, height: self.height.div_ceil(2) as u16 };
        tile.intersection(self.area)
    }

    pub fn area(&self) -> Rect {
        self.area
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// The tile at a place on the screen.
    pub fn at(&self, place: Position) -> Option<usize> {
        self.places().find(|(_, area)| area.contains(place)).map(|(index, _)| index)
    }

    /// Tiles in view.
    pub fn shown(&self) -> std::ops::Range<usize> {
        let first = self.first_row * self.columns;
        first..(first + self.columns * self.rows.max(1)).min(self.count)
    }
}

/// Rows of cells for a row of tiles, with at least one dot free below it.
fn cells(height: usize) -> usize {
    (height + 1).div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { x: 2, y: 3, width: 49, height: 19 };

    #[test]
    fn few_small_tiles_are_enlarged_and_large_ones_shrunk_until_all_are_seen() {
        let six = TileGrid::fit(AREA, 6, (5, 5), 0);
        assert_eq!((six.width, six.columns, six.rows), (15, 3, 2));
        let maps = TileGrid::fit(AREA, 16, (28, 28), 0);
        assert!(maps.columns * maps.rows >= 16 && maps.width < 28, "{maps:?}");
        let one = TileGrid::fit(AREA, 1, (227, 227), 0);
        assert!(one.places().all(|(_, place)| place.width == one.width as u16), "{one:?}");
    }

    #[test]
    fn too_many_tiles_scroll_about_the_selected_one() {
        let grid = TileGrid::fit(AREA, 96, (55, 55), 0);
        assert_eq!((grid.width, grid.shown().start), (8, 0));
        assert!(grid.shown().end < 96);
        for selected in 0..96 {
            let grid = TileGrid::fit(AREA, 96, (55, 55), selected);
            assert!(grid.shown().contains(&selected), "{selected}: {:?}", grid.shown());
            assert!(grid.places().all(|(_, place)| AREA.union(place) == AREA));
        }
    }

    #[test]
    fn a_place_belongs_to_the_tile_drawn_there() {
        let grid = TileGrid::fit(AREA, 96, (55, 55), 50);
        for (index, area) in grid.places() {
            assert_eq!(grid.at(Position::new(area.x, area.y)), Some(index));
        }
        assert_eq!(grid.at(Position::new(0, 0)), None);
    }
}
