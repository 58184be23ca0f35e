//! `alexscope data fetch`: CIFAR-10 with a progress bar; and the same for the training thread, without one.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use color_eyre::eyre::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::dataset::fetch::{CIFAR10, Origin, fetch};
use crate::signals;
use crate::worker::Fetch;

/// Fetches CIFAR-10 into `data`, showing how far it has come; a signal stops it and keeps what came. Returns the exit status.
pub fn run(from: Option<&str>, data: &Path) -> Result<u8> {
    let origin = from.map_or(Origin::HomePage, Origin::parse);
    let cancelled = Arc::new(AtomicBool::new(false));
    let signals = signals::listen(signals::ENDING)?;
    let asked_to_stop = cancelled.clone();
    let listener = thread::Builder::new().name("stop".into()).spawn(move || {
        let signal = signals.recv().ok();
        asked_to_stop.store(true, Ordering::Relaxed);
        signal
    })?;
    let bar = bar();
    let mut progress = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let fetched = fetch(&origin, data, &mut progress, &cancelled);
    bar.finish_and_clear();
    if cancelled.load(Ordering::Relaxed)
        && let Ok(Some(signal)) = listener.join()
    {
        eprintln!("stopped; the next fetch goes on where this one stopped");
        return Ok(signals::exit_status(signal));
    }
    let fetched = fetched?;
    let what = if fetched.already_there { "is already in" } else { "is now in" };
    println!("CIFAR-10 {what} {}", fetched.folder.display());
    Ok(0)
}

fn bar() -> ProgressBar {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(CIFAR10.bytes), target).with_style(style)
}

/// The fetch that a key in the cockpit starts, into `data`.
pub fn in_background(data: &Path) -> Fetch {
    let data = data.to_path_buf();
    Arc::new(move |progress, cancelled| {
        let fetched = fetch(&Origin::HomePage, &data, progress, cancelled).map_err(|error| error.to_string())?;
        Ok(fetched.folder.display().to_string())
    })
}
