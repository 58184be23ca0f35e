//! An archive over HTTP into a partial file, taken up again where it broke off.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

use super::archive::{START, check_start};
use super::{Archive, CHUNK, FetchError, Patience, check_cancelled, checksum};

/// Connections for one download, whether they brought something or not.
const CONNECTIONS: usize = 20;
/// Connections in a row that bring nothing.
const FRUITLESS: usize = 3;
/// How often the cancellation is looked at while the server says nothing.
const WATCH: Duration = Duration::from_millis(50);

impl Archive<'_> {
    /// Brings `into/NAME.part` to its full length, checks it, and says where it is.
    pub(super) fn download(
        &self,
        url: &str,
        into: &Path,
        patience: Patience,
        progress: &mut dyn FnMut(u64, u64),
        cancelled: &AtomicBool,
    ) -> Result<PathBuf, FetchError> {
        let path = into.join(format!("{}.part", self.name));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(FetchError::at(&path))?;
        let mut part = Part { file, path, have: 0 };
        part.have = part.file.metadata().map_err(FetchError::at(&part.path))?.len();
        if part.have > self.bytes {
            part.empty()?;
        }
        let complete = self.complete_and_check(url, &mut part, patience, progress, cancelled);
        if complete.is_err() && part.have == 0 {
            // An empty part is of no use; the error that matters is the first one.
            let _ = fs::remove_file(&part.path);
        }
        complete.map(|()| part.path)
    }

    /// Until all bytes are there and are the right ones.
    fn complete_and_check(
        &self,
        url: &str,
        part: &mut Part,
        patience: Patience,
        progress: &mut dyn FnMut(u64, u64),
        cancelled: &AtomicBool,
    ) -> Result<(), FetchError> {
        let mut old = part.have > 0;
        loop {
            self.complete(url, part, patience, progress, cancelled)?;
            part.file.sync_all().map_err(FetchError::at(&part.path))?;
            let Err(error) = self.check_sum(url, checksum(&part.path, cancelled)?) else { return Ok(()) };
            part.empty()?;
            // The bytes of an earlier fetch may have been of another file: once from the beginning.
            if !std::mem::take(&mut old) {
                return Err(error);
            }
        }
    }

    /// Connects until all bytes are there.
    fn complete(
        &self,
        url: &str,
        part: &mut Part,
        patience: Patience,
        progress: &mut dyn FnMut(u64, u64),
        cancelled: &AtomicBool,
    ) -> Result<(), FetchError> {
        let mut fruitless = 0;
        for connection in 1.. {
            progress(part.have, self.bytes);
            if part.have == self.bytes {
                break;
            }
            let before = part.have;
            match watched(patience, cancelled, |agent| self.receive(agent, url, part, progress, cancelled)) {
                Ok(()) => {}
                Err(broke_off @ FetchError::BrokeOff { .. }) => {
                    fruitless = if part.have > before { 0 } else { fruitless + 1 };
                    if fruitless == FRUITLESS || connection == CONNECTIONS {
                        return Err(broke_off);
                    }
                    thread::sleep(patience.pause);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One request, and its body into the partial file.
    fn receive(
        &self,
        agent: &Agent,
        url: &str,
        part: &mut Part,
        progress: &mut dyn FnMut(u64, u64),
        cancelled: &AtomicBool,
    ) -> Result<(), FetchError> {
        check_cancelled(cancelled)?;
        // Compression on the way would make a range a range of something else.
        let mut request = agent.get(url).header(header::ACCEPT_ENCODING, "identity");
        if part.have > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", part.have));
        }
        let response = request.call().map_err(|error| {
            check_cancelled(cancelled)
                .err()
                .unwrap_or_else(|| FetchError::Unreachable { url: url.into(), reason: error.to_string() })
        })?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                if content_range(&response) != Some((part.have, self.bytes)) {
                    return self.begin_again(url, part, "the server sent another range than the one asked for");
                }
            }
            StatusCode::RANGE_NOT_SATISFIABLE => return self.begin_again(url, part, "the server has no such range"),
            // A server without ranges begins at the beginning.
            StatusCode::OK => part.empty()?,
            status => return Err(FetchError::Status { url: url.into(), status: status.to_string() }),
        }
        let whole = part.have == 0;
        let announced = response.body().content_length();
        let mut body = response.into_body().into_reader();
        let mut chunk = vec![0; CHUNK];
        let mut filled = 0;
        loop {
            check_cancelled(cancelled)?;
            let read = body.read(&mut chunk[filled..]).map_err(|error| {
                check_cancelled(cancelled).err().unwrap_or_else(|| self.broke_off(url, part, &error.to_string()))
            })?;
            filled += read;
            if whole && part.have == 0 {
                // Enough of the beginning to tell what it is, unless there is no more.
                if read > 0 && filled < START {
                    continue;
                }
                check_start(url, &chunk[..filled])?;
                announced.map_or(Ok(()), |bytes| self.check_length(url, bytes))?;
            }
            if part.have + filled as u64 > self.bytes {
                let found = part.have + filled as u64;
                part.empty()?;
                return Err(FetchError::WrongLength { from: url.into(), expected: self.bytes, found });
            }
            part.append(&chunk[..std::mem::take(&mut filled)])?;
            progress(part.have, self.bytes);
            if read == 0 {
                break;
            }
        }
        if part.have < self.bytes { Err(self.broke_off(url, part, "the server closed the connection")) } else { Ok(()) }
    }

    fn broke_off(&self, url: &str, part: &Part, reason: &str) -> FetchError {
        FetchError::BrokeOff { url: url.into(), have: part.have, of: self.bytes, reason: reason.into() }
    }

    /// Drops a part that the server does not continue, and counts as broken off.
    fn begin_again(&self, url: &str, part: &mut Part, reason: &str) -> Result<(), FetchError> {
        part.empty()?;
        Err(self.broke_off(url, part, reason))
    }
}

/// The bytes that came so far.
struct Part {
    file: File,
    path: PathBuf,
    have: u64,
}

impl Part {
    fn empty(&mut self) -> Result<(), FetchError> {
        self.file.set_len(0).map_err(FetchError::at(&self.path))?;
        self.have = 0;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        let written = self.file.seek(SeekFrom::Start(self.have)).and_then(|_| self.file.write_all(bytes));
        written.map_err(FetchError::at(&self.path))?;
        self.have += bytes.len() as u64;
        Ok(())
    }
}

/// Runs `work` with an agent whose connections are closed as soon as `cancelled` is set, so that a silent server delays nobody.
fn watched<T>(patience: Patience, cancelled: &AtomicBool, work: impl FnOnce(&Agent) -> T) -> T {
    let agent = Agent::new_with_config(
        Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .build(),
    );
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if cancelled.load(Ordering::Relaxed) {
                    return agent.clone().shutdown();
                }
                thread::sleep(WATCH);
            }
        });
        let result = work(&agent);
        done.store(true, Ordering::Relaxed);
        result
    })
}

/// First byte and total of `Content-Range: bytes FIRST-LAST/TOTAL` (RFC 9110, section 14.4).
fn content_range<B>(response: &Response<B>) -> Option<(u64, u64)> {
    let text = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, total.trim().parse().ok()?))
}
