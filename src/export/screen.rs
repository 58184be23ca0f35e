//! A screen as SVG: every cell where the terminal has it, in its colours. Needs nothing from outside; letters are written in the
//! reader's monospaced font and stretched to their cells.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use ratatui::text::Span;

use super::glyphs::{Glyph, Weight, glyph};
use super::palette::{Ground, Rgb, hex, mix, rgb};
use crate::whole_file;

/// Pixels of a cell: whole numbers, so that neighbours meet on a pixel.
const WIDTH: f64 = 9.0;
const HEIGHT: f64 = 18.0;
/// At this size a letter of most monospaced fonts is as wide as a cell.
const FONT: f64 = 15.0;
/// From a cell's top to the line that letters stand on.
const BASELINE: f64 = 13.5;
/// Around the screen.
const MARGIN: f64 = 9.0;
const LIGHT: f64 = 1.2;
const HEAVY: f64 = 2.6;
const DOT: f64 = 2.4;
/// How much of its colour a dim cell keeps.
const DIM: f64 = 0.6;

/// Writes [`svg`] to a file, whole or not at all.
pub fn save(buffer: &Buffer, ground: Ground, title: &str, path: &Path) -> io::Result<()> {
    whole_file::write(path, svg(buffer, ground, title).as_bytes())
}

/// The screen as an SVG document. `title` is for those who cannot see it.
pub fn svg(buffer: &Buffer, ground: Ground, title: &str) -> String {
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (columns * WIDTH + 2.0 * MARGIN, rows * HEIGHT + 2.0 * MARGIN);
    let mut picture = Picture { ground, backgrounds: BTreeMap::new(), inks: BTreeMap::new(), words: String::new() };
    for row in 0..buffer.area.height {
        picture.row(buffer, row);
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n",
        escaped(title),
        hex(ground.background),
    );
    for (color, path) in &picture.backgrounds {
        svg += &format!("<path fill=\"{}\" shape-rendering=\"crispEdges\" d=\"{path}\"/>\n", hex(*color));
    }
    for (color, ink) in &picture.inks {
        ink.draw(&hex(*color), &mut svg);
    }
    let font = "ui-monospace, 'DejaVu Sans Mono', 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace";
    svg +=
        &format!("<g font-family=\"{font}\" font-size=\"{FONT}\" xml:space=\"preserve\">\n{}</g>\n</g>\n</svg>\n", picture.words);
    svg
}

/// What is drawn, sorted by colour.
struct Picture {
    ground: Ground,
    backgrounds: BTreeMap<Rgb, String>,
    inks: BTreeMap<Rgb, Ink>,
    words: String,
}

/// Paths of one colour.
#[derive(Default)]
struct Ink {
    filled: String,
    light: String,
    heavy: String,
    dots: String,
}

