//! The screen as PNG. The built-in font has one weight and no slant: bold words are drawn twice, slanted ones stand upright.

use plotters::prelude::{BitMapBackend, IntoDrawingArea};
use plotters::style::{IntoFont, RGBColor, TextStyle};
use ratatui::buffer::Buffer;

use super::{BASELINE, DOT, HEAVY, HEIGHT, LIGHT, MARGIN, Paper, WIDTH, Word, paint};
use crate::export::chart::{FONT, register_fonts};
use crate::export::error::{Error, Result};
use crate::export::glyphs::{Glyph, Weight};
use crate::export::mosaic;
use crate::export::palette::{Ground, Rgb, mix};
use crate::mosaic::Bitmap;

/// Pixels to one of a plain screen: sharp on a fine one too.
const FINE: f64 = 2.0;
/// At this size, ascender to descender, a digit of the font is as wide as a cell.
const SIZE: f64 = 16.4;
/// Of the points that a rounded corner is drawn with.
const POINTS: u32 = 48;

pub fn png(buffer: &Buffer, ground: Ground) -> Result<Vec<u8>> {
    let pixels = |cells: u16, each: f64| ((f64::from(cells) * each + 2.0 * MARGIN) * FINE) as usize;
    let (width, height) = (pixels(buffer.area.width, WIDTH), pixels(buffer.area.height, HEIGHT));
    let mut sheet = Sheet { bitmap: Bitmap::filled(width, height, ground.background), words: Vec::new() };
    paint(buffer, ground, &mut sheet);
    sheet.write_words()?;
    mosaic::png(&sheet.bitmap)
}

/// Shapes are drawn at once; words, which another library draws, in the end.
struct Sheet {
    bitmap: Bitmap,
    words: Vec<(Word, u16)>,
}

impl Paper for Sheet {
    fn background(&mut self, row: u16, start: u16, end: u16, color: Rgb) {
        let top = f64::from(row) * HEIGHT;
        self.fill([f64::from(start) * WIDTH, top, f64::from(end) * WIDTH, top + HEIGHT], color);
    }

    fn draw(&mut self, glyph: &Glyph, (column, row): (u16, u16), color: Rgb, behind: Rgb) {
        let at = |x: f64, y: f64| ((f64::from(column) + x) * WIDTH, (f64::from(row) + y) * HEIGHT);
        let between = |(left, top): (f64, f64), (right, bottom): (f64, f64)| [left, top, right, bottom];
        match glyph {
            Glyph::Block { x, y, width, height } => self.fill(between(at(*x, *y), at(x + width, y + height)), color),
            Glyph::Shade(share) => self.fill(between(at(0.0, 0.0), at(1.0, 1.0)), mix(behind, color, *share)),
            Glyph::Lines(weights) => {
                let (middle, centre) = at(0.5, 0.5);
                for (weight, (x, y)) in weights.iter().zip([at(0.5, 0.0), at(1.0, 0.5), at(0.5, 1.0), at(0.0, 0.5)]) {
                    let half = match weight {
                        Weight::None => continue,
                        Weight::Light => LIGHT / 2.0,
                        Weight::Heavy => HEAVY / 2.0,
                    };
                    // Across the line half its width to both sides; along it also past the middle, to fill corners.
                    let (across, along) = if x == middle { (half, 0.0) } else { (0.0, half) };
                    let ([left, right], [top, bottom]) = ([x.min(middle), x.max(middle)], [y.min(centre), y.max(centre)]);
                    self.fill([left - across, top - along, right + across, bottom + along], color);
                }
                if weights.iter().filter(|weight| **weight != Weight::None).count() > 1 {
                    let half = if weights.contains(&Weight::Heavy) { HEAVY / 2.0 } else { LIGHT / 2.0 };
                    self.fill([middle - half, centre - half, middle + half, centre + half], color);
                }
            }
            Glyph::Corner { above, right } => {
                let (from, to) = (if *above { 0.0 } else { 1.0 }, if *right { 1.0 } else { 0.0 });
                for point in 0..=POINTS {
                    // A quadratic Bézier curve from (0.5, from) to (to, 0.5), pulled towards the middle.
                    let t = f64::from(point) / f64::from(POINTS);
                    let (near, far) = ((1.0 - t).powi(2), t.powi(2));
                    self.disc(at(0.5 + far * (to - 0.5), 0.5 + near * (from - 0.5)), LIGHT, color);
                }
            }
            Glyph::Dots(dots) => dots.iter().for_each(|(x, y)| self.disc(at(*x, *y), DOT, color)),
        }
    }

    fn write(&mut self, word: Word, row: u16) {
        let (left, top) = (f64::from(word.start) * WIDTH, f64::from(row) * HEIGHT);
        let right = left + f64::from(word.width) * WIDTH;
        let lines = [(word.look.underlined, BASELINE + 2.0), (word.look.crossed_out, HEIGHT / 2.0)];
        for (_, y) in lines.into_iter().filter(|(drawn, _)| *drawn) {
            self.fill([left, top + y, right, top + y + 1.0], word.look.color);
        }
        self.words.push((word, row));
    }
}

