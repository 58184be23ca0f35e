//! The Layer screen: what one layer makes of one picture, value by value, in the network as it is now.

mod courses;
mod enlarged;
mod lrn;
mod numbers;
mod plates;
mod prepared;
mod spreads;
mod subject;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use crate::mosaic::{Bitmap, ColourMap, Extent, Scale};
use crate::probe::{LayerProbe, LayerSight, Picture, Probe, Seen, Sight};
use crate::session::Session;
use crate::spec::{Layer, grouped};
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, ExportRequest, Tone};
use crate::ui::screens::{self, Screen, network};
use crate::ui::shell;
use crate::ui::widgets::panel::panel;
use crate::ui::widgets::tilegrid::TileGrid;
use crate::ui::widgets::{line, raster};
use courses::Courses;
pub use plates::plates;
use prepared::Prepared;
use subject::Shown;
pub use subject::Subject;

/// From this width on the numbers have a column of their own.
const ROOMY: u16 = 60;

#[derive(Debug)]
pub struct LayerScreen {
    pub picture: Picture,
    /// What is shown of the layer; one that it does not have falls back to its output.
    subject: Subject,
    scale: Scale,
    colours: ColourMap,
    /// With dropout, as it fell in the newest step.
    training: bool,
    /// The tile that the numbers are about.
    selected: usize,
    /// The channel or unit whose weights are shown, where all are too many.
    unit: usize,
    /// Row and column in the enlarged tile; the greatest value where nobody chose.
    cursor: Option<(usize, usize)>,
    enlarged: bool,
    /// The towers' maps side by side.
    apart: bool,
    /// Of everything shown since the cockpit was opened.
    all: Extent,
    /// How many random pictures were asked for.
    drawn: u64,
    /// The histograms look by look, rather than the newest.
    over_run: bool,
    courses: Courses,
    /// What was seen last, as it is shown; none where the screen is not open.
    prepared: Option<Prepared>,
}

impl Default for LayerScreen {
    fn default() -> Self {
        LayerScreen {
            picture: Picture::Test(0),
            subject: Subject::Output,
            scale: Scale::default(),
            colours: ColourMap::default(),
            training: false,
            selected: 0,
            unit: 0,
            cursor: None,
            enlarged: false,
            apart: true,
            all: Extent::default(),
            drawn: 0,
            over_run: false,
            courses: Courses::default(),
            prepared: None,
        }
    }
}

/// What the screen wants to be shown.
pub fn probe(app: &App) -> Probe {
    let screen = &app.layer;
    Probe::Layer(LayerProbe {
        layer: network::selected(app),
        picture: screen.picture.clone(),
        training: screen.training,
        unit: screen.unit,
    })
}

/// Takes note of what was seen.
pub fn absorb(app: &mut App, seen: &Seen) {
    if let Ok(Sight::Layer(sight)) = &seen.sight {
        app.layer.all = app.layer.all.with(Extent::of(&sight.output.values));
    }
}

/// Works out what every frame shows of the newest answer, unless that is done.
pub fn prepare(app: &mut App) {
    let answers = app.looking.answers();
    let known = app.layer.prepared.take();
    app.layer.prepared = (app.screen == Screen::Layer).then(|| sight(app)).flatten().and_then(|(_, sight)| {
        let key =
            prepared::Key { answers, place: network::selected(app), subject: app.layer.subject, enlarged: app.layer.enlarged };
        match known {
            Some(known) if known.key == key => Some(known),
            _ => Prepared::of(key, network::model(app), sight),
        }
    });
    // What the histograms show was worked out for the screen; that it is kept costs nothing more.
    let mut courses = std::mem::take(&mut app.layer.courses);
    if let (Some(prepared), Some((seen, sight))) = (&app.layer.prepared, sight(app))
        && let Probe::Layer(probe) = &seen.probe
    {
        courses.take(probe, seen.step, sight, prepared);
    }
    app.layer.courses = courses;
}

/// Everything that is drawn, put together.
struct Scene<'a> {
    session: &'a Session,
    place: usize,
    layer: &'a Layer,
    screen: &'a LayerScreen,
    sight: &'a LayerSight,
    seen: &'a Seen,
    prepared: &'a Prepared,
    shown: &'a Shown,
    /// Where the tiles lie, and each part's grid with the first of its tiles.
    grids: Vec<(TileGrid, usize)>,
    side: Option<Rect>,
}

