//! The Train screen: curves, progress, settings, and the log of changes.

mod changes;
mod progress;
mod settings;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use crate::chart::{ChartModel, Metric, chart_beside};
use crate::knobs::Knob;
use crate::session::Phase;
use crate::ui::action::Action;
use crate::ui::app::{App, Edit, Effect, Overlay, Tone};
use crate::ui::palette::Palette;
use crate::ui::{shell, widgets};

pub use settings::knob_at;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    Loss,
    Accuracy,
    LearningRate,
    Progress,
    Settings,
    Changes,
}

impl Panel {
    /// The order in which enlarging goes through them.
    const ENLARGED: [Panel; 5] = [Panel::Loss, Panel::Accuracy, Panel::LearningRate, Panel::Settings, Panel::Changes];

    pub fn metric(self) -> Option<Metric> {
        match self {
            Panel::Loss => Some(Metric::Loss),
            Panel::Accuracy => Some(Metric::Accuracy),
            Panel::LearningRate => Some(Metric::LearningRate),
            Panel::Progress | Panel::Settings | Panel::Changes => None,
        }
    }
}

#[derive(Debug, Default)]
pub struct TrainScreen {
    /// Row of the settings.
    pub selected: usize,
    pub enlarged: Option<Panel>,
    /// Changes scrolled past.
    pub scrolled: usize,
}

/// Below these, the panels at the side have no room and the main figures move under the chart.
const WIDE: u16 = 70;
const HIGH: u16 = 16;

/// Which panel goes where.
pub fn layout(app: &App, area: Rect) -> Vec<(Panel, Rect)> {
    let narrow = area.width < WIDE || area.height < HIGH;
    if let Some(panel) = app.train.enlarged {
        return vec![(panel, area)];
    }
    if narrow {
        return narrow_layout(area);
    }
    let side = (area.width * 3 / 10).clamp(28, 44);
    let [curves, _, side] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Length(side)]).areas(area);
    let mut panels = Vec::new();
    if area.height >= 34 {
        let [loss, accuracy, rate] =
            Layout::vertical([Constraint::Fill(5), Constraint::Fill(4), Constraint::Fill(2)]).areas(curves);
        panels.extend([(Panel::Loss, loss), (Panel::Accuracy, accuracy), (Panel::LearningRate, rate)]);
    } else {
        let [loss, accuracy] = Layout::vertical([Constraint::Fill(5), Constraint::Fill(4)]).areas(curves);
        panels.extend([(Panel::Loss, loss), (Panel::Accuracy, accuracy)]);
    }
    let settings = app.knobs().len() as u16 + 1 + settings::HELP_ROWS;
    let changes = (side.height / 4).max(4);
    let rows = [
        Constraint::Length(progress::HEIGHT),
        Constraint::Max(settings.min(side.height.saturating_sub(progress::HEIGHT + changes))),
        Constraint::Fill(1),
    ];
    let [progress, settings, changes] = Layout::vertical(rows).areas(side);
    panels.extend([(Panel::Progress, progress), (Panel::Settings, settings), (Panel::Changes, changes)]);
    panels
}

fn narrow_layout(area: Rect) -> Vec<(Panel, Rect)> {
    if area.height < 2 * HIGH - 8 {
        let [loss, figures] = Layout::vertical([Constraint::Fill(1), Constraint::Length(3)]).areas(area);
        return vec![(Panel::Loss, loss), (Panel::Progress, figures)];
    }
    let rows = [Constraint::Fill(3), Constraint::Fill(2), Constraint::Length(progress::HEIGHT), Constraint::Fill(2)];
    let [loss, accuracy, progress, settings] = Layout::vertical(rows).areas(area);
    vec![(Panel::Loss, loss), (Panel::Accuracy, accuracy), (Panel::Progress, progress), (Panel::Settings, settings)]
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    for (panel, area) in layout(app, area) {
        match panel {
            Panel::Progress => progress::view(app, area, buf),
            Panel::Settings => settings::view(app, area, buf),
            Panel::Changes => changes::view(app, area, buf),
            Panel::Loss | Panel::Accuracy | Panel::LearningRate => {
                let Some(mut model) = panel.metric().map(|metric| model(app, metric, area)) else { continue };
                if app.is_frozen() {
                    model.notes.push("frozen".into());
                }
                widgets::chart::draw(&model, waiting(app), area, buf, &app.theme);
            }
        }
    }
}

/// The chart of a metric, as fine as `area` can show it.
pub fn model(app: &App, metric: Metric, area: Rect) -> ChartModel {
    chart_beside(app.shown(), app.beside(), metric, &app.view, widgets::chart::detail(area))
}

