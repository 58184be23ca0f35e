//! The screens. Each has a state, a `view` that draws it from the [`App`](super::app::App), and an `act` for the keys that mean
//! something else on it than elsewhere.

pub mod compare;
pub mod explain;
pub mod layer;
pub mod network;
pub mod predictions;
pub mod train;
pub mod twins;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::app::{App, Effect, ExportRequest, Overlay};
use super::field::Field;
use super::graphics::Plate;
use super::shell;
use super::theme::Theme;
use super::widgets::line;
use crate::probe::Picture;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Train,
    Network,
    Layer,
    Predictions,
    Explain,
    Compare,
}

impl Screen {
    /// In the order of their tabs; the first is on key 1.
    pub const ALL: [Screen; 6] =
        [Screen::Train, Screen::Network, Screen::Layer, Screen::Predictions, Screen::Explain, Screen::Compare];
    /// Those that a run has by itself.
    pub const OF_A_RUN: &[Screen] = Screen::ALL.split_at(5).0;

    pub fn title(self) -> &'static str {
        match self {
            Screen::Train => "Train",
            Screen::Network => "Network",
            Screen::Layer => "Layer",
            Screen::Predictions => "Predictions",
            Screen::Explain => "Explain",
            Screen::Compare => "Compare",
        }
    }

    /// The screen so many tabs further on `among` these, around the end.
    pub fn neighbour(self, among: &[Screen], by: isize) -> Screen {
        let here = among.iter().position(|screen| *screen == self).unwrap_or(0);
        among[(here as isize + by).rem_euclid(among.len() as isize) as usize]
    }
}

/// Draws the open screen.
pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    match app.screen {
        Screen::Train => train::view(app, area, buf),
        Screen::Network => network::view(app, area, buf),
        Screen::Layer => layer::view(app, area, buf),
        Screen::Predictions => predictions::view(app, area, buf),
        Screen::Explain => explain::view(app, area, buf),
        Screen::Compare if app.twins.is_some() => twins::view(app, area, buf),
        Screen::Compare => compare::view(app, area, buf),
    }
}

/// Where pictures lie on the open screen that a terminal may show finer than it is drawn.
pub fn plates(app: &App, area: Rect) -> Vec<Plate> {
    match app.screen {
        Screen::Layer => layer::plates(app, area),
        Screen::Predictions => predictions::plates(app, area),
        Screen::Train | Screen::Network | Screen::Explain | Screen::Compare => Vec::new(),
    }
}

/// What the open screen makes of a key that moves or looks.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match app.screen {
        Screen::Train => train::act(app, action),
        Screen::Network => network::act(app, action),
        Screen::Layer => layer::act(app, action),
        Screen::Predictions => predictions::act(app, action),
        Screen::Explain => explain::act(app, action),
        Screen::Compare if app.twins.is_some() => twins::act(app, action),
        Screen::Compare => compare::act(app, action),
    }
}

/// What becomes of a picture before the network sees it.
const HOW_IT_IS_SEEN: &str = "PNG or JPEG; the network sees its middle square, scaled";

/// Asks for the path of a picture.
pub fn ask_own_picture(app: &mut App) {
    let path = app.own_picture.as_ref().map_or(String::new(), |path| path.display().to_string());
    app.overlay = Some(Overlay::OwnPicture(Field::selected(&path)));
}

/// Draws the box in which the path of a picture is typed.
pub fn own_picture_box(path: &Field, screen: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = line::centred(screen, screen.width.saturating_sub(4).min(72), 6);
    let inner = line::frame(area, buf, theme, "A picture of your own");
    buf.set_stringn(inner.x, inner.y, HOW_IT_IS_SEEN, usize::from(inner.width), theme.overlay.patch(theme.dim));
    path.render(Rect { y: inner.y + 2, height: 1, ..inner }, buf, theme.overlay);
}

/// Shows a picture to the network, on the screen that asked for it.
pub fn take_own_picture(app: &mut App, path: &str) {
    let path = path.trim();
    if path.is_empty() {
        return;
    }
    app.own_picture = Some(path.into());
    let picture = Picture::File(path.into());
    match app.screen {
        Screen::Predictions => predictions::pin_own(app, &picture),
        _ => app.layer.picture = picture,
    }
}

/// What the export of the open screen writes, in words.
pub fn exportable(app: &App) -> String {
    match app.screen {
        Screen::Layer => layer::exportable(app).unwrap_or_else(|| train::exportable(app)),
        Screen::Predictions if app.shown().confusion.is_some() => "the confusion matrix".into(),
        Screen::Compare if app.twins.is_some() => "the chart: the difference of the losses".into(),
        Screen::Compare => compare::exportable(app),
        Screen::Network => "the network and its figures".into(),
        Screen::Explain => "the layer's explanation".into(),
        Screen::Train | Screen::Predictions => train::exportable(app),
    }
}

/// What the open screen shows, for a file; none where that is the chart.
pub fn export(app: &App) -> Option<ExportRequest> {
    match app.screen {
        Screen::Layer => layer::export(app),
        Screen::Predictions => {
            let confusion = Box::new(app.shown().confusion.clone()?);
            let classes = app.shown().header.as_ref().map_or(Vec::new(), |header| header.data.classes.clone());
            Some(ExportRequest::Matrix { confusion, classes })
        }
        Screen::Compare if app.twins.is_some() => twins::export(app),
        Screen::Compare => compare::export(app),
        Screen::Network | Screen::Explain => Some(ExportRequest::Screen { buffer: body(app), ground: app.ground() }),
        Screen::Train => None,
    }
}

/// What is drawn between the tabs and the keys.
fn body(app: &App) -> Buffer {
    let mut whole = Buffer::empty(app.area);
    shell::view(app, app.area, &mut whole);
    let mut body = Buffer::empty(shell::frame(app, app.area).body.intersection(app.area));
    for place in body.area.positions() {
        body[place] = whole[place].clone();
    }
    body
}
