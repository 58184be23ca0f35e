//! A chart as PNG or SVG, drawn by plotters from the same model that the cockpit draws.

mod labels;
mod legend;
mod sheet;

use std::io::Cursor as Bytes;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend};

use super::error::{Error, Result};
use super::palette::Ground;
use crate::chart::{ChartModel, Curve, MarkerKind, Role, Shape};
use crate::whole_file;
use labels::Labels;
pub(super) use sheet::{FONT, register_fonts};
use sheet::{Inks, Sheet};

/// Size of the picture in pixels of a plain screen.
const SIZE: (u32, u32) = (1200, 675);
/// Pixels of a PNG to one of a plain screen: sharp on a fine one too.
const FINE: u32 = 2;

/// Margins around the plot: room for labels.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 28.0;
const BOTTOM: f64 = 46.0;
const TITLE: f64 = 22.0;
const READINGS: f64 = 52.0;
/// A curve's colour in the legend, with the blank behind it.
const SAMPLE: f64 = 30.0;
/// Tops of the lines of markers' labels, and of the plot below them.
const LABELS: f64 = 76.0;
const LABEL_LINE: f64 = 18.0;
const LABEL_LINES: usize = 3;
const PLOT: f64 = LABELS + LABEL_LINE * LABEL_LINES as f64 + 4.0;
/// Top of the plot where nothing is labelled.
const BARE_PLOT: f64 = 52.0;

/// Writes the chart to a file whose name ends in `.png` or `.svg`, whole or not at all.
///
/// # Errors
/// Another ending, a folder that takes no file, a drawing that failed.
pub fn save(model: &ChartModel, ground: Ground, path: &Path) -> Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let bytes = match ending.as_deref() {
        Some("png") => png(model, ground)?,
        Some("svg") => svg(model, ground)?.into_bytes(),
        _ => return Err(Error::UnknownFormat { path: path.into() }),
    };
    whole_file::write(path, &bytes).map_err(|source| Error::Writing { path: path.into(), source })
}

pub fn svg(model: &ChartModel, ground: Ground) -> Result<String> {
    svg_of_size(model, ground, SIZE)
}

/// On fewer pixels the words are larger beside the curves.
pub fn svg_of_size(model: &ChartModel, ground: Ground, size: (u32, u32)) -> Result<String> {
    let mut text = String::new();
    draw(&SVGBackend::with_string(&mut text, size).into_drawing_area(), model, ground, 1.0, size)?;
    Ok(text)
}

