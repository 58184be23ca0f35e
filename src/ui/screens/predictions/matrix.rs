//! The confusion matrix: a row a class, a column what it was taken for; precision and recall of each class.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::class;
use crate::mosaic::{ColourMap, Extent};
use crate::session::Confusion;
use crate::ui::app::App;
use crate::ui::figures::{bar, percent};
use crate::ui::widgets::{line, raster};

/// Cells of a class's name and of a count.
const NAME: u16 = 11;
const COUNT: u16 = 5;
/// Cells of `100 %` with a blank before.
const SHARE: u16 = 7;

pub fn draw(app: &App, confusion: &Confusion, area: Rect, buf: &mut Buffer) {
    let classes = confusion.classes;
    let needed = NAME + COUNT * classes as u16 + SHARE;
    if classes <= 16 && needed <= area.width && area.height >= classes as u16 + 2 {
        counts(app, confusion, area, buf);
        let below = Rect { y: area.y + classes as u16 + 3, height: area.height.saturating_sub(classes as u16 + 3), ..area };
        if below.height > 1 {
            shares(app, confusion, below, buf);
        }
        return;
    }
    // Too many for numbers: dots, and the classes that are recognized worst.
    let side = usize::from((2 * area.height).min(area.width * 2 / 3)).min(classes * 4).max(1);
    picture(app, confusion, side, area, buf);
    let left = area.x + side as u16 + 2;
    shares(app, confusion, Rect { x: left, width: area.right().saturating_sub(left), ..area }, buf);
}

/// With numbers: the diagonal is what is right; the greatest confusions stand out.
fn counts(app: &App, confusion: &Confusion, area: Rect, buf: &mut Buffer) {
    let (theme, session, classes) = (&app.theme, app.shown(), confusion.classes);
    let column = |guess: usize| area.x + NAME + COUNT * guess as u16;
    for guess in 0..classes {
        let name: String = class(session, guess).chars().take(usize::from(COUNT) - 1).collect();
        buf.set_string(column(guess), area.y, format!("{name:>wide$}", wide = usize::from(COUNT)), theme.dim);
    }
    buf.set_string(column(classes), area.y, format!("{:>wide$}", "recall", wide = usize::from(SHARE)), theme.dim);
    let wrong = (0..classes).flat_map(|of| (0..classes).filter(move |guess| *guess != of).map(move |guess| (of, guess)));
    let worst = wrong.map(|(of, guess)| confusion.count(of, guess)).max().unwrap_or(0);
    for of in 0..classes {
        let y = area.y + 1 + of as u16;
        buf.set_string(area.x, y, line::fitted(&class(session, of), NAME - 1), theme.text);
        for guess in 0..classes {
            let count = confusion.count(of, guess);
            let style: Style = match count {
                _ if of == guess => theme.good,
                0 => theme.rule,
                count if count * 3 >= worst * 2 => theme.bad,
                count if count * 3 >= worst => theme.warning,
                _ => theme.text,
            };
            let text = if count == 0 { "·".to_string() } else { count.to_string() };
            buf.set_string(column(guess), y, format!("{text:>wide$}", wide = usize::from(COUNT)), style);
        }
        let recall = confusion.recall(of).map_or("–".into(), percent);
        buf.set_string(column(classes), y, format!("{recall:>wide$}", wide = usize::from(SHARE)), theme.text);
    }
    let y = area.y + 1 + classes as u16;
    buf.set_string(area.x, y, "precision", theme.dim);
    for guess in 0..classes {
        let precision = confusion.precision(guess).map_or("–".into(), |share| format!("{:.0}%", share * 100.0));
        buf.set_string(column(guess), y, format!("{precision:>wide$}", wide = usize::from(COUNT)), theme.text);
    }
}

/// As dots: the share of each class's pictures.
fn picture(app: &App, confusion: &Confusion, side: usize, area: Rect, buf: &mut Buffer) {
    let classes = confusion.classes.max(1);
    let totals: Vec<u32> =
        (0..classes).map(|of| (0..classes).map(|guess| confusion.count(of, guess)).sum::<u32>().max(1)).collect();
    let extent = Extent { low: 0.0, high: 1.0 };
    let dot = |at: usize| {
        let (of, guess) = (at / side * classes / side, at % side * classes / side);
        extent.dot(confusion.count(of, guess) as f32 / totals[of] as f32, ColourMap::Viridis, app.ground())
    };
    let dots: Vec<_> = (0..side * side).map(dot).collect();
    raster::draw(Rect { width: (side as u16).min(area.width), ..area }, buf, app.depth(), app.theme.text, side, &dots);
}

/// A row a class, the worst recognized first: recall and precision as bars.
fn shares(app: &App, confusion: &Confusion, area: Rect, buf: &mut Buffer) {
    if area.width < 24 || area.height == 0 {
        return;
    }
    let (theme, session) = (&app.theme, app.shown());
    let mut order: Vec<usize> = (0..confusion.classes).collect();
    let recall = |class: usize| confusion.recall(class).unwrap_or(1.0);
    order.sort_by(|a, b| recall(*a).total_cmp(&recall(*b)));
    let wide = (area.width - NAME - 2) / 2;
    let column = |i: u16| area.x + NAME + i * (wide + 1);
    buf.set_string(column(0), area.y, line::fitted("recall, the worst first", wide), theme.dim);
    buf.set_string(column(1), area.y, "precision", theme.dim);
    for (row, of) in area.rows().skip(1).zip(order) {
        buf.set_string(row.x, row.y, line::fitted(&class(session, of), NAME - 1), theme.text);
        for (i, (share, style)) in
            [(confusion.recall(of), theme.test), (confusion.precision(of), theme.train)].into_iter().enumerate()
        {
            let words = share.map_or("–".into(), percent);
            let bar = bar(share.unwrap_or(0.0), wide.saturating_sub(7));
            buf.set_string(column(i as u16), row.y, format!("{words:>5} {bar}"), style);
        }
    }
}
