//! The cockpit: draws a run from its [`Session`](crate::session::Session) and turns keys into commands.
//!
//! The core is pure: [`update`](update::update) takes an [`App`](app::App) and a message and returns effects, [`view`](shell::view)
//! draws an app into a buffer; neither knows a clock, a channel or the terminal. [`run`] is the loop around them. It draws
//! only when something changed, and at most 30 times a second.

pub mod action;
pub mod app;
mod banner;
mod contest;
mod course;
pub mod dialog;
pub mod field;
mod figures;
mod footer;
pub mod graphics;
mod help;
mod input;
pub mod keys;
mod looking;
pub mod moments;
mod mouse;
mod outlet;
pub mod palette;
pub mod pinned;
mod rates;
pub mod screens;
pub mod sent;
pub mod shell;
mod terminal;
pub mod theme;
pub mod twins;
pub mod update;
pub mod widgets;

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select};
use ratatui::buffer::Buffer;

use self::app::{App, Effect, Msg};
use self::graphics::Graphics;
use self::input::InputThread;
use self::screens::Screen;
use self::terminal::TakenTerminal;
use self::theme::{Theme, ThemeName};
use self::twins::Twins;
use self::update::update;
use crate::chart::Companion;
use crate::contest::Pair;
use crate::fault;
use crate::knobs::Settings;
use crate::link::{Link, PairNews};
use crate::probe::Seen;
use crate::session::{Command, Event, Stamped};
use crate::spec::ModelSpec;

pub use self::app::{ExportRequest, Recorded};
pub use self::contest::{Contest, Look};
pub use self::graphics::{ImageChoice, Protocol};

/// Frames are at least this far apart.
const FRAME: Duration = Duration::from_millis(33);
/// Where nothing but progress is to be shown: each frame takes a processor from the training for a moment, so a frame that was long in
/// the drawing is followed by a longer wait, up to a bound.
const PROGRESS: RangeInclusive<Duration> = Duration::from_millis(125)..=Duration::from_millis(500);
/// Of the time, one part in so many may go into drawing progress.
const PROGRESS_SHARE: u32 = 400;
/// Where the open screen shows no step either: no more than a sign of life.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// How soon what changed is to be seen, the least pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Haste {
    /// Steps were taken.
    Progress,
    /// Something new was seen inside the network.
    Seen,
    /// A key's effect, a milestone.
    Now,
}

/// Writes a chart or the screen to a file and says where, or why not.
pub type Export = Box<dyn FnMut(ExportRequest) -> Result<String, String>>;

pub struct UiOptions {
    pub model: ModelSpec,
    /// What the record of a run that goes on holds already.
    pub past: Vec<Stamped>,
    /// Other runs that are drawn beside this one.
    pub companions: Vec<Companion>,
    /// The comparison that the run is part of.
    pub contest: Option<Contest>,
    /// The run is the first of two in step with each other, of which this is told more.
    pub twins: Option<(Pair, Receiver<PairNews>)>,
    /// What is shown first, and how.
    pub look: Look,
    /// The terminal shows any colour, not only 256.
    pub true_colour: bool,
    /// Look on, change nothing.
    pub readonly: bool,
    /// Leave by itself when the run has ended.
    pub leave_at_end: bool,
    /// A record is looked at: nobody trains here, so there is nothing to save or to wait for.
    pub recorded: Option<Recorded>,
    /// CIFAR-10 is not there; Emoji-10 stands in for it.
    pub data_missing: bool,
    /// Numbers of signals that came. SIGTSTP and SIGCONT suspend and redraw, any other ends the cockpit.
    pub signals: Receiver<i32>,
    pub export: Export,
}

/// Why the cockpit was left.
#[derive(Clone, Debug, PartialEq)]
pub enum Exit {
    Quit,
    /// The trainer was told to save and stop; it may still be at it.
    Signal(i32),
    /// The trainer has stopped, and another run with these settings is wanted.
    NewRun {
        settings: Settings,
        /// The colours that were chosen meanwhile.
        theme: ThemeName,
    },
    /// The trainer has stopped, and a run of an edited network is wanted.
    Edited {
        model: Box<ModelSpec>,
        settings: Settings,
        theme: ThemeName,
    },
    /// The trainer has saved and stopped; a run of its own is to go on from there.
    Fork {
        theme: ThemeName,
    },
    WorkerFailed(String),
    /// The run has ended, and others wait; where and how a person looked last.
    Ended(Look),
}

