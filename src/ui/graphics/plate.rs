//! A place on the screen where a picture lies.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::mosaic::{Dot, photograph};
use crate::probe::PictureSight;

/// Paints a picture with so many dots, row by row; may take a while.
pub type Paint = Arc<dyn Fn(usize, usize) -> Vec<Dot> + Send + Sync>;

#[derive(Clone)]
pub struct Plate {
    /// Cells.
    pub area: Rect,
    /// Half-block dots that it has, as wide and as high as the area or less.
    pub dots: (usize, usize),
    /// As high as wide, however a cell is; else it fills its dots.
    pub square: bool,
    pub state: State,
    pub paint: Paint,
}

/// What a picture shows, as far as it is to be told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The thing that it is of, and its size: an older picture of it may stay until the newer one is done.
    pub subject: u64,
    /// How it is shown; where that changes, a person waits.
    pub look: u64,
    /// Which answer of the network it shows.
    pub answer: u64,
}

impl Plate {
    /// A picture as people see it, so many dots wide and high.
    pub fn photograph(area: Rect, side: usize, sight: &PictureSight) -> Plate {
        let pixels = sight.pixels.clone();
        let answer = digest(&pixels);
        let paint = move |width: usize, _: usize| photograph(&pixels, width);
        let subject = digest(("photograph", &sight.name, (area.width, area.height), side));
        Plate { area, dots: (side, side), square: true, state: State { subject, look: 0, answer }, paint: Arc::new(paint) }
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plate").field("area", &self.area).field("dots", &self.dots).field("state", &self.state).finish()
    }
}

/// A number for something that is to be told from others.
pub fn digest(thing: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}
