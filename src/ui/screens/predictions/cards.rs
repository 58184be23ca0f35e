//! A picture, its class, and the five likeliest classes as bars.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::class;
use crate::mosaic::photograph;
use crate::probe::PictureSight;
use crate::session::likeliest;
use crate::ui::app::App;
use crate::ui::figures::{bar, percent};
use crate::ui::graphics::Plate;
use crate::ui::widgets::{line, raster};

/// Dots of a picture's side.
const SIDE: usize = 16;
/// Cells of a card: a sign, the picture, a gap, names and bars.
const WIDTH: u16 = 37;
/// Rows of a card with a blank one below.
const HEIGHT: u16 = 9;
/// Classes that are told.
const TOLD: usize = 5;

/// Cells of a class's name.
const NAMED: u16 = 10;

/// Where cards lie.
pub struct Cards {
    area: Rect,
    pub columns: usize,
    rows: usize,
    most: usize,
    width: u16,
}

impl Cards {
    pub fn fit(area: Rect, most: usize) -> Cards {
        let columns = (area.width / WIDTH).max(1);
        // The last row needs no blank one below.
        let rows = ((area.height + 1) / HEIGHT).max(1);
        Cards { area, columns: columns.into(), rows: rows.into(), most, width: area.width / columns }
    }

    pub fn count(&self) -> usize {
        (self.columns * self.rows).min(self.most)
    }

    fn place(&self, index: usize) -> Rect {
        let x = self.area.x + (index % self.columns) as u16 * self.width;
        let y = self.area.y + (index / self.columns) as u16 * HEIGHT;
        Rect { x, y, width: self.width.saturating_sub(1), height: HEIGHT - 1 }.intersection(self.area)
    }

    /// Where a card's picture lies.
    fn picture(&self, index: usize) -> Rect {
        let area = self.place(index);
        Rect { x: area.x + 1, width: (SIDE as u16).min(area.width.saturating_sub(1)), ..area }
    }

    /// The picture, for a terminal that shows it finer.
    pub fn plate(&self, index: usize, sight: &PictureSight) -> Plate {
        Plate::photograph(self.picture(index), SIDE, sight)
    }

    /// The card at a place on the screen.
    pub fn at(&self, place: Position) -> Option<usize> {
        (0..self.count()).find(|index| self.place(*index).contains(place))
    }

    pub fn draw(&self, app: &App, index: usize, sight: &PictureSight, selected: bool, pinned: bool, buf: &mut Buffer) {
        let (theme, area) = (&app.theme, self.place(index));
        if selected {
            for y in area.y..area.bottom() {
                buf.set_string(area.x, y, "▌", theme.key);
            }
        }
        let picture = self.picture(index);
        raster::draw(picture, buf, app.depth(), theme.text, SIDE, &photograph(&sight.pixels, SIDE));
        let text = Rect { x: picture.right() + 1, width: area.right().saturating_sub(picture.right() + 1), ..area };
        let name = if pinned { format!("◈ {}", sight.name) } else { sight.name.clone() };
        let mut rows = text.rows();
        let mut write = |words: &str, style| {
            if let Some(row) = rows.next() {
                buf.set_string(row.x, row.y, line::fitted(words, row.width), style);
            }
        };
        write(&name, theme.dim);
        let session = app.shown();
        match (sight.label, is_right(sight)) {
            (Some(label), Some(right)) => {
                let (sign, style) = if right { ("✔", theme.good) } else { ("✘", theme.bad) };
                write(&format!("{sign} {}", class(session, label.into())), style);
            }
            _ => write("", theme.text),
        }
        for (place, probability) in top(&sight.probabilities) {
            let name = class(session, place);
            let own = sight.label.is_some_and(|label| usize::from(label) == place);
            let style = if own { theme.title } else { theme.text };
            // The name, the bar and the share, whatever there is room for.
            let (share, room) = (percent(probability.into()), text.width.saturating_sub(6));
            let named = room.min(NAMED);
            let bar = bar(probability.into(), room.saturating_sub(named + 1));
            let named = format!("{:<wide$}", line::fitted(&name, named), wide = usize::from(named));
            write(&format!("{named} {bar:<wide$}{share:>5}", wide = usize::from(room.saturating_sub(NAMED + 1))), style);
        }
    }
}

/// Whether the likeliest class is the picture's own; none where that is not known.
pub fn is_right(sight: &PictureSight) -> Option<bool> {
    let label = sight.label.filter(|_| !sight.probabilities.is_empty())?;
    Some(likeliest(&sight.probabilities).0 == usize::from(label))
}

/// The likeliest classes, the likeliest first.
fn top(probabilities: &[f32]) -> Vec<(usize, f32)> {
    let mut ranked: Vec<(usize, f32)> = probabilities.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(TOLD);
    ranked
}
