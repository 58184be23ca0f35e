//! The Predictions screen: what the network makes of test pictures, what it takes for what, and how sure it is of its mistakes.

mod cards;
mod followed;
mod matrix;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use self::cards::Cards;
use crate::probe::{Picture, PictureSight, Probe, Seen, Sight};
use crate::session::{Confusion, Session};
use crate::spec::grouped;
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, Tone};
use crate::ui::figures::percent;
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
    /// Among the pinned pictures, and behind them those in view.
    selected: usize,
    /// The picture that was pinned last, until another one is selected: it is the selected one wherever it moves.
    followed: Option<Picture>,
    drawn: u64,
}

/// Where the parts of the screen lie.
struct Layout {
    pictures: Option<Rect>,
    /// Below the pictures: how the pinned ones' predictions went.
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
    let pinned = app.pinned.count() > 0;
    match pictures.filter(|_| pinned).map(divided) {
        Some((pictures, course)) => Layout { pictures: Some(pictures), course: Some(course), matrix },
        None => Layout { pictures, course: None, matrix },
    }
}

fn below_head(area: Rect) -> Rect {
    Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area }
}

/// The cards in view, pinned pictures first.
fn cards(app: &App, body: Rect) -> Option<Cards> {
    layout(app, body).pictures.map(|area| Cards::fit(below_head(area), MOST_PICTURES))
}

/// How many of the pinned pictures have a card, and how many cards are left for others: at least one of each.
fn divided(app: &App, cards: &Cards) -> (usize, usize) {
    let pinned = app.pinned.count().min(cards.count().saturating_sub(1).max(1));
    (pinned, cards.count().saturating_sub(pinned))
}

/// The places among the pictures that have a card: some of the pinned ones, the selected one among them, and the others.
fn on_cards(app: &App, cards: &Cards, there: usize) -> Vec<usize> {
    let (all, (pinned, others)) = (app.pinned.count().min(there), divided(app, cards));
    let first = (place(app) + 1).min(all).saturating_sub(pinned);
    (first..(first + pinned).min(all)).chain((all..there).take(others)).collect()
}

/// All pinned pictures, whose predictions are followed, and behind them those in view.
fn pictures(app: &App) -> Vec<Picture> {
    let Some(cards) = cards(app, shell::frame(app, app.area).body) else { return Vec::new() };
    let screen = &app.predictions;
    let there = test_pictures(app.session());
    let (_, room) = divided(app, &cards);
    let pinned: Vec<Picture> = app.pinned.pictures().cloned().collect();
    let places: Vec<usize> = match (screen.view, &app.shown().confusion) {
        (View::Mistakes, Some(confusion)) => {
            confusion.mistakes.iter().skip(screen.first).take(room).map(|mistake| mistake.picture).collect()
        }
        (View::Mistakes, None) => Vec::new(),
        _ => (0..(room + pinned.len()).min(there)).map(|i| (screen.first + i) % there).collect(),
    };
    // None is shown twice.
    let others: Vec<Picture> =
        places.into_iter().map(Picture::Test).filter(|picture| !pinned.contains(picture)).take(room).collect();
    pinned.into_iter().chain(others).collect()
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
    for (picture, sight) in asked.iter().zip(sights).filter(|(_, sight)| !sight.probabilities.is_empty()) {
        app.pinned.follow(picture, seen.step, &sight.probabilities);
    }
}

/// The answer to what the screen asks for, or the newest there is.
fn sights(app: &App) -> Option<(&Seen, &[PictureSight])> {
    let seen = app.seen_now()?;
    match (&seen.probe, &seen.sight) {
        // No other picture is a mistake as long as none is known.
        (Probe::Pictures(asked), _) if no_mistakes(app) && asked.iter().any(|picture| app.pinned.place(picture).is_none()) => {
            None
        }
        (Probe::Pictures(_), Ok(Sight::Pictures(sights))) => Some((seen, sights)),
        _ => None,
    }
}

/// Mistakes are asked for, and nothing is evaluated.
fn no_mistakes(app: &App) -> bool {
    app.predictions.view == View::Mistakes && app.shown().confusion.is_none()
}

/// Where the selected picture is among those that are shown.
fn place(app: &App) -> usize {
    let asked = match sights(app).map(|(seen, _)| &seen.probe) {
        Some(Probe::Pictures(asked)) => &asked[..],
        _ => &[],
    };
    let followed = app.predictions.followed.as_ref().and_then(|followed| asked.iter().position(|picture| picture == followed));
    followed.unwrap_or(app.predictions.selected.min(asked.len().saturating_sub(1)))
}

