//! A log in the run's folder: what a screen has no place for.

use std::backtrace::Backtrace;
use std::fs::OpenOptions;
use std::panic;
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

/// Writes the program's log to `log.txt` in `folder` from now on. Of several runs in one program the first one's folder keeps
/// it. A folder that takes no file costs the log and nothing else.
pub fn to_folder(folder: &Path) {
    let Ok(file) = OpenOptions::new().create(true).append(true).open(folder.join("log.txt")) else { return };
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_max_level(LevelFilter::INFO).with_writer(Mutex::new(file)).finish();
    // Refused where there is one already, which is what is wanted.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// From now on a panic leaves its words and its backtrace in the log, before what is done about it otherwise.
pub fn panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        tracing::error!("{info}\n{}", Backtrace::force_capture());
        before(info);
    }));
}