/// The answer to what the screen asks for, if it has come.
fn sight(app: &App) -> Option<(&Seen, &LayerSight)> {
    let seen = app.seen_now()?;
    match (&seen.probe, &seen.sight) {
        (Probe::Layer(probe), Ok(Sight::Layer(sight))) if probe.layer == network::selected(app) => Some((seen, sight)),
        _ => None,
    }
}

fn with_scene<R>(app: &App, area: Rect, then: impl FnOnce(&Scene) -> R) -> Option<R> {
    let (seen, sight) = sight(app)?;
    let (model, place) = (network::model(app), network::selected(app));
    let layer = model.layers.get(place)?;
    let screen = &app.layer;
    let prepared = screen.prepared.as_ref().filter(|prepared| prepared.place() == place)?;
    let shown = &prepared.shown;
    let side_width = match area.width {
        ..ROOMY => 0,
        ROOMY..110 => 28,
        _ => 36,
    };
    let main = below_head(Rect { width: area.width - side_width - u16::from(side_width > 0), ..area });
    let side = (side_width > 0).then(|| below_head(Rect { x: area.right() - side_width, width: side_width, ..area }));
    let grids = grids(main, shown, screen);
    Some(then(&Scene { session: app.shown(), place, layer, screen, sight, seen, prepared, shown, grids, side }))
}

/// The scene as it is drawn now.
fn on_screen<R>(app: &App, then: impl FnOnce(&Scene) -> R) -> Option<R> {
    with_scene(app, shell::frame(app, app.area).body, then)
}

/// Beside the column of numbers.
fn main_part(scene: &Scene, area: Rect) -> Rect {
    Rect { width: scene.side.map_or(area.right(), |side| side.x - 1) - area.x, ..area }
}

fn below_head(area: Rect) -> Rect {
    Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area }
}

/// One grid, or one for each tower.
fn grids(main: Rect, shown: &Shown, screen: &LayerScreen) -> Vec<(TileGrid, usize)> {
    let (tiles, count) = (&shown.tiles, shown.tiles.count());
    let size = (tiles.width, tiles.height);
    let towers = if screen.apart && count.is_multiple_of(shown.towers) && main.height > 2 { shown.towers } else { 1 };
    if towers < 2 {
        return vec![(TileGrid::fit(main, count, size, screen.selected), 0)];
    }
    let each = count / towers;
    let width = (main.width + 2) / towers as u16 - 2;
    let part = |tower: usize| {
        let area = Rect { x: main.x + tower as u16 * (width + 2), y: main.y + 1, width, height: main.height - 1 };
        (TileGrid::fit(area, each, size, screen.selected % each), tower * each)
    };
    (0..towers).map(part).collect()
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let Some(()) = with_scene(app, area, |scene| draw(app, scene, area, buf)) else {
        let name = network::model(app).layers.get(network::selected(app)).map_or("", |layer| &layer.name);
        let inner = panel(area, buf, theme, name, Vec::new(), "");
        let words = match app.seen_now().map(|seen| &seen.sight) {
            Some(Err(reason)) => reason.clone(),
            _ if app.worker_gone => "the trainer has ended; there is nobody to look through".into(),
            _ if app.recorded.is_some() => "the record of a run alone has no network to look into".into(),
            _ => "looking …".into(),
        };
        for (row, text) in inner.rows().zip(line::wrapped(&words, inner.width)) {
            buf.set_string(row.x, row.y, text, theme.dim);
        }
        return;
    };
}

fn draw(app: &App, scene: &Scene, area: Rect, buf: &mut Buffer) {
    let (theme, screen, tiles) = (&app.theme, scene.screen, &scene.shown.tiles);
    let fact = |text: String| vec![Span::styled(text, theme.dim)];
    let mut facts = vec![vec![Span::styled(scene.shown.title(), theme.text)]];
    facts.push(fact(app.looking.cost(scene.seen)));
    let in_view: usize = scene.grids.iter().map(|(grid, _)| grid.shown().len()).sum();
    if !screen.enlarged && in_view < tiles.count() {
        facts.push(fact(format!("{in_view} in view")));
    }
    facts.push(fact(screen.scale.name().into()));
    if matches!(&scene.seen.probe, Probe::Layer(probe) if probe.training) {
        facts.push(fact("with dropout".into()));
    }
    facts.extend(app.pinned.mark(&screen.picture).map(fact));
    panel(area, buf, theme, &scene.layer.name, facts, &format!("step {}", grouped(scene.seen.step)));
    if screen.enlarged {
        enlarged::draw(app, scene, below_head(main_part(scene, area)), buf);
    } else {
        let extent = tiles.extents(screen.scale, screen.all);
        for (grid, first) in &scene.grids {
            draw_grid(app, scene, grid, *first, &extent, buf);
        }
    }
    if let Some(side) = scene.side {
        numbers::draw(app, scene, side, buf);
    }
}

