//! The Compare screen: all that are compared, their curves over each other, their figures, and how they differ.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::chart::{Across, ChartModel, Detail, Metric, Role, Spread};
use crate::contest::{Difference, Figures, curves, tables};
use crate::ui::action::Action;
use crate::ui::app::{App, Effect, ExportRequest};
use crate::ui::contest::Contest;
use crate::ui::update::EXPORTED;
use crate::ui::widgets::panel::panel;
use crate::ui::widgets::{chart, line, table};

/// From this width on the differences stand beside the figures.
const WIDE: u16 = 180;
/// Rows that the chart keeps for itself.
const CHART: u16 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    Chart,
    Figures,
    Differences,
}

/// What is looked at, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompareScreen {
    loss: bool,
    across: Across,
    spread: Spread,
    enlarged: Option<Panel>,
    /// Columns of figures passed.
    column: usize,
    /// Lines of differences scrolled past.
    scrolled: usize,
}

impl CompareScreen {
    fn metric(self) -> Metric {
        if self.loss { Metric::Loss } else { Metric::Accuracy }
    }
}

pub fn view(app: &App, area: Rect, buf: &mut Buffer) {
    let Some(contest) = app.shown_contest() else { return };
    for (panel, area) in layout(app.compare.enlarged, contest, area) {
        match panel {
            Panel::Chart => {
                let mut model = model(app.compare, contest, chart::detail(area));
                // The figures below are its legend.
                model.curves.iter_mut().for_each(|curve| curve.latest = None);
                if app.is_frozen() {
                    model.notes.push("frozen".into());
                }
                chart::draw(&model, "waiting for the first evaluation on test pictures", area, buf, &app.theme);
            }
            Panel::Figures => figures(app, contest, area, buf),
            Panel::Differences => differences(app, contest, area, buf),
        }
    }
}

fn model(screen: CompareScreen, contest: &Contest, detail: Detail) -> ChartModel {
    curves(&contest.figures, screen.metric(), screen.across, screen.spread, detail)
}

/// Which panel goes where; what there is no room for is left out.
fn layout(enlarged: Option<Panel>, contest: &Contest, area: Rect) -> Vec<(Panel, Rect)> {
    if let Some(panel) = enlarged {
        return vec![(panel, area)];
    }
    let figures = 1 + table::HEAD + contest.figures.labels.len() as u16;
    let pairs = contest.figures.differences().len() as u16;
    if area.width >= WIDE {
        let below = figures.max(pairs * 2 + 1).min(area.height / 2);
        let [chart, _, below] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(1), Constraint::Length(below)]).areas(area);
        let [left, _, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(3), Constraint::Fill(1)]).areas(below);
        return vec![(Panel::Chart, chart), (Panel::Figures, left), (Panel::Differences, right)];
    }
    let room = area.height.saturating_sub(CHART.max(area.height * 2 / 5));
    let figures = figures.min(room);
    let left = room - figures;
    let differences = if left < 2 { 0 } else { left.min(pairs.max(1) * 2 + 1) };
    let [chart, middle, below] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(figures), Constraint::Length(differences)]).areas(area);
    let panels = [(Panel::Chart, chart), (Panel::Figures, middle), (Panel::Differences, below)];
    panels.into_iter().filter(|(_, area)| area.height > 1).collect()
}

/// The sign and the colour of a contender, as on the chart.
fn sign(app: &App, contender: usize) -> (&'static str, Style) {
    let role = Role::Contender((contender % Role::CONTENDERS) as u8);
    (chart::sign(role).unwrap_or("━"), app.theme.curve(role))
}

fn figures(app: &App, contest: &Contest, area: Rect, buf: &mut Buffer) {
    let figures = &contest.figures;
    let facts = now(app, contest).into_iter().map(|text| vec![Span::styled(text, app.theme.dim)]).collect();
    let inner = panel(area, buf, &app.theme, "Figures", facts, &figures.budget);
    let target = contest.target.or_else(|| figures.common_target());
    let signs: Vec<_> = (0..figures.labels.len()).map(|contender| sign(app, contender)).collect();
    table::draw(&tables::contenders(figures, target), &signs, app.compare.column, inner, buf, &app.theme);
}

/// How far the run that trains has come: `lenet5, seed 2: epoch 1.25, test 45.1 %`.
fn now(app: &App, contest: &Contest) -> Option<String> {
    let live = contest.live?;
    let label = contest.figures.labels.get(live.contender)?;
    let run = contest.figures.run(live);
    let epoch = run.map_or(String::new(), |run| format!(": epoch {:.2}", run.epochs));
    let tested = run.and_then(|run| run.final_accuracy).map_or(String::new(), |share| format!(", test {:.1} %", share * 100.0));
    Some(format!("{} {label}, seed {}{epoch}{tested}", sign(app, live.contender).0, live.seed))
}

