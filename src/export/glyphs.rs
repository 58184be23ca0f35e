//! Characters that a terminal draws rather than writes: lines of boxes, blocks, braille. Drawn as shapes they meet without gaps
//! in any font.

/// A shape within a cell, whose corners are (0, 0) above left and (1, 1) below right.
#[derive(Clone, Debug, PartialEq)]
pub enum Glyph {
    /// A filled rectangle.
    Block { x: f64, y: f64, width: f64, height: f64 },
    /// The whole cell, this share of ink.
    Shade(f64),
    /// Lines from the middle to the borders above, right, below, left.
    Lines([Weight; 4]),
    /// A corner rounded between two borders: true where a line leaves above, and where one leaves to the right.
    Corner { above: bool, right: bool },
    /// Centres of dots.
    Dots(Vec<(f64, f64)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    None,
    Light,
    Heavy,
}

/// The shape of a character, if it is one that is drawn.
pub fn glyph(symbol: &str) -> Option<Glyph> {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return None };
    match c {
        '\u{2580}'..='\u{259f}' => block(c),
        '\u{2500}'..='\u{257f}' => lines(c),
        '\u{2801}'..='\u{28ff}' => Some(Glyph::Dots(braille(c as u32 - 0x2800))),
        _ => None,
    }
}

fn block(c: char) -> Option<Glyph> {
    let eighths = |from: char| f64::from(c as u32 - from as u32 + 1) / 8.0;
    let part = |x, y, width, height| Some(Glyph::Block { x, y, width, height });
    match c {
        '▀' => part(0.0, 0.0, 1.0, 0.5),
        '▁'..='█' => part(0.0, 1.0 - eighths('▁'), 1.0, eighths('▁')),
        '▉'..='▏' => {
            let width = 1.0 - eighths('▉');
            part(0.0, 0.0, width, 1.0)
        }
        '▐' => part(0.5, 0.0, 0.5, 1.0),
        '░' => Some(Glyph::Shade(0.25)),
        '▒' => Some(Glyph::Shade(0.5)),
        '▓' => Some(Glyph::Shade(0.75)),
        '▔' => part(0.0, 0.0, 1.0, 0.125),
        '▕' => part(0.875, 0.0, 0.125, 1.0),
        '▖' => part(0.0, 0.5, 0.5, 0.5),
        '▗' => part(0.5, 0.5, 0.5, 0.5),
        '▘' => part(0.0, 0.0, 0.5, 0.5),
        '▝' => part(0.5, 0.0, 0.5, 0.5),
        _ => None,
    }
}

fn lines(c: char) -> Option<Glyph> {
    use Weight::{Heavy as H, Light as L, None as N};
    Some(Glyph::Lines(match c {
        '─' => [N, L, N, L],
        '━' => [N, H, N, H],
        '│' => [L, N, L, N],
        '┃' => [H, N, H, N],
        '┌' => [N, L, L, N],
        '┐' => [N, N, L, L],
        '└' => [L, L, N, N],
        '┘' => [L, N, N, L],
        '├' => [L, L, L, N],
        '┤' => [L, N, L, L],
        '┬' => [N, L, L, L],
        '┴' => [L, L, N, L],
        '┼' => [L, L, L, L],
        '┏' => [N, H, H, N],
        '┓' => [N, N, H, H],
        '┗' => [H, H, N, N],
        '┛' => [H, N, N, H],
        '┣' => [H, H, H, N],
        '┫' => [H, N, H, H],
        '┳' => [N, H, H, H],
        '┻' => [H, H, N, H],
        '╋' => [H, H, H, H],
        '╴' => [N, N, N, L],
        '╵' => [L, N, N, N],
        '╶' => [N, L, N, N],
        '╷' => [N, N, L, N],
        '╸' => [N, N, N, H],
        '╹' => [H, N, N, N],
        '╺' => [N, H, N, N],
        '╻' => [N, N, H, N],
        '╼' => [N, H, N, L],
        '╾' => [N, L, N, H],
        '╭' => return Some(Glyph::Corner { above: false, right: true }),
        '╮' => return Some(Glyph::Corner { above: false, right: false }),
        '╯' => return Some(Glyph::Corner { above: true, right: false }),
        '╰' => return Some(Glyph::Corner { above: true, right: true }),
        _ => return None,
    }))
}

/// The dots whose bits are set: 1 to 3 down the left, 4 to 6 down the right, 7 and 8 below them (Unicode 1.1, Braille Patterns).
fn braille(bits: u32) -> Vec<(f64, f64)> {
    const PLACES: [(u8, u8); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let centre = |(column, row): (u8, u8)| (0.25 + 0.5 * f64::from(column), 0.125 + 0.25 * f64::from(row));
    PLACES.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, place)| centre(place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fill_their_share_from_below_or_from_the_left() {
        assert_eq!(glyph("▂"), Some(Glyph::Block { x: 0.0, y: 0.75, width: 1.0, height: 0.25 }));
        assert_eq!(glyph("█"), Some(Glyph::Block { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }));
        assert_eq!(glyph("▌"), Some(Glyph::Block { x: 0.0, y: 0.0, width: 0.5, height: 1.0 }));
        assert_eq!(glyph("▏"), Some(Glyph::Block { x: 0.0, y: 0.0, width: 0.125, height: 1.0 }));
    }

    #[test]
    fn braille_has_its_dots_where_unicode_puts_them() {
        assert_eq!(glyph("⠁"), Some(Glyph::Dots(vec![(0.25, 0.125)])));
        assert_eq!(glyph("⢀"), Some(Glyph::Dots(vec![(0.75, 0.875)])));
        assert_eq!(glyph("⡀"), Some(Glyph::Dots(vec![(0.25, 0.875)])));
        assert!(matches!(glyph("⣿"), Some(Glyph::Dots(dots)) if dots.len() == 8));
    }

    #[test]
    fn letters_and_clusters_are_written_not_drawn() {
        assert_eq!([glyph("a"), glyph("é"), glyph("──"), glyph(""), glyph("→")], [const { None }; 5]);
    }

    #[test]
    fn lines_meet_their_neighbours() {
        use Weight::{Light, None as Nothing};
        assert_eq!(glyph("├"), Some(Glyph::Lines([Light, Light, Light, Nothing])));
        assert_eq!(glyph("╯"), Some(Glyph::Corner { above: true, right: false }));
    }
}
