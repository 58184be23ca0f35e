//! Getting CIFAR-10: from its home page, another address, or a file that is already there.
//!
//! The archive is kept as a partial file until it is complete, so that a broken download goes on where it stopped; only an archive
//! of the right length and checksum is unpacked, into a temporary folder that is renamed when every file is on the disk.
//! A folder of the final name is therefore whole or absent.

mod archive;
mod download;
mod error;
mod unpack;

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use md5::{Digest, Md5};

pub use archive::{Archive, CIFAR10, Length, Member};
pub use error::FetchError;

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// Where the archive comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    HomePage,
    Url(String),
    File(PathBuf),
}

impl Origin {
    /// As a person names it: something that begins with `http://` or `https://` is an address, all else a file.
    pub fn parse(text: &str) -> Origin {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") => Origin::Url(text.into()),
            _ => Origin::File(text.into()),
        }
    }
}

/// How long to wait for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, encryption included.
    pub connect: Duration,
    /// Without a single byte.
    pub silence: Duration,
    /// Before a broken download is taken up again.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { connect: Duration::from_secs(15), silence: Duration::from_secs(30), pause: Duration::from_secs(1) }
    }
}

/// What a fetch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub folder: PathBuf,
    /// True where the folder was complete before, and nothing was done.
    pub already_there: bool,
}

/// Gets CIFAR-10 from `origin` into the folder `into` (which is made where it is missing). `progress` is told the bytes that are there
/// and the bytes of the whole archive; setting `cancelled` ends the fetch soon, and keeps what came.
pub fn fetch(
    origin: &Origin,
    into: &Path,
    progress: &mut dyn FnMut(u64, u64),
    cancelled: &AtomicBool,
) -> Result<Fetched, FetchError> {
    CIFAR10.fetch(origin, into, Patience::default(), progress, cancelled)
}

impl Archive<'_> {
    /// [`fetch`] for any archive.
    pub fn fetch(
        &self,
        origin: &Origin,
        into: &Path,
        patience: Patience,
        progress: &mut dyn FnMut(u64, u64),
        cancelled: &AtomicBool,
    ) -> Result<Fetched, FetchError> {
        let folder = into.join(self.folder);
        if self.is_complete(&folder)? {
            return Ok(Fetched { folder, already_there: true });
        }
        fs::create_dir_all(into).map_err(FetchError::at(into))?;
        let _lock = lock(into)?;
        match origin {
            Origin::File(file) => {
                self.check_file(file, cancelled)?;
                progress(self.bytes, self.bytes);
                self.unpack(&file.display().to_string(), file, into, cancelled)?;
            }
            Origin::HomePage | Origin::Url(_) => {
                let url = if let Origin::Url(url) = origin { url } else { self.url };
                let part = self.download(url, into, patience, progress, cancelled)?;
                let unpacked = self.unpack(url, &part, into, cancelled);
                // Where the disk was full it need not be fetched again.
                if unpacked.as_ref().err().is_none_or(FetchError::condemns_archive) {
                    fs::remove_file(&part).map_err(FetchError::at(&part))?;
                }
                unpacked?;
            }
        }
        Ok(Fetched { folder, already_there: false })
    }

    /// Whether the folder is there and complete; an error where it is there but not complete.
    fn is_complete(&self, folder: &Path) -> Result<bool, FetchError> {
        if fs::symlink_metadata(folder).is_err() {
            return Ok(false);
        }
        for member in self.files {
            let Length::Exactly(expected) = member.length else { continue };
            let found = fs::metadata(folder.join(member.name)).map(|metadata| metadata.len());
            let problem = match found {
                Ok(found) if found == expected => continue,
                Ok(found) => format!("{} has {found} bytes instead of {expected}", member.name),
                Err(_) => format!("{} is missing", member.name),
            };
            return Err(FetchError::InTheWay { folder: folder.to_owned(), problem });
        }
        Ok(true)
    }

    /// Whether a file on this machine is the archive.
    fn check_file(&self, file: &Path, cancelled: &AtomicBool) -> Result<(), FetchError> {
        let from = file.display().to_string();
        let mut open = File::open(file).map_err(FetchError::at(file))?;
        let mut start = Vec::new();
        open.by_ref().take(archive::START as u64).read_to_end(&mut start).map_err(FetchError::at(file))?;
        archive::check_start(&from, &start)?;
        let found = open.metadata().map_err(FetchError::at(file))?.len();
        self.check_length(&from, found)?;
        let found = checksum(file, cancelled)?;
        self.check_sum(&from, found)
    }

    fn check_length(&self, from: &str, found: u64) -> Result<(), FetchError> {
        if found == self.bytes {
            return Ok(());
        }
        Err(FetchError::WrongLength { from: from.into(), expected: self.bytes, found })
    }

    fn check_sum(&self, from: &str, found: String) -> Result<(), FetchError> {
        if found.eq_ignore_ascii_case(self.md5) {
            return Ok(());
        }
        Err(FetchError::WrongChecksum { from: from.into(), expected: self.md5.into(), found })
    }
}

/// Holds the folder against a second fetch, in this program or another, until dropped; the system lets go of it even after a crash.
fn lock(into: &Path) -> Result<Option<File>, FetchError> {
    // Where a folder cannot be opened or locked (some network drives), a second fetch would only spoil a partial file,
    // which the checksum finds.
    let Ok(folder) = File::open(into) else { return Ok(None) };
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FetchError::UnderWay(into.to_owned())),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(folder)),
    }
}

/// MD5 of a file, in hexadecimal.
fn checksum(file: &Path, cancelled: &AtomicBool) -> Result<String, FetchError> {
    let mut open = File::open(file).map_err(FetchError::at(file))?;
    let mut hash = Md5::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        check_cancelled(cancelled)?;
        match open.read(&mut chunk).map_err(FetchError::at(file))? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn check_cancelled(cancelled: &AtomicBool) -> Result<(), FetchError> {
    if cancelled.load(Ordering::Relaxed) { Err(FetchError::Cancelled) } else { Ok(()) }
}
