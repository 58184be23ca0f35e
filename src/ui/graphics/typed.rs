//! The terminal's input in pieces: a key, or an answer to a question. Only for the moment before the usual reader takes over.

use std::str;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

const ESC: u8 = 0x1b;

/// Bytes of the first piece; none where it is not whole yet.
pub fn piece(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [ESC, b'[', ref rest @ ..] => rest.iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|end| end + 3),
        // A string up to its terminator.
        [ESC, b'_' | b'P' | b']', ref rest @ ..] => {
            let end = rest.windows(2).position(|pair| pair == [ESC, b'\\']).map(|end| end + 4);
            end.or_else(|| rest.iter().position(|byte| *byte == 0x07).map(|end| end + 3))
        }
        [ESC, b'O', ..] => (bytes.len() > 2).then_some(3),
        [ESC, ESC, ..] => Some(1),
        [ESC, _, ..] => Some(2),
        [ESC] | [] => None,
        [first, ..] => {
            let length = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            (bytes.len() >= length).then_some(length)
        }
    }
}

/// Whether a piece is a terminal's answer rather than a key.
pub fn is_answer(piece: &[u8]) -> bool {
    match piece {
        [ESC, b'_' | b'P' | b']', ..] => true,
        [ESC, b'[', .., last] => matches!(last, b'c' | b't' | b'n'),
        _ => false,
    }
}

/// The key that a piece is; none where it is something else.
pub fn event(piece: &[u8]) -> Option<Event> {
    let code = match piece {
        [ESC] => KeyCode::Esc,
        [ESC, b'[' | b'O', rest @ ..] => match rest {
            b"A" => KeyCode::Up,
            b"B" => KeyCode::Down,
            b"C" => KeyCode::Right,
            b"D" => KeyCode::Left,
            b"H" => KeyCode::Home,
            b"F" => KeyCode::End,
            b"Z" => KeyCode::BackTab,
            b"5~" => KeyCode::PageUp,
            b"6~" => KeyCode::PageDown,
            b"P" => KeyCode::F(1),
            _ => return None,
        },
        [b'\r'] => KeyCode::Enter,
        [b'\t'] => KeyCode::Tab,
        [0x7f] => KeyCode::Backspace,
        [letter @ 0x01..=0x1a] => {
            let letter = char::from(letter - 1 + b'a');
            return Some(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
        }
        _ => KeyCode::Char(str::from_utf8(piece).ok()?.chars().next().filter(|letter| !letter.is_control())?),
    };
    Some(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}
