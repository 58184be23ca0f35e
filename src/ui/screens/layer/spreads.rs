//! How the layer's values are spread: as histograms of the newest look, or look by look over the run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Scene;
use super::courses::{SpreadCourse, shares};
use crate::mosaic::{Dot, Extent};
use crate::probe::Spread;
use crate::spec::grouped;
use crate::ui::app::App;
use crate::ui::figures::{percent, three};
use crate::ui::widgets::{bars, gauge, line, raster};

/// Rows of a histogram with its name.
const HISTOGRAM: u16 = 3;
/// Rows of a course with its name: at least, and at most.
const LEAST: u16 = 3;
const MOST: u16 = 10;

/// As many as there is room for, the first first.
pub fn draw(app: &App, scene: &Scene, area: Rect, buf: &mut Buffer) {
    if scene.screen.over_run {
        return courses(app, scene, area, buf);
    }
    for (i, (name, spread)) in scene.prepared.spreads.iter().take(usize::from(area.height / HISTOGRAM)).enumerate() {
        histogram(app, name, spread, Rect { y: area.y + HISTOGRAM * i as u16, height: HISTOGRAM, ..area }, buf);
    }
}

fn histogram(app: &App, name: &str, spread: &Spread, area: Rect, buf: &mut Buffer) {
    head(app, name, (spread.low.into(), spread.high.into()), area, buf);
    bars::draw(Rect { y: area.y + 1, height: area.height - 1, ..area }, buf, app.theme.gauge, spread);
}

/// The name, and between which values the rest is drawn.
fn head(app: &App, name: &str, (low, high): (f64, f64), area: Rect, buf: &mut Buffer) {
    let ends = format!("{} … {}", three(low), three(high));
    let [name, ends] = [name.to_string(), ends].map(|text| Line::styled(text, app.theme.dim));
    line::between(Rect { height: 1, ..area }, buf, name, ends);
}

/// A course for each histogram, and below all the steps that they are of.
fn courses(app: &App, scene: &Scene, area: Rect, buf: &mut Buffer) {
    let known: Vec<(&'static str, &SpreadCourse)> = scene
        .prepared
        .spreads
        .iter()
        .filter_map(|(name, _)| Some((*name, scene.screen.courses.of(scene.place, name)?)))
        .collect();
    let rows = area.height.saturating_sub(1);
    let fitting = (rows / LEAST).min(known.len() as u16);
    let (Some(each), Some((first, last))) = (rows.checked_div(fitting), known.first().and_then(|(_, course)| course.steps()))
    else {
        return;
    };
    let each = each.min(MOST);
    for (i, (name, course)) in known.iter().take(fitting.into()).enumerate() {
        course_of(app, scene, name, course, Rect { y: area.y + each * i as u16, height: each, ..area }, buf);
    }
    let steps = Rect { y: area.y + each * fitting, height: 1, ..area };
    let ends = [format!("step {}", grouped(first)), grouped(last)].map(|text| Line::styled(text, app.theme.dim));
    let [first, last] = ends;
    line::between(steps, buf, first, last);
}

/// Steps from left to right, values from below; bright where many values lie. Of outputs that are zero now and then, below that the
/// share of them.
fn course_of(app: &App, scene: &Scene, name: &str, course: &SpreadCourse, area: Rect, buf: &mut Buffer) {
    let Some(range) = course.range() else { return };
    head(app, name, range, area, buf);
    let columns = course.columns(area.width.into());
    let with_zeros = area.height > LEAST && columns.iter().any(|spread| spread.zeros > 0);
    let strip = Rect { y: area.y + 1, height: area.height - 1 - u16::from(with_zeros), ..area };
    raster::draw(strip, buf, app.depth(), app.theme.text, columns.len(), &density(app, scene, &columns, range, strip.height));
    if with_zeros {
        let row = Rect { y: strip.bottom(), height: 1, ..area };
        let zeros: Vec<Option<f64>> = columns.iter().map(|spread| Some(spread.zero_share())).collect();
        let now = format!("zero {:>4}", percent(zeros.last().copied().flatten().unwrap_or(0.0)));
        let words = line::width(&now) + 1;
        buf.set_stringn(row.x, row.y, &now, row.width.into(), app.theme.dim);
        if let Some(beside) = row.width.checked_sub(words) {
            let place = Rect { x: row.x + words, width: beside, ..row };
            gauge::sparkline(place, buf, app.theme.train, &zeros[usize::from(words)..]);
        }
    }
}

/// A dot's brightness is the root of its share, relative to the column's greatest, as a histogram's height is.
fn density(app: &App, scene: &Scene, columns: &[&Spread], range: (f64, f64), height: u16) -> Vec<Dot> {
    let rows = usize::from(height) * raster::DOTS_HIGH;
    let shares: Vec<Vec<f64>> = columns.iter().map(|spread| shares(spread, range, rows)).collect();
    let most: Vec<f64> = shares.iter().map(|column| column.iter().copied().fold(f64::MIN_POSITIVE, f64::max)).collect();
    let extent = Extent { low: 0.0, high: 1.0 };
    let dot = |row: usize, column: usize| {
        let level = (shares[column][rows - 1 - row] / most[column]).sqrt();
        extent.dot(level as f32, scene.screen.colours, app.ground())
    };
    (0..rows).flat_map(|row| (0..columns.len()).map(move |column| (row, column))).map(|(row, column)| dot(row, column)).collect()
}
