//! The colours that a terminal would have shown.

use ratatui::style::Color;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// What a terminal draws with where a cell names no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    pub foreground: Rgb,
    pub background: Rgb,
}

impl Ground {
    pub const DARK: Ground = Ground { foreground: [0xd8, 0xde, 0xe9], background: [0x12, 0x16, 0x1d] };
    pub const LIGHT: Ground = Ground { foreground: [0x24, 0x29, 0x2f], background: [0xff, 0xff, 0xff] };
}

/// The sixteen colours by their numbers, as many terminals of today show them.
const SIXTEEN: [Rgb; 16] = [
    [0x1d, 0x20, 0x26],
    [0xd0, 0x4f, 0x4f],
    [0x5f, 0xa8, 0x5b],
    [0xc9, 0xa2, 0x3c],
    [0x4a, 0x86, 0xcf],
    [0xa9, 0x6a, 0xc0],
    [0x3f, 0xa3, 0xa8],
    [0xc3, 0xc8, 0xd0],
    [0x6b, 0x73, 0x80],
    [0xf0, 0x71, 0x78],
    [0x8f, 0xd1, 0x7f],
    [0xf0, 0xc6, 0x5b],
    [0x73, 0xae, 0xf2],
    [0xd0, 0x94, 0xe8],
    [0x63, 0xd0, 0xd4],
    [0xff, 0xff, 0xff],
];

/// `otherwise` stands for [`Color::Reset`].
pub fn rgb(color: Color, otherwise: Rgb) -> Rgb {
    match color {
        Color::Reset => otherwise,
        Color::Black => SIXTEEN[0],
        Color::Red => SIXTEEN[1],
        Color::Green => SIXTEEN[2],
        Color::Yellow => SIXTEEN[3],
        Color::Blue => SIXTEEN[4],
        Color::Magenta => SIXTEEN[5],
        Color::Cyan => SIXTEEN[6],
        Color::Gray => SIXTEEN[7],
        Color::DarkGray => SIXTEEN[8],
        Color::LightRed => SIXTEEN[9],
        Color::LightGreen => SIXTEEN[10],
        Color::LightYellow => SIXTEEN[11],
        Color::LightBlue => SIXTEEN[12],
        Color::LightMagenta => SIXTEEN[13],
        Color::LightCyan => SIXTEEN[14],
        Color::White => SIXTEEN[15],
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index) => indexed(index),
    }
}

/// xterm's 256 colours: the sixteen, a cube of 6×6×6, 24 greys.
fn indexed(index: u8) -> Rgb {
    match index {
        0..16 => SIXTEEN[index as usize],
        16..232 => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let place = index - 16;
            [level(place / 36), level(place / 6 % 6), level(place % 6)]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// `share` of `over`, the rest of `under`.
pub fn mix(under: Rgb, over: Rgb, share: f64) -> Rgb {
    let blend = |i: usize| (f64::from(under[i]) * (1.0 - share) + f64::from(over[i]) * share).round() as u8;
    [blend(0), blend(1), blend(2)]
}

/// `#12161d`
pub fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_colours_are_xterms() {
        assert_eq!([indexed(16), indexed(196), indexed(231)], [[0, 0, 0], [255, 0, 0], [255, 255, 255]]);
        assert_eq!([indexed(110), indexed(232), indexed(255)], [[135, 175, 215], [8; 3], [238; 3]]);
        assert_eq!(indexed(9), rgb(Color::LightRed, [0; 3]));
    }

    #[test]
    fn a_mixture_lies_between() {
        assert_eq!(mix([0, 100, 200], [100, 100, 0], 0.25), [25, 100, 150]);
        assert_eq!(hex(mix([0; 3], [255; 3], 1.0)), "#ffffff");
    }
}
