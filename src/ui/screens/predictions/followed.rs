//! Pinned pictures: how their predictions went, step by step.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::class;
use crate::session::likeliest;
use crate::spec::grouped;
use crate::ui::app::App;
use crate::ui::figures::percent;
use crate::ui::pinned::Followed;
use crate::ui::widgets::canvas::{Canvas, DOTS_HIGH, DOTS_WIDE};
use crate::ui::widgets::line;
use crate::ui::widgets::panel::panel;

/// Classes whose course is drawn.
const DRAWN: usize = 3;
/// Cells of a course at least, where there are several.
const WIDTH: u16 = 38;
const GAP: u16 = 2;

/// As many courses side by side as fit, that of the picture at `place` among them.
pub fn draw_all(app: &App, place: usize, area: Rect, buf: &mut Buffer) {
    let fitting = ((area.width + GAP) / (WIDTH + GAP)).clamp(1, app.pinned.count().max(1) as u16);
    let width = (area.width + GAP) / fitting - GAP.min(area.width);
    let first = (place + 1).saturating_sub(fitting.into());
    for (i, followed) in (first..).map_while(|place| app.pinned.get(place)).take(fitting.into()).enumerate() {
        draw(app, followed, Rect { x: area.x + i as u16 * (width + GAP), width, ..area }, buf);
    }
}

fn draw(app: &App, followed: &Followed, area: Rect, buf: &mut Buffer) {
    let (theme, leading) = (&app.theme, followed.leading(DRAWN));
    let styles = [theme.test, theme.train, theme.rate];
    let signs = ["━", "─", "┄"];
    let named = |(i, place): (usize, &usize)| {
        let now = followed.course.newest().map_or(0.0, |newest| newest[*place]);
        vec![Span::styled(format!("{} {} {}", signs[i], class(app.shown(), *place), percent(now.into())), styles[i])]
    };
    let facts = leading.iter().enumerate().map(named).collect();
    let steps = followed.course.steps();
    let span = steps.map_or(String::new(), |(first, last)| format!("steps {}–{}", grouped(first), grouped(last)));
    let inner = panel(area, buf, theme, &format!("◈ {}", followed.picture), facts, &span);
    let (Some((first, last)), Some(newest)) = (steps, followed.course.newest()) else { return };
    let taken = followed.course.taken();
    if taken.len() < 2 {
        let words = format!("{} so far; its course is drawn from the next look on", class(app.shown(), likeliest(newest).0));
        for (row, text) in inner.rows().zip(line::wrapped(&words, inner.width)) {
            buf.set_stringn(row.x, row.y, text, usize::from(inner.width), theme.dim);
        }
        return;
    }
    let mut canvas = Canvas::new(inner.width, inner.height, styles.iter().rev().copied().collect());
    let (wide, high) = (usize::from(inner.width) * DOTS_WIDE, usize::from(inner.height) * DOTS_HIGH);
    let x = |step: u64| ((step - first) as f64 / (last - first).max(1) as f64 * (wide.max(1) - 1) as f64) as i64;
    let y = |share: f32| ((1.0 - f64::from(share.clamp(0.0, 1.0))) * (high.max(1) - 1) as f64).round() as i64;
    // The likeliest is drawn on top.
    for (layer, place) in leading.iter().enumerate().rev() {
        for pair in taken.windows(2) {
            let at = |(step, shares): &(u64, Vec<f32>)| (x(*step), y(shares.get(*place).copied().unwrap_or(0.0)));
            canvas.line(at(&pair[0]), at(&pair[1]), (DRAWN - 1 - layer) as u8);
        }
    }
    canvas.render(inner, buf);
}
