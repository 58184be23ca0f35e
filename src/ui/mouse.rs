//! Clicks and the wheel.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::action::Action;
use super::app::{App, Effect, Overlay};
use super::screens::train::{self, Panel};
use super::screens::{self, Screen, layer, network, predictions};
use super::update::{choose, perform};
use super::{footer, shell, widgets};

pub fn take(app: &mut App, event: MouseEvent) -> Vec<Effect> {
    let place = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(app, place),
        MouseEventKind::Drag(MouseButton::Left) if app.overlay.is_none() => {
            set_cursor(app, place);
            Vec::new()
        }
        MouseEventKind::ScrollUp => wheel(app, place, true),
        MouseEventKind::ScrollDown => wheel(app, place, false),
        _ => Vec::new(),
    }
}

fn click(app: &mut App, place: Position) -> Vec<Effect> {
    let frame = shell::frame(app, app.area);
    // A message hides the footer's keys.
    if app.toast.take().is_some() && frame.footer.contains(place) {
        return Vec::new();
    }
    if frame.footer.contains(place) {
        let item = footer::items(app, frame.footer).into_iter().find(|item| item.area.contains(place));
        return item.map_or_else(Vec::new, |item| perform(app, item.action));
    }
    match &app.overlay {
        Some(Overlay::Dialog(dialog)) => {
            return match dialog.answer_at(app.area, place) {
                Some(choice) => choose(app, choice),
                None => Vec::new(),
            };
        }
        Some(_) => return Vec::new(),
        None => {}
    }
    if let Some((_, screen, _)) =
        shell::tabs(frame.header, app.screen, app.screens()).into_iter().find(|(area, ..)| area.contains(place))
    {
        return perform(app, Action::Open(screen));
    }
    match app.screen {
        Screen::Network => return network::click(app, frame.body, place),
        Screen::Layer => layer::click(app, frame.body, place),
        Screen::Predictions => predictions::click(app, frame.body, place),
        Screen::Train | Screen::Explain | Screen::Compare => {}
    }
    if app.screen == Screen::Train {
        let settings = train::layout(app, frame.body).into_iter().find(|(panel, _)| *panel == Panel::Settings);
        if let Some(row) = settings.and_then(|(_, area)| train::knob_at(app, area, place)) {
            // A second click on the same setting opens it.
            if std::mem::replace(&mut app.train.selected, row) == row {
                return perform(app, Action::Accept);
            }
        }
        set_cursor(app, place);
    }
    Vec::new()
}

/// The step under a place on a chart.
fn step_under(app: &App, place: Position) -> Option<u64> {
    if app.screen != Screen::Train {
        return None;
    }
    let (model, area) = train::chart_at(app, shell::frame(app, app.area).body, place)?;
    widgets::chart::step_at(&model, widgets::chart::plot_area(&model, area), place.x)
}

fn set_cursor(app: &mut App, place: Position) {
    let last = app.shown().steps();
    if let Some(step) = step_under(app, place).filter(|_| last > 0) {
        app.view.set_cursor(step, last);
    }
}

/// Over a chart the wheel zooms, elsewhere it scrolls.
fn wheel(app: &mut App, place: Position, up: bool) -> Vec<Effect> {
    if app.overlay.is_none() {
        if let Some(step) = step_under(app, place) {
            let last = app.shown().steps();
            app.view.zoom(up, Some(step), last);
            return Vec::new();
        }
        return screens::act(app, if up { Action::Up } else { Action::Down });
    }
    perform(app, if up { Action::Up } else { Action::Down })
}
