use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::CellDiffOption;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::*;
use crate::mosaic::Dot;

const AREA: Rect = Rect { x: 2, y: 1, width: 4, height: 2 };
/// For a thread on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn way(protocol: Protocol) -> Way {
    Way { protocol, cell: (8, 16), compressed: false, tmux: false }
}

fn plate(subject: u64, answer: u64) -> Plate {
    let red = Dot::of_colour([200, 10, 10]);
    let paint: Paint = Arc::new(move |width, height| vec![red; width * height]);
    Plate { area: AREA, dots: (4, 4), square: false, state: State { subject, look: 0, answer }, paint }
}

/// A screen of text with half blocks where the picture lies.
fn screen() -> Buffer {
    let mut buf = Buffer::with_lines(["above it  ", "l.    right", "l.    right", "below     "]);
    AREA.positions().for_each(|place| {
        buf[place].set_symbol("▀").set_style(Style::new());
    });
    buf
}

fn show(graphics: &mut Graphics, plates: &[(Plate, bool)]) -> Buffer {
    let mut buf = screen();
    graphics.show(plates.to_vec(), &mut buf);
    buf
}

fn wait(graphics: &mut Graphics) {
    let portion = graphics.done().recv_timeout(PATIENCE).expect("the encoder is silent");
    assert!(portion.took > Duration::ZERO);
    graphics.take(portion);
}

fn opened(protocol: Protocol) -> Graphics {
    let mut graphics = Graphics::default();
    graphics.open(Some(way(protocol)));
    graphics
}

#[test]
fn half_blocks_stay_until_the_picture_is_there_and_no_text_beside_it_changes() {
    for (protocol, begin) in [(Protocol::Kitty, "\x1b_Gq=2,"), (Protocol::Iterm2, "\x1b]1337;File="), (Protocol::Sixel, "\x1bP")]
    {
        let mut graphics = opened(protocol);
        let plates = [(plate(1, 0), false)];
        assert_eq!(show(&mut graphics, &plates), screen(), "{protocol:?}");
        wait(&mut graphics);
        let drawn = show(&mut graphics, &plates);
        let first = drawn[AREA.as_position()].symbol();
        assert!(first.contains(begin), "{protocol:?}: {first:?}");
        for place in drawn.area.positions().filter(|place| !AREA.contains(*place)) {
            assert_eq!(drawn[place], screen()[place], "{protocol:?} at {place}");
        }
        for place in AREA.positions().skip(1) {
            let cell = &drawn[place];
            let covered = cell.diff_option == CellDiffOption::Skip || cell.symbol().contains('\u{10eeee}');
            assert!(covered, "{protocol:?} at {place}: {cell:?}");
        }
    }
}

#[test]
fn without_a_way_nothing_changes() {
    let mut graphics = Graphics::default();
    assert_eq!(show(&mut graphics, &[(plate(1, 0), false)]), screen());
    assert!(graphics.done().try_recv().is_err());
}

#[test]
fn the_picture_before_stays_until_the_newer_one_is_there_but_never_one_of_something_else() {
    let mut graphics = opened(Protocol::Sixel);
    show(&mut graphics, &[(plate(1, 0), false)]);
    wait(&mut graphics);
    let before = show(&mut graphics, &[(plate(1, 0), false)]);
    assert_eq!(show(&mut graphics, &[(plate(1, 1), false)]), before);
    assert_eq!(show(&mut graphics, &[(plate(2, 1), false)]), screen());
}

#[test]
fn what_lies_on_a_picture_is_not_painted_over() {
    let mut graphics = opened(Protocol::Sixel);
    show(&mut graphics, &[(plate(1, 0), false)]);
    wait(&mut graphics);
    assert_eq!(show(&mut graphics, &[(plate(1, 0), true)]), screen());
    assert_ne!(show(&mut graphics, &[(plate(1, 0), false)]), screen());
}

#[test]
fn a_picture_that_is_not_wanted_any_more_is_dropped_when_it_comes() {
    let mut graphics = opened(Protocol::Sixel);
    show(&mut graphics, &[(plate(1, 0), false)]);
    show(&mut graphics, &[]);
    wait(&mut graphics);
    assert!(graphics.prints.is_empty());
}

#[test]
fn a_kitty_is_told_to_forget_what_is_shown_no_more() {
    let mut graphics = opened(Protocol::Kitty);
    show(&mut graphics, &[(plate(1, 0), false)]);
    wait(&mut graphics);
    show(&mut graphics, &[(plate(1, 0), false)]);
    let number = graphics.prints[&1].number.unwrap();
    let forget = format!("\x1b_Ga=d,d=I,q=2,i={number}\x1b\\");
    let told = |graphics: &Graphics| String::from_utf8(graphics.leftovers()).unwrap().contains(&forget);
    assert!(!told(&graphics));
    show(&mut graphics, &[]);
    assert!(told(&graphics));
    assert!(!told(&graphics), "once");
}

#[test]
fn a_blank_screen_gets_every_picture_anew() {
    let mut graphics = opened(Protocol::Kitty);
    show(&mut graphics, &[(plate(1, 0), false)]);
    wait(&mut graphics);
    show(&mut graphics, &[(plate(1, 0), false)]);
    graphics.forget();
    assert_eq!(show(&mut graphics, &[(plate(1, 0), false)]), screen());
    wait(&mut graphics);
    let drawn = show(&mut graphics, &[(plate(1, 0), false)]);
    assert!(drawn[AREA.as_position()].symbol().contains("a=T,U=1"), "it is sent again");
}