#[derive(Debug, thiserror::Error)]
pub enum UiError {
    #[error("the terminal cannot be set up for the cockpit: {0}; `alexscope train --headless` needs none")]
    Setup(io::Error),
    #[error("the terminal took no more output: {0}")]
    Output(io::Error),
    #[error("the terminal gave no more input: {0}")]
    Input(io::Error),
}

/// Shows the run at the other end of `link` until a person, a signal or the terminal's end closes the cockpit. The terminal
/// is as it was when this returns. On an error the trainer was told to save and stop.
pub fn run(link: Link, options: UiOptions) -> Result<Exit, UiError> {
    let mut terminal = TakenTerminal::take().map_err(UiError::Setup)?;
    let question = graphics::question(options.look.images, options.look.by_ground);
    if let Some(question) = &question {
        terminal.ask(question).map_err(UiError::Setup)?;
    }
    let input = InputThread::start(question.is_some()).map_err(UiError::Setup)?;
    let mut app = App::new(options.model, Theme::named(options.look.theme), terminal.area().map_err(UiError::Setup)?);
    app.companions = options.companions;
    app.contest = options.contest.map(Arc::new);
    let (pair, news) = options.twins.map_or((None, never()), |(pair, news)| (Some(pair), news));
    app.twins = pair.map(|pair| Arc::new(Twins::new(pair)));
    app.resume_look(options.look);
    let warned = options.past.last().is_some_and(|last| matches!(&last.event, Event::Notice(notice) if notice.warning));
    update(&mut app, Msg::Events(options.past));
    if !warned {
        // What was said then is no news now.
        app.toast = None;
    }
    app.true_colour = options.true_colour;
    app.readonly = options.readonly;
    app.leave_at_end = options.leave_at_end;
    app.recorded = options.recorded;
    app.data_missing = options.data_missing;
    let mut cockpit = Cockpit {
        app,
        graphics: Graphics::default(),
        terminal: &mut terminal,
        commands: link.commands.clone(),
        export: options.export,
        started: Instant::now(),
        changed: Some(Haste::Now),
        drawing: Duration::ZERO,
    };
    let left = cockpit.run(&input, (link.events, news), link.seen, options.signals);
    if left.is_err() {
        // Whoever asked for this run cannot steer it any more.
        let _ = link.commands.try_send(Command::Stop { save: true });
    }
    left
}

/// The loop's state.
struct Cockpit<'a> {
    app: App,
    graphics: Graphics,
    terminal: &'a mut TakenTerminal,
    commands: crossbeam_channel::Sender<Command>,
    export: Export,
    started: Instant,
    /// What changed since the last frame, if anything.
    changed: Option<Haste>,
    /// What the last frame took.
    drawing: Duration,
}

