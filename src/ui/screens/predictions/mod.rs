//! The Predictions screen: what the network makes of test pictures, what it takes for what, and how sure it is of its mistakes.

mod cards;
mod followed;
mod matrix;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use self::cards::Cards;
use self::followed::Followed;
use crate::probe::{Picture, PictureSight, Probe, Seen, Sight};
use crate::session::{Confusion, Session};
use crate::spec::grouped;
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, Tone};
use crate::ui::figures::{milliseconds, percent};
use crate::ui::graphics::Plate;
use crate::ui::screens::{self, Screen};
use crate::ui::shell;
use crate::ui::update::perform;
use crate::ui::widgets::line;
use crate::ui::widgets::panel::panel;

/// Pictures that are looked at together at most: each costs a pass through the network.
const MOST_PICTURES: usize = 16;
/// From this width on pictures and matrix stand side by side.
const WIDE: u16 = 150;
/// Rows of the pinned picture's course.
const COURSE: u16 = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    #[default]
    Pictures,
    Matrix,
    Mistakes,
}

#[derive(Debug, Default)]
pub struct PredictionsScreen {
    view: View,
    /// The first test picture in view; of the mistakes, the first of them.
    first: usize,
    selected: usize,
    pinned: Option<Followed>,
    drawn: u64,
}

impl PredictionsScreen {
    pub fn pin(&mut self, picture: Picture) {
        self.pinned = Some(Followed::new(picture));
        if self.view == View::Matrix {
            self.view = View::Pictures;
        }
    }
}

/// Where the parts of the screen lie.
struct Layout {
    pictures: Option<Rect>,
    /// Below the pictures: how the pinned one's prediction went.
    course: Option<Rect>,
    matrix: Option<Rect>,
}

fn layout(app: &App, area: Rect) -> Layout {
    let left = Rect { width: (area.width - 2.min(area.width)) / 2, ..area };
    let right = Rect { x: left.right() + 2, width: area.right().saturating_sub(left.right() + 2), ..area };
    let (pictures, matrix) = match app.predictions.view {
        _ if area.width >= WIDE => (Some(left), Some(right)),
        View::Matrix => (None, Some(area)),
        View::Pictures | View::Mistakes => (Some(area), None),
    };
    let divided = |pictures: Rect| {
        let course = COURSE.min(pictures.height / 2);
        let above = Rect { height: pictures.height - course, ..pictures };
        (above, Rect { y: above.bottom(), height: course, ..pictures })
    };
    let pinned = app.predictions.pinned.is_some();
    match pictures.filter(|_| pinned).map(divided) {
        Some((pictures, course)) => Layout { pictures: Some(pictures), course: Some(course), matrix },
        None => Layout { pictures, course: None, matrix },
    }
}

fn below_head(area: Rect) -> Rect {
    Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area }
}

/// The cards in view, the pinned picture's first.
fn cards(app: &App, body: Rect) -> Option<Cards> {
    layout(app, body).pictures.map(|area| Cards::fit(below_head(area), MOST_PICTURES))
}

/// The pictures in view, the pinned one first.
fn pictures(app: &App) -> Vec<Picture> {
    let Some(cards) = cards(app, shell::frame(app, app.area).body) else { return Vec::new() };
    let screen = &app.predictions;
    let there = test_pictures(app.session());
    let pinned = screen.pinned.as_ref().map(|followed| followed.picture.clone());
    let room = cards.count() - usize::from(pinned.is_some()).min(cards.count());
    let places: Vec<usize> = match (screen.view, &app.shown().confusion) {
        (View::Mistakes, Some(confusion)) => {
            confusion.mistakes.iter().skip(screen.first).take(room).map(|mistake| mistake.picture).collect()
        }
        (View::Mistakes, None) => Vec::new(),
        _ => (0..(room + 1).min(there)).map(|i| (screen.first + i) % there).collect(),
    };
    // The pinned one is not shown twice.
    let others = places.into_iter().map(Picture::Test).filter(|picture| Some(picture) != pinned.as_ref()).take(room);
    pinned.iter().cloned().chain(others.collect::<Vec<_>>()).collect()
}

fn test_pictures(session: &Session) -> usize {
    session.header.as_ref().map_or(1, |header| header.data.test.max(1))
}

