//! A table whose columns come and go with the room: those that matter most stay longest.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::line;
use crate::ui::theme::Theme;

/// What stands over a column, and how it behaves.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub title: &'static str,
    /// Numbers stand to the right.
    pub right: bool,
    /// The lowest stays longest.
    pub rank: u8,
    /// Cells to keep however short its texts are, so that live figures do not make the table tremble.
    pub width: u16,
}

/// Rows of as many cells as there are heads.
pub struct Grid {
    pub heads: Vec<Head>,
    pub rows: Vec<Vec<Span<'static>>>,
    /// Below a rule at the end; stays in view.
    pub totals: Vec<Span<'static>>,
    pub selected: Option<usize>,
    /// A row and a sign of one cell beside it.
    pub mark: Option<(usize, &'static str)>,
}

/// A column that has found its place.
struct Placed {
    index: usize,
    x: u16,
    width: u16,
}

/// Room in front of the first column, for the signs of the selected and of the marked row.
const GUTTER: u16 = 2;
const SIGN: &str = "▸";

impl Grid {
    /// Lines that the grid would like to have.
    pub fn height(&self) -> u16 {
        1 + self.rows.len() as u16 + u16::from(!self.totals.is_empty())
    }

    /// The rows in view in an area of this height: the selected one in the middle, as far as that goes.
    pub fn visible(&self, height: u16) -> Range<usize> {
        let room = usize::from(height.saturating_sub(1 + u16::from(!self.totals.is_empty()))).min(self.rows.len());
        let first = self.selected.unwrap_or(0).saturating_sub(room / 2).min(self.rows.len() - room);
        first..first + room
    }

    /// Head, rows, totals; what does not fit is left out, columns by rank, rows away from the selected one.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if area.is_empty() {
            return;
        }
        let columns = self.placed(area);
        let text = |buf: &mut Buffer, column: &Placed, y: u16, text: &str, style: Style| {
            let text = line::fitted(text, column.width);
            let right = self.heads[column.index].right;
            let x = if right { column.x + column.width - line::width(&text) } else { column.x };
            buf.set_string(x, y, text, style);
        };
        for column in &columns {
            text(buf, column, area.y, self.heads[column.index].title, theme.dim);
        }
        let mut y = area.y + 1;
        for row in self.visible(area.height) {
            let selected = self.selected == Some(row);
            if selected {
                buf.set_style(Rect { y, height: 1, ..area }, theme.selected);
                buf.set_string(area.x, y, SIGN, theme.selected);
            }
            if let Some((marked, sign)) = self.mark
                && marked == row
            {
                buf.set_stringn(area.x + 1, y, sign, 1, if selected { theme.selected } else { theme.key });
            }
            for column in &columns {
                let cell = &self.rows[row][column.index];
                text(buf, column, y, &cell.content, if selected { theme.selected } else { cell.style });
            }
            y += 1;
        }
        if y < area.bottom() {
            for column in &columns {
                let Some(cell) = self.totals.get(column.index) else { continue };
                text(buf, column, y, &cell.content, cell.style);
            }
        }
    }

    /// The row that lies at a line of the area.
    pub fn row_at(&self, area: Rect, y: u16) -> Option<usize> {
        let line = usize::from(y.checked_sub(area.y + 1)?);
        let visible = self.visible(area.height);
        (line < visible.len()).then_some(visible.start + line)
    }

    /// The columns that fit, from the left.
    fn placed(&self, area: Rect) -> Vec<Placed> {
        let widths: Vec<u16> = (0..self.heads.len()).map(|index| self.width(index)).collect();
        let mut by_rank: Vec<usize> = (0..self.heads.len()).filter(|index| widths[*index] > 0).collect();
        by_rank.sort_by_key(|index| self.heads[*index].rank);
        let room = area.width.saturating_sub(GUTTER);
        // Narrow screens need the second blank between columns for more columns.
        let gap = if area.width < 60 { 1 } else { 2 };
        let mut taken = 0;
        by_rank.retain(|index| {
            let needed = widths[*index] + if taken == 0 { 0 } else { gap };
            let fits = taken + needed <= room;
            taken += if fits { needed } else { 0 };
            fits
        });
        by_rank.sort_unstable();
        let mut x = area.x + GUTTER;
        let mut place = |index: usize| {
            let placed = Placed { index, x, width: widths[index] };
            x += widths[index] + gap;
            placed
        };
        by_rank.into_iter().map(&mut place).collect()
    }

    /// Cells that a column needs; 0 where it has nothing to say.
    fn width(&self, index: usize) -> u16 {
        let cells = self.rows.iter().chain([&self.totals]).filter_map(|row| row.get(index));
        let longest = cells.map(|cell| line::width(&cell.content)).max().unwrap_or(0);
        let head = &self.heads[index];
        if longest == 0 && head.width == 0 { 0 } else { longest.max(head.width).max(line::width(head.title)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::ThemeName;

    fn grid(rows: usize, selected: usize) -> Grid {
        let head = |title, rank| Head { title, right: rank == 1, rank, width: 0 };
        let row = |i: usize| vec![Span::raw(format!("row{i}")), Span::raw("side"), Span::raw(i.to_string()), Span::raw("")];
        Grid {
            heads: vec![head("name", 0), head("aside", 2), head("n", 1), head("empty", 3)],
            rows: (0..rows).map(row).collect(),
            totals: vec![Span::raw("all"), Span::raw(""), Span::raw("9"), Span::raw("")],
            selected: Some(selected),
            mark: None,
        }
    }

    fn drawn(grid: &Grid, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        grid.draw(area, &mut buf, &Theme::named(ThemeName::Mono));
        let row = |y: u16| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_string();
        (0..height).map(row).collect()
    }

    #[test]
    fn the_least_column_leaves_first_and_one_without_words_never_comes() {
        assert_eq!(drawn(&grid(2, 1), 18, 4), ["  name aside n", "  row0 side  0", "▸ row1 side  1", "  all        9"]);
        assert_eq!(drawn(&grid(2, 1), 12, 4), ["  name n", "  row0 0", "▸ row1 1", "  all  9"]);
    }

    #[test]
    fn a_marked_row_bears_its_sign_beside_that_of_the_selected_one() {
        let marked = Grid { mark: Some((0, "↓")), ..grid(1, 0) };
        assert_eq!(drawn(&marked, 12, 3), ["  name n", "▸↓row0 0", "  all  9"]);
    }

    #[test]
    fn rows_scroll_about_the_selected_one_and_totals_stay() {
        assert_eq!(drawn(&grid(9, 5), 12, 5), ["  name n", "  row4 4", "▸ row5 5", "  row6 6", "  all  9"]);
        assert_eq!(grid(9, 8).visible(5), 6..9);
        assert_eq!(grid(9, 0).visible(5), 0..3);
        assert_eq!(grid(9, 5).row_at(Rect::new(0, 10, 12, 5), 11), Some(4));
        assert_eq!(grid(9, 5).row_at(Rect::new(0, 10, 12, 5), 14), None);
    }
}
