//! What the terminal says of itself: the pictures that it can show, and whether its ground is light.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::crossterm::event::Event;
use ratatui::crossterm::terminal::window_size;
use ratatui_image::picker::ProtocolType;
use ratatui_image::picker::cap_parser::{Parser, QueryStdioOptions, Response};

use super::{ImageChoice, Protocol, Way, typed};
use crate::mosaic::Ground;

/// Of a terminal that says nothing about it, as most fonts have it.
const USUAL_CELL: (u16, u16) = (10, 20);

/// Asks for the terminal's name and version (xterm, XTVERSION).
const VERSION: &str = "\x1b[>q";
/// The first kitty that puts pictures where text stands (Unicode placeholders, version 0.28).
const FIRST_KITTY: [u32; 2] = [0, 28];
/// Asks for the colour behind the text (xterm, "Operating System Commands", 11), then for the status, which every terminal tells.
const GROUND: &str = "\x1b]11;?\x07\x1b[5n";
/// How long one wait for the terminal takes, so that whoever does not wait any more is heard.
const GLANCE: Duration = Duration::from_millis(50);

/// What a terminal answered within the time that it had.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    kitty: bool,
    compressed: bool,
    sixel: bool,
    cell: Option<(u16, u16)>,
    /// The last answer came: none can come later.
    pub whole: bool,
    /// Red, green and blue of the ground.
    ground: Option<[u8; 3]>,
    /// It is a kitty from before [`FIRST_KITTY`].
    old_kitty: bool,
}

/// What is to be asked, if anything: only a terminal at both ends, and only where the answer would change something. `ground`: the colours
/// follow it.
pub fn question(choice: ImageChoice, ground: bool) -> Option<String> {
    let pictures = match choice {
        ImageChoice::HalfBlocks => false,
        ImageChoice::Auto => !in_tmux(),
        ImageChoice::Forced(_) => true,
    };
    if !(cfg!(unix) && io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return None;
    }
    if !pictures {
        return ground.then(|| GROUND.into());
    }
    // These know kitty's images, but not how to put them where text stands.
    let blacklist_protocols = if knows_no_placeholders() { vec![ProtocolType::Kitty] } else { Vec::new() };
    let known = QueryStdioOptions { kitty_compression: true, terminal_background_color_osc: ground, ..Default::default() };
    let version = if in_tmux() { "" } else { VERSION };
    Some(version.to_string() + &Parser::query(in_tmux(), QueryStdioOptions { blacklist_protocols, ..known }))
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

    /// Whether dark or light text is read better on the terminal's ground (luma of ITU-R BT.709), if it told its colour.
    pub fn ground(&self) -> Option<Ground> {
        let [red, green, blue] = self.ground?.map(f64::from);
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        Some(if luma > 127.5 { Ground::Light } else { Ground::Dark })
    }

    fn protocol(&self, choice: ImageChoice) -> Option<Protocol> {
        match choice {
            ImageChoice::HalfBlocks => None,
            ImageChoice::Forced(protocol) => Some(protocol),
            ImageChoice::Auto if in_tmux() => None,
            ImageChoice::Auto if self.kitty && !self.old_kitty => Some(Protocol::Kitty),
            ImageChoice::Auto if self.whole && is_iterm() => Some(Protocol::Iterm2),
            ImageChoice::Auto => self.sixel.then_some(Protocol::Sixel),
        }
    }

    /// Takes a piece of the terminal's input in; returns the key that it is, if it is one.
    fn take(&mut self, piece: &[u8]) -> Option<Event> {
        let mut parser = Parser::new();
        let responses: Vec<Response> = piece.iter().flat_map(|byte| parser.push(char::from(*byte))).collect();
        for response in &responses {
            match response {
                Response::Kitty => self.kitty = true,
                Response::KittyCompression => self.compressed = true,
                Response::Sixel => self.sixel = true,
                Response::CellSize(cell) => self.cell = *cell,
                Response::Background(red, green, blue) => self.ground = Some([*red, *green, *blue]),
                Response::Status => self.whole = true,
                _ => {}
            }
        }
        self.old_kitty |= kitty_version(piece).is_some_and(|version| version < FIRST_KITTY);
        if typed::is_answer(piece) { None } else { typed::event(piece) }
    }
}

/// Of `ESC P > | kitty(0.26.5) ESC \`: 0 and 26.
fn kitty_version(piece: &[u8]) -> Option<[u32; 2]> {
    let version = std::str::from_utf8(piece).ok()?.strip_prefix("\x1bP>|kitty(")?.split_once(')')?.0;
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}