/// What the screen wants to be shown.
pub fn probe(app: &App) -> Option<Probe> {
    let pictures = pictures(app);
    (!pictures.is_empty()).then_some(Probe::Pictures(pictures))
}

/// Takes note of what was seen.
pub fn absorb(app: &mut App, seen: &Seen) {
    let (Probe::Pictures(asked), Ok(Sight::Pictures(sights))) = (&seen.probe, &seen.sight) else { return };
    let Some(followed) = &mut app.predictions.pinned else { return };
    if let Some(sight) = asked.iter().position(|picture| *picture == followed.picture).and_then(|place| sights.get(place)) {
        followed.take(seen.step, &sight.probabilities);
    }
}

/// The answer to what the screen asks for, or the newest there is.
fn sights(app: &App) -> Option<(&Seen, &[PictureSight])> {
    let seen = app.seen_now()?;
    match (&seen.probe, &seen.sight) {
        (Probe::Pictures(_), Ok(Sight::Pictures(sights))) => Some((seen, sights)),
        _ => None,
    }
}

/// The name of a class, or its number.
fn class(session: &Session, place: usize) -> String {
    let classes = session.header.as_ref().map_or(&[][..], |header| &header.data.classes);
    classes.get(place).cloned().unwrap_or_else(|| format!("class {place}"))
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let layout = layout(app, area);
    if let Some(area) = layout.pictures {
        draw_pictures(app, area, buf);
    }
    if let (Some(area), Some(followed)) = (layout.course, &app.predictions.pinned) {
        followed::draw(app, followed, area, buf);
    }
    if let Some(area) = layout.matrix {
        draw_matrix(app, area, buf);
    }
}

/// The cards' pictures, for a terminal that shows them finer.
pub fn plates(app: &App, area: Rect) -> Vec<Plate> {
    let (Some(cards), Some((_, sights))) = (cards(app, area), sights(app)) else { return Vec::new() };
    sights.iter().take(cards.count()).enumerate().map(|(index, sight)| cards.plate(index, sight)).collect()
}

fn draw_pictures(app: &App, area: Rect, buf: &mut Buffer) {
    let (theme, screen) = (&app.theme, &app.predictions);
    let title = if screen.view == View::Mistakes { "Surest mistakes" } else { "Test pictures" };
    let Some((seen, sights)) = sights(app) else {
        let inner = panel(area, buf, theme, title, Vec::new(), "");
        let words = match app.seen_now().map(|seen| &seen.sight) {
            Some(Err(reason)) => reason.clone(),
            _ if screen.view == View::Mistakes && app.shown().confusion.is_none() => NOTHING_TESTED.into(),
            _ if app.readonly => "looking … (the record of a run alone has no network to look into)".into(),
            _ => "looking …".into(),
        };
        for (row, text) in inner.rows().zip(line::wrapped(&words, inner.width)) {
            buf.set_string(row.x, row.y, text, theme.dim);
        }
        return;
    };
    let fact = |text: String| vec![Span::styled(text, theme.dim)];
    let right = sights.iter().filter(|sight| cards::is_right(sight) == Some(true)).count();
    let labelled = sights.iter().filter(|sight| sight.label.is_some()).count();
    let facts = vec![fact(format!("{right} of {labelled} right")), fact(format!("{} ms/step", milliseconds(seen.per_step)))];
    let inner = panel(area, buf, theme, title, facts, &format!("step {}", grouped(seen.step)));
    let cards = Cards::fit(inner, MOST_PICTURES);
    for (index, sight) in sights.iter().enumerate().take(cards.count()) {
        let pinned = index == 0 && screen.pinned.is_some();
        cards.draw(app, index, sight, index == screen.selected.min(sights.len() - 1), pinned, buf);
    }
}

const NOTHING_TESTED: &str = "no evaluation yet; V evaluates on test pictures now";

