//! Writes to the terminal in a thread of its own: a terminal that stops reading holds nobody up but that thread.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

/// Pieces that the terminal has not taken yet.
static PENDING: AtomicUsize = AtomicUsize::new(0);

/// Gathers what is written to it; a flush hands it to the thread that writes, and never waits.
#[derive(Debug)]
pub struct Outlet {
    gathered: Vec<u8>,
    pieces: Sender<Vec<u8>>,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Outlet {
    pub fn open() -> io::Result<Outlet> {
        let (pieces, to_write) = unbounded();
        let failure = Arc::new(Mutex::new(None));
        let (mut out, failed) = (direct()?, Arc::clone(&failure));
        // Never waited for: it may hang for as long as the terminal does.
        thread::Builder::new().name("output".into()).spawn(move || write_all(&mut out, &to_write, &failed))?;
        Ok(Outlet { gathered: Vec::new(), pieces, failure })
    }
}

fn write_all(out: &mut dyn Write, pieces: &Receiver<Vec<u8>>, failed: &Mutex<Option<io::Error>>) {
    for piece in pieces {
        if let Err(error) = out.write_all(&piece).and_then(|()| out.flush()) {
            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        PENDING.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// An error of an earlier piece shows here.
    fn flush(&mut self) -> io::Result<()> {
        if let Some(error) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        if !self.gathered.is_empty() {
            PENDING.fetch_add(1, Ordering::SeqCst);
            let piece = std::mem::take(&mut self.gathered);
            self.pieces.send(piece).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        Ok(())
    }
}

/// Whether the terminal has taken all that was written.
pub fn is_idle() -> bool {
    PENDING.load(Ordering::SeqCst) == 0
}

/// Waits until it has; false where it does not within `patience`.
pub fn becomes_idle(patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while !is_idle() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Standard output without the lock that a hanging writer would keep.
pub fn direct() -> io::Result<Box<dyn Write + Send>> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(Box::new(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?)))
    }
    #[cfg(not(unix))]
    Ok(Box::new(io::stdout()))
}
