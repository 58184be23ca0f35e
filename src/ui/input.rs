//! The thread that reads the terminal: first what it answers about itself, then keys and the mouse.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};

use super::graphics::{self, Answer};
use crate::fault;

/// How soon the thread notices that it is not needed any more.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long a terminal has to answer, which may be far away or busy to start; neither the first frame nor a key waits for it.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);
/// Letters of a late answer, at most.
const LONGEST_ANSWER: usize = 64;
/// Keys that may wait while a frame is drawn.
const WAITING: usize = 1024;

/// Ends the thread when dropped, so that a later cockpit has the terminal's input to itself.
pub struct InputThread {
    pub events: Receiver<io::Result<Event>>,
    /// What the terminal answered, where it was asked.
    pub answer: Receiver<Answer>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl InputThread {
    /// `asked`: a question is under way to the terminal.
    pub fn start(asked: bool) -> io::Result<InputThread> {
        let (sender, events) = bounded(WAITING);
        let (answered, answer) = bounded(1);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("input".into()).spawn(move || {
            let late = asked.then(|| listen(&sender, &answered, &stopped)).flatten();
            read(&sender, &stopped, late);
        })?;
        Ok(InputThread { events, answer, stop, thread })
    }
}

/// Hands over what the terminal answers, and the keys that came meanwhile. Returns what takes a late answer out, where one may come.
fn listen(sender: &Sender<io::Result<Event>>, answered: &Sender<Answer>, stop: &AtomicBool) -> Option<LateAnswer> {
    let typed = |key| {
        fault::point("input");
        drop(sender.try_send(Ok(key)));
    };
    let answer = graphics::listen(ANSWER_PATIENCE, || !stop.load(Ordering::Relaxed), typed);
    let late = (!answer.whole).then(LateAnswer::default);
    let _ = answered.send(answer);
    late
}

/// Takes an answer that comes too late out of what is typed: the usual reader knows no such strings and reads `ESC _ G i = 31 ; OK ESC \` and
/// `ESC ] 11 ; rgb:…` as letters, the first and the last with Alt. The other answers it drops by itself.
#[derive(Debug, Default)]
struct LateAnswer {
    /// Letters of an answer that has begun.
    within: Option<usize>,
}

impl LateAnswer {
    fn takes(&mut self, event: &Event) -> bool {
        let Event::Key(key) = event else { return false };
        let bell = key.code == KeyCode::Char('g') && key.modifiers.contains(KeyModifiers::CONTROL);
        let with_alt = |letter| key.code == KeyCode::Char(letter) && key.modifiers.contains(KeyModifiers::ALT);
        match self.within {
            None if ['_', ']', 'P'].into_iter().any(with_alt) => self.within = Some(0),
            None => return false,
            Some(letters) if with_alt('\\') || bell || letters >= LONGEST_ANSWER => self.within = None,
            Some(letters) => self.within = Some(letters + 1),
        }
        true
    }
}

fn read(sender: &Sender<io::Result<Event>>, stop: &AtomicBool, mut late: Option<LateAnswer>) {
    while !stop.load(Ordering::Relaxed) {
        let event = match event::poll(PATIENCE) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        fault::point("input");
        if let (Some(late), Ok(event)) = (&mut late, &event)
            && late.takes(event)
        {
            continue;
        }
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

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn a_late_answer_is_taken_out_and_keys_around_it_stay() {
        let mut late = LateAnswer::default();
        let key = |letter, modifiers| Event::Key(KeyEvent::new(KeyCode::Char(letter), modifiers));
        let answer = [('_', KeyModifiers::ALT)].into_iter().chain("Gi=31;OK".chars().map(|letter| (letter, KeyModifiers::NONE)));
        let typed =
            [('3', KeyModifiers::NONE)].into_iter().chain(answer).chain([('\\', KeyModifiers::ALT), ('q', KeyModifiers::NONE)]);
        let left: Vec<char> =
            typed.filter(|(letter, with)| !late.takes(&key(*letter, *with))).map(|(letter, _)| letter).collect();
        assert_eq!(left, ['3', 'q']);
    }
}
