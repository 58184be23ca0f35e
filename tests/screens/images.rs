//! Pictures finer than half blocks, over the screens that have any.

use std::time::Duration;

use alexscope::ui::graphics::{Graphics, ImageChoice, Protocol, Way};
use alexscope::ui::shell;
use alexscope::ui::theme::{Theme, ThemeName};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::fixture::Cockpit;
use crate::layer::{activated, answer, conv1, looking_at};

const WAY: Way = Way { protocol: Protocol::Sixel, cell: (8, 16), compressed: false, tmux: false };

/// The screen as the terminal gets it: drawn, and the pictures put over it.
fn frame(cockpit: &Cockpit, graphics: &mut Graphics) -> Buffer {
    let area = cockpit.app.area;
    let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
    let mut drawn = Buffer::empty(area);
    terminal
        .draw(|frame| {
            shell::view(&cockpit.app, frame.area(), frame.buffer_mut());
            graphics.draw(&cockpit.app, frame.buffer_mut());
            drawn = frame.buffer_mut().clone();
        })
        .unwrap();
    drawn
}

/// Draws until every picture of the screen is there.
fn settled(cockpit: &Cockpit, graphics: &mut Graphics) -> Buffer {
    let expected = shell::plates(&cockpit.app, cockpit.app.area).len();
    loop {
        let drawn = frame(cockpit, graphics);
        if pictures(&drawn) == expected {
            return drawn;
        }
        let prints = graphics.done().recv_timeout(Duration::from_secs(60)).expect("the encoder is silent");
        graphics.take(prints);
    }
}

fn pictures(drawn: &Buffer) -> usize {
    drawn.content.iter().filter(|cell| cell.symbol().contains("\x1bP")).count()
}

fn coloured(layer: &str, size: (u16, u16)) -> Cockpit {
    let mut cockpit = looking_at(layer, size);
    cockpit.app.theme = Theme::named(ThemeName::Dark);
    cockpit.app.true_colour = true;
    cockpit
}

#[test]
fn every_map_and_the_picture_lie_where_the_half_blocks_lay_and_all_text_stays() {
    for size in [(80, 24), (120, 40)] {
        let mut cockpit = coloured("conv1", size);
        answer(&mut cockpit, conv1());
        let plain = frame(&cockpit, &mut Graphics::default());
        let mut graphics = Graphics::default();
        graphics.open(Some(WAY));
        let drawn = settled(&cockpit, &mut graphics);
        let plates = shell::plates(&cockpit.app, cockpit.app.area);
        assert!(plates.len() > 10, "{} pictures", plates.len());
        for place in drawn.area.positions() {
            if plates.iter().any(|(plate, _)| plate.area.contains(place)) {
                let symbol = plain[place].symbol();
                assert!(symbol == "▀", "{symbol:?} at {place} is no part of a picture");
            } else {
                assert_eq!(drawn[place], plain[place], "at {place}");
            }
        }
    }
}

#[test]
fn half_blocks_are_drawn_where_the_terminal_takes_no_pictures_or_colours_are_few() {
    let mut cockpit = coloured("relu1", (120, 40));
    answer(&mut cockpit, activated());
    let plain = cockpit.terminal().backend().buffer().clone();
    assert_eq!(frame(&cockpit, &mut Graphics::default()), plain);
    let mut graphics = Graphics::default();
    graphics.open(Some(WAY));
    cockpit.app.theme = Theme::named(ThemeName::Mono);
    let plain = cockpit.terminal().backend().buffer().clone();
    assert_eq!(frame(&cockpit, &mut graphics), plain);
    cockpit.app.images = ImageChoice::Forced(Protocol::Sixel);
    assert!(pictures(&settled(&cockpit, &mut graphics)) > 0, "who asks for pictures gets them without colours too");
}

#[test]
fn a_box_over_pictures_is_whole_and_they_come_back_when_it_goes() {
    let mut cockpit = coloured("conv1", (120, 40));
    answer(&mut cockpit, conv1());
    let mut graphics = Graphics::default();
    graphics.open(Some(WAY));
    let before = pictures(&settled(&cockpit, &mut graphics));
    for (open, words) in [("?", "show or hide this list of keys"), (":", "> "), ("E", "export")] {
        cockpit.press(open);
        let drawn = frame(&cockpit, &mut graphics);
        let plain = cockpit.terminal().backend().buffer().clone();
        let plates = shell::plates(&cockpit.app, cockpit.app.area);
        assert!(plates.iter().any(|(_, covered)| *covered), "{words}: nothing is covered");
        for (plate, covered) in plates {
            let has_picture = drawn[plate.area.as_position()].symbol().contains("\x1bP");
            assert_ne!(has_picture, covered, "{words}: {:?}", plate.area);
            if covered {
                assert!(plate.area.positions().all(|place| drawn[place] == plain[place]), "{words}: {:?}", plate.area);
            }
        }
        cockpit.press("Esc");
        assert_eq!(pictures(&frame(&cockpit, &mut graphics)), before);
    }
    cockpit.press("1");
    assert_eq!(pictures(&frame(&cockpit, &mut graphics)), 0, "they stay on their screen");
}

#[test]
fn an_enlarged_map_has_its_mark_in_the_picture() {
    let mut cockpit = coloured("relu1", (120, 40));
    answer(&mut cockpit, activated());
    cockpit.press("Enter");
    let (plate, _) = shell::plates(&cockpit.app, cockpit.app.area).remove(0);
    let painted = (plate.paint)(330, 330);
    cockpit.press("Down");
    let (moved, _) = shell::plates(&cockpit.app, cockpit.app.area).remove(0);
    assert_eq!(moved.state.subject, plate.state.subject);
    assert_ne!(moved.state.look, plate.state.look);
    assert_ne!((moved.paint)(330, 330), painted);
}
