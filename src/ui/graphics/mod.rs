//! Pictures finer than half blocks, where the terminal can show them: kitty's, iTerm2's or sixel images through `ratatui-image`.
//!
//! Screens draw half blocks and name the places where a picture lies, as [`Plate`]s. A thread of its own turns plates into what the
//! terminal takes; until that is there, the picture before stays, or the half blocks. No frame waits.

mod encoder;
mod plate;
mod query;
mod typed;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, never};
use ratatui::buffer::Buffer;
use ratatui::widgets::Widget;
use ratatui_image::Image;

use self::encoder::{Encoder, Portion, Print, Wish};
pub use self::plate::{Paint, Plate, State, digest};
pub use self::query::{Answer, listen, question};
use super::app::App;
use super::shell;
use super::widgets::raster::Depth;

/// How pictures are to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageChoice {
    /// As well as the terminal says that it can.
    #[default]
    Auto,
    HalfBlocks,
    Forced(Protocol),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    Kitty,
    Iterm2,
    Sixel,
}

/// How the terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub protocol: Protocol,
    /// Width and height of a cell in pixels.
    pub cell: (u16, u16),
    /// Kitty only: what is sent may be compressed.
    pub compressed: bool,
    /// Everything must be passed through tmux.
    pub tmux: bool,
}

/// Numbers of the pictures that a kitty keeps for this program, so that they can be taken back whatever happens.
static KEPT: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// What the screen's thread knows of the pictures on the screen.
#[derive(Default)]
pub struct Graphics {
    way: Option<Way>,
    /// A cell by the window's size in pixels, where the terminal tells it.
    window: Option<(u16, u16)>,
    encoder: Option<Encoder>,
    /// By what they show.
    prints: HashMap<u64, Print>,
    /// What the newest frame shows.
    in_view: HashSet<u64>,
    /// What was asked for last.
    asked: Vec<State>,
}

impl Graphics {
    /// From now on pictures go this way; without one all is half blocks.
    pub fn open(&mut self, way: Option<Way>) {
        self.forget();
        (self.way, self.window) = (way, query::cell_of_window());
        self.encoder = way.and_then(|_| self.encoder.take().or_else(|| Encoder::start().ok()));
    }

    pub fn way(&self) -> Option<Way> {
        self.way
    }

    /// Pictures that are done; none comes where no terminal takes any.
    pub fn done(&self) -> Receiver<Portion> {
        self.encoder.as_ref().map_or_else(never, |encoder| encoder.done.clone())
    }

    /// Takes pictures in that are done, unless they are not wanted any more.
    pub fn take(&mut self, portion: Portion) {
        for print in portion.prints.into_iter().filter(|print| self.in_view.contains(&print.state.subject)) {
            self.prints.insert(print.state.subject, print);
        }
    }

    /// The screen is blank: everything must be sent anew.
    pub fn forget(&mut self) {
        self.prints.clear();
        self.asked.clear();
    }

    /// The window has another size, and with it perhaps its letters.
    pub fn resized(&mut self) {
        self.forget();
        let window = query::cell_of_window();
        if let (Some(way), Some(now), Some(before)) = (&mut self.way, window, self.window)
            && now != before
        {
            way.cell = now;
        }
        self.window = window;
    }

    /// Puts the pictures of the open screen over their half blocks, as far as they are done, and asks for those that are not.
    pub fn draw(&mut self, app: &App, buf: &mut Buffer) {
        let plates = if self.is_wanted(app) { shell::plates(app, buf.area) } else { Vec::new() };
        self.show(plates, buf);
    }

    fn is_wanted(&self, app: &App) -> bool {
        let few_colours = matches!(app.depth(), Depth::Shades { .. });
        self.way.is_some() && (!few_colours || matches!(app.images, ImageChoice::Forced(_)))
    }

    fn show(&mut self, plates: Vec<(Plate, bool)>, buf: &mut Buffer) {
        self.in_view = plates.iter().map(|(plate, _)| plate.state.subject).collect();
        self.prints.retain(|subject, _| self.in_view.contains(subject));
        for (plate, covered) in &plates {
            if let Some(print) = self.prints.get(&plate.state.subject).filter(|_| !covered) {
                for place in plate.area.positions() {
                    buf[place].reset();
                }
                Image::new(&print.image).render(plate.area, buf);
                print.is_kept();
            }
        }
        let is_done = |plate: &Plate| self.prints.get(&plate.state.subject).is_some_and(|print| print.state == plate.state);
        let missing: Vec<Plate> = plates.into_iter().map(|(plate, _)| plate).filter(|plate| !is_done(plate)).collect();
        let states: Vec<State> = missing.iter().map(|plate| plate.state).collect();
        if let (Some(way), Some(encoder)) = (self.way, &mut self.encoder)
            && states != self.asked
        {
            self.asked = states;
            if !missing.is_empty() {
                encoder.ask(Wish { way, plates: missing });
            }
        }
    }

    /// What takes those pictures back from a kitty that are shown no more.
    pub fn leftovers(&self) -> Vec<u8> {
        let shown: HashSet<u32> = self.prints.values().filter_map(|print| print.number).collect();
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<u32> = kept.iter().copied().filter(|number| !shown.contains(number)).collect();
        kept.retain(|number| shown.contains(number));
        deletions(&gone, self.way.is_some_and(|way| way.tmux))
    }
}

/// What takes all pictures back from a kitty; for the end, whatever led to it.
pub fn take_all_back() -> Vec<u8> {
    // A panic may have come while the list was being changed: then it is left alone.
    let numbers = KEPT.try_lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default();
    deletions(&numbers, query::in_tmux())
}

/// Deletes images with their data (kitty's graphics protocol, "Deleting images").
fn deletions(numbers: &[u32], tmux: bool) -> Vec<u8> {
    let (start, escape, end) = ratatui_image::picker::cap_parser::Parser::tmux_start_escape_end(tmux);
    let deletion = |number: &u32| format!("{start}{escape}_Ga=d,d=I,q=2,i={number}{escape}\\{end}");
    numbers.iter().map(deletion).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests;
