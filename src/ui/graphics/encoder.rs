//! The thread that turns plates into what the terminal takes.

use std::collections::HashSet;
use std::io;
use std::process;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use image::{DynamicImage, Rgba, RgbaImage};
use ratatui::layout::Size;
use ratatui_image::protocol::Protocol as Encoded;
use ratatui_image::protocol::iterm2::Iterm2;
use ratatui_image::protocol::kitty::Kitty;
use ratatui_image::protocol::sixel::Sixel;

use super::plate::{Plate, State};
use super::{KEPT, Protocol, Way};

/// Pictures that took this long are handed over, although others are still to come.
const PORTION: Duration = Duration::from_millis(60);
/// Newer pictures of what is shown already may take one part in so many of a processor's time, times the processors there are:
/// whoever looks must not slow the training down.
const SHARE: u32 = 50;
const LONGEST_REST: Duration = Duration::from_secs(15);
/// What was shown once and would be told from something new, at most.
const REMEMBERED: usize = 4_096;

/// What is to be turned into pictures.
pub struct Wish {
    pub way: Way,
    pub plates: Vec<Plate>,
}

/// A picture as the terminal takes it.
pub struct Print {
    pub state: State,
    pub image: Encoded,
    /// Under which a kitty keeps it.
    pub number: Option<u32>,
}

impl Print {
    /// It goes to the terminal, which keeps it until it is taken back.
    pub fn is_kept(&self) {
        if let Some(number) = self.number {
            let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.contains(&number) {
                kept.push(number);
            }
        }
    }
}

/// Pictures that are done, and how long that took.
pub struct Portion {
    pub prints: Vec<Print>,
    pub took: Duration,
}

/// The other end of the thread; it ends when this is dropped.
pub struct Encoder {
    wishes: Sender<Wish>,
    /// The same wishes: an older one makes room for a newer.
    older: Receiver<Wish>,
    pub done: Receiver<Portion>,
}

impl Encoder {
    pub fn start() -> io::Result<Encoder> {
        let (wishes, older) = bounded(1);
        let (prints, done) = unbounded();
        let taken = older.clone();
        thread::Builder::new().name("images".into()).spawn(move || Work::new(taken, prints).run())?;
        Ok(Encoder { wishes, older, done })
    }

    /// Only the newest wish counts.
    pub fn ask(&mut self, wish: Wish) {
        let _ = self.older.try_recv();
        let _ = self.wishes.try_send(wish);
    }
}

struct Work {
    wishes: Receiver<Wish>,
    prints: Sender<Portion>,
    /// What was asked for before, however its values were: what comes again is a newer picture of the same.
    known: HashSet<(u64, u64)>,
    rested: Instant,
    /// Pictures made so far.
    made: u16,
}

impl Work {
    fn new(wishes: Receiver<Wish>, prints: Sender<Portion>) -> Work {
        Work { wishes, prints, known: HashSet::new(), rested: Instant::now(), made: 0 }
    }

    fn run(&mut self) {
        let mut next = self.wishes.recv().ok();
        while let Some(wish) = next {
            next = match self.newer_while_resting(&wish) {
                Ok(newer) => Some(newer),
                Err(RecvTimeoutError::Timeout) => {
                    let start = Instant::now();
                    let Some(newer) = self.fulfil(wish) else { return };
                    let processors = thread::available_parallelism().map_or(1, |count| count.get() as u32);
                    self.rested = Instant::now() + (start.elapsed() * SHARE / processors).min(LONGEST_REST);
                    newer.or_else(|| self.wishes.recv().ok())
                }
                Err(RecvTimeoutError::Disconnected) => None,
            };
        }
    }

    /// A newer wish that comes before it is time for this one.
    fn newer_while_resting(&self, wish: &Wish) -> Result<Wish, RecvTimeoutError> {
        match self.is_new(wish) {
            true => Err(RecvTimeoutError::Timeout),
            false => self.wishes.recv_deadline(self.rested),
        }
    }

    /// Whether a person sees something for the first time, rather than newer values of the same.
    fn is_new(&self, wish: &Wish) -> bool {
        wish.plates.iter().any(|plate| !self.known.contains(&(plate.state.subject, plate.state.look)))
    }

    /// Makes the pictures and hands them over, until something else is wanted; returns that, and none where nobody waits any more.
    fn fulfil(&mut self, wish: Wish) -> Option<Option<Wish>> {
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        self.known.extend(wish.plates.iter().map(|plate| (plate.state.subject, plate.state.look)));
        let (mut prints, mut begun, mut newer) = (Vec::new(), Instant::now(), None);
        for plate in &wish.plates {
            prints.extend(self.print(plate, wish.way));
            if begun.elapsed() >= PORTION {
                self.prints.send(Portion { prints: std::mem::take(&mut prints), took: begun.elapsed() }).ok()?;
                begun = Instant::now();
            }
            newer = self.wishes.try_recv().ok().or(newer);
            if newer.as_ref().is_some_and(|newer| self.is_new(newer)) {
                break;
            }
        }
        if !prints.is_empty() {
            self.prints.send(Portion { prints, took: begun.elapsed() }).ok()?;
        }
        Some(newer)
    }

    /// One that cannot be encoded stays as it is in half blocks.
    fn print(&mut self, plate: &Plate, way: Way) -> Option<Print> {
        let image = DynamicImage::ImageRgba8(painted(plate, way));
        let size = Size::new(plate.area.width, plate.area.height);
        let number = (way.protocol == Protocol::Kitty).then(|| self.number());
        let image = match (way.protocol, number) {
            (Protocol::Sixel, _) => Sixel::new(image, size, way.tmux).map(Encoded::Sixel),
            (Protocol::Kitty, Some(number)) => Kitty::new(image, size, number, way.tmux, way.compressed).map(Encoded::Kitty),
            (Protocol::Iterm2 | Protocol::Kitty, _) => Iterm2::new(image, size, way.tmux).map(Encoded::ITerm2),
        };
        image.inspect_err(|error| tracing::warn!("a picture stays in half blocks: {error}")).ok().map(|image| Print {
            state: plate.state,
            image,
            number,
        })
    }

    /// Of the next picture that a kitty keeps; other programs in the same window count from elsewhere.
    fn number(&mut self) -> u32 {
        self.made = self.made.wrapping_add(1);
        1 << 31 | (process::id() & 0x7fff) << 16 | u32::from(self.made)
    }
}

/// The picture in whole cells; what it does not cover is clear. A sixel knows nothing clear and ends where the picture does.
fn painted(plate: &Plate, way: Way) -> RgbaImage {
    let (cell_width, cell_height) = (usize::from(way.cell.0), usize::from(way.cell.1));
    // A dot is a cell wide and half a cell high.
    let (mut width, mut height) = (plate.dots.0 * cell_width, plate.dots.1 * cell_height / 2);
    if plate.square {
        (width, height) = (width.min(height), width.min(height));
    }
    let whole = |cells: u16, pixels: usize, covered: usize| {
        let all = usize::from(cells) * pixels;
        if way.protocol == Protocol::Sixel { all.min(covered).max(1) as u32 } else { all.max(1) as u32 }
    };
    let mut image = RgbaImage::new(whole(plate.area.width, cell_width, width), whole(plate.area.height, cell_height, height));
    for (at, dot) in (plate.paint)(width, height).iter().enumerate() {
        let (x, y) = ((at % width) as u32, (at / width) as u32);
        if let Some(pixel) = image.get_pixel_mut_checked(x, y) {
            let [red, green, blue] = dot.colour;
            *pixel = Rgba([red, green, blue, u8::MAX]);
        }
    }
    image
}
