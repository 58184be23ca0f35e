//! The Compare screen of twins: how far their losses lie apart as it grows, the step where they part, and what both came to.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::train;
use crate::chart::{ChartModel, Curve, Metric, Role};
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, ExportRequest};
use crate::ui::twins::Twins;
use crate::ui::update::EXPORTED;
use crate::ui::widgets::panel::panel;
use crate::ui::widgets::{chart, line, table};

/// From this height on both losses have a chart of their own below, from this width on beside.
const HIGH: u16 = 34;
const WIDE: u16 = 150;
/// Rows of words below the figures.
const WORDS: u16 = 2;
/// Both and their difference.
const ROWS: u16 = 3;

/// What is enlarged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    Difference,
    Losses,
    Figures,
}

fn layout(enlarged: Option<Panel>, area: Rect) -> Vec<(Panel, Rect)> {
    if let Some(panel) = enlarged {
        return vec![(panel, area)];
    }
    let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1 + table::HEAD + ROWS + WORDS)]).areas(area);
    let halves = match (area.width >= WIDE, area.height >= HIGH) {
        (true, _) => {
            let [left, _, right] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Length(3), Constraint::Fill(1)]).areas(above);
            vec![(Panel::Difference, left), (Panel::Losses, right)]
        }
        (false, true) => {
            let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(above);
            vec![(Panel::Difference, upper), (Panel::Losses, lower)]
        }
        _ => vec![(Panel::Difference, above)],
    };
    halves.into_iter().chain([(Panel::Figures, below)]).collect()
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let Some(twins) = app.shown_twins() else { return };
    for (panel, area) in layout(app.twins_enlarged, area) {
        let mut model = match panel {
            Panel::Difference => twins.pair.chart(&app.view, chart::detail(area)),
            Panel::Losses => losses(app, twins, area),
            Panel::Figures => {
                figures(app, twins, area, buf);
                continue;
            }
        };
        if app.is_frozen() {
            model.notes.push("frozen".into());
        }
        chart::draw(&model, "waiting for the first step of both", area, buf, &app.theme);
    }
}

/// The losses of both over each other.
fn losses(app: &App, twins: &Twins, area: Rect) -> ChartModel {
    let mut model = train::model(app, Metric::Loss, area);
    let first = |curve: &&mut Curve| curve.role == Role::Train;
    model.curves.iter_mut().filter(first).for_each(|curve| curve.name = twins.pair.names[0].clone().into());
    model
}

fn figures(app: &App, twins: &Twins, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let step = twins.pair.course.newest().map_or(0, |(step, _)| step);
    let facts = vec![vec![Span::styled(format!("step {}", crate::spec::grouped(step)), theme.text)]];
    let inner = panel(area, buf, theme, "Twins", facts, "from the same initial values, on the same batches");
    let sign = |role: Role| (chart::sign(role).unwrap_or("━"), theme.curve(role));
    let signs = [sign(Role::Train), sign(Role::Beside(0)), (" ", theme.text)];
    let figures = Rect { height: (table::HEAD + ROWS).min(inner.height), ..inner };
    table::draw(&twins.pair.table([app.shown(), &twins.second.session]), &signs, 0, figures, buf, theme);
    let below = Rect { y: figures.bottom(), height: inner.height - figures.height, ..inner };
    for (row, text) in below.rows().zip(line::wrapped(&twins.pair.in_words(), inner.width)) {
        line::spans(row, buf, Line::styled(text, theme.text));
    }
}

pub fn export(app: &App) -> Option<ExportRequest> {
    Some(ExportRequest::Chart(Box::new(app.shown_twins()?.pair.chart(&app.view, EXPORTED))))
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let last = app.shown().steps();
    match action {
        Action::ZoomIn => app.view.zoom(true, None, last),
        Action::ZoomOut => app.view.zoom(false, None, last),
        Action::ZoomAll => app.view.window = crate::chart::Window::All,
        Action::Smoothing => app.view.next_smoothing(),
        Action::Enlarge => {
            app.twins_enlarged = match app.twins_enlarged {
                None => Some(Panel::Difference),
                Some(Panel::Difference) => Some(Panel::Losses),
                Some(Panel::Losses) => Some(Panel::Figures),
                Some(Panel::Figures) => None,
            }
        }
        Action::Close if app.twins_enlarged.is_some() => app.twins_enlarged = None,
        Action::Close => app.freeze(false),
        _ => {}
    }
    Vec::new()
}
