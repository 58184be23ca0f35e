//! What a sprite stands before.

use std::f32::consts::TAU;

use super::{Colour, blend, random_colour};
use crate::dataset::stream::Stream;
use crate::dataset::{CLASSES, SIDE};

/// Knots of the noise along each side.
const KNOTS: usize = 5;

/// Where things of each class are mostly seen, in the order of [`CLASSES`]: a colour above and one below.
const HOMES: [[Colour; 2]; CLASSES.len()] = {
    const AIR: [Colour; 2] = [[0.35, 0.60, 0.90], [0.78, 0.88, 0.95]];
    const ROAD: [Colour; 2] = [[0.70, 0.72, 0.74], [0.36, 0.36, 0.38]];
    const ROOM: [Colour; 2] = [[0.82, 0.72, 0.58], [0.55, 0.36, 0.24]];
    const MEADOW: [Colour; 2] = [[0.62, 0.78, 0.85], [0.36, 0.56, 0.22]];
    const WATER: [Colour; 2] = [[0.75, 0.85, 0.92], [0.12, 0.34, 0.56]];
    [AIR, ROAD, AIR, ROOM, MEADOW, ROOM, MEADOW, MEADOW, WATER, ROAD]
};
/// How far a home's colours may be off in each channel.
const VARIATION: f32 = 0.12;

/// Two colours and the pattern in which they are mixed.
pub(super) struct Background {
    colours: [Colour; 2],
    pattern: Pattern,
    /// Smooth noise from −1 to 1 that unsettles every pattern.
    noise: [[f32; KNOTS]; KNOTS],
    /// How much of it.
    roughness: f32,
}

enum Pattern {
    /// From one side to the other, in a direction.
    Gradient { direction: [f32; 2] },
    /// Sky above, ground below a tilted line.
    Horizon { height: f32, slope: f32 },
    /// Bands across a direction, `waves` of them over the picture.
    Bands { direction: [f32; 2], waves: f32, phase: f32 },
    /// Light in the middle of something.
    Spot { centre: [f32; 2], radius: f32 },
    /// Nothing but the noise.
    Clouds,
}

impl Background {
    /// Half of the time the class's home, else anything.
    pub(super) fn draw(class: usize, stream: &mut Stream) -> Background {
        let (colours, pattern) = if stream.coin() {
            let colours = HOMES[class].map(|colour| colour.map(|value| value + stream.between(-VARIATION, VARIATION)));
            (colours, Pattern::draw_home(stream))
        } else {
            ([random_colour(stream), random_colour(stream)], Pattern::draw(stream))
        };
        let roughness = if matches!(pattern, Pattern::Clouds) { 0.8 } else { stream.between(0.0, 0.35) };
        let noise = std::array::from_fn(|_| std::array::from_fn(|_| stream.between(-1.0, 1.0)));
        Background { colours, pattern, noise, roughness }
    }

    /// The colour at a point of the picture, in pixels.
    pub(super) fn at(&self, x: f32, y: f32) -> Colour {
        let (x, y) = (x / SIDE as f32, y / SIDE as f32);
        let share = self.pattern.at(x, y) + self.roughness * self.noise_at(x, y);
        blend(self.colours[0], self.colours[1], share.clamp(0.0, 1.0))
    }

    /// Bilinear between the knots.
    fn noise_at(&self, x: f32, y: f32) -> f32 {
        let split = |at: f32| {
            let at = at * (KNOTS - 1) as f32;
            let before = (at as usize).min(KNOTS - 2);
            (before, at - before as f32)
        };
        let ((column, right), (row, below)) = (split(x), split(y));
        let along = |row: &[f32; KNOTS]| row[column] + (row[column + 1] - row[column]) * right;
        let (upper, lower) = (along(&self.noise[row]), along(&self.noise[row + 1]));
        upper + (lower - upper) * below
    }
}

impl Pattern {
    /// One that has an above and a below.
    fn draw_home(stream: &mut Stream) -> Pattern {
        if stream.coin() { Pattern::draw_horizon(stream) } else { Pattern::Gradient { direction: [0.0, 1.0] } }
    }

    fn draw(stream: &mut Stream) -> Pattern {
        let (sine, cosine) = stream.between(0.0, TAU).sin_cos();
        let direction = [cosine, sine];
        match stream.below(5) {
            0 => Pattern::Gradient { direction },
            1 => Pattern::draw_horizon(stream),
            2 => Pattern::Bands { direction, waves: stream.between(1.5, 5.0), phase: stream.between(0.0, TAU) },
            3 => {
                let centre = [stream.between(0.0, 1.0), stream.between(0.0, 1.0)];
                Pattern::Spot { centre, radius: stream.between(0.3, 0.8) }
            }
            _ => Pattern::Clouds,
        }
    }

    fn draw_horizon(stream: &mut Stream) -> Pattern {
        Pattern::Horizon { height: stream.between(0.3, 0.8), slope: stream.between(-0.3, 0.3) }
    }

    /// Share of the second colour, `x` and `y` from 0 to 1.
    fn at(&self, x: f32, y: f32) -> f32 {
        let along = |direction: &[f32; 2]| direction[0] * (x - 0.5) + direction[1] * (y - 0.5);
        match self {
            Pattern::Gradient { direction } => along(direction) + 0.5,
            // Over the width of about a pixel, so that the line is smooth.
            Pattern::Horizon { height, slope } => (y - height - slope * (x - 0.5)) * SIDE as f32 + 0.5,
            Pattern::Bands { direction, waves, phase } => 0.5 + 0.5 * (along(direction) * waves * TAU + phase).sin(),
            Pattern::Spot { centre, radius } => (x - centre[0]).hypot(y - centre[1]) / radius,
            Pattern::Clouds => 0.5,
        }
    }
}