impl Cockpit<'_> {
    fn run(
        &mut self,
        input: &InputThread,
        (mut events, mut news): (Receiver<Vec<Stamped>>, Receiver<PairNews>),
        mut seen: Receiver<Box<Seen>>,
        mut signals: Receiver<i32>,
    ) -> Result<Exit, UiError> {
        let mut tried = None::<Instant>;
        loop {
            let mut frame_due = tried.map_or_else(Instant::now, |tried| tried + self.pace());
            if self.changed.is_some() && Instant::now() >= frame_due {
                if self.terminal.is_ready() {
                    self.draw()?;
                }
                let now = Instant::now();
                (tried, frame_due) = (Some(now), now + self.pace());
            }
            let wake = match (self.changed.is_some(), self.app.deadline()) {
                (true, _) => at(frame_due),
                (false, Some(deadline)) => at(self.started + deadline),
                (false, None) => never(),
            };
            let done = self.graphics.done();
            let msg = select! {
                recv(input.events) -> event => match event {
                    Ok(Ok(event)) => Some(Msg::Input(event)),
                    Ok(Err(error)) => return Err(UiError::Input(error)),
                    Err(_) => return Err(UiError::Input(io::ErrorKind::UnexpectedEof.into())),
                },
                recv(input.answer) -> answer => {
                    if let Ok(answer) = answer {
                        answer.ground().into_iter().for_each(|ground| self.app.suit(ground));
                        self.graphics.open(answer.way(self.app.images));
                        self.changed = Some(Haste::Now);
                    }
                    None
                },
                recv(done) -> portion => {
                    if let Ok(portion) = portion {
                        self.app.looking.encoded(portion.took);
                        self.graphics.take(portion);
                    }
                    self.changed = Some(Haste::Now);
                    None
                },
                recv(events) -> batch => Some(batch.map_or_else(|_| { events = never(); Msg::WorkerGone }, Msg::Events)),
                recv(news) -> batch => batch.map_or_else(|_| { news = never(); None }, |batch| Some(Msg::News(batch))),
                recv(seen) -> newest => newest.map_or_else(|_| { seen = never(); None }, |newest| Some(Msg::Seen(newest))),
                recv(signals) -> signal => signal.map_or_else(|_| { signals = never(); None }, |number| Some(Msg::Signal(number))),
                recv(wake) -> _ => None,
            };
            if let Some(exit) = self.take(msg)? {
                return Ok(exit);
            }
        }
    }

    /// How far apart frames are now.
    fn pace(&self) -> Duration {
        match (self.changed, self.app.screen) {
            (Some(Haste::Now), _) => FRAME,
            (Some(Haste::Progress), Screen::Layer | Screen::Predictions | Screen::Explain) => ELSEWHERE,
            _ => (self.drawing * PROGRESS_SHARE).clamp(*PROGRESS.start(), *PROGRESS.end()),
        }
    }

    fn draw(&mut self) -> Result<(), UiError> {
        let area = self.terminal.area().map_err(UiError::Output)?;
        if std::mem::replace(&mut self.app.area, area) != area {
            self.graphics.resized();
        }
        self.changed = None;
        fault::point("draw");
        let start = Instant::now();
        let (app, graphics) = (&self.app, &mut self.graphics);
        let leftovers = graphics.leftovers();
        let view = |area, buf: &mut Buffer| {
            shell::view(app, area, buf);
            graphics.draw(app, buf);
        };
        self.terminal.draw(&leftovers, view).map_err(UiError::Output)?;
        self.drawing = start.elapsed();
        Ok(())
    }

    /// Lets the application take a message in, and does what follows from it.
    fn take(&mut self, msg: Option<Msg>) -> Result<Option<Exit>, UiError> {
        let had_toast = self.app.toast.is_some();
        if matches!(msg, Some(Msg::Input(_))) {
            fault::point("key");
        }
        let mut effects = update(&mut self.app, Msg::Time(self.started.elapsed()));
        if had_toast != self.app.toast.is_some() {
            self.changed = Some(Haste::Now);
        }
        if let Some(msg) = msg {
            self.changed = self.changed.max(Some(haste(&msg)));
            effects.extend(update(&mut self.app, msg));
        }
        for effect in effects {
            if let Some(exit) = self.perform(effect)? {
                return Ok(Some(exit));
            }
        }
        Ok(None)
    }

    fn perform(&mut self, effect: Effect) -> Result<Option<Exit>, UiError> {
        if matches!(effect, Effect::Suspend | Effect::Retake | Effect::Redraw) {
            // What the terminal had of pictures goes with the screen.
            self.graphics.forget();
        }
        match effect {
            Effect::Send(command) => {
                if let Err(crossbeam_channel::TrySendError::Full(command)) = self.commands.try_send(command) {
                    update(&mut self.app, Msg::Busy(command));
                }
            }
            Effect::Export(request) => {
                let written = (self.export)(request);
                update(&mut self.app, Msg::Exported(written));
            }
            Effect::Suspend => self.terminal.suspend().map_err(UiError::Output)?,
            Effect::Retake => self.terminal.retake().map_err(UiError::Output)?,
            Effect::Redraw => self.terminal.blank().map_err(UiError::Output)?,
            Effect::Leave(exit) => return Ok(Some(exit)),
        }
        Ok(None)
    }
}

fn haste(msg: &Msg) -> Haste {
    match msg {
        Msg::Events(events) if events.iter().all(|stamped| stamped.event.is_mergeable()) => Haste::Progress,
        Msg::Time(_) | Msg::News(_) => Haste::Progress,
        Msg::Seen(_) => Haste::Seen,
        _ => Haste::Now,
    }
}
