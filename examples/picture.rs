//! Draws the cockpit of a recorded run as SVG, as it was at a step: the picture in the README.
//!
//!     cargo run --release --example picture -- runs/RUN assets/cockpit.svg [STEP]

use std::path::Path;

use alexscope::export::{Ground, screen};
use alexscope::run::read_events;
use alexscope::session::{Event, Stamped};
use alexscope::ui::app::{App, Msg};
use alexscope::ui::shell;
use alexscope::ui::theme::{Theme, ThemeName};
use alexscope::ui::update::update;
use color_eyre::eyre::{OptionExt, Result, WrapErr, eyre};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns and rows of the picture.
const SIZE: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (run, picture, step) = match &arguments[..] {
        [run, picture] => (run, picture, u64::MAX),
        [run, picture, step] => {
            (run, picture, step.parse().wrap_err_with(|| format!("STEP is the number of a step, not `{step}`"))?)
        }
        _ => return Err(eyre!("usage: picture RUN-FOLDER FILE.svg [STEP]")),
    };
    let events = until(step, read_events(&Path::new(run).join("events.jsonl"))?);
    draw(events, Path::new(picture))
}

/// The events up to the end of a step.
fn until(last: u64, events: Vec<Stamped>) -> Vec<Stamped> {
    let is_later = |event: &Event| matches!(event, Event::Step(stats) if stats.step > last);
    events.into_iter().take_while(|stamped| !is_later(&stamped.event)).collect()
}

fn draw(events: Vec<Stamped>, picture: &Path) -> Result<()> {
    let model = events.iter().find_map(|stamped| match &stamped.event {
        Event::Started(header) => Some(header.model.clone()),
        _ => None,
    });
    let mut app =
        App::new(model.ok_or_eyre("the record does not say how the run was started")?, Theme::named(ThemeName::Dark), SIZE);
    update(&mut app, Msg::Events(events));
    let mut buffer = Buffer::empty(SIZE);
    shell::view(&app, SIZE, &mut buffer);
    screen::save(&buffer, Ground::DARK, "alexscope: AlexNet learns CIFAR-10", picture)?;
    Ok(())
}
