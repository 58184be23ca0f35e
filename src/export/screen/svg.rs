//! The screen as an SVG document.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::Buffer;

use super::{BASELINE, DOT, HEAVY, HEIGHT, LIGHT, MARGIN, Paper, WIDTH, Word, paint};
use crate::export::glyphs::{Glyph, Weight};
use crate::export::palette::{Ground, Rgb, hex, mix};

/// At this size a letter of most monospaced fonts is as wide as a cell.
const FONT: f64 = 15.0;

/// The screen as an SVG document. `title` is for those who cannot see it.
pub fn svg(buffer: &Buffer, ground: Ground, title: &str) -> String {
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (columns * WIDTH + 2.0 * MARGIN, rows * HEIGHT + 2.0 * MARGIN);
    let mut picture = Picture { backgrounds: BTreeMap::new(), inks: BTreeMap::new(), words: String::new() };
    paint(buffer, ground, &mut picture);
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

impl Paper for Picture {
    fn background(&mut self, row: u16, start: u16, end: u16, color: Rgb) {
        let (x, width) = (f64::from(start) * WIDTH, f64::from(end - start) * WIDTH);
        *self.backgrounds.entry(color).or_default() += &rectangle(x, f64::from(row) * HEIGHT, width, HEIGHT);
    }

    fn draw(&mut self, glyph: &Glyph, (column, row): (u16, u16), color: Rgb, behind: Rgb) {
        let (left, top) = (f64::from(column) * WIDTH, f64::from(row) * HEIGHT);
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

    fn write(&mut self, Word { start, width, text, look, .. }: Word, row: u16) {
        let (x, y, length) = (f64::from(start) * WIDTH, f64::from(row) * HEIGHT + BASELINE, f64::from(width) * WIDTH);
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
pub(super) fn escaped(text: &str) -> String {
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
