//! A [`Table`] on cells, in which what has no room is a key away.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line;
use crate::table::Table;
use crate::ui::theme::Theme;

/// Rows that the heads of the columns take.
pub const HEAD: u16 = 2;
/// Cells between two columns.
const GAP: u16 = 2;
/// The names give way to the figures down to so many cells.
const NAME: u16 = 16;
/// A row's sign with a blank behind it.
const SIGN: u16 = 2;

/// Draws the signs, the names, and as many columns as there is room for after the first `skipped` ones; a `›` says that there are
/// more to the right.
pub fn draw(table: &Table, signs: &[(&str, Style)], skipped: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let widths: Vec<u16> = (0..table.head.len()).map(|column| column_width(table, column)).collect();
    let figures: u16 = widths.iter().skip(1 + skipped).map(|width| width + GAP).sum();
    let longest = widths.first().copied().unwrap_or(0);
    let name = longest.min(area.width.saturating_sub(figures + SIGN).max(NAME));
    let rows: Vec<Rect> = area.rows().collect();
    let (head, body) = rows.split_at(rows.len().min(usize::from(HEAD)));
    for ((row, cells), (sign, style)) in body.iter().zip(&table.rows).zip(signs) {
        buf.set_string(row.x, row.y, sign, *style);
        buf.set_string(row.x + SIGN, row.y, line::fitted(cells.first().map_or("", String::as_str), name), *style);
    }
    let mut x = area.x + SIGN + name + GAP;
    for (column, width) in widths.into_iter().enumerate().skip(1 + skipped) {
        if x + width > area.right() {
            if let Some(last) = head.last() {
                buf.set_string(area.right().saturating_sub(1), last.y, "›", theme.key);
            }
            return;
        }
        let mut set = |row: Rect, text: &str, style: Style| {
            let left = if table.is_figures(column) { x + width.saturating_sub(line::width(text)) } else { x };
            buf.set_string(left, row.y, text, style);
        };
        let heads = line::wrapped(&table.head[column], width);
        for (row, text) in head.iter().rev().zip(heads.iter().rev()) {
            set(*row, text, theme.dim);
        }
        for (row, cells) in body.iter().zip(&table.rows) {
            set(*row, cells.get(column).map_or("", String::as_str), theme.text);
        }
        x += width + GAP;
    }
}

/// How many columns can be skipped before the last one is in view.
pub fn most_skipped(table: &Table) -> usize {
    table.head.len().saturating_sub(2)
}

/// What the cells need, and the head in [`HEAD`] lines.
fn column_width(table: &Table, column: usize) -> u16 {
    let cells = table.rows.iter().filter_map(|row| row.get(column)).map(|cell| line::width(cell)).max().unwrap_or(0);
    let head = &table.head[column];
    let words = head.split_whitespace().map(line::width).max().unwrap_or(0);
    let whole = line::width(head);
    (words.max(cells)..whole).find(|width| line::wrapped(head, *width).len() <= usize::from(HEAD)).unwrap_or(whole.max(cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::ThemeName;

    fn drawn(width: u16, skipped: usize) -> Vec<String> {
        let mut table = Table::new(&["network", "final test %", "images/s"]);
        table.push(vec!["paddle-lrn:learning-rate=0.02".into(), "61.25 ± 0.40".into(), "1,234".into()]);
        let area = Rect::new(0, 0, width, 3);
        let mut buf = Buffer::empty(area);
        draw(&table, &[("●", Style::new())], skipped, area, &mut buf, &Theme::named(ThemeName::Dark));
        let row = |y: u16| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_string();
        (0..3).map(row).collect()
    }

    #[test]
    fn names_give_way_to_figures_and_figures_that_have_no_room_are_announced() {
        assert_eq!(drawn(60, 0)[2], "● paddle-lrn:learning-rate=0.02  61.25 ± 0.40     1,234");
        assert_eq!(drawn(36, 0), ["", "                    final test %   ›", "● paddle-lrn:lear…  61.25 ± 0.40"]);
        assert_eq!(drawn(36, 1), ["", "                            images/s", "● paddle-lrn:learning-rat…     1,234"]);
    }
}
