//! Tiles of values: one a feature map, a kernel, or a row of units.

use super::colour::{ColourMap, Dot, Ground, signed};
use crate::probe::{Maps, Weights};

/// What the colours of a tile are relative to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Each tile has its own.
    Map,
    /// All tiles of a layer share one.
    #[default]
    Layer,
    /// All that was shown since the program began shares one.
    All,
}

impl Scale {
    pub const ALL: [Scale; 3] = [Scale::Map, Scale::Layer, Scale::All];

    pub fn name(self) -> &'static str {
        match self {
            Scale::Map => "each map's own scale",
            Scale::Layer => "one scale for the layer",
            Scale::All => "one scale for all layers",
        }
    }

    pub fn next(self) -> Scale {
        let place = Scale::ALL.iter().position(|scale| *scale == self).unwrap_or(0);
        Scale::ALL[(place + 1) % Scale::ALL.len()]
    }
}

/// The least and the greatest of some values; those that are not finite do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    pub low: f32,
    pub high: f32,
}

impl Extent {
    pub fn of(values: &[f32]) -> Extent {
        let finite = values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high { Extent::default() } else { Extent { low, high } }
    }

    pub fn with(self, other: Extent) -> Extent {
        Extent { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Where a value lies: from −1 to 1 about zero where there are negative values, else from 0 to 1.
    fn level(self, value: f32) -> f32 {
        let (zero, reach) =
            if self.low < 0.0 { (0.0, self.high.abs().max(self.low.abs())) } else { (self.low, self.high - self.low) };
        // What is not finite is drawn as the most there can be, so that it is seen.
        if !value.is_finite() {
            1.0
        } else if reach > 0.0 {
            ((value - zero) / reach).clamp(-1.0, 1.0)
        } else {
            0.0
        }
    }

    pub fn dot(self, value: f32, map: ColourMap, ground: Ground) -> Dot {
        let level = self.level(value);
        let colour = if self.low < 0.0 { signed(level, ground) } else { map.colour(level) };
        Dot { colour, level }
    }
}

/// Values as equal rectangles, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tiles {
    pub width: usize,
    pub height: usize,
    /// Tiles of three planes are shown in colour: red, green, blue.
    pub coloured: bool,
    pub values: Vec<f32>,
    /// How many of them there are: units may not fill their rectangle.
    pub real: usize,
}

impl Tiles {
    /// One tile a feature map; units are one tile, as square as they can be.
    pub fn of_maps(maps: &Maps) -> Tiles {
        Tiles::of_values(&maps.shape, maps.values.clone())
    }

    /// Values [channels, height, width], or [n] as one tile.
    pub fn of_values(shape: &[usize], values: Vec<f32>) -> Tiles {
        match *shape {
            [_, height, width] => Tiles { width, height, coloured: false, real: values.len(), values },
            _ => Tiles::of_units(values),
        }
    }

    /// The weights' values, gradients or changes: a coloured tile a kernel over a picture, else a tile for each input channel.
    pub fn of_weights(weights: &Weights, values: &[f32], before: Option<[usize; 3]>) -> Tiles {
        let tiles = |width, height, coloured| Tiles { width, height, coloured, values: values.to_vec(), real: values.len() };
        match (&weights.shape[..], before) {
            (&[_, 3, height, width], _) if weights.blue_first => {
                let mut tiles = tiles(width, height, true);
                for kernel in tiles.values.chunks_exact_mut(3 * height * width) {
                    let (blue, rest) = kernel.split_at_mut(height * width);
                    blue.swap_with_slice(&mut rest[height * width..]);
                }
                tiles
            }
            (&[_, 3, height, width], _) => tiles(width, height, true),
            (&[_, _, height, width], _) => tiles(width, height, false),
            (&[units, inputs], _) if units > 1 => tiles(inputs, units, false),
            // The inputs of a unit after a flattened picture are maps.
            (_, Some([_, height, width])) if height * width > 1 => tiles(width, height, false),
            _ => Tiles::of_units(values.to_vec()),
        }
    }