fn draw_grid(app: &App, scene: &Scene, grid: &TileGrid, first: usize, extent: &dyn Fn(usize) -> Extent, buf: &mut Buffer) {
    let (theme, screen, tiles) = (&app.theme, scene.screen, &scene.shown.tiles);
    for (index, area) in grid.places() {
        let index = first + index;
        let dots = tiles.dots(index, grid.width, grid.height, extent(index), screen.colours, app.ground());
        raster::draw(area, buf, app.depth(), theme.text, grid.width, &dots);
        if index == screen.selected.min(tiles.count() - 1) && tiles.count() > 1 {
            // A bar at its side: in the gap before it, or where there is none, in the one behind.
            let x = if area.x > scene.grids[0].0.area().x { area.x - 1 } else { area.right() };
            for y in area.y..area.bottom().max(area.y + 1) {
                buf.set_string(x, y, if x < area.x { "▐" } else { "▌" }, theme.key);
            }
        }
    }
    if scene.grids.len() > 1 {
        let area = grid.area();
        let tower = first / grid.count() + 1;
        let words = format!("tower {tower}: maps {first}–{}", first + grid.count() - 1);
        buf.set_stringn(area.x, area.y - 1, words, usize::from(area.width), theme.dim);
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Left => walk(app, 0, -1),
        Action::Right => walk(app, 0, 1),
        Action::Up => walk(app, -1, 0),
        Action::Down => walk(app, 1, 0),
        Action::PageUp => page(app, -1),
        Action::PageDown => page(app, 1),
        Action::First => select(app, 0),
        Action::Last => select(app, usize::MAX),
        Action::Enlarge | Action::Accept => app.layer.enlarged = !app.layer.enlarged,
        Action::Close if app.layer.enlarged => app.layer.enlarged = false,
        Action::Close => app.freeze(false),
        Action::OtherLayer(by) => {
            network::move_by(app, by);
            app.layer.cursor = None;
        }
        Action::OtherPicture(by) => other_picture(app, by),
        Action::RandomPicture => random_picture(app),
        Action::OwnPicture => screens::ask_own_picture(app),
        Action::Pin => app.turn_pin(&app.layer.picture.clone()),
        Action::NextPinned => next_pinned(app),
        Action::Subject => next_subject(app),
        Action::Heat => over_the_run(app),
        Action::Scale => app.layer.scale = app.layer.scale.next(),
        Action::Colours => {
            app.layer.colours = app.layer.colours.next();
            app.say(Tone::Info, format!("{}; values of both signs are blue and orange", app.layer.colours.name()));
        }
        Action::TowersApart => app.layer.apart = !app.layer.apart,
        Action::WithDropout => {
            app.layer.training = !app.layer.training;
            let words = if app.layer.training {
                "with dropout, as it fell on the first picture of the newest step"
            } else {
                "as in an evaluation: no unit is dropped"
            };
            app.say(Tone::Info, words);
        }
        _ => {}
    }
    Vec::new()
}

/// The histograms as they are, or look by look.
fn over_the_run(app: &mut App) {
    app.layer.over_run = !app.layer.over_run;
    if app.layer.over_run && shell::frame(app, app.area).body.width < ROOMY {
        app.say(Tone::Info, format!("histograms need {ROOMY} columns"));
    }
}

/// The next subject that the layer has.
fn next_subject(app: &mut App) {
    let Some((_, sight)) = sight(app) else { return };
    let there = subject::there(network::model(app), network::selected(app), sight);
    let here = there.iter().position(|subject| *subject == app.layer.subject);
    app.layer.subject = there[here.map_or(1, |here| here + 1) % there.len()];
    app.layer.cursor = None;
}

