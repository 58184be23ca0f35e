//! The confusion matrix as PNG or SVG.

use std::io::Cursor as Bytes;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, Rectangle, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont, RGBColor, TextStyle};

use super::chart::{FONT, register_fonts};
use super::error::{Error, Result};
use super::palette::Ground;
use crate::mosaic::ColourMap;
use crate::session::Confusion;
use crate::whole_file;

/// Pixels of a plain screen: of a cell where there are few classes, and of the names at the left and the top.
const CELL: u32 = 56;
const NAMES: u32 = 110;
const HEAD: u32 = 90;
/// Pixels of a PNG to one of those.
const FINE: u32 = 2;
/// With more classes than this, cells have no numbers.
const NUMBERED: usize = 20;

/// Writes the matrix to a file whose name ends in `.png` or `.svg`, whole or not at all.
///
/// # Errors
/// Another ending, a folder that takes no file, a drawing that failed.
pub fn save(confusion: &Confusion, classes: &[String], ground: Ground, path: &Path) -> Result<()> {
    let bytes = match path.extension().and_then(|ending| ending.to_str()) {
        Some("png") => png(confusion, classes, ground)?,
        Some("svg") => svg(confusion, classes, ground)?.into_bytes(),
        _ => return Err(Error::UnknownFormat { path: path.into() }),
    };
    whole_file::write(path, &bytes).map_err(|source| Error::Writing { path: path.into(), source })
}

fn cell(classes: usize) -> u32 {
    if classes <= NUMBERED { CELL } else { (900 / classes.max(1) as u32).max(4) }
}

fn size(classes: usize) -> (u32, u32) {
    let side = cell(classes) * classes as u32;
    (NAMES + side + 20, HEAD + side + 20)
}

fn svg(confusion: &Confusion, classes: &[String], ground: Ground) -> Result<String> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, size(confusion.classes)).into_drawing_area();
    draw(&area, confusion, classes, ground, 1)?;
    drop(area);
    Ok(text)
}

fn png(confusion: &Confusion, classes: &[String], ground: Ground) -> Result<Vec<u8>> {
    let (width, height) = size(confusion.classes);
    let (width, height) = (width * FINE, height * FINE);
    let mut pixels = vec![0; (width * height * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    draw(&area, confusion, classes, ground, FINE)?;
    drop(area);
    let mut bytes = Bytes::new(Vec::new());
    image::write_buffer_with_format(&mut bytes, &pixels, width, height, image::ColorType::Rgb8, image::ImageFormat::Png)
        .map_err(|error| Error::Drawing { reason: error.to_string() })?;
    Ok(bytes.into_inner())
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    confusion: &Confusion,
    classes: &[String],
    ground: Ground,
    scale: u32,
) -> Result<()> {
    register_fonts()?;
    let failed = |error: &dyn std::fmt::Display| Error::Drawing { reason: error.to_string() };
    let count = confusion.classes;
    let side = cell(count);
    let at = |x: u32, y: u32| ((x * scale) as i32, (y * scale) as i32);
    let write = |text: &str, (x, y): (u32, u32), size: u32, colour: [u8; 3], to: HPos| {
        let ink = RGBColor(colour[0], colour[1], colour[2]);
        let style = TextStyle::from((FONT, f64::from(size * scale)).into_font()).color(&ink);
        area.draw_text(text, &style.pos(Pos::new(to, VPos::Center)), at(x, y)).map_err(|error| failed(&error))
    };
    let [red, green, blue] = ground.background;
    area.fill(&RGBColor(red, green, blue)).map_err(|error| failed(&error))?;
    let name = |class: usize| classes.get(class).map_or("", String::as_str);
    write(
        &format!("Row: the true class; column: what it was taken for. Step {}", confusion.step),
        (14, 20),
        14,
        ground.foreground,
        HPos::Left,
    )?;
    for of in 0..count {
        let total: u32 = (0..count).map(|guess| confusion.count(of, guess)).sum::<u32>().max(1);
        let middle = |place: usize| place as u32 * side + side / 2;
        if count <= NUMBERED || of % 10 == 0 {
            write(name(of), (NAMES - 8, HEAD + middle(of)), 13, ground.foreground, HPos::Right)?;
            let short: String = name(of).chars().take(8).collect();
            write(&short, (NAMES + middle(of), HEAD - 14), 13, ground.foreground, HPos::Center)?;
        }
        for guess in 0..count {
            let share = confusion.count(of, guess) as f32 / total as f32;
            let [red, green, blue] = ColourMap::Viridis.colour(share);
            let corner = at(NAMES + guess as u32 * side, HEAD + of as u32 * side);
            let end = at(NAMES + (guess as u32 + 1) * side, HEAD + (of as u32 + 1) * side);
            area.draw(&Rectangle::new([corner, end], RGBColor(red, green, blue).filled())).map_err(|error| failed(&error))?;
            if count <= NUMBERED {
                let ink = if share > 0.6 { [0; 3] } else { [255; 3] };
                let place = (NAMES + middle(guess), HEAD + middle(of));
                write(&confusion.count(of, guess).to_string(), place, 13, ink, HPos::Center)?;
            }
        }
    }
    area.present().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_and_class_is_on_the_picture() {
        let mut confusion = Confusion::new(3);
        for (class, guess, times) in [(0, 0, 41), (0, 2, 7), (1, 1, 53), (2, 2, 66)] {
            for _ in 0..times {
                let mut probabilities = [0.1; 3];
                probabilities[guess] = 0.8;
                confusion.add(0, class, &probabilities);
            }
        }
        let classes = ["ant", "bee", "cow"].map(String::from);
        let text = svg(&confusion, &classes, Ground::LIGHT).unwrap();
        for word in ["41", "7", "53", "66", "ant", "bee", "cow"] {
            assert!(text.lines().any(|line| line.trim() == word), "{word}: {text}");
        }
        let bytes = png(&confusion, &classes, Ground::DARK).unwrap();
        let read = image::load_from_memory(&bytes).unwrap();
        assert_eq!((read.width(), read.height()), (2 * (110 + 3 * 56 + 20), 2 * (90 + 3 * 56 + 20)));
        assert!(svg(&Confusion::new(100), &[], Ground::LIGHT).is_ok());
    }
}