    fn of_units(mut values: Vec<f32>) -> Tiles {
        let count = values.len().max(1);
        let square = count.isqrt() + usize::from(count.isqrt().pow(2) < count);
        // A row of few units stays a row; of many, the squarest rectangle that they fill, or else a square.
        let filled = (square..=2 * square).find(|width| count.is_multiple_of(*width));
        let width = if count <= 16 { count } else { filled.unwrap_or(square) };
        let height = values.len().div_ceil(width).max(1);
        let real = values.len();
        values.resize(width * height, f32::NAN);
        Tiles { width, height, coloured: false, values, real }
    }

    /// Values of one tile.
    fn size(&self) -> usize {
        self.width * self.height * if self.coloured { 3 } else { 1 }
    }

    pub fn count(&self) -> usize {
        self.values.len() / self.size().max(1)
    }

    pub fn tile(&self, index: usize) -> &[f32] {
        let size = self.size();
        self.values.get(index * size..(index + 1) * size).unwrap_or(&[])
    }

    /// By tile: the extent that its colours are relative to.
    pub fn extents(&self, scale: Scale, all: Extent) -> impl Fn(usize) -> Extent + '_ {
        // What all tiles share is worked out once.
        let shared = match scale {
            Scale::Map => None,
            Scale::Layer => Some(Extent::of(&self.values)),
            Scale::All => Some(all),
        };
        move |index| shared.unwrap_or_else(|| Extent::of(self.tile(index)))
    }

    /// A tile as dots of another size, row by row: the mean of all values under a dot, or the nearest where dots are finer.
    pub fn dots(&self, index: usize, width: usize, height: usize, extent: Extent, map: ColourMap, ground: Ground) -> Vec<Dot> {
        let tile = self.tile(index);
        if tile.is_empty() {
            return vec![Dot::default(); width * height];
        }
        let plane = self.width * self.height;
        let real = self.real.saturating_sub(index * self.size()).min(tile.len());
        let mut dots = Vec::with_capacity(width * height);
        for y in 0..height {
            let rows = under(y, height, self.height);
            for x in 0..width {
                let columns = under(x, width, self.width);
                let mean = |channel: usize| {
                    let row = |row: usize| {
                        let first = channel * plane + row * self.width + columns.start;
                        &tile[first.min(real)..(first + columns.len()).min(real)]
                    };
                    let count: usize = rows.clone().map(|at| row(at).len()).sum();
                    let sum: f32 = rows.clone().flat_map(row).sum();
                    sum / count as f32
                };
                dots.push(if rows.start * self.width + columns.start >= real {
                    Dot::of_ground(ground)
                } else if self.coloured {
                    coloured([mean(0), mean(1), mean(2)], extent)
                } else {
                    extent.dot(mean(0), map, ground)
                });
            }
        }
        dots
    }
}

/// The values that lie under dot `at` of `dots`, at least one.
fn under(at: usize, dots: usize, values: usize) -> std::ops::Range<usize> {
    let first = at * values / dots;
    if dots >= values { first..first + 1 } else { first..((at + 1) * values).div_ceil(dots) }
}

