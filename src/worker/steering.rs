//! Commands: when they are taken, and who carries them out.

use std::time::Instant;

use crossbeam_channel::{TryRecvError, select};

use super::{Desk, FEED};
use crate::engine::Engine;
use crate::session::{Command, Event};

impl Desk {
    /// Takes all commands that wait.
    pub(super) fn take_commands(&mut self, engine: &mut Engine) {
        loop {
            match self.link.commands.try_recv() {
                Ok(command) => self.command(engine, command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.nobody_steers(engine);
                    break;
                }
            }
        }
        while let Ok(state) = self.fetch_out.try_recv() {
            self.emit(Event::Fetch(state));
        }
        self.take_reports();
        if let Some((at, reason)) = self.save_again
            && at <= Instant::now()
        {
            self.save_again = None;
            engine.want_save(reason);
        }
    }

    /// Waits for the next command, feeding whoever watches.
    pub(super) fn wait(&mut self, engine: &mut Engine) {
        self.take_reports();
        self.look(engine, true);
        self.flush();
        let commands = self.link.commands.clone();
        let fetched = self.fetch_out.clone();
        select! {
            recv(commands) -> command => match command {
                Ok(command) => self.command(engine, command),
                Err(_) => self.nobody_steers(engine),
            },
            recv(fetched) -> state => if let Ok(state) = state {
                self.emit(Event::Fetch(state));
            },
            // What the screen had no room for is offered again.
            default(FEED) => {}
        }
    }

    /// Whoever steered is gone: keep what was learned, then stop.
    fn nobody_steers(&mut self, engine: &mut Engine) {
        let events = engine.command(Command::Stop { save: true });
        self.emit_all(events);
    }

    fn command(&mut self, engine: &mut Engine, command: Command) {
        match command {
            Command::WatchLayers(watched) => {
                self.watched = watched;
                self.observed = None;
            }
            Command::Watch(probe) => self.lookout.watch(probe, engine.position().step),
            Command::FetchData => self.start_fetch(),
            Command::TestRate => self.rate_test_due = true,
            command => {
                let events = engine.command(command);
                self.emit_all(events);
            }
        }
    }

    /// Shows the network to whoever watches.
    pub(super) fn look(&mut self, engine: &Engine, idle: bool) {
        self.lookout.look(engine, &self.link.seen, idle);
    }
}
