//! What a learning-rate test found, and whether to take its rate.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::app::App;
use super::widgets::{chart, line};
use crate::chart::{Detail, rates};
use crate::knobs::{Knob, number};

/// Cells of the panel where there is room.
const WIDTH: u16 = 84;
const HEIGHT: u16 = 24;

/// The rate that the test suggests, if it does.
pub fn suggested(app: &App) -> Option<f64> {
    app.session().rate_test.as_ref().and_then(|test| test.suggested)
}

pub fn render(app: &App, screen: Rect, buf: &mut Buffer) {
    let Some(test) = &app.session().rate_test else { return };
    let (width, height) = (WIDTH.min(screen.width.saturating_sub(2)), HEIGHT.min(screen.height.saturating_sub(2)));
    let area = line::centred(screen, width, height);
    let inner = line::frame(area, buf, &app.theme, "Learning-rate test, on a copy of the network");
    let plot = Rect { height: inner.height.saturating_sub(2), ..inner };
    let detail = Detail { columns: usize::from(plot.width) * 2, x_ticks: usize::from(plot.width / 10), y_ticks: 5, rows: 0 };
    chart::draw(&rates(test, detail), "", plot, buf, &app.theme);
    let now = app.session().settings.text(Knob::LearningRate);
    let text = match suggested(app) {
        Some(rate) => format!("Enter sets the learning rate to {}; it is {now} now", number(rate)),
        None => format!("the loss fell at no rate; the learning rate stays {now}"),
    };
    let row = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    line::spans(row, buf, Line::styled(text, app.theme.overlay));
}