impl Ink {
    fn draw(&self, color: &str, svg: &mut String) {
        if !self.filled.is_empty() {
            *svg += &format!("<path fill=\"{color}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n", self.filled);
        }
        for (path, width) in [(&self.light, LIGHT), (&self.heavy, HEAVY)] {
            if !path.is_empty() {
                *svg += &format!("<path fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" d=\"{path}\"/>\n");
            }
        }
        if !self.dots.is_empty() {
            // A line of no length with round ends is a dot.
            let stroke = format!("stroke=\"{color}\" stroke-width=\"{DOT}\" stroke-linecap=\"round\"");
            *svg += &format!("<path fill=\"none\" {stroke} d=\"{}\"/>\n", self.dots);
        }
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

impl Picture {
    fn row(&mut self, buffer: &Buffer, row: u16) {
        let top = f64::from(row) * HEIGHT;
        let mut word: Option<Word> = None;
        let mut background: Option<(u16, u16, Rgb)> = None;
        let mut column = 0;
        while column < buffer.area.width {
            let cell = &buffer[(buffer.area.x + column, buffer.area.y + row)];
            let width = (Span::raw(cell.symbol()).width() as u16).clamp(1, buffer.area.width - column);
            let (color, behind) = self.colors(cell);
            background = match background {
                Some((start, end, same)) if same == behind && end == column => Some((start, column + width, same)),
                other => {
                    self.background(other, top);
                    Some((column, column + width, behind))
                }
            };
            if cell.symbol().trim().is_empty() || cell.modifier.contains(Modifier::HIDDEN) {
                self.write(word.take(), top);
            } else if let Some(glyph) = glyph(cell.symbol()) {
                self.write(word.take(), top);
                self.draw(&glyph, f64::from(column) * WIDTH, top, color, behind);
            } else {
                let look = Look {
                    color,
                    bold: cell.modifier.contains(Modifier::BOLD),
                    italic: cell.modifier.contains(Modifier::ITALIC),
                    underlined: cell.modifier.contains(Modifier::UNDERLINED),
                    crossed_out: cell.modifier.contains(Modifier::CROSSED_OUT),
                };
                match &mut word {
                    // Wide characters seldom are exactly two cells wide: each is put into its place by itself.
                    Some(word) if word.look == look && width == 1 && !word.wide => {
                        word.text += cell.symbol();
                        word.width += width;
                    }
                    other => {
                        let fresh = Word { start: column, width, wide: width > 1, text: cell.symbol().into(), look };
                        let done = other.replace(fresh);
                        self.write(done, top);
                    }
                }
            }
            column += width;
        }
        self.write(word, top);
        self.background(background, top);
    }

    /// Of the letters and behind them.
    fn colors(&self, cell: &Cell) -> (Rgb, Rgb) {
        let color = rgb(cell.fg, self.ground.foreground);
        let behind = rgb(cell.bg, self.ground.background);
        let (color, behind) = if cell.modifier.contains(Modifier::REVERSED) { (behind, color) } else { (color, behind) };
        let color = if cell.modifier.contains(Modifier::DIM) { mix(behind, color, DIM) } else { color };
        (color, behind)
    }

    fn background(&mut self, run: Option<(u16, u16, Rgb)>, top: f64) {
        let Some((start, end, color)) = run else { return };
        if color != self.ground.background {
            let (x, width) = (f64::from(start) * WIDTH, f64::from(end - start) * WIDTH);
            *self.backgrounds.entry(color).or_default() += &rectangle(x, top, width, HEIGHT);
        }
    }

    fn draw(&mut self, glyph: &Glyph, left: f64, top: f64, color: Rgb, behind: Rgb) {
        let at = |x: f64, y: f64| (left + x * WIDTH, top + y * HEIGHT);
        let (middle, centre) = at(0.5, 0.5);
        if let Glyph::Shade(share) = glyph {
            self.inks.entry(mix(behind, color, *share)).or_default().filled += &rectangle(left, top, WIDTH, HEIGHT);
            return;
        }
        let ink = self.inks.entry(color).or_default();
        match glyph {
            Glyph::Block { x, y, width, height } => {
                let (x, y) = at(*x, *y);
                ink.filled += &rectangle(x, y, width * WIDTH, height * HEIGHT);
            }
            Glyph::Lines(weights) => {
                let ends = [at(0.5, 0.0), at(1.0, 0.5), at(0.5, 1.0), at(0.0, 0.5)];
                for (weight, (x, y)) in weights.iter().zip(ends) {
                    let line = format!("M{middle} {centre}L{x} {y}");
                    match weight {
                        Weight::None => {}
                        Weight::Light => ink.light += &line,
                        Weight::Heavy => ink.heavy += &line,
                    }
                }
            }
            Glyph::Corner { above, right } => {
                let (x, y) = at(0.5, if *above { 0.0 } else { 1.0 });
                let (end, _) = at(if *right { 1.0 } else { 0.0 }, 0.5);
                ink.light += &format!("M{x} {y}Q{middle} {centre} {end} {centre}");
            }
            Glyph::Dots(dots) => {
                for (x, y) in dots {
                    let (x, y) = at(*x, *y);
                    ink.dots += &format!("M{x} {y}h0");
                }
            }
            Glyph::Shade(_) => {}
        }
    }

    fn write(&mut self, word: Option<Word>, top: f64) {
        let Some(Word { start, width, text, look, .. }) = word else { return };
        let (x, y, length) = (f64::from(start) * WIDTH, top + BASELINE, f64::from(width) * WIDTH);
        let _ = write!(self.words, "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" fill=\"{}\"", hex(look.color));
        let decoration = match (look.underlined, look.crossed_out) {
            (true, true) => " text-decoration=\"underline line-through\"",
            (true, false) => " text-decoration=\"underline\"",
            (false, true) => " text-decoration=\"line-through\"",
            (false, false) => "",
        };
        let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
        let italic = if look.italic { " font-style=\"italic\"" } else { "" };
        // One letter cannot be spaced out, only stretched.
        let _ = writeln!(self.words, "{bold}{italic}{decoration} lengthAdjust=\"spacingAndGlyphs\">{}</text>", escaped(&text));
    }
}

fn rectangle(x: f64, y: f64, width: f64, height: f64) -> String {
    format!("M{x} {y}h{width}v{height}h-{width}z")
}

/// As XML wants it; control characters have no place in it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
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
        assert_eq!(escaped("\u{1b}[2J"), " [2J");
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
        assert!(save(&buffer, Ground::LIGHT, "a screen", &folder.path().join("no/such/folder.svg")).is_err());
    }
}
