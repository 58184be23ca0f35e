//! A small table: as text in columns, as Markdown, as HTML.

/// A head and rows of as many cells. Columns of figures stand to the right, all others to the left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Table {
        Table { head: head.iter().map(|cell| cell.to_string()).collect(), rows: Vec::new() }
    }

    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Whether a column, other than the first, holds figures and nothing else.
    pub fn is_figures(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
        let figure = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '–'));
        column > 0 && cells.peek().is_some() && cells.all(figure)
    }

    /// Columns two spaces apart.
    pub fn text(&self) -> String {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| lines().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        for row in lines() {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match self.is_figures(column) {
                false => format!("{cell:width$}"),
                true => format!("{cell:>width$}"),
            });
            text += cells.collect::<Vec<_>>().join("  ").trim_end();
            text.push('\n');
        }
        text
    }

    pub fn markdown(&self) -> String {
        let line =
            |cells: &[String]| format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
        let rule = (0..self.head.len())
            .map(|column| if self.is_figures(column) { "--:" } else { "---" }.to_string())
            .collect::<Vec<_>>();
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.head) + &line(&rule) + &rows
    }

    pub fn html(&self) -> String {
        let cells = |row: &[String], tag: &str| -> String {
            let class = |column: usize| if self.is_figures(column) { " class=\"figure\"" } else { "" };
            row.iter().enumerate().map(|(i, cell)| format!("<{tag}{}>{}</{tag}>", class(i), escaped(cell))).collect()
        };
        let rows: String = self.rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row, "td"))).collect();
        format!("<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n", cells(&self.head, "th"))
    }
}

/// Text as HTML shows it, also within an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["network", "±"]);
        table.push(vec!["a|b<c".into(), "1.25".into()]);
        table
    }

    #[test]
    fn figures_stand_to_the_right_under_their_head() {
        assert_eq!(table().text(), "network     ±\na|b<c    1.25\n");
    }

    #[test]
    fn a_column_with_a_word_in_it_stands_to_the_left() {
        let mut table = table();
        table.push(vec!["d".into(), "off".into()]);
        assert_eq!(table.text(), "network  ±\na|b<c    1.25\nd        off\n");
    }

    #[test]
    fn what_would_be_taken_for_markup_is_escaped() {
        assert_eq!(table().markdown(), "| network | ± |\n| --- | --: |\n| a\\|b<c | 1.25 |\n");
        assert!(table().html().contains("<td>a|b&lt;c</td><td class=\"figure\">1.25</td>"));
    }
}
