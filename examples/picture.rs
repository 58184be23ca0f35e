//! Draws the cockpit of a recorded run as SVG: the picture in the README.
//!
//!     cargo run --release --example picture -- runs/2026-01-31-alexnet assets/cockpit.svg

use std::path::{Path, PathBuf};

use alexscope::export::{Ground, screen};
use alexscope::run::read_events;
use alexscope::session::{Event, Phase};
use alexscope::ui::app::{App, Msg};
use alexscope::ui::shell;
use alexscope::ui::theme::{Theme, ThemeName};
use alexscope::ui::update::update;
use color_eyre::eyre::{OptionExt, Result, eyre};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns and rows of the picture.
const SIZE: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [run, picture] = &arguments[..] else { return Err(eyre!("usage: picture RUN-FOLDER FILE.svg")) };
    draw(run, picture)
}

fn draw(run: &Path, picture: &Path) -> Result<()> {
    let events = read_events(&run.join("events.jsonl"))?;
    let model = events.iter().find_map(|stamped| match &stamped.event {
        Event::Started(header) => Some(header.model.clone()),
        _ => None,
    });
    let mut app =
        App::new(model.ok_or_eyre("the record does not say how the run was started")?, Theme::named(ThemeName::Dark), SIZE);
    // The run as it was while it was under way: without its end.
    let ends = |event: &Event| matches!(event, Event::Finished { .. } | Event::Phase { phase: Phase::Finished, .. });
    update(&mut app, Msg::Events(events.into_iter().filter(|stamped| !ends(&stamped.event)).collect()));
    app.toast = None;
    let mut buffer = Buffer::empty(SIZE);
    shell::view(&app, SIZE, &mut buffer);
    screen::save(&buffer, Ground::DARK, "alexscope: AlexNet learns CIFAR-10", picture)?;
    Ok(())
}
