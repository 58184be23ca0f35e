//! A screen as SVG or PNG: every cell where the terminal has it, in its colours. Needs nothing from outside: in an SVG letters are
//! written in the reader's monospaced font and stretched to their cells, in a PNG in the built-in one.

mod png;
mod svg;

use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use ratatui::text::Span;

use super::error::{Error, Result};
use super::glyphs::{Glyph, glyph};
use super::palette::{Ground, Rgb, mix, rgb};
use crate::whole_file;
pub use svg::svg;

/// Pixels of a cell: whole numbers, so that neighbours meet on a pixel.
const WIDTH: f64 = 9.0;
const HEIGHT: f64 = 18.0;
/// From a cell's top to the line that letters stand on.
const BASELINE: f64 = 13.5;
/// Around the screen.
const MARGIN: f64 = 9.0;
const LIGHT: f64 = 1.2;
const HEAVY: f64 = 2.6;
const DOT: f64 = 2.4;
/// How much of its colour a dim cell keeps.
const DIM: f64 = 0.6;

/// Writes the screen to a file whose name ends in `.png` or `.svg`, whole or not at all. `title` is for those who cannot see it.
///
/// # Errors
/// Another ending, a folder that takes no file, a drawing that failed.
pub fn save(buffer: &Buffer, ground: Ground, title: &str, path: &Path) -> Result<()> {
    let bytes = match path.extension().and_then(|ending| ending.to_str()) {
        Some("png") => png::png(buffer, ground)?,
        Some("svg") => svg(buffer, ground, title).into_bytes(),
        _ => return Err(Error::UnknownFormat { path: path.into() }),
    };
    whole_file::write(path, &bytes).map_err(|source| Error::Writing { path: path.into(), source })
}

/// What a screen is drawn on; places are columns and rows of cells.
trait Paper {
    /// Colours the cells from `start` up to `end`.
    fn background(&mut self, row: u16, start: u16, end: u16, color: Rgb);
    fn draw(&mut self, glyph: &Glyph, place: (u16, u16), color: Rgb, behind: Rgb);
    fn write(&mut self, word: Word, row: u16);
}

/// Draws every row: what is behind the letters first.
fn paint(buffer: &Buffer, ground: Ground, paper: &mut impl Paper) {
    for row in 0..buffer.area.height {
        backgrounds(buffer, ground, row, paper);
        inks(buffer, ground, row, paper);
    }
}

/// Letters in a row that look alike.
struct Word {
    start: u16,
    /// Cells.
    width: u16,
    /// A single character of two cells.
    wide: bool,
    text: String,
    look: Look,
}

/// How letters are written.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    color: Rgb,
    bold: bool,
    italic: bool,
    underlined: bool,
    crossed_out: bool,
}

impl Look {
    fn of(cell: &Cell, color: Rgb) -> Look {
        let has = |modifier| cell.modifier.contains(modifier);
        Look {
            color,
            bold: has(Modifier::BOLD),
            italic: has(Modifier::ITALIC),
            underlined: has(Modifier::UNDERLINED),
            crossed_out: has(Modifier::CROSSED_OUT),
        }
    }
}

/// The cells of a row from the left: column, columns taken, cell.
fn cells(buffer: &Buffer, row: u16) -> impl Iterator<Item = (u16, u16, &Cell)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let column = next;
        let left = buffer.area.width.checked_sub(column).filter(|left| *left > 0)?;
        let cell = &buffer[(buffer.area.x + column, buffer.area.y + row)];
        let width = (Span::raw(cell.symbol()).width() as u16).clamp(1, left);
        next += width;
        Some((column, width, cell))
    })
}

fn backgrounds(buffer: &Buffer, ground: Ground, row: u16, paper: &mut impl Paper) {
    let mut run: Option<(u16, u16, Rgb)> = None;
    let mut lay = |run: Option<(u16, u16, Rgb)>| {
        if let Some((start, end, color)) = run.filter(|(.., color)| *color != ground.background) {
            paper.background(row, start, end, color);
        }
    };
    for (column, width, cell) in cells(buffer, row) {
        let (_, behind) = colors(cell, ground);
        match &mut run {
            Some((_, end, same)) if *same == behind => *end += width,
            other => lay(other.replace((column, column + width, behind))),
        }
    }
    lay(run);
}