fn select(app: &mut App, place: usize) {
    (app.predictions.selected, app.predictions.followed) = (place, None);
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
    if let Some(area) = layout.course {
        followed::draw_all(app, place(app).min(app.pinned.count().saturating_sub(1)), area, buf);
    }
    if let Some(area) = layout.matrix {
        draw_matrix(app, area, buf);
    }
}

/// The cards' pictures, for a terminal that shows them finer.
pub fn plates(app: &App, area: Rect) -> Vec<Plate> {
    let (Some(cards), Some((_, sights))) = (cards(app, area), sights(app)) else { return Vec::new() };
    on_cards(app, &cards, sights.len()).into_iter().enumerate().map(|(card, place)| cards.plate(card, &sights[place])).collect()
}

fn draw_pictures(app: &App, area: Rect, buf: &mut Buffer) {
    let (theme, screen) = (&app.theme, &app.predictions);
    let title = if screen.view == View::Mistakes { "Surest mistakes" } else { "Test pictures" };
    let Some((seen, sights)) = sights(app) else {
        let inner = panel(area, buf, theme, title, Vec::new(), "");
        let words = match app.seen_now().map(|seen| &seen.sight) {
            Some(Err(reason)) => reason.clone(),
            _ if no_mistakes(app) => NOTHING_TESTED.into(),
            _ if app.recorded.is_some() => "the record of a run alone has no network to look into".into(),
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
    let facts = vec![fact(format!("{right} of {labelled} right")), fact(app.looking.cost(seen))];
    let inner = panel(area, buf, theme, title, facts, &format!("step {}", grouped(seen.step)));
    let cards = Cards::fit(inner, MOST_PICTURES);
    let Probe::Pictures(asked) = &seen.probe else { return };
    let selected = place(app);
    for (card, place) in on_cards(app, &cards, sights.len()).into_iter().enumerate() {
        let pinned = asked.get(place).is_some_and(|picture| app.pinned.place(picture).is_some());
        cards.draw(app, card, &sights[place], place == selected, pinned, buf);
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
    let move_by = |app: &mut App, by: isize| select(app, place(app).saturating_add_signed(by).min(count.saturating_sub(1)));
    match action {
        Action::Left => move_by(app, -1),
        Action::Right => move_by(app, 1),
        Action::Up => move_by(app, -(columns as isize)),
        Action::Down => move_by(app, columns as isize),
        Action::First => select(app, 0),
        Action::Last => move_by(app, isize::MAX),
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
            app.predictions.first = 0;
            select(app, 0);
        }
        Action::Pin | Action::Accept => turn_pin(app),
        Action::NextPinned => next_pinned(app),
        Action::Close => app.freeze(false),
        Action::OwnPicture => screens::ask_own_picture(app),
        Action::LookInside => {
            if let Some(picture) = selected(app) {
                app.layer.picture = picture;
            }
            return perform(app, Action::Open(Screen::Layer));
        }
        _ => {}
    }
    Vec::new()
}

/// As many pictures on or back as are in view.
fn turn_page(app: &mut App, by: isize) {
    let Some(cards) = cards(app, shell::frame(app, app.area).body) else { return };
    let page = divided(app, &cards).1.max(1) as isize;
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

/// Pins the selected picture, or lets it go.
fn turn_pin(app: &mut App) {
    if let Some(picture) = selected(app) {
        app.predictions.selected = place(app);
        app.turn_pin(&picture);
        app.predictions.followed = Some(picture);
    }
}

/// Pins a picture of one's own and shows it.
pub fn pin_own(app: &mut App, picture: &Picture) {
    if app.pin(picture) {
        app.predictions.selected = app.pinned.place(picture).unwrap_or(0);
        app.predictions.followed = Some(picture.clone());
        if app.predictions.view == View::Matrix {
            app.predictions.view = View::Pictures;
        }
    }
}

/// Selects the pinned picture after the selected one.
fn next_pinned(app: &mut App) {
    let next = place(app) + 1;
    match app.pinned.count() {
        0 => app.say(Tone::Info, "no picture is pinned; Enter pins the selected one"),
        count => select(app, if next < count { next } else { 0 }),
    }
}

/// The picture that is selected.
pub fn selected(app: &App) -> Option<Picture> {
    let Probe::Pictures(asked) = &sights(app)?.0.probe else { return None };
    asked.get(place(app)).cloned()
}

/// Selects the picture under a place on the screen; a second time pins it.
pub fn click(app: &mut App, area: Rect, at: Position) {
    let there = sights(app).map_or(0, |(_, sights)| sights.len());
    let found = cards(app, area).and_then(|cards| on_cards(app, &cards, there).get(cards.at(at)?).copied());
    match found {
        Some(picture) if picture == place(app) => turn_pin(app),
        Some(picture) => select(app, picture),
        None => {}
    }
}
