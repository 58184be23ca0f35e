//! Dots of colour, two to a cell: the upper half of a cell in one colour, the lower in the other. Where there are too few
//! colours, cells are shaded instead.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::mosaic::Dot;

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Any.
    True,
    /// The 6×6×6 cube and the 24 greys of 256 colours.
    Cube,
    /// No more than text has; the style for values below zero differs.
    Shades { below_zero: Style },
}

/// Dots to a cell, one above the other.
pub const DOTS_HIGH: usize = 2;
/// For levels above and below zero, from none to most.
const ABOVE: [&str; 5] = [" ", "░", "▒", "▓", "█"];
const BELOW: [&str; 5] = [" ", "·", "-", "=", "≡"];

/// Draws dots, `width` to a row, from the area's corner on; what does not fit is left out. `style` is that of plain text.
pub fn draw(area: Rect, buf: &mut Buffer, depth: Depth, style: Style, width: usize, dots: &[Dot]) {
    let rows: Vec<&[Dot]> = dots.chunks(width.max(1)).collect();
    for (y, pair) in (area.y..area.bottom()).zip(rows.chunks(DOTS_HIGH)) {
        for (x, column) in (area.x..area.right()).zip(0..width) {
            let (Some(cell), Some(upper)) = (buf.cell_mut((x, y)), pair[0].get(column)) else { continue };
            let lower = pair.get(1).and_then(|row| row.get(column));
            match depth {
                Depth::Shades { below_zero } => {
                    let level = lower.map_or(upper.level, |lower| (upper.level + lower.level) / 2.0);
                    let (signs, style) = if level < 0.0 { (BELOW, style.patch(below_zero)) } else { (ABOVE, style) };
                    let place = (level.abs() * (signs.len() - 1) as f32).round() as usize;
                    cell.set_symbol(signs[place.min(signs.len() - 1)]).set_style(style);
                }
                _ => {
                    cell.set_symbol("▀").set_style(Style::new().fg(colour(upper.colour, depth)));
                    if let Some(lower) = lower {
                        cell.set_bg(colour(lower.colour, depth));
                    }
                }
            }
        }
    }
}

fn colour([red, green, blue]: [u8; 3], depth: Depth) -> Color {
    match depth {
        Depth::True => Color::Rgb(red, green, blue),
        _ => Color::Indexed(nearest([red, green, blue])),
    }
}

/// The nearest of xterm's 256 colours that are the same everywhere: the cube from 16 on and the greys from 232 on.
fn nearest(colour: [u8; 3]) -> u8 {
    /// Lightness of the cube's six steps.
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let step = |value: u8| (0..6).min_by_key(|step| (STEPS[*step] - i32::from(value)).abs()).unwrap_or(0);
    let steps = colour.map(step);
    let grey = ((colour.iter().map(|value| i32::from(*value)).sum::<i32>() / 3 - 8 + 5) / 10).clamp(0, 23);
    let distance = |other: [i32; 3]| (0..3).map(|i| (other[i] - i32::from(colour[i])).pow(2)).sum::<i32>();
    let in_cube = distance(steps.map(|step| STEPS[step]));
    if distance([8 + 10 * grey; 3]) < in_cube { 232 + grey as u8 } else { 16 + (36 * steps[0] + 6 * steps[1] + steps[2]) as u8 }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;

    use super::*;

    fn drawn(depth: Depth, width: u16, dots: &[Dot]) -> Buffer {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        draw(area, &mut buf, depth, Style::new(), usize::from(width), dots);
        buf
    }

    #[test]
    fn a_cell_has_two_dots_exactly() {
        let buf = drawn(Depth::True, 1, &[Dot::of_colour([255, 0, 0]), Dot::of_colour([0, 0, 255])]);
        let cell = &buf[(0, 0)];
        assert_eq!((cell.symbol(), cell.fg, cell.bg), ("▀", Color::Rgb(255, 0, 0), Color::Rgb(0, 0, 255)));
    }

    #[test]
    fn the_lower_half_of_an_odd_last_row_stays_as_it_is() {
        assert_eq!(drawn(Depth::True, 1, &[Dot::of_colour([9, 9, 9])])[(0, 0)].bg, Color::Reset);
    }

    #[test]
    fn two_hundred_and_fifty_six_colours_come_as_near_as_they_can() {
        assert_eq!([nearest([0, 0, 0]), nearest([255, 255, 255]), nearest([255, 0, 0])], [16, 231, 196]);
        assert_eq!(nearest([118, 118, 118]), 243, "a grey between the cube's steps");
        for colour in 16..=255_u8 {
            let rgb = match colour {
                232.. => [8 + 10 * (colour - 232); 3],
                _ => [(colour - 16) / 36, (colour - 16) / 6 % 6, (colour - 16) % 6]
                    .map(|s| [0, 95, 135, 175, 215, 255][usize::from(s)]),
            };
            let found = nearest(rgb);
            assert!(found == colour || rgb[0] == rgb[1] && rgb[1] == rgb[2], "{colour}: {rgb:?} gives {found}");
        }
    }

    #[test]
    fn without_colours_the_sign_is_in_the_shape() {
        let depth = Depth::Shades { below_zero: Style::new().add_modifier(Modifier::DIM) };
        let dots: Vec<Dot> = [-1.0, -0.5, 0.0, 0.5, 1.0].map(|level| Dot { level, ..Dot::default() }).to_vec();
        let buf = drawn(depth, 5, &dots);
        let symbols: String = (0..5).map(|x| buf[(x, 0)].symbol()).collect();
        assert_eq!(symbols, "≡- ▒█");
        assert!(buf[(0, 0)].modifier.contains(Modifier::DIM) && !buf[(4, 0)].modifier.contains(Modifier::DIM));
    }
}
