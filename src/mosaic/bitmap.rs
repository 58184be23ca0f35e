//! Tiles put together into one picture, for a file.

use super::colour::{ColourMap, Dot, Ground};
use super::tiles::{Extent, Scale, Tiles};

/// Rows of dots, red, green, blue.
#[derive(Clone, Debug, PartialEq)]
pub struct Bitmap {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[u8; 3]>,
}

/// A mosaic is drawn at least so many dots wide, if small tiles can be enlarged that far.
const WANTED_WIDTH: usize = 1_000;
/// The most dots of a side.
const MOST: usize = 8_192;

impl Bitmap {
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Bitmap {
        Bitmap { width, height, pixels: vec![colour; width * height] }
    }

    /// Puts dots, `width` to a row, at a place; what does not fit is left out.
    pub fn put(&mut self, left: usize, top: usize, width: usize, dots: &[Dot]) {
        for (y, row) in dots.chunks(width.max(1)).enumerate().filter(|(y, _)| top + y < self.height) {
            for (x, dot) in row.iter().enumerate().filter(|(x, _)| left + x < self.width) {
                self.pixels[(top + y) * self.width + left + x] = dot.colour;
            }
        }
    }

    /// All tiles, as square as they can be, enlarged by a whole number.
    pub fn mosaic(tiles: &Tiles, scale: Scale, all: Extent, map: ColourMap, ground: Ground) -> Bitmap {
        let count = tiles.count().max(1);
        // Columns so that the whole is about as wide as it is high.
        let square = (count as f64 * tiles.height as f64 / tiles.width.max(1) as f64).sqrt();
        let columns = (square.ceil() as usize).clamp(1, count);
        let rows = count.div_ceil(columns);
        let zoom = (WANTED_WIDTH / (columns * (tiles.width + 1))).max(1);
        let (width, height) = (tiles.width * zoom, tiles.height * zoom);
        let gap = zoom.clamp(1, 4);
        let side = |tiles: usize, dots: usize| (tiles * (dots + gap) + gap).min(MOST);
        let margin = match ground {
            Ground::Dark => [0x22; 3],
            Ground::Light => [0xff; 3],
        };
        let mut bitmap = Bitmap::filled(side(columns, width), side(rows, height), margin);
        let extent = tiles.extents(scale, all);
        for index in 0..tiles.count() {
            let dots = tiles.dots(index, width, height, extent(index), map, ground);
            let (left, top) = (gap + index % columns * (width + gap), gap + index / columns * (height + gap));
            bitmap.put(left, top, width, &dots);
        }
        bitmap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mosaic_holds_every_tile_once() {
        let tiles =
            Tiles { width: 2, height: 2, coloured: false, values: (0..4 * 7).map(|i| (i / 4) as f32).collect(), real: 28 };
        let bitmap = Bitmap::mosaic(&tiles, Scale::Layer, Extent::default(), ColourMap::Grey, Ground::Light);
        let zoom = 1_000 / 9;
        for index in 0..7 {
            let colour = ColourMap::Grey.colour(index as f32 / 6.0);
            let found = bitmap.pixels.iter().filter(|pixel| **pixel == colour).count();
            assert_eq!(found, 4 * zoom * zoom, "tile {index}");
        }
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut bitmap = Bitmap::filled(2, 2, [0; 3]);
        bitmap.put(1, 1, 2, &[Dot::of_colour([9; 3]); 4]);
        assert_eq!(bitmap.pixels, [[0; 3], [0; 3], [0; 3], [9; 3]]);
    }
}