fn inks(buffer: &Buffer, ground: Ground, row: u16, paper: &mut impl Paper) {
    let mut word: Option<Word> = None;
    for (column, width, cell) in cells(buffer, row) {
        let (color, behind) = colors(cell, ground);
        let glyph = glyph(cell.symbol());
        let done = if cell.symbol().trim().is_empty() || cell.modifier.contains(Modifier::HIDDEN) {
            word.take()
        } else if let Some(glyph) = glyph {
            paper.draw(&glyph, (column, row), color, behind);
            word.take()
        } else {
            let look = Look::of(cell, color);
            match &mut word {
                // Wide characters seldom are exactly two cells wide: each is put into its place by itself.
                Some(word) if word.look == look && width == 1 && !word.wide => {
                    word.text += cell.symbol();
                    word.width += width;
                    None
                }
                other => other.replace(Word { start: column, width, wide: width > 1, text: cell.symbol().into(), look }),
            }
        };
        if let Some(done) = done {
            paper.write(done, row);
        }
    }
    if let Some(word) = word {
        paper.write(word, row);
    }
}

/// Of the letters and behind them.
fn colors(cell: &Cell, ground: Ground) -> (Rgb, Rgb) {
    let color = rgb(cell.fg, ground.foreground);
    let behind = rgb(cell.bg, ground.background);
    let (color, behind) = if cell.modifier.contains(Modifier::REVERSED) { (behind, color) } else { (color, behind) };
    let color = if cell.modifier.contains(Modifier::DIM) { mix(behind, color, DIM) } else { color };
    (color, behind)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    fn screen(width: u16, lines: &[(&str, Style)]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, lines.len() as u16));
        for (row, (text, style)) in lines.iter().enumerate() {
            buffer.set_string(0, row as u16, text, *style);
        }
        svg(&buffer, Ground::DARK, "a screen")
    }

    #[test]
    fn words_stand_in_their_cells_and_in_their_colours() {
        let svg = screen(12, &[("loss 2.303", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD))]);
        let word = |x: u32, length: u32, text: &str| {
            format!(
                "<text x=\"{x}\" y=\"13.5\" textLength=\"{length}\" fill=\"#010203\" font-weight=\"bold\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
            )
        };
        assert!(svg.contains(&word(0, 36, "loss")) && svg.contains(&word(45, 45, "2.303")), "{svg}");
    }

    #[test]
    fn a_wide_character_takes_two_cells_and_what_follows_does_not_move() {
        let svg = screen(8, &[("🐱🐶cat", Style::new())]);
        let places = [
            "x=\"0\" y=\"13.5\" textLength=\"18\"",
            "x=\"18\" y=\"13.5\" textLength=\"18\"",
            "x=\"36\" y=\"13.5\" textLength=\"27\"",
        ];
        assert!(places.iter().all(|place| svg.contains(place)), "{svg}");
    }

    #[test]
    fn what_xml_cannot_bear_is_escaped() {
        let svg = screen(20, &[("<a & \"b\">", Style::new())]);
        assert!(svg.contains("&lt;a") && svg.contains("&amp;") && svg.contains("&quot;b&quot;&gt;"), "{svg}");
        assert_eq!(svg::escaped("\u{1b}[2J"), " [2J");
    }

    #[test]
    fn backgrounds_reach_over_blanks_and_reversed_cells_swap_their_colours() {
        let svg =
            screen(10, &[("ab c", Style::new().bg(Color::Rgb(9, 9, 9))), ("x", Style::new().add_modifier(Modifier::REVERSED))]);
        assert!(svg.contains("fill=\"#090909\" shape-rendering=\"crispEdges\" d=\"M0 0h36v18h-36z\""), "{svg}");
        assert!(svg.contains("fill=\"#d8dee9\" shape-rendering=\"crispEdges\" d=\"M0 18h9v18h-9z\""), "{svg}");
    }

    #[test]
    fn boxes_and_dots_are_drawn_not_written() {
        let svg = screen(4, &[("╭─⣿█", Style::new())]);
        assert!(!svg.contains("<text"), "{svg}");
        assert_eq!(svg.matches("h0").count(), 8);
        assert!(svg.contains("d=\"M27 0h9v18h-9z\""), "{svg}");
    }

    #[test]
    fn a_file_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("screen.svg");
        let buffer = Buffer::with_lines(["alexscope"]);
        save(&buffer, Ground::LIGHT, "a screen", &path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), svg(&buffer, Ground::LIGHT, "a screen"));
        assert!(matches!(
            save(&buffer, Ground::LIGHT, "", &folder.path().join("no/such/folder.svg")),
            Err(Error::Writing { .. })
        ));
        assert!(matches!(save(&buffer, Ground::LIGHT, "", &folder.path().join("a.gif")), Err(Error::UnknownFormat { .. })));
    }
}
