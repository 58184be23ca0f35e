//! What the terminal says of the pictures that it can show.

use std::env;
use std::io::{self, IsTerminal};

use ratatui::crossterm::event::Event;
use ratatui::crossterm::terminal::window_size;
use ratatui_image::picker::ProtocolType;
use ratatui_image::picker::cap_parser::{Parser, QueryStdioOptions, Response};

use super::{ImageChoice, Protocol, Way, typed};

/// Of a terminal that says nothing about it, as most fonts have it.
const USUAL_CELL: (u16, u16) = (10, 20);

/// What a terminal answered within the time that it had, and what a person typed meanwhile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    kitty: bool,
    compressed: bool,
    sixel: bool,
    cell: Option<(u16, u16)>,
    /// The last answer came: none can come later.
    pub whole: bool,
    pub typed: Vec<Event>,
}

/// What is to be asked, if anything: only a terminal at both ends, and only where the answer would change something.
pub fn question(choice: ImageChoice) -> Option<String> {
    let asked = match choice {
        ImageChoice::HalfBlocks => false,
        ImageChoice::Auto => !in_tmux(),
        ImageChoice::Forced(_) => true,
    };
    (asked && cfg!(unix) && io::stdin().is_terminal() && io::stdout().is_terminal()).then(|| {
        // These know kitty's images, but not how to put them where text stands.
        let blacklist_protocols = if knows_no_placeholders() { vec![ProtocolType::Kitty] } else { Vec::new() };
        Parser::query(in_tmux(), QueryStdioOptions { blacklist_protocols, kitty_compression: true, ..Default::default() })
    })
}

fn knows_no_placeholders() -> bool {
    let program = variable("TERM_PROGRAM");
    ["WEZTERM_EXECUTABLE", "KONSOLE_VERSION"].iter().any(|name| !variable(name).is_empty())
        || ["iTerm", "WezTerm", "WarpTerminal"].iter().any(|name| program.contains(name))
}

/// iTerm2 and what shows its images better than sixel.
fn is_iterm() -> bool {
    let program = variable("TERM_PROGRAM");
    program.contains("iTerm") || program.contains("WezTerm") || variable("LC_TERMINAL").contains("iTerm")
}

