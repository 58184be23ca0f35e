//! The terminal, taken and given back: raw mode, alternate screen, mouse, pasting, cursor.

use std::backtrace::Backtrace;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use ratatui::crossterm::style::{ResetColor, force_color_output};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use ratatui::layout::Rect;

use super::graphics;
use super::outlet::{self, Outlet};

/// How long a terminal may take to read what gives it back.
const PATIENCE: Duration = Duration::from_secs(2);

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Whether the terminal is taken: it is given back once only, whoever is the first to see that it must be.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while the cockpit has it. Dropping it gives it back, as does a panic of the thread that took it.
pub struct TakenTerminal {
    /// Never dropped: its drop shows the cursor, which [`give_back`] does, and panics where a vanished terminal takes no error.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Outlet>>>,
    hook_before: Hook,
}

impl TakenTerminal {
    pub fn take() -> io::Result<TakenTerminal> {
        let hook_before: Hook = Arc::from(panic::take_hook());
        // From here on a drop undoes what was done, also after an error half-way.
        let mut taken = TakenTerminal {
            terminal: ManuallyDrop::new(Terminal::new(CrosstermBackend::new(Outlet::open()?))?),
            hook_before: Arc::clone(&hook_before),
        };
        let screen_thread = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == screen_thread {
                give_back();
                hook_before(info);
            } else {
                // Another thread's panic is reported by whoever joins or catches it; here it would spoil the screen.
                tracing::error!("{info}\n{}", Backtrace::force_capture());
            }
        }));
        taken.enter()?;
        Ok(taken)
    }

    fn enter(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        // Whether there are colours is the theme's to say; NO_COLOR has chosen one without, unless another was asked for.
        force_color_output(true);
        enable_raw_mode()?;
        queue!(self.terminal.backend_mut(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, Hide)?;
        self.blank()
    }

    pub fn area(&self) -> io::Result<Rect> {
        let size = self.terminal.size()?;
        Ok(Rect::new(0, 0, size.width, size.height))
    }

    /// Whether the terminal has taken the frame before; one that reads slowly is shown fewer.
    pub fn is_ready(&self) -> bool {
        outlet::is_idle()
    }

    /// Asks the terminal something, before anything else is drawn.
    pub fn ask(&mut self, question: &str) -> io::Result<()> {
        self.terminal.backend_mut().write_all(question.as_bytes())?;
        self.terminal.backend_mut().flush()
    }

    /// Draws a frame in one piece, after some bytes that show nothing.
    pub fn draw(&mut self, before: &[u8], view: impl FnOnce(Rect, &mut Buffer)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.backend_mut().write_all(before)?;
        self.terminal.draw(|frame| view(frame.area(), frame.buffer_mut()))?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.backend_mut().flush()
    }

    /// The next frame is drawn on a blank screen. Unlike [`Terminal::clear`] this does not ask the terminal where its cursor
    /// is: one that does not answer would hold the first frame up for seconds.
    pub fn blank(&mut self) -> io::Result<()> {
        let area = self.area()?;
        self.terminal.resize(area)
    }

    /// Gives the terminal to the shell until the program is continued.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        let stopped = signal_hook::low_level::raise(signal_hook::consts::SIGSTOP);
        self.enter()?;
        stopped
    }

    /// Takes the terminal again after the program was stopped from outside, when the shell had it.
    pub fn retake(&mut self) -> io::Result<()> {
        self.enter()
    }
}

impl Drop for TakenTerminal {
    fn drop(&mut self) {
        give_back();
        // A hook must not be changed while panicking; the one in place has done its work then.
        if !thread::panicking() {
            let hook = Arc::clone(&self.hook_before);
            drop(panic::take_hook());
            panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

/// Restores the terminal. Errors are of no use here: there is nobody left to tell, and the terminal may be gone. One that does
/// not read within [`PATIENCE`] gets its settings back, if not its screen.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        if outlet::becomes_idle(PATIENCE)
            && let Ok(mut out) = outlet::direct()
        {
            let (done, wait) = bounded::<()>(1);
            let pictures = graphics::take_all_back();
            let restoring = thread::Builder::new().name("restore".into()).spawn(move || {
                let _ = out.write_all(&pictures);
                let _ = execute!(
                    out,
                    EndSynchronizedUpdate,
                    DisableBracketedPaste,
                    DisableMouseCapture,
                    ResetColor,
                    LeaveAlternateScreen,
                    Show
                );
                drop(done);
            });
            if restoring.is_ok() {
                // Ends when the other side is dropped.
                let _ = wait.recv_timeout(PATIENCE);
            }
        }
        let _ = disable_raw_mode();
    }
}
