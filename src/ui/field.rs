//! A line of text that is typed.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::keys::Key;
use super::widgets::line;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    text: String,
    /// In letters from the start.
    cursor: usize,
    /// What is typed takes the place of the whole text.
    selected: bool,
}

impl Field {
    pub fn new(text: &str) -> Field {
        Field { text: text.to_string(), cursor: text.chars().count(), selected: false }
    }

    /// With a text that gives way to what is typed.
    pub fn selected(text: &str) -> Field {
        Field { selected: true, ..Field::new(text) }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    fn byte(&self, letter: usize) -> usize {
        self.text.char_indices().nth(letter).map_or(self.text.len(), |(byte, _)| byte)
    }

    /// Typed or pasted text; of several lines the first.
    pub fn insert(&mut self, text: &str) {
        let text: String =
            text.chars().take_while(|letter| *letter != '\n' && *letter != '\r').filter(|c| !c.is_control()).collect();
        if std::mem::take(&mut self.selected) {
            self.remove(0, self.text.chars().count());
        }
        self.text.insert_str(self.byte(self.cursor), &text);
        self.cursor += text.chars().count();
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(self.byte(from)..self.byte(to), "");
        self.cursor = from;
    }

    /// Takes a key that edits; false where it is none.
    pub fn press(&mut self, key: Key) -> bool {
        let length = self.text.chars().count();
        if std::mem::take(&mut self.selected) {
            match key.code {
                KeyCode::Char(_) if !key.control => self.remove(0, length),
                KeyCode::Backspace | KeyCode::Delete => {
                    self.remove(0, length);
                    return true;
                }
                _ => {}
            }
        }
        match (key.code, key.control) {
            (KeyCode::Char('a'), true) | (KeyCode::Home, _) => self.cursor = 0,
            (KeyCode::Char('e'), true) | (KeyCode::End, _) => self.cursor = length,
            (KeyCode::Char('u'), true) => self.remove(0, self.cursor),
            (KeyCode::Char('w'), true) => self.remove(self.word_before(), self.cursor),
            (KeyCode::Char(letter), false) => self.insert(letter.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, _) => self.remove(self.cursor.saturating_sub(1), self.cursor),
            (KeyCode::Delete, _) if self.cursor < length => self.remove(self.cursor, self.cursor + 1),
            (KeyCode::Left, _) => self.cursor = self.cursor.saturating_sub(1),
            (KeyCode::Right, _) => self.cursor = (self.cursor + 1).min(length),
            _ => return false,
        }
        true
    }

    fn word_before(&self) -> usize {
        let before: Vec<char> = self.text.chars().take(self.cursor).collect();
        let end = before.iter().rposition(|letter| *letter != ' ').map_or(0, |last| last + 1);
        before[..end].iter().rposition(|letter| *letter == ' ').map_or(0, |blank| blank + 1)
    }

    /// Draws the text with its cursor; where it is longer than the area, the part around the cursor.
    pub fn render(&self, area: Rect, buf: &mut Buffer, style: Style) {
        let room = usize::from(area.width.max(1));
        let first = (self.cursor + 1).saturating_sub(room);
        let seen: String = self.text.chars().skip(first).take(room).collect();
        buf.set_string(area.x, area.y, format!("{seen:room$}"), style);
        if self.selected {
            let chosen = Rect { width: line::width(&seen).min(area.width), height: 1, ..area };
            buf.set_style(chosen, Style::new().add_modifier(Modifier::UNDERLINED));
        }
        let before: String = seen.chars().take(self.cursor - first).collect();
        let at = (area.x + line::width(&before), area.y);
        if let Some(cell) = buf.cell_mut(at) {
            cell.set_style(Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Key {
        Key { code, control: false }
    }

    #[test]
    fn letters_go_where_the_cursor_is() {
        let mut field = Field::new("lη 1");
        field.press(key(KeyCode::Home));
        field.press(key(KeyCode::Right));
        field.press(key(KeyCode::Delete));
        field.insert("r");
        assert_eq!(field.text(), "lr 1");
    }

    #[test]
    fn a_selected_text_gives_way_to_what_is_typed_but_not_to_a_moving_cursor() {
        let mut replaced = Field::selected("0.01");
        replaced.press(key(KeyCode::Char('5')));
        let mut kept = Field::selected("0.01");
        kept.press(key(KeyCode::Left));
        kept.press(key(KeyCode::Char('5')));
        assert_eq!([replaced.text(), kept.text()], ["5", "0.051"]);
    }

    #[test]
    fn control_w_takes_the_last_word_away() {
        let mut field = Field::new("set momentum 0.9 ");
        field.press(Key { code: KeyCode::Char('w'), control: true });
        assert_eq!(field.text(), "set momentum ");
    }

    #[test]
    fn of_a_pasted_text_only_the_first_line_is_taken() {
        let mut field = Field::default();
        field.insert("lr 0.1\nquit\n");
        assert_eq!(field.text(), "lr 0.1");
    }
}