/// Places are pixels of a plain screen from the screen's corner.
impl Sheet {
    /// Fills what lies between two corners: left, top, right, bottom.
    fn fill(&mut self, [left, top, right, bottom]: [f64; 4], color: Rgb) {
        let pixel = |place: f64, end: usize| (fine(place).round().max(0.0) as usize).min(end);
        let (width, height) = (self.bitmap.width, self.bitmap.height);
        for y in pixel(top, height)..pixel(bottom, height) {
            self.bitmap.pixels[y * width..][pixel(left, width)..pixel(right, width)].fill(color);
        }
    }

    fn disc(&mut self, (x, y): (f64, f64), diameter: f64, color: Rgb) {
        let (x, y, radius) = (fine(x), fine(y), diameter * FINE / 2.0);
        let reach =
            |middle: f64, end: usize| ((middle - radius).max(0.0) as usize)..(((middle + radius).ceil() as usize).min(end));
        let width = self.bitmap.width;
        for row in reach(y, self.bitmap.height) {
            for column in reach(x, width) {
                if (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y) <= radius {
                    self.bitmap.pixels[row * width + column] = color;
                }
            }
        }
    }

    /// Writes each word at its first cell, smaller where it would reach past its last one.
    fn write_words(&mut self) -> Result<()> {
        register_fonts()?;
        let size = (self.bitmap.width as u32, self.bitmap.height as u32);
        let area = BitMapBackend::with_buffer(self.bitmap.pixels.as_flattened_mut(), size).into_drawing_area();
        let drawn = self.words.iter().try_for_each(|(Word { start, width, text, look, .. }, row)| {
            let [red, green, blue] = look.color;
            let ink = RGBColor(red, green, blue);
            let style = |size: f64| TextStyle::from((FONT, size).into_font()).color(&ink);
            let full = SIZE * FINE;
            let (wide, _) = area.estimate_text_size(text, &style(full))?;
            let size = full * (f64::from(*width) * WIDTH * FINE / f64::from(wide.max(1))).min(1.0);
            // plotters lets letters stand half their size below the place.
            let baseline = fine(f64::from(*row) * HEIGHT + BASELINE);
            let (x, y) = (fine(f64::from(*start) * WIDTH) as i32, (baseline - size / 2.0) as i32);
            area.draw_text(text, &style(size), (x, y))?;
            if look.bold { area.draw_text(text, &style(size), (x + 1, y)) } else { Ok(()) }
        });
        drawn.and_then(|()| area.present()).map_err(|error| Error::Drawing { reason: error.to_string() })
    }
}

/// A place in pixels of the PNG.
fn fine(place: f64) -> f64 {
    (place + MARGIN) * FINE
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    const RED: Rgb = [200, 10, 10];

    fn drawn(text: &str, style: Style) -> image::RgbImage {
        let mut buffer = Buffer::with_lines(["   "]);
        buffer.set_string(0, 0, text, style.fg(Color::Rgb(200, 10, 10)));
        image::load_from_memory(&png(&buffer, Ground::DARK).unwrap()).unwrap().to_rgb8()
    }

    /// How many of the pixels of a cell are not of the ground.
    fn inked(picture: &image::RgbImage, column: u32) -> usize {
        let places = (0..36).flat_map(|y| (0..18).map(move |x| (18 + 18 * column + x, 18 + y)));
        places.filter(|(x, y)| picture.get_pixel(*x, *y).0 != Ground::DARK.background).count()
    }

    #[test]
    fn blocks_fill_their_part_of_the_cell_and_nothing_else() {
        let picture = drawn(" ▄█", Style::new());
        assert_eq!(picture.dimensions(), (2 * (3 * 9 + 18), 2 * (18 + 18)));
        assert_eq!([0, 1, 2].map(|column| inked(&picture, column)), [0, 18 * 18, 18 * 36]);
        assert_eq!((picture.get_pixel(36, 18 + 17).0, picture.get_pixel(36, 18 + 18).0), (Ground::DARK.background, RED));
    }

    #[test]
    fn lines_reach_from_cell_to_cell_and_dots_stand_apart() {
        let picture = drawn("╭─⣿", Style::new());
        assert!((36..54).all(|x| picture.get_pixel(x, 36).0 == RED), "the line breaks off");
        assert!((50..54).all(|y| picture.get_pixel(27, y).0 == RED), "the corner does not reach down");
        let gap = picture.get_pixel(18 + 2 * 18 + 9, 36).0;
        assert_eq!(gap, Ground::DARK.background);
        assert!(inked(&picture, 2) > 8 * 12);
    }

    #[test]
    fn a_word_stays_in_its_cells_and_a_background_lies_behind_it() {
        let picture = drawn("WW", Style::new());
        assert!(inked(&picture, 0) > 50 && inked(&picture, 1) > 50);
        assert_eq!(inked(&picture, 2), 0, "two wide letters reach into the third cell");
        let picture = drawn("i", Style::new().bg(Color::Rgb(1, 2, 3)));
        assert_eq!((inked(&picture, 0), inked(&picture, 1)), (18 * 36, 0));
        assert!(
            (18..36).any(|x| picture.get_pixel(x, 40).0 == RED || picture.get_pixel(x, 40).0[0] > 100),
            "the letter is hidden"
        );
    }
}