/// What an empty chart says.
fn waiting(app: &App) -> &str {
    match app.shown().phase {
        _ if app.shown().steps() > 0 => "no step in view; = shows the whole run",
        Phase::Preparing if !app.shown().phase_detail.is_empty() => &app.shown().phase_detail,
        Phase::Preparing => "preparing",
        Phase::Failed => "failed before the first step",
        _ => "waiting for the first step",
    }
}

/// The chart under a place on the screen, and where it is drawn.
pub fn chart_at(app: &App, area: Rect, place: Position) -> Option<(ChartModel, Rect)> {
    let (panel, area) = layout(app, area).into_iter().find(|(_, area)| area.contains(place))?;
    Some((model(app, panel.metric()?, area), area))
}

/// The chart that an export means: the enlarged one, else the loss.
pub fn exportable(app: &App) -> String {
    format!("the chart: {}", main_metric(app).title())
}

pub fn main_metric(app: &App) -> Metric {
    app.train.enlarged.and_then(Panel::metric).unwrap_or(Metric::Loss)
}

/// The setting that is selected.
pub fn selected(app: &App) -> Knob {
    let knobs = app.knobs();
    knobs.get(app.train.selected).or(knobs.last()).copied().unwrap_or(Knob::LearningRate)
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let last_step = app.shown().steps();
    let last_knob = app.knobs().len().saturating_sub(1);
    match action {
        Action::Up => app.train.selected = app.train.selected.saturating_sub(1),
        Action::Down => app.train.selected = (app.train.selected + 1).min(last_knob),
        Action::First => app.train.selected = 0,
        Action::Last => app.train.selected = last_knob,
        Action::PageUp => app.train.scrolled = app.train.scrolled.saturating_sub(5),
        Action::PageDown => {
            app.train.scrolled = (app.train.scrolled + 5).min(app.shown().history.changes.len().saturating_sub(1))
        }
        Action::Left | Action::Right if !settings_in_view(app) => {
            app.say(Tone::Info, "the settings are not in view; : takes them by name, e enlarges them");
        }
        Action::Left | Action::Right => {
            let knob = selected(app);
            let value = knob.spec().notch(app.aimed_at(knob), action == Action::Right);
            return app.set(knob, value);
        }
        Action::Accept => edit(app),
        Action::Enlarge => {
            let next =
                app.train.enlarged.map_or(0, |now| Panel::ENLARGED.iter().position(|panel| *panel == now).map_or(0, |at| at + 1));
            app.train.enlarged = Panel::ENLARGED.get(next).copied();
        }
        Action::Close if app.train.enlarged.is_some() => app.train.enlarged = None,
        Action::Close => app.freeze(false),
        Action::ZoomIn => app.view.zoom(true, None, last_step),
        Action::ZoomOut => app.view.zoom(false, None, last_step),
        Action::ZoomAll => app.view.window = crate::chart::Window::All,
        Action::LogScale => app.view.log = !app.view.log,
        Action::Smoothing => app.view.next_smoothing(),
        Action::SmoothOver(steps) => app.view.smoothing = steps,
        Action::Epochs => app.view.x_unit = app.view.x_unit.other(),
        Action::Outliers => app.view.outliers = !app.view.outliers,
        Action::Cursor => match app.view.cursor.take() {
            Some(_) => {}
            None => app.view.set_cursor(last_step, last_step),
        },
        Action::MoveCursor(columns) => {
            let seen = app.view.steps(last_step);
            let column = ((seen.end - seen.start) / u64::from(app.area.width.max(1)).max(1)).max(1);
            let from = app.view.cursor.unwrap_or(last_step);
            app.view.set_cursor(from.saturating_add_signed(i64::from(columns) * column as i64), last_step);
        }
        Action::CursorToFirst => app.view.set_cursor(1, last_step),
        Action::CursorToLast => app.view.set_cursor(last_step, last_step),
        _ => {}
    }
    Vec::new()
}

/// Opens the selected setting for typing: in its row, or where that is not in view, in the palette.
fn edit(app: &mut App) {
    let knob = selected(app);
    app.overlay = Some(if settings_in_view(app) {
        Overlay::Edit(Edit::new(knob, app.aimed_at(knob)))
    } else {
        Overlay::Palette(Palette::begun(&format!("{knob} ")))
    });
}

fn settings_in_view(app: &App) -> bool {
    let body = shell::frame(app, app.area).body;
    layout(app, body).iter().any(|(panel, _)| *panel == Panel::Settings)
}