fn differences(app: &App, contest: &Contest, area: Rect, buf: &mut Buffer) {
    let theme = &app.theme;
    let inner = panel(area, buf, theme, "Differences in final test accuracy", Vec::new(), "95 % intervals");
    let pairs = contest.figures.differences();
    let mut lines: Vec<Line> = pairs.iter().flat_map(|pair| in_lines(app, &contest.figures, pair, inner.width)).collect();
    if lines.is_empty() {
        lines.push(Line::styled("no two have come to their end with the same seed yet", theme.dim));
    } else {
        lines.extend(line::wrapped(tables::METHOD, inner.width).into_iter().map(|text| Line::styled(text, theme.dim)));
    }
    let past = app.compare.scrolled.min(lines.len().saturating_sub(usize::from(inner.height)));
    let below = lines.len() - past > usize::from(inner.height);
    for (row, text) in inner.rows().zip(lines.into_iter().skip(past)) {
        line::spans(row, buf, text);
    }
    if below {
        buf.set_string(inner.right().saturating_sub(1), inner.bottom() - 1, "↓", theme.key);
    }
}

/// `● alexnet → ◆ alexnet:lrn=off` and `+0.42 points (-0.31 to +1.15): no difference seen at this budget`, in one line or in two.
fn in_lines<'a>(app: &'a App, figures: &'a Figures, pair: &Difference, room: u16) -> Vec<Line<'a>> {
    let theme = &app.theme;
    let of = |contender: usize| {
        let (sign, style) = sign(app, contender);
        [Span::styled(format!("{sign} "), style), Span::styled(figures.labels[contender].as_str(), style)]
    };
    let mut names = of(pair.first).to_vec();
    names.push(Span::styled(" → ", theme.dim));
    names.extend(of(pair.second));
    let points = |share: f64| format!("{:+.2}", share * 100.0);
    let interval = pair.interval;
    let range = interval
        .half_width
        .map_or(String::new(), |half| format!(" ({} to {})", points(interval.mean - half), points(interval.mean + half)));
    let clear = if interval.is_clear() { theme.text } else { theme.dim };
    let said =
        vec![Span::styled(format!("{} points{range}: ", points(interval.mean)), theme.text), Span::styled(pair.verdict(), clear)];
    let width = |spans: &[Span]| spans.iter().map(Span::width).sum::<usize>();
    if width(&names) + 2 + width(&said) <= usize::from(room) {
        names.push(Span::raw("  "));
        names.extend(said);
        return vec![Line::from(names)];
    }
    let mut second = vec![Span::raw("    ")];
    second.extend(said);
    vec![Line::from(names), Line::from(second)]
}

/// The chart that an export means.
pub fn exportable(app: &App) -> String {
    format!("the chart: test {}", app.compare.metric().title().to_lowercase())
}

pub fn export(app: &App) -> Option<ExportRequest> {
    Some(ExportRequest::Chart(Box::new(model(app.compare, app.shown_contest()?, EXPORTED))))
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(contest) = app.shown_contest() else { return Vec::new() };
    let last_column = table::most_skipped(&tables::contenders(&contest.figures, contest.target));
    let last_line = contest.figures.differences().len() * 2;
    let screen = &mut app.compare;
    match action {
        Action::Epochs => screen.across = screen.across.next(),
        Action::OtherView => screen.loss = !screen.loss,
        Action::Spread => screen.spread = screen.spread.other(),
        Action::Enlarge => {
            screen.enlarged = match screen.enlarged {
                None => Some(Panel::Chart),
                Some(Panel::Chart) => Some(Panel::Figures),
                Some(Panel::Figures) => Some(Panel::Differences),
                Some(Panel::Differences) => None,
            }
        }
        Action::Left => screen.column = screen.column.saturating_sub(1),
        Action::Right => screen.column = (screen.column + 1).min(last_column),
        Action::Up => screen.scrolled = screen.scrolled.saturating_sub(1),
        Action::Down => screen.scrolled = (screen.scrolled + 1).min(last_line),
        Action::First => screen.scrolled = 0,
        Action::Last => screen.scrolled = last_line,
        Action::Close if screen.enlarged.is_some() => screen.enlarged = None,
        Action::Close => app.freeze(false),
        _ => {}
    }
    Vec::new()
}
