//! The thread that reads the terminal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use ratatui::crossterm::event::{self, Event};

use crate::fault;

/// How soon the thread notices that it is not needed any more.
const PATIENCE: Duration = Duration::from_millis(50);
/// Keys that may wait while a frame is drawn.
const WAITING: usize = 1024;

/// Ends the thread when dropped, so that a later cockpit has the terminal's input to itself.
pub struct InputThread {
    pub events: Receiver<io::Result<Event>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl InputThread {
    pub fn start() -> io::Result<InputThread> {
        let (sender, events) = bounded(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("input".into()).spawn(move || read(&sender, &stopped))?;
        Ok(InputThread { events, stop, thread })
    }
}

fn read(sender: &Sender<io::Result<Event>>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let event = match event::poll(PATIENCE) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        fault::point("input");
        let failed = event.is_err();
        // A full channel is a key too many while the screen hangs: dropping it is better than to hang as well.
        if sender.try_send(event).is_err_and(|error| error.is_disconnected()) || failed {
            return;
        }
    }
}

impl Drop for InputThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // On a terminal that has vanished crossterm reads the end of input without end (0.29): such a thread is left behind,
        // since waiting for it would keep the program alive for ever.
        let patience = Instant::now() + 4 * PATIENCE;
        while !self.thread.is_finished() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