/// Within a program that draws the terminal's cells itself and knows of no pictures.
pub fn in_tmux() -> bool {
    let terminal = variable("TERM");
    !variable("TMUX").is_empty() || terminal.starts_with("tmux") || terminal.starts_with("screen")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

impl Answer {
    /// The way that pictures take, as far as the terminal and the person agree.
    pub fn way(&self, choice: ImageChoice) -> Option<Way> {
        self.protocol(choice).and_then(|protocol| {
            // Without its size a picture would cover what stands beside it: only whoever asks for it gets one.
            let usual = matches!(choice, ImageChoice::Forced(_)).then_some(USUAL_CELL);
            let cell = self.cell.or_else(cell_of_window).or(usual)?;
            Some(Way { protocol, cell, compressed: self.compressed, tmux: in_tmux() })
        })
    }

    fn protocol(&self, choice: ImageChoice) -> Option<Protocol> {
        match choice {
            ImageChoice::HalfBlocks => None,
            ImageChoice::Forced(protocol) => Some(protocol),
            ImageChoice::Auto if in_tmux() => None,
            ImageChoice::Auto if self.kitty => Some(Protocol::Kitty),
            ImageChoice::Auto if self.whole && is_iterm() => Some(Protocol::Iterm2),
            ImageChoice::Auto => self.sixel.then_some(Protocol::Sixel),
        }
    }

    /// Takes a piece of the terminal's input in.
    fn take(&mut self, piece: &[u8]) {
        let mut parser = Parser::new();
        let responses: Vec<Response> = piece.iter().flat_map(|byte| parser.push(char::from(*byte))).collect();
        for response in &responses {
            match response {
                Response::Kitty => self.kitty = true,
                Response::KittyCompression => self.compressed = true,
                Response::Sixel => self.sixel = true,
                Response::CellSize(cell) => self.cell = *cell,
                Response::Status => self.whole = true,
                _ => {}
            }
        }
        if !typed::is_answer(piece) {
            self.typed.extend(typed::event(piece));
        }
    }
}

/// From the window's size in pixels, where the terminal tells it.
pub fn cell_of_window() -> Option<(u16, u16)> {
    let window = window_size().ok()?;
    let cell = (window.width.checked_div(window.columns)?, window.height.checked_div(window.rows)?);
    (cell.0 > 0 && cell.1 > 0).then_some(cell)
}

/// Reads what the terminal answers until it has said all, or `patience` ends. Nothing else may read meanwhile.
#[cfg(unix)]
pub fn listen(patience: std::time::Duration) -> Answer {
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let (input, end) = (io::stdin(), Instant::now() + patience);
    let (mut answer, mut bytes, mut buffer) = (Answer::default(), Vec::new(), [0; 256]);
    while !answer.whole {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        // A closed terminal says so to whoever reads next.
        let Ok(count @ 1..) = rustix::io::read(&input, &mut buffer) else { break };
        bytes.extend_from_slice(&buffer[..count]);
        while let Some(length) = typed::piece(&bytes) {
            answer.take(&bytes.drain(..length).collect::<Vec<u8>>());
        }
    }
    // What stands alone at the end is the Esc key, or the first half of something.
    answer.typed.extend(typed::event(&bytes));
    answer
}

#[cfg(not(unix))]
pub fn listen(_: std::time::Duration) -> Answer {
    Answer::default()
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn answered(bytes: &[u8]) -> Answer {
        let (mut answer, mut bytes) = (Answer::default(), bytes.to_vec());
        while let Some(length) = typed::piece(&bytes) {
            answer.take(&bytes.drain(..length).collect::<Vec<u8>>());
        }
        assert!(bytes.is_empty(), "{bytes:?} was left");
        answer
    }

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_kitty_that_compresses_is_known_by_its_answers() {
        let answer = answered(b"\x1b_Gi=31;OK\x1b\\\x1b_Gi=32;OK\x1b\\\x1b[?62;c\x1b[6;18;9t\x1b[0n");
        let expected = Answer { kitty: true, compressed: true, cell: Some((9, 18)), whole: true, ..Answer::default() };
        assert_eq!(answer, expected);
    }

    #[test]
    fn sixel_is_the_fourth_attribute() {
        assert!(answered(b"\x1b[?62;4;22c\x1b[0n").sixel);
        assert!(!answered(b"\x1b[?62;22c\x1b[0n").sixel);
        assert!(!answered(b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?64c\x1b[0n").kitty);
    }

    #[test]
    fn keys_between_the_answers_are_kept_in_their_order() {
        let answer = answered(b"q\x1b[?62;4c\x1b[Aj\x1b[6;20;10t\xc3\xa4\r\x1b[0n ");
        let keys = [KeyCode::Char('q'), KeyCode::Up, KeyCode::Char('j'), KeyCode::Char('ä'), KeyCode::Enter, KeyCode::Char(' ')];
        assert_eq!(answer.typed, keys.map(key));
        assert_eq!((answer.sixel, answer.cell, answer.whole), (true, Some((10, 20)), true));
    }

    #[test]
    fn what_is_forced_needs_no_answer_and_half_blocks_take_none() {
        let silent = Answer::default();
        let forced = silent.way(ImageChoice::Forced(Protocol::Sixel)).unwrap();
        assert_eq!(forced.protocol, Protocol::Sixel);
        assert_eq!(silent.way(ImageChoice::Auto), None);
        let able = Answer { kitty: true, cell: Some((8, 16)), whole: true, ..Answer::default() };
        assert_eq!(able.way(ImageChoice::HalfBlocks), None);
    }
}
