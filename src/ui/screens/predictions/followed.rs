//! A pinned picture: how its prediction went, step by step.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::class;
use crate::probe::Picture;
use crate::session::likeliest;
use crate::spec::grouped;
use crate::ui::app::App;
use crate::ui::figures::percent;
use crate::ui::widgets::canvas::{Canvas, DOTS_HIGH, DOTS_WIDE};
use crate::ui::widgets::panel::panel;

/// Predictions that are kept; past them every other one is dropped.
const KEPT: usize = 1_024;
/// Classes whose course is drawn.
const DRAWN: usize = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    pub picture: Picture,
    /// Steps and the probability of each class, oldest first.
    course: Vec<(u64, Vec<f32>)>,
}

impl Followed {
    pub fn new(picture: Picture) -> Followed {
        Followed { picture, course: Vec::new() }
    }

    /// Takes the prediction at a step; a run that went back takes its course back too.
    pub fn take(&mut self, step: u64, probabilities: &[f32]) {
        self.course.retain(|(before, _)| *before < step);
        self.course.push((step, probabilities.to_vec()));
        if self.course.len() > KEPT {
            let mut place = 0;
            self.course.retain(|_| {
                place += 1;
                place % 2 == 0
            });
        }
    }

    /// The classes that are likeliest now.
    fn leading(&self) -> Vec<usize> {
        let Some((_, newest)) = self.course.last() else { return Vec::new() };
        let mut order: Vec<usize> = (0..newest.len()).collect();
        order.sort_by(|a, b| newest[*b].total_cmp(&newest[*a]));
        order.truncate(DRAWN);
        order
    }
}

pub fn draw(app: &App, followed: &Followed, area: Rect, buf: &mut Buffer) {
    let (theme, leading) = (&app.theme, followed.leading());
    let styles = [theme.test, theme.train, theme.rate];
    let signs = ["━", "─", "┄"];
    let named = |(i, place): (usize, &usize)| {
        let now = followed.course.last().map_or(0.0, |(_, newest)| newest[*place]);
        vec![Span::styled(format!("{} {} {}", signs[i], class(app.shown(), *place), percent(now.into())), styles[i])]
    };
    let facts = leading.iter().enumerate().map(named).collect();
    let span = match (followed.course.first(), followed.course.last()) {
        (Some((first, _)), Some((last, _))) => format!("steps {}–{}", grouped(*first), grouped(*last)),
        _ => String::new(),
    };
    let inner = panel(area, buf, theme, &format!("◈ {}", followed.picture), facts, &span);
    let (Some((first, _)), Some((last, newest))) = (followed.course.first(), followed.course.last()) else { return };
    if followed.course.len() < 2 {
        let words = format!("{} so far; its course is drawn from the next look on", class(app.shown(), likeliest(newest).0));
        buf.set_stringn(inner.x, inner.y, words, usize::from(inner.width), theme.dim);
        return;
    }
    let mut canvas = Canvas::new(inner.width, inner.height, styles.iter().rev().copied().collect());
    let (wide, high) = (usize::from(inner.width) * DOTS_WIDE, usize::from(inner.height) * DOTS_HIGH);
    let x = |step: u64| ((step - first) as f64 / (last - first).max(1) as f64 * (wide.max(1) - 1) as f64) as i64;
    let y = |share: f32| ((1.0 - f64::from(share.clamp(0.0, 1.0))) * (high.max(1) - 1) as f64).round() as i64;
    // The likeliest is drawn on top.
    for (layer, place) in leading.iter().enumerate().rev() {
        for pair in followed.course.windows(2) {
            let at = |(step, shares): &(u64, Vec<f32>)| (x(*step), y(shares.get(*place).copied().unwrap_or(0.0)));
            canvas.line(at(&pair[0]), at(&pair[1]), (DRAWN - 1 - layer) as u8);
        }
    }
    canvas.render(inner, buf);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_course_stays_bounded_and_keeps_its_newest() {
        let mut followed = Followed::new(Picture::Test(0));
        for step in 1..=10_000 {
            followed.take(step, &[0.25, 0.75]);
        }
        assert!(followed.course.len() <= KEPT);
        assert_eq!(followed.course.last().map(|(step, _)| *step), Some(10_000));
        assert!(followed.course.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(followed.leading(), [1, 0]);
    }

    #[test]
    fn a_run_that_goes_back_takes_its_course_along() {
        let mut followed = Followed::new(Picture::Test(0));
        [10, 20, 30, 15].into_iter().for_each(|step| followed.take(step, &[1.0]));
        assert_eq!(followed.course.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [10, 15]);
    }
}
