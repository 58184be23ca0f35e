//! Colours for numbers, told apart with any kind of colour vision: their lightness rises with the value, or with its distance
//! from zero.

/// A dot of a picture: its colour, and where there are no colours its level from −1 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dot {
    pub colour: [u8; 3],
    pub level: f32,
}

impl Dot {
    /// Where there is nothing.
    pub fn of_ground(ground: Ground) -> Dot {
        Dot { colour: signed(0.0, ground), level: 0.0 }
    }

    /// Of a photograph: its level is its lightness (ITU-R BT.601).
    pub fn of_colour(colour: [u8; 3]) -> Dot {
        let [red, green, blue] = colour.map(f32::from);
        Dot { colour, level: (0.299 * red + 0.587 * green + 0.114 * blue) / 255.0 }
    }
}

/// Colours for values of one sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourMap {
    /// Smith and van der Walt 2015, matplotlib's default.
    #[default]
    Viridis,
    /// Nuñez, Anderton and Renslow 2018: nearly the same for every eye.
    Cividis,
    Grey,
}

/// What a zero of signed values looks like: as the ground it is drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    #[default]
    Dark,
    Light,
}

const VIRIDIS: [u32; 10] = [0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725];
const CIVIDIS: [u32; 10] = [0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838];
const GREY: [u32; 2] = [0x101010, 0xf5f5f5];
/// From −1 to 1: blue against orange, as in Crameri's berlin and vik (Crameri 2018, Scientific colour maps).
const SIGNED_ON_DARK: [u32; 7] = [0xa8d8ff, 0x4f9bd9, 0x1f4e79, 0x16161a, 0x7a3d0c, 0xdb8430, 0xffe0a8];
const SIGNED_ON_LIGHT: [u32; 7] = [0x08306b, 0x3d7cb8, 0xa9cbe4, 0xf7f7f5, 0xf3c08b, 0xcc6a14, 0x6b2f04];

impl ColourMap {
    pub const ALL: [ColourMap; 3] = [ColourMap::Viridis, ColourMap::Cividis, ColourMap::Grey];

    pub fn name(self) -> &'static str {
        match self {
            ColourMap::Viridis => "viridis",
            ColourMap::Cividis => "cividis",
            ColourMap::Grey => "grey",
        }
    }

    pub fn next(self) -> ColourMap {
        let place = ColourMap::ALL.iter().position(|map| *map == self).unwrap_or(0);
        ColourMap::ALL[(place + 1) % ColourMap::ALL.len()]
    }

    /// The colour of a share from 0 to 1.
    pub fn colour(self, share: f32) -> [u8; 3] {
        match self {
            ColourMap::Viridis => between(&VIRIDIS, share),
            ColourMap::Cividis => between(&CIVIDIS, share),
            ColourMap::Grey => between(&GREY, share),
        }
    }
}

/// The colour of a level from −1 to 1.
pub(super) fn signed(level: f32, ground: Ground) -> [u8; 3] {
    let colours = match ground {
        Ground::Dark => &SIGNED_ON_DARK,
        Ground::Light => &SIGNED_ON_LIGHT,
    };
    between(colours, (level + 1.0) / 2.0)
}

/// Straight between neighbouring colours; a share that is no number counts as 0.
fn between(colours: &[u32], share: f32) -> [u8; 3] {
    let last = colours.len() - 1;
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let at = share * last as f32;
    let before = (at as usize).min(last.saturating_sub(1));
    let part = at - before as f32;
    let channel = |shift: u32| {
        let of = |colour: u32| (colour >> shift & 0xff) as f32;
        (of(colours[before]) * (1.0 - part) + of(colours[(before + 1).min(last)]) * part).round() as u8
    };
    [channel(16), channel(8), channel(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lightness(colour: [u8; 3]) -> f32 {
        Dot::of_colour(colour).level
    }

    #[test]
    fn every_map_grows_lighter_with_the_value() {
        for map in ColourMap::ALL {
            let lights: Vec<f32> = (0..=20).map(|i| lightness(map.colour(i as f32 / 20.0))).collect();
            assert!(lights.windows(2).all(|pair| pair[0] < pair[1]), "{}: {lights:?}", map.name());
        }
    }

    #[test]
    fn signed_values_leave_the_ground_both_ways() {
        for (ground, way) in [(Ground::Dark, 1.0), (Ground::Light, -1.0)] {
            for side in [-1.0, 1.0] {
                let lights: Vec<f32> = (0..=12).map(|i| way * lightness(signed(side * i as f32 / 12.0, ground))).collect();
                assert!(lights.windows(2).all(|pair| pair[0] < pair[1]), "{ground:?} {side}: {lights:?}");
            }
        }
    }

    #[test]
    fn the_ends_are_the_maps_own_and_what_is_no_number_is_the_least() {
        assert_eq!(ColourMap::Viridis.colour(0.0), [0x44, 0x01, 0x54]);
        assert_eq!(ColourMap::Viridis.colour(7.0), [0xfd, 0xe7, 0x25]);
        assert_eq!(ColourMap::Cividis.colour(f32::NAN), [0x00, 0x22, 0x4e]);
    }
}
