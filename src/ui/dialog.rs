//! Questions with a few answers.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::theme::Theme;
use super::widgets::line;
use crate::knobs::Knob;

/// What an answer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Quit {
        save: bool,
    },
    NewRun {
        save: bool,
    },
    Fork,
    Set {
        knob: Knob,
        value: f64,
    },
    /// To the checkpoint of that name.
    Rewind(String),
    /// What the screen shows: a chart, maps, the confusion matrix.
    ExportShown,
    ExportScreen,
    Stay,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub key: char,
    pub label: String,
    pub choice: Choice,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Dialog {
    pub title: String,
    pub text: String,
    pub answers: Vec<Answer>,
    /// The answer that Enter takes.
    pub marked: usize,
}

impl Dialog {
    fn new(title: &str, text: String, answers: &[(char, &str, Choice)]) -> Dialog {
        let answers =
            answers.iter().map(|(key, label, choice)| Answer { key: *key, label: label.to_string(), choice: choice.clone() });
        Dialog { title: title.into(), text, answers: answers.collect(), marked: 0 }
    }

    pub fn quit(text: String) -> Dialog {
        let answers = [
            ('s', "save and stop", Choice::Quit { save: true }),
            ('x', "stop", Choice::Quit { save: false }),
            ('c', "stay", Choice::Stay),
        ];
        Dialog::new("Quit?", text, &answers)
    }

    pub fn end_twins(text: String) -> Dialog {
        Dialog::new("Quit?", text, &[('s', "stop both", Choice::Quit { save: true }), ('c', "stay", Choice::Stay)])
    }

    pub fn new_run(text: String) -> Dialog {
        let answers = [
            ('s', "save, then start anew", Choice::NewRun { save: true }),
            ('x', "start anew", Choice::NewRun { save: false }),
            ('c', "stay", Choice::Stay),
        ];
        Dialog::new("New run?", text, &answers)
    }

    pub fn fork(text: String) -> Dialog {
        Dialog::new("Fork?", text, &[('f', "fork here", Choice::Fork), ('c', "stay", Choice::Stay)])
    }

    pub fn export(shown: &str) -> Dialog {
        let answers =
            [('c', shown, Choice::ExportShown), ('s', "the screen", Choice::ExportScreen), ('n', "nothing", Choice::Stay)];
        Dialog::new("Export", "What goes to a file?".into(), &answers)
    }

    /// How a change is taken back: `set` says what setting does, `rewind` what going back does.
    pub fn undo(text: String, (set, put_back): (&str, Choice), (rewind, go_back): (&str, Choice)) -> Dialog {
        let answers = [('s', set, put_back), ('r', rewind, go_back), ('c', "leave it as it is", Choice::Stay)];
        Dialog::new("Take back?", text, &answers)
    }

    pub fn mark(&mut self, forward: bool) {
        let count = self.answers.len().max(1);
        self.marked = (self.marked + if forward { 1 } else { count - 1 }) % count;
    }

    pub fn by_key(&self, letter: char) -> Option<Choice> {
        let letter = letter.to_ascii_lowercase();
        self.answers.iter().find(|answer| answer.key == letter).map(|answer| answer.choice.clone())
    }

    pub fn chosen(&self) -> Choice {
        self.answers.get(self.marked).map_or(Choice::Stay, |answer| answer.choice.clone())
    }

    /// The answer under a place on the screen.
    pub fn answer_at(&self, screen: Rect, place: Position) -> Option<Choice> {
        let (area, text) = self.place(screen);
        let row = place.y.checked_sub(area.y + 2 + text.len() as u16 + 1)?;
        let answer = self.answers.get(usize::from(row))?;
        area.contains(place).then(|| answer.choice.clone())
    }

    /// Where the dialog lies, and its text in lines.
    fn place(&self, screen: Rect) -> (Rect, Vec<String>) {
        let width = 48.min(screen.width.saturating_sub(2));
        let text = line::wrapped(&self.text, width.saturating_sub(4));
        let height = (text.len() + self.answers.len()) as u16 + 5;
        (line::centred(screen, width, height), text)
    }

    pub fn render(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let (area, text) = self.place(screen);
        let inner = line::frame(area, buf, theme, &self.title);
        let mut rows = inner.rows().skip(1);
        for (text, row) in text.iter().zip(rows.by_ref()) {
            buf.set_stringn(row.x, row.y, text, usize::from(row.width), theme.overlay);
        }
        for ((i, answer), row) in self.answers.iter().enumerate().zip(rows.skip(1)) {
            let marked = i == self.marked;
            let style = if marked { theme.selected } else { theme.overlay };
            buf.set_style(row, style);
            let sign = if marked { "› " } else { "  " };
            let spans = vec![
                Span::styled(sign, theme.key),
                Span::styled(answer.key.to_string(), theme.key),
                Span::styled(format!("  {}", answer.label), style),
            ];
            line::spans(row, buf, Line::from(spans));
        }
    }
}
