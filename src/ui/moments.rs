//! The list of saved moments, to go back to one of them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::action::Action;
use super::app::App;
use super::widgets::grid::{Grid, Head};
use super::widgets::line;
use crate::chart::{Metric, short_change};
use crate::session::{SaveReason, SavedMoment, Session};
use crate::spec::grouped;

/// Cells of the list where there is room.
const WIDTH: u16 = 76;
/// Lines of the frame, the head, and the two that say what happens.
const AROUND: u16 = 6;

const HEADS: [Head; 7] = [
    Head { title: "step", right: true, rank: 0, width: 0 },
    Head { title: "epoch", right: true, rank: 4, width: 0 },
    Head { title: "loss", right: true, rank: 1, width: 0 },
    Head { title: "test", right: true, rank: 2, width: 0 },
    Head { title: "", right: false, rank: 3, width: 0 },
    Head { title: "saved", right: false, rank: 5, width: 0 },
    Head { title: "", right: false, rank: 6, width: 0 },
];

/// What is marked in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Name of the checkpoint; the newest where there is none.
    marked: Option<String>,
}

impl Moments {
    /// The marked moment. The list shows the newest first.
    pub fn chosen<'a>(&self, session: &'a Session) -> Option<&'a SavedMoment> {
        newest_first(session).nth(self.place(session))
    }

    fn place(&self, session: &Session) -> usize {
        let Some(marked) = &self.marked else { return 0 };
        // One that was cleared away meanwhile leaves its mark to the one before it, or else to the oldest that is left.
        let order = |name: &str| (name.len(), name.to_string());
        let at_most = |saved: &SavedMoment| order(&saved.path) <= order(marked);
        newest_first(session).position(at_most).unwrap_or(session.saved.len().saturating_sub(1))
    }

    pub fn moved(&self, session: &Session, action: Action) -> Moments {
        let (place, last) = (self.place(session), session.saved.len().saturating_sub(1));
        let place = match action {
            Action::Up => place.saturating_sub(1),
            Action::Down => (place + 1).min(last),
            Action::PageUp => place.saturating_sub(10),
            Action::PageDown => (place + 10).min(last),
            Action::First => 0,
            Action::Last => last,
            _ => place,
        };
        Moments { marked: newest_first(session).nth(place).map(|saved| saved.path.clone()) }
    }

    pub fn render(&self, app: &App, screen: Rect, buf: &mut Buffer) {
        let (session, theme) = (app.session(), &app.theme);
        let grid = self.grid(app);
        let height = (grid.rows.len() as u16 + AROUND).min(screen.height.saturating_sub(2));
        let area = line::centred(screen, WIDTH.min(screen.width.saturating_sub(2)), height);
        let inner = line::frame(area, buf, theme, "Go back to a saved moment");
        let table = Rect { height: inner.height.saturating_sub(2), ..inner };
        grid.draw(table, buf, theme);
        let Some(chosen) = self.chosen(session) else { return };
        let left = session.steps().saturating_sub(chosen.step);
        let text = match (chosen.road, left) {
            (None, 0) => "the run stands there now".to_string(),
            (None, left) => format!("{} taken since stay on the chart as a dim line", steps(left)),
            (Some(_), _) => "this moment lies on a road that was left; the present one stays on the chart".to_string(),
        };
        let row = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
        line::spans(row, buf, Line::styled(text, theme.overlay.patch(theme.dim)));
    }

    fn grid(&self, app: &App) -> Grid {
        let (session, theme) = (app.session(), &app.theme);
        let best = session.saved.iter().filter_map(|saved| saved.rank).max_by(f64::total_cmp);
        let row = |saved: &SavedMoment| {
            let is_best = saved.rank.is_some() && saved.rank == best;
            let number = |value: Option<f64>, metric: Metric| value.map_or("–".into(), |value| metric.format(value));
            vec![
                Span::raw(grouped(saved.step)),
                Span::styled(format!("{:.2}", saved.epoch), theme.dim),
                Span::raw(number(saved.loss, Metric::Loss)),
                Span::styled(number(saved.test_accuracy, Metric::Accuracy), theme.test),
                Span::styled(if is_best { "★" } else { "" }, theme.test),
                Span::raw(why(saved, session)),
                Span::styled(if saved.road.is_some() { "other road" } else { "" }, theme.dim),
            ]
        };
        let rows = newest_first(session).map(row).collect();
        Grid { heads: HEADS.to_vec(), rows, totals: Vec::new(), selected: Some(self.place(session)), mark: None }
    }
}

fn newest_first(session: &Session) -> impl Iterator<Item = &SavedMoment> {
    session.saved.iter().rev()
}

fn steps(count: u64) -> String {
    if count == 1 { "the step".into() } else { format!("the {} steps", grouped(count)) }
}

/// `by hand`, `before lr 0.01→0.005`
fn why(saved: &SavedMoment, session: &Session) -> String {
    let change = session.history.changes.iter().find(|change| change.step == saved.step + 1);
    match (saved.reason, change) {
        (SaveReason::Asked, _) => "by hand".into(),
        (SaveReason::Scheduled, _) => "on schedule".into(),
        (SaveReason::BeforeChange, Some(change)) => format!("before {}", short_change(change)),
        (SaveReason::BeforeChange, None) => "before a change".into(),
        (SaveReason::BeforeRewind, _) => "before going back".into(),
        (SaveReason::Rewound, _) => "gone back to".into(),
        (SaveReason::Ending, _) => "at the end".into(),
    }
}