/// Through the tiles, or within the enlarged one.
fn walk(app: &mut App, down: isize, right: isize) {
    let found = on_screen(app, |scene| {
        let columns = scene.grids[0].0.columns.max(1);
        let (width, height) = (scene.shown.tiles.width, scene.shown.tiles.height);
        (scene.shown.tiles.count(), columns, (width, height), scene.shown.cursor(scene.screen))
    });
    let Some((count, columns, (width, height), (row, column))) = found else { return };
    if app.layer.enlarged {
        let moved = |at: usize, by: isize, end: usize| at.saturating_add_signed(by).min(end.saturating_sub(1));
        app.layer.cursor = Some((moved(row, down, height), moved(column, right, width)));
    } else {
        let selected = app.layer.selected.min(count.saturating_sub(1)) as isize + down * columns as isize + right;
        if (0..count as isize).contains(&selected) {
            select(app, selected as usize);
        }
    }
}

/// A page of tiles; of the enlarged one, the next.
fn page(app: &mut App, by: isize) {
    let found = on_screen(app, |scene| {
        let units = scene.shown.units(scene.sight).filter(|_| scene.shown.subject.is_of_weights());
        (scene.grids[0].0.shown().len(), scene.shown.tiles.count(), units)
    });
    let Some((page, count, units)) = found else { return };
    if let Some(units) = units {
        app.layer.unit = (app.layer.unit as isize + by).rem_euclid(units as isize) as usize;
        return;
    }
    let step = if app.layer.enlarged { 1 } else { page.max(1) as isize };
    select(app, app.layer.selected.min(count.saturating_sub(1)).saturating_add_signed(by * step).min(count.saturating_sub(1)));
}

fn select(app: &mut App, tile: usize) {
    let count = on_screen(app, |scene| scene.shown.tiles.count()).unwrap_or(1);
    app.layer.selected = tile.min(count.saturating_sub(1));
    if !app.layer.subject.is_of_weights() {
        app.layer.unit = app.layer.selected;
    }
    if !app.layer.enlarged {
        app.layer.cursor = None;
    }
}

fn other_picture(app: &mut App, by: isize) {
    let there = app.session().header.as_ref().map_or(1, |header| header.data.test.max(1)) as isize;
    let here = match app.layer.picture {
        Picture::Test(place) => place as isize,
        Picture::File(_) => -by.max(0),
    };
    app.layer.picture = Picture::Test((here + by).rem_euclid(there) as usize);
}

fn next_pinned(app: &mut App) {
    match app.pinned.after(&app.layer.picture).cloned() {
        Some(picture) => app.layer.picture = picture,
        None => app.say(Tone::Info, "no picture is pinned; b pins the one that is shown"),
    }
}

/// Any picture: a number that looks drawn by lot and is the same each time (Knuth's multiplicative hash).
fn random_picture(app: &mut App) {
    let there = app.session().header.as_ref().map_or(1, |header| header.data.test.max(1)) as u64;
    app.layer.drawn += 1;
    let hash = app.layer.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    app.layer.picture = Picture::Test((hash % there) as usize);
}

/// Selects the tile under a place on the screen; a second time enlarges it.
pub fn click(app: &mut App, area: Rect, place: Position) {
    let found = with_scene(app, area, |scene| {
        let grids = scene.grids.iter().filter(|_| !scene.screen.enlarged);
        grids.filter_map(|(grid, first)| Some(first + grid.at(place)?)).next()
    });
    if let Some(Some(tile)) = found {
        app.layer.enlarged = app.layer.selected == tile;
        select(app, tile);
    }
}

/// What an export of the maps is called.
pub fn exportable(app: &App) -> Option<String> {
    on_screen(app, |scene| format!("{}: {}", scene.layer.name, scene.shown.title()))
}

/// All tiles as one picture.
pub fn export(app: &App) -> Option<ExportRequest> {
    on_screen(app, |scene| {
        let (screen, tiles) = (scene.screen, &scene.shown.tiles);
        let bitmap = Box::new(Bitmap::mosaic(tiles, screen.scale, screen.all, screen.colours, app.ground()));
        ExportRequest::Mosaic { name: format!("{}-{}", scene.layer.name, scene.shown.subject.stem()), bitmap }
    })
}
