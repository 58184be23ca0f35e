//! The emoji, by class and by design, decoded once.

use image::imageops::{self, FilterType};
use twemoji_assets::png::PngTwemojiAsset;
use twemoji_assets::png_twemoji_asset as emoji;

use super::Designs;
use crate::dataset::{CLASSES, DataError};

/// Pixels along each side of a decoded glyph: half of the artwork's 72, so that a sprite of 18 to 32 pixels reads it densely.
pub(super) const GLYPH_SIDE: usize = 36;

/// Red, green, blue, each multiplied by the opacity, and the opacity itself; 0 to 1.
pub(super) type Premultiplied = [f32; 4];

/// One emoji as 36×36 pixels, row by row.
pub(super) struct Glyph {
    pixels: Vec<Premultiplied>,
}

/// The emoji of each class, in the order of [`CLASSES`]: those trained on, and those kept for the test set.
const EMOJI: [(&[&PngTwemojiAsset], &[&PngTwemojiAsset]); CLASSES.len()] = [
    (&[emoji!("✈"), emoji!("🛩"), emoji!("🛫")], &[emoji!("🛬")]),
    (&[emoji!("🚗"), emoji!("🚙"), emoji!("🚕"), emoji!("🏎"), emoji!("🚘"), emoji!("🚖")], &[emoji!("🚓"), emoji!("🚔")]),
    (
        &[
            emoji!("🐦"),
            emoji!("🦅"),
            emoji!("🦆"),
            emoji!("🦉"),
            emoji!("🐤"),
            emoji!("🕊"),
            emoji!("🦜"),
            emoji!("🦢"),
            emoji!("🐧"),
        ],
        &[emoji!("🐦‍⬛"), emoji!("🐥"), emoji!("🪿")],
    ),
    (&[emoji!("🐱"), emoji!("🐈"), emoji!("😺"), emoji!("😼"), emoji!("🙀")], &[emoji!("🐈‍⬛"), emoji!("😾")]),
    (&[emoji!("🦌"), emoji!("🫎")], &[]),
    (&[emoji!("🐶"), emoji!("🐕"), emoji!("🐩"), emoji!("🦮")], &[emoji!("🐕‍🦺")]),
    (&[emoji!("🐸")], &[]),
    (&[emoji!("🐴"), emoji!("🐎"), emoji!("🦄"), emoji!("🎠")], &[emoji!("🏇")]),
    (&[emoji!("🚢"), emoji!("⛴"), emoji!("⛵"), emoji!("🛥"), emoji!("🛳")], &[emoji!("🚤")]),
    (&[emoji!("🚚"), emoji!("🚒"), emoji!("🛻")], &[emoji!("🚛")]),
];

/// All designs of all classes, decoded.
pub(super) fn designs() -> Result<Vec<Designs>, DataError> {
    let decode = |assets: &[&PngTwemojiAsset]| assets.iter().map(|asset| Glyph::decode(asset)).collect::<Result<Vec<_>, _>>();
    EMOJI.iter().map(|(seen, unseen)| Ok(Designs { seen: decode(seen)?, unseen: decode(unseen)? })).collect()
}

impl Glyph {
    fn decode(asset: &PngTwemojiAsset) -> Result<Glyph, DataError> {
        let failed = |source| DataError::Glyph { glyph: asset.emoji.into(), source };
        let mut artwork = image::load_from_memory_with_format(asset, image::ImageFormat::Png).map_err(failed)?.to_rgba32f();
        for pixel in artwork.pixels_mut() {
            let opacity = pixel[3];
            (0..3).for_each(|channel| pixel[channel] *= opacity);
        }
        let side = GLYPH_SIDE as u32;
        let small = imageops::resize(&artwork, side, side, FilterType::Triangle);
        Ok(Glyph { pixels: small.pixels().map(|pixel| pixel.0).collect() })
    }

    /// The value at a point, bilinear between the centres of pixels; transparent outside.
    pub(super) fn at(&self, x: f32, y: f32) -> Premultiplied {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right_share, bottom_share) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let mut value = [0.0; 4];
        for (row, row_share) in [(top, 1.0 - bottom_share), (top + 1, bottom_share)] {
            for (column, column_share) in [(left, 1.0 - right_share), (left + 1, right_share)] {
                let pixel = self.pixel(column, row);
                let share = row_share * column_share;
                (0..4).for_each(|c| value[c] += share * pixel[c]);
            }
        }
        value
    }

    fn pixel(&self, column: i32, row: i32) -> Premultiplied {
        let side = 0..GLYPH_SIDE as i32;
        if side.contains(&column) && side.contains(&row) {
            self.pixels[row as usize * GLYPH_SIDE + column as usize]
        } else {
            [0.0; 4]
        }
    }
}