pub fn png(model: &ChartModel, ground: Ground) -> Result<Vec<u8>> {
    let (width, height) = (SIZE.0 * FINE, SIZE.1 * FINE);
    let mut pixels = vec![0; (width * height * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    draw(&area, model, ground, f64::from(FINE), SIZE)?;
    drop(area);
    let mut bytes = Bytes::new(Vec::new());
    image::write_buffer_with_format(&mut bytes, &pixels, width, height, image::ColorType::Rgb8, image::ImageFormat::Png)
        .map_err(|error| Error::Drawing { reason: error.to_string() })?;
    Ok(bytes.into_inner())
}

/// `size` is in pixels of a plain screen.
fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    model: &ChartModel,
    ground: Ground,
    scale: f64,
    size: (u32, u32),
) -> Result<()> {
    register_fonts()?;
    let inks = Inks::on(ground);
    let top = if model.markers.is_empty() && model.cursor.is_none() { BARE_PLOT } else { PLOT };
    let plot = [LEFT, top, f64::from(size.0) - RIGHT, f64::from(size.1) - BOTTOM];
    let mut sheet = Sheet { area, scale, plot, below: 0.0, x: &model.x, y: &model.y };
    let drawn = (|| {
        sheet.clear(inks.ground)?;
        let head = head(&sheet, model)?;
        sheet.move_down(legend::ROW * (head.rows - 1) as f64);
        draw_head(&sheet, model, &head, &inks)?;
        axes(&sheet, model, &inks)?;
        for curve in &model.curves {
            draw_curve(&sheet, curve, &inks)?;
        }
        markers(&sheet, model, &inks)?;
        if let Some(cursor) = &model.cursor {
            sheet.vertical(sheet.x_of(cursor.step as f64), inks.text, 1.5)?;
        }
        area.present()
    })();
    drawn.map_err(|error| Error::Drawing { reason: error.to_string() })
}

/// What the head consists of and where: title, what each colour is with its newest value, how it is drawn.
struct Head {
    /// Row and left end of each.
    items: Vec<((usize, f64), String, Role)>,
    /// The notes' row and left end.
    notes: (usize, f64),
    rows: usize,
}

fn head<DB: DrawingBackend>(sheet: &Sheet<DB>, model: &ChartModel) -> sheet::Measured<Head, DB> {
    let latest = |curve: &Curve| curve.latest.map_or(String::new(), |value| format!(" {}", model.metric.format(value)));
    let named = model.curves.iter().filter(|curve| !curve.name.is_empty());
    let entries: Vec<(String, Role)> = named.map(|curve| (legend::shortened(&curve.name) + &latest(curve), curve.role)).collect();
    let mut widths = Vec::with_capacity(entries.len() + 1);
    for (text, _) in &entries {
        widths.push(SAMPLE + sheet.width(text, 16.0)?);
    }
    let notes_width = sheet.width(&model.notes.join(", "), 15.0)?;
    widths.push(notes_width);
    let (first, right) = (LEFT + sheet.width(&model.title, 24.0)? + 28.0, sheet.plot[2]);
    let mut places = legend::places(&widths, first, LEFT, right);
    let last = places.pop().map_or(0, |(row, _)| row);
    let rows = if model.notes.is_empty() { places.last().map_or(0, |(row, _)| *row) } else { last } + 1;
    let items = places.into_iter().zip(entries).map(|(place, (text, role))| (place, text, role)).collect();
    Ok(Head { items, notes: (last, right - notes_width), rows })
}

fn draw_head<DB: DrawingBackend>(sheet: &Sheet<DB>, model: &ChartModel, head: &Head, inks: &Inks) -> sheet::Drawn<DB> {
    let y_of = |row: usize| TITLE + legend::ROW * row as f64;
    sheet.text([LEFT, TITLE], &model.title, 24.0, inks.text)?;
    for ((row, x), text, role) in &head.items {
        let y = y_of(*row);
        sheet.line(&[[*x, y], [x + 22.0, y]], inks.curve(*role), 4.0)?;
        sheet.text([x + SAMPLE, y], text, 16.0, inks.text)?;
    }
    let (row, x) = head.notes;
    sheet.text([x, y_of(row)], &model.notes.join(", "), 15.0, inks.dim)?;
    if let Some(cursor) = &model.cursor {
        let readings: Vec<String> = cursor.readings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        sheet.text([LEFT, READINGS + sheet.below], &readings.join(" · "), 15.0, inks.text)?;
    }
    Ok(())
}

/// Grid, ticks, frame, and the levels worth comparing with.
fn axes<DB: DrawingBackend>(sheet: &Sheet<DB>, model: &ChartModel, inks: &Inks) -> sheet::Drawn<DB> {
    let [left, top, right, bottom] = sheet.plot;
    for tick in &model.y.ticks {
        let y = sheet.y_of(tick.at);
        sheet.line(&[[left, y], [right, y]], inks.grid, 1.0)?;
        sheet.text([left - 10.0 - sheet.width(&tick.label, 15.0)?, y], &tick.label, 15.0, inks.dim)?;
    }
    for tick in &model.x.ticks {
        let x = sheet.x_of(tick.at);
        sheet.line(&[[x, top], [x, bottom]], inks.grid, 1.0)?;
        sheet.text([x - sheet.width(&tick.label, 15.0)? / 2.0, bottom + 16.0], &tick.label, 15.0, inks.dim)?;
    }
    sheet.line(&[[left, top], [left, bottom], [right, bottom]], inks.dim, 1.5)?;
    sheet.text([right - sheet.width(model.x.label, 15.0)?, bottom + 34.0], model.x.label, 15.0, inks.dim)?;
    for guide in &model.guides {
        let y = sheet.y_of(guide.value);
        if (top..=bottom).contains(&y) {
            sheet.dashed([left, y], [right, y], inks.dim)?;
            sheet.text([left + 8.0, y - 10.0], &guide.label, 14.0, inks.dim)?;
        }
    }
    if let Some(beyond) = model.beyond {
        let text = format!("▲ up to {}", model.metric.format(beyond));
        sheet.text([right - 8.0 - sheet.width(&text, 14.0)?, top + 12.0], &text, 14.0, inks.dim)?;
    }
    Ok(())
}

fn draw_curve<DB: DrawingBackend>(sheet: &Sheet<DB>, curve: &Curve, inks: &Inks) -> sheet::Drawn<DB> {
    let ink = inks.curve(curve.role);
    match &curve.shape {
        Shape::Band(bands) => {
            for run in bands.split(Option::is_none) {
                let at = |step: f64, value: f64| [sheet.x_of(step), sheet.y_of(value)];
                let upper = run.iter().flatten().map(|band| at(band.step, band.max));
                let lower = run.iter().flatten().rev().map(|band| at(band.step, band.min));
                let outline: Vec<_> = upper.chain(lower).collect();
                // Of several bands over each other none may hide another.
                let tinted = matches!(curve.role, Role::Spread(_));
                if tinted { sheet.tinted(&outline, ink) } else { sheet.filled(&outline, ink) }?;
            }
        }
        Shape::Line(points) => {
            for run in points.split(Option::is_none) {
                let run: Vec<_> = run.iter().flatten().map(|(step, value)| [sheet.x_of(*step), sheet.y_of(*value)]).collect();
                sheet.line(&run, ink, if matches!(curve.role, Role::TrainRaw | Role::Left) { 1.0 } else { 2.5 })?;
            }
        }
        Shape::Points(points) => {
            let points: Vec<_> = points.iter().map(|(step, value)| [sheet.x_of(*step), sheet.y_of(*value)]).collect();
            sheet.line(&points, ink, 1.2)?;
            points.iter().try_for_each(|point| sheet.dot(*point, 4.0, ink))?;
        }
    }
    Ok(())
}

/// A line and a label for each change, epoch and accident; a label beside the best point.
fn markers<DB: DrawingBackend>(sheet: &Sheet<DB>, model: &ChartModel, inks: &Inks) -> sheet::Drawn<DB> {
    let mut labels = Labels::new(LABEL_LINES, sheet.plot[0], sheet.plot[2] + RIGHT);
    let mut by_weight: Vec<_> = model.markers.iter().filter(|marker| marker.kind != MarkerKind::Evaluation).collect();
    by_weight.sort_by_key(|marker| marker.kind);
    for marker in by_weight {
        let (x, ink) = (sheet.x_of(marker.step as f64), inks.marker(marker.kind));
        if let Some(value) = marker.value {
            let y = sheet.y_of(value);
            sheet.dot([x, y], 7.0, ink)?;
            let width = sheet.width(&marker.label, 15.0)?;
            let x = (x + 12.0).min(sheet.plot[2] - width);
            sheet.text([x, (y - 16.0).max(sheet.plot[1] + 8.0)], &marker.label, 15.0, ink)?;
            continue;
        }
        match marker.kind {
            MarkerKind::EpochEnd | MarkerKind::Saved => sheet.dashed([x, sheet.plot[1]], [x, sheet.plot[3]], ink)?,
            _ => sheet.vertical(x, ink, 1.5)?,
        }
        let width = sheet.width(&marker.label, 14.0)?;
        if let Some((line, left)) = labels.place(x, width) {
            sheet.text([left, sheet.below + LABELS + LABEL_LINE * line as f64 + 8.0], &marker.label, 14.0, ink)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