/// Three weights as a colour: grey is zero.
fn coloured(values: [f32; 3], extent: Extent) -> Dot {
    let reach = extent.high.abs().max(extent.low.abs()).max(f32::MIN_POSITIVE);
    let byte = |value: f32| ((value / reach).clamp(-1.0, 1.0) * 127.0 + 128.0) as u8;
    let level = values.iter().sum::<f32>() / 3.0 / reach;
    Dot { colour: values.map(byte), level: if level.is_finite() { level.clamp(-1.0, 1.0) } else { 1.0 } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles(width: usize, height: usize, values: &[f32]) -> Tiles {
        Tiles { width, height, coloured: false, values: values.to_vec(), real: values.len() }
    }

    fn levels(tiles: &Tiles, index: usize, width: usize, height: usize, scale: Scale) -> Vec<f32> {
        let extent = tiles.extents(scale, Extent::default())(index);
        let dots = tiles.dots(index, width, height, extent, ColourMap::Grey, Ground::Dark);
        dots.iter().map(|dot| dot.level).collect()
    }

    #[test]
    fn a_tile_at_its_own_size_shows_every_value() {
        let tiles = tiles(2, 2, &[0.0, 1.0, 2.0, 4.0]);
        assert_eq!(levels(&tiles, 0, 2, 2, Scale::Map), [0.0, 0.25, 0.5, 1.0]);
    }

    #[test]
    fn shrinking_averages_and_enlarging_repeats() {
        let tiles = tiles(2, 2, &[0.0, 1.0, 2.0, 5.0]);
        assert_eq!(levels(&tiles, 0, 1, 1, Scale::Map), [0.4]);
        assert_eq!(levels(&tiles, 0, 4, 2, Scale::Map), [0.0, 0.0, 0.2, 0.2, 0.4, 0.4, 1.0, 1.0]);
    }

    #[test]
    fn negative_values_are_measured_from_zero_and_maps_by_the_scale_asked_for() {
        let tiles = tiles(1, 2, &[-1.0, 1.0, -4.0, 2.0]);
        assert_eq!(levels(&tiles, 0, 1, 2, Scale::Map), [-1.0, 1.0]);
        assert_eq!(levels(&tiles, 0, 1, 2, Scale::Layer), [-0.25, 0.25]);
    }

    #[test]
    fn equal_values_are_dark_and_what_is_not_finite_is_bright() {
        assert_eq!(levels(&tiles(2, 1, &[3.0, 3.0]), 0, 2, 1, Scale::Map), [0.0, 0.0]);
        assert_eq!(levels(&tiles(2, 1, &[0.0, f32::NAN]), 0, 2, 1, Scale::Map), [0.0, 1.0]);
    }

    #[test]
    fn units_become_a_rectangle_and_few_a_row() {
        let shape = |n: usize| {
            let tiles = Tiles::of_values(&[n], vec![0.0; n]);
            (tiles.width, tiles.height, tiles.count())
        };
        assert_eq!((shape(4096), shape(10), shape(120)), ((64, 64, 1), (10, 1, 1), (12, 10, 1)));
    }

    #[test]
    fn where_units_do_not_fill_their_rectangle_the_ground_is_seen() {
        let tiles = Tiles::of_values(&[37], (0..37).map(|unit| unit as f32).collect());
        assert_eq!((tiles.width, tiles.height, tiles.real), (7, 6, 37));
        let levels = levels(&tiles, 0, 7, 6, Scale::Map);
        assert_eq!((levels[36], &levels[37..]), (1.0, &[0.0; 5][..]));
        let together = tiles.dots(0, 1, 1, tiles.extents(Scale::Map, Extent::default())(0), ColourMap::Grey, Ground::Dark);
        assert_eq!(together[0].level, 0.5, "the mean is that of the units");
    }

    #[test]
    fn kernels_over_a_picture_are_coloured_and_grey_where_they_are_zero() {
        let weights = Weights { shape: vec![2, 3, 1, 1], of: 2, ..Default::default() };
        let tiles = Tiles::of_weights(&weights, &[1.0, 0.0, -1.0, 0.0, 0.0, 0.0], None);
        assert_eq!(tiles.count(), 2);
        let dots =
            |index| tiles.dots(index, 1, 1, tiles.extents(Scale::Layer, Extent::default())(0), ColourMap::Grey, Ground::Dark);
        assert_eq!((dots(0)[0].colour, dots(1)[0].colour), ([255, 128, 1], [128; 3]));
    }
    #[test]
    fn kernels_that_see_blue_first_are_shown_in_the_pictures_colours() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let weights = Weights { shape: vec![2, 3, 1, 1], of: 2, blue_first: true, ..Default::default() };
        assert_eq!(Tiles::of_weights(&weights, &values, None).values, [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
        let usual = Weights { blue_first: false, ..weights };
        assert_eq!(Tiles::of_weights(&usual, &values, None).values, values);
    }
}
