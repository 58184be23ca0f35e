//! Signals as messages.

use std::io;
use std::thread;

use crossbeam_channel::{Receiver, unbounded};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

/// What asks a program to end.
pub const ENDING: &[i32] = &[SIGTERM, SIGHUP, SIGINT];
/// What stops a program for a while, and lets it go on.
pub const JOB_CONTROL: &[i32] = &[SIGTSTP, SIGCONT];

/// Listens for as long as the program runs; gives the signals' numbers.
pub fn listen(numbers: &[i32]) -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new(numbers)?;
    let (sender, receiver) = unbounded();
    thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            if sender.send(signal).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// The exit status of a program that a signal ended, as shells have it.
pub fn exit_status(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(1)
}