fn draw_matrix(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let Some(confusion) = &app.shown().confusion else {
        let inner = panel(area, buf, theme, "What is taken for what", Vec::new(), "");
        line::spans(inner, buf, Span::styled(NOTHING_TESTED, theme.dim).into());
        return;
    };
    let all: u32 = confusion.counts.iter().sum();
    let right: u32 = (0..confusion.classes).map(|class| confusion.count(class, class)).sum();
    let share = percent(f64::from(right) / f64::from(all.max(1)));
    let facts = vec![vec![Span::styled(format!("{share} of {} right", grouped(all.into())), theme.dim)]];
    let inner = panel(area, buf, theme, "What is taken for what", facts, &format!("step {}", grouped(confusion.step)));
    matrix::draw(app, confusion, inner, buf);
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let count = sights(app).map_or(0, |(_, sights)| sights.len());
    let columns = cards(app, shell::frame(app, app.area).body).map_or(1, |cards| cards.columns.max(1));
    let select = |app: &mut App, by: isize| {
        app.predictions.selected = app.predictions.selected.saturating_add_signed(by).min(count.saturating_sub(1));
    };
    match action {
        Action::Left => select(app, -1),
        Action::Right => select(app, 1),
        Action::Up => select(app, -(columns as isize)),
        Action::Down => select(app, columns as isize),
        Action::First => app.predictions.selected = 0,
        Action::Last => select(app, isize::MAX),
        Action::OtherPicture(by) => turn_page(app, by),
        Action::PageUp => turn_page(app, -1),
        Action::PageDown => turn_page(app, 1),
        Action::RandomPicture => {
            app.predictions.drawn += 1;
            let hash = app.predictions.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            app.predictions.first = (hash % test_pictures(app.session()) as u64) as usize;
            app.predictions.view = View::Pictures;
        }
        Action::OtherView => {
            let wide = shell::frame(app, app.area).body.width >= WIDE;
            app.predictions.view = match app.predictions.view {
                View::Pictures if wide => View::Mistakes,
                View::Pictures => View::Matrix,
                View::Matrix => View::Mistakes,
                View::Mistakes => View::Pictures,
            };
            (app.predictions.first, app.predictions.selected) = (0, 0);
        }
        Action::Pin | Action::Accept => pin(app),
        Action::OwnPicture => screens::ask_own_picture(app),
        Action::LookInside => {
            if let Some(picture) = selected(app) {
                app.layer.picture = picture;
            }
            return perform(app, Action::Open(Screen::Layer));
        }
        Action::Close => app.predictions.pinned = None,
        _ => {}
    }
    Vec::new()
}

/// As many pictures on or back as are in view.
fn turn_page(app: &mut App, by: isize) {
    let Some(cards) = cards(app, shell::frame(app, app.area).body) else { return };
    let page = cards.count().saturating_sub(usize::from(app.predictions.pinned.is_some())).max(1) as isize;
    let there = match (app.predictions.view, &app.session().confusion) {
        (View::Mistakes, Some(Confusion { mistakes, .. })) => mistakes.len().max(1),
        _ => test_pictures(app.session()),
    };
    let first = app.predictions.first as isize + by * page;
    app.predictions.first = match app.predictions.view {
        View::Mistakes if !(0..there as isize).contains(&first) => app.predictions.first,
        _ => first.rem_euclid(there as isize) as usize,
    };
}

/// Pins the selected picture, or lets the pinned one go.
fn pin(app: &mut App) {
    let selected = selected(app);
    let screen = &mut app.predictions;
    match (selected, &screen.pinned) {
        (Some(picture), Some(followed)) if followed.picture == picture => screen.pinned = None,
        (Some(picture), _) => {
            let words = format!("{picture} is followed while this screen is open");
            screen.pin(picture);
            screen.selected = 0;
            app.say(Tone::Info, words);
        }
        (None, _) => {}
    }
}

/// The picture that is selected.
pub fn selected(app: &App) -> Option<Picture> {
    let (seen, sights) = sights(app)?;
    let Probe::Pictures(asked) = &seen.probe else { return None };
    asked.get(app.predictions.selected.min(sights.len().saturating_sub(1))).cloned()
}

/// Selects the picture under a place on the screen; a second time pins it.
pub fn click(app: &mut App, area: Rect, place: Position) {
    let found = cards(app, area).and_then(|cards| cards.at(place));
    if let Some(card) = found {
        if app.predictions.selected == card {
            pin(app);
        } else {
            app.predictions.selected = card;
        }
    }
}
