//! A glyph put somewhere in a picture: its place, size, turn, mirror and tint.

use super::glyph::{GLYPH_SIDE, Glyph, Premultiplied};
use super::{Colour, blend, random_colour};
use crate::dataset::SIDE;
use crate::dataset::stream::Stream;

/// Points read along each side of a picture's pixel, so that edges stay smooth.
const POINTS: usize = 2;
/// Width of a sprite in a picture's pixels, least and most.
const SIZE: (f32, f32) = (18.0, 32.0);
/// Pixels by which a sprite may stick out on one side.
const OVERHANG: f32 = 3.0;
/// Turn to either side, in radians (23°).
const TURN: f32 = 0.4;

pub(super) struct Sprite<'a> {
    glyph: &'a Glyph,
    centre: [f32; 2],
    /// From a distance to the centre, in the picture, to one in the glyph: two rows of a matrix.
    to_glyph: [[f32; 2]; 2],
    /// Beyond this distance from the centre there is nothing.
    reach: f32,
    tint: Tint,
}

/// What light and paint make of the artwork's colours.
struct Tint {
    /// Which channel of the artwork each channel shows.
    channels: [usize; 3],
    gain: Colour,
    wash: Colour,
    /// How much of the wash covers the artwork.
    share: f32,
}

impl<'a> Sprite<'a> {
    pub(super) fn draw(glyph: &'a Glyph, stream: &mut Stream) -> Sprite<'a> {
        let size = stream.between(SIZE.0, SIZE.1);
        let slack = (SIDE as f32 - size) / 2.0 + OVERHANG;
        let centre = std::array::from_fn(|_| SIDE as f32 / 2.0 + stream.between(-slack, slack));
        let (sine, cosine) = stream.between(-TURN, TURN).sin_cos();
        let mirror = if stream.coin() { -1.0 } else { 1.0 };
        let stretch = stream.between(0.85, 1.18);
        let scale = GLYPH_SIDE as f32 / size;
        let (across, down) = (scale * stretch, scale / stretch);
        Sprite {
            glyph,
            centre,
            to_glyph: [[mirror * across * cosine, mirror * across * sine], [-down * sine, down * cosine]],
            // Half of the diagonal, at the widest stretch.
            reach: size * 0.71 * 1.18 + 1.0,
            tint: Tint::draw(stream),
        }
    }

    /// The picture's colour at the pixel with its centre at (`x`, `y`), where `behind` is what the sprite stands before.
    pub(super) fn over(&self, behind: Colour, x: f32, y: f32) -> Colour {
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        if x * x + y * y > self.reach * self.reach {
            return behind;
        }
        let [red, green, blue, opacity] = self.mean_over_pixel(x, y);
        if opacity == 0.0 {
            return behind;
        }
        let colour = self.tint.paint([red, green, blue].map(|value| value / opacity));
        blend(behind, colour, opacity)
    }

    fn mean_over_pixel(&self, x: f32, y: f32) -> Premultiplied {
        let mut sum = [0.0; 4];
        let half = GLYPH_SIDE as f32 / 2.0;
        let [across, down] = &self.to_glyph;
        for point in 0..POINTS * POINTS {
            let offset = |i: usize| (i as f32 + 0.5) / POINTS as f32 - 0.5;
            let (x, y) = (x + offset(point % POINTS), y + offset(point / POINTS));
            let value = self.glyph.at(across[0] * x + across[1] * y + half, down[0] * x + down[1] * y + half);
            (0..4).for_each(|c| sum[c] += value[c]);
        }
        sum.map(|value| value / (POINTS * POINTS) as f32)
    }
}

impl Tint {
    fn draw(stream: &mut Stream) -> Tint {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        // One in five is repainted, so that a frog cannot be told by its green alone.
        let repainted = stream.below(5) == 0;
        let order = stream.below(ORDERS.len() as u32) as usize;
        Tint {
            channels: if repainted { ORDERS[order] } else { ORDERS[0] },
            gain: std::array::from_fn(|_| stream.between(0.75, 1.2)),
            wash: random_colour(stream),
            share: stream.between(0.0, 0.3),
        }
    }

    fn paint(&self, artwork: Colour) -> Colour {
        let lit = std::array::from_fn(|c| artwork[self.channels[c]] * self.gain[c]);
        blend(lit, self.wash, self.share)
    }
}