/// From the window's size in pixels, where the terminal tells it.
pub fn cell_of_window() -> Option<(u16, u16)> {
    let window = window_size().ok()?;
    let cell = (window.width.checked_div(window.columns)?, window.height.checked_div(window.rows)?);
    (cell.0 > 0 && cell.1 > 0).then_some(cell)
}

/// Reads what the terminal answers until it has said all, `patience` ends, or nobody waits any more; hands over what a person types
/// meanwhile. Nothing else may read.
#[cfg(unix)]
pub fn listen(patience: Duration, waited_for: impl Fn() -> bool, mut typed: impl FnMut(Event)) -> Answer {
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let (input, end) = (io::stdin(), Instant::now() + patience);
    let (mut answer, mut bytes, mut buffer) = (Answer::default(), Vec::new(), [0; 256]);
    while !answer.whole && waited_for() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let left = left.min(GLANCE);
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) | Ok(0) => continue,
            Ok(1..) => {}
            Err(_) => break,
        }
        // A closed terminal says so to whoever reads next.
        let Ok(count @ 1..) = rustix::io::read(&input, &mut buffer) else { break };
        bytes.extend_from_slice(&buffer[..count]);
        while let Some(length) = typed::piece(&bytes) {
            answer.take(&bytes.drain(..length).collect::<Vec<u8>>()).into_iter().for_each(&mut typed);
        }
    }
    // What stands alone at the end is the Esc key, or the first half of something.
    typed::event(&bytes).into_iter().for_each(typed);
    answer
}

#[cfg(not(unix))]
pub fn listen(_: Duration, _: impl Fn() -> bool, _: impl FnMut(Event)) -> Answer {
    Answer::default()
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn heard(bytes: &[u8]) -> (Answer, Vec<Event>) {
        let (mut answer, mut keys, mut bytes) = (Answer::default(), Vec::new(), bytes.to_vec());
        while let Some(length) = typed::piece(&bytes) {
            keys.extend(answer.take(&bytes.drain(..length).collect::<Vec<u8>>()));
        }
        assert!(bytes.is_empty(), "{bytes:?} was left");
        (answer, keys)
    }

    fn answered(bytes: &[u8]) -> Answer {
        heard(bytes).0
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
    fn a_kitty_that_knows_no_placeholders_is_shown_half_blocks() {
        let shown = |version: &str| {
            let kitty = format!("\x1bP>|{version}\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c\x1b[6;18;9t\x1b[0n");
            answered(kitty.as_bytes()).protocol(ImageChoice::Auto)
        };
        for (version, protocol) in [
            ("kitty(0.26.5)", None),
            ("kitty(0.28.1)", Some(Protocol::Kitty)),
            ("kitty(1.0.0)", Some(Protocol::Kitty)),
            ("ghostty 1.2.0", Some(Protocol::Kitty)),
        ] {
            assert_eq!(shown(version), protocol, "{version}");
        }
    }

    #[test]
    fn sixel_is_the_fourth_attribute() {
        assert!(answered(b"\x1b[?62;4;22c\x1b[0n").sixel);
        assert!(!answered(b"\x1b[?62;22c\x1b[0n").sixel);
        assert!(!answered(b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?64c\x1b[0n").kitty);
    }

    #[test]
    fn keys_between_the_answers_are_kept_in_their_order() {
        let (answer, typed) = heard(b"q\x1b[?62;4c\x1b[Aj\x1b[6;20;10t\xc3\xa4\r\x1b[0n ");
        let keys = [KeyCode::Char('q'), KeyCode::Up, KeyCode::Char('j'), KeyCode::Char('ä'), KeyCode::Enter, KeyCode::Char(' ')];
        assert_eq!(typed, keys.map(key));
        assert_eq!((answer.sixel, answer.cell, answer.whole), (true, Some((10, 20)), true));
    }

    #[test]
    fn a_ground_is_light_or_dark_by_what_the_eye_sees_of_it() {
        for (colour, ground) in [
            ("ffff/ffff/ffff", Ground::Light),
            ("0000/0000/0000", Ground::Dark),
            ("fdfd/f6f6/e3e3", Ground::Light),
            ("0000/2b2b/3636", Ground::Dark),
            ("0000/0000/ffff", Ground::Dark),
        ] {
            for end in ["\x07", "\x1b\\"] {
                let (answer, typed) = heard(format!("\x1b]11;rgb:{colour}{end}\x1b[0n").as_bytes());
                assert_eq!((answer.ground(), answer.whole, typed.len()), (Some(ground), true, 0), "{colour}{end:?}");
            }
        }
        assert_eq!(answered(b"\x1b[0n").ground(), None);
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
