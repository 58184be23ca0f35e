//! Signals as messages.

use std::fs;
use std::io;
use std::process;
use std::thread;

use crossbeam_channel::{Receiver, bounded, select, unbounded};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

/// What asks a program to end.
pub const ENDING: &[i32] = &[SIGTERM, SIGHUP, SIGINT];
/// What stops a program for a while, and lets it go on.
pub const JOB_CONTROL: &[i32] = &[SIGTSTP, SIGCONT];

/// Listens for as long as the program runs; gives the signals' numbers.
pub fn listen(numbers: &[i32]) -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new(numbers.iter().filter(|number| **number != SIGHUP || !is_ignored(SIGHUP)))?;
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

/// Whether whoever started the program has it ignore a signal, as nohup does with SIGHUP. Linux tells; elsewhere none is.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Does what no signal need wait for, since nothing is lost with it: one that asks for the end ends the program at once. Reading a
/// folder of pictures may take minutes.
pub fn end_at_once<T>(signals: &Receiver<i32>, work: impl FnOnce() -> T) -> T {
    let (guard, done) = bounded::<()>(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                select! {
                    recv(done) -> _ => return,
                    recv(signals) -> signal => match signal {
                        Ok(signal) if ENDING.contains(&signal) => process::exit(exit_status(signal).into()),
                        Ok(SIGTSTP) => drop(signal_hook::low_level::raise(signal_hook::consts::SIGSTOP)),
                        Ok(_) => {}
                        Err(_) => return,
                    },
                }
            }
        });
        // Told by its end, also by that of a panic.
        let _guard = guard;
        work()
    })
}

/// The exit status of a program that a signal ended, as shells have it.
pub fn exit_status(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(1)
}
