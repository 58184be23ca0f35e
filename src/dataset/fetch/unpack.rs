//! From a checked archive to a folder: only the expected regular files, by exact name and length.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use flate2::read::GzDecoder;
use tar::{Entry, EntryType};

use super::{Archive, CHUNK, FetchError, Member, check_cancelled};
use crate::whole_file;

/// What an archive may hold besides its files: headers, padding, small files of other names.
const ROOM: u64 = 1 << 20;

impl Archive<'_> {
    /// Unpacks into `into/FOLDER`, which appears when all of it is on the disk.
    /// `from` is what a person calls `archive`.
    pub(super) fn unpack(&self, from: &str, archive: &Path, into: &Path, cancelled: &AtomicBool) -> Result<(), FetchError> {
        let temporary = Temporary::create(into.join(format!(".{}.unpacking", self.folder)))?;
        let limit = self.files.iter().map(|member| member.length.limit()).sum::<u64>() + ROOM;
        let file = File::open(archive).map_err(FetchError::at(archive))?;
        let mut bounded = Bounded { inner: GzDecoder::new(file), left: limit };
        let unpacked = self.unpack_members(from, &mut bounded, &temporary.0, cancelled);
        if bounded.left == 0 && unpacked.is_err() {
            return Err(FetchError::TooLong { archive: from.into(), limit });
        }
        unpacked?;

        let folder = into.join(self.folder);
        whole_file::sync_folder(&temporary.0).map_err(FetchError::at(&temporary.0))?;
        fs::rename(&temporary.0, &folder).map_err(FetchError::at(&folder))?;
        whole_file::sync_folder(into).map_err(FetchError::at(into))
    }

    fn unpack_members(&self, from: &str, tar: &mut impl Read, folder: &Path, cancelled: &AtomicBool) -> Result<(), FetchError> {
        let damaged = |source| FetchError::Damaged { archive: from.into(), source };
        let mut missing = self.files.to_vec();
        let mut tar = tar::Archive::new(tar);
        for entry in tar.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let refused = |entry: &[u8], problem: String| FetchError::Refused {
                archive: from.into(),
                entry: String::from_utf8_lossy(entry).into_owned(),
                problem,
            };
            let path = entry.path_bytes().into_owned();
            let wanted = match self.classify(&path, entry.header().entry_type()) {
                Ok(Some(member)) => member,
                Ok(None) => continue,
                Err(problem) => return Err(refused(&path, problem.into())),
            };
            let Some(at) = missing.iter().position(|member| member.name == wanted.name) else {
                return Err(refused(&path, "a second file of that name".into()));
            };
            if !wanted.length.allows(entry.size()) {
                return Err(refused(&path, format!("a file of {} bytes where {} were expected", entry.size(), wanted.length)));
            }
            write_member(&mut entry, &folder.join(wanted.name), damaged, cancelled)?;
            missing.swap_remove(at);
        }
        match missing.first() {
            Some(member) => Err(FetchError::Lacks { archive: from.into(), file: member.name.into() }),
            None => Ok(()),
        }
    }

    /// Which file an entry is: none for folders and for regular files of other names, which are passed over; a problem
    /// for whatever could reach out of the folder.
    fn classify(&self, path: &[u8], kind: EntryType) -> Result<Option<Member<'_>>, &'static str> {
        if path.starts_with(b"/") || path.split(|&byte| byte == b'/').any(|part| part == b"..") {
            return Err("a path that leads out of the folder");
        }
        match kind {
            EntryType::Regular => {}
            EntryType::Directory | EntryType::XGlobalHeader => return Ok(None),
            EntryType::Symlink | EntryType::Link => return Err("a link"),
            _ => return Err("which is neither a regular file nor a folder"),
        }
        let within = path.strip_prefix(self.folder.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
        Ok(within.and_then(|name| self.files.iter().copied().find(|member| member.name.as_bytes() == name)))
    }
}

/// Writes one entry to a new file, to the last byte, and waits until it is on the disk.
fn write_member(
    entry: &mut Entry<'_, impl Read>,
    path: &Path,
    damaged: impl Fn(io::Error) -> FetchError,
    cancelled: &AtomicBool,
) -> Result<(), FetchError> {
    let mut file = File::create_new(path).map_err(FetchError::at(path))?;
    let mut left = entry.size();
    let mut chunk = vec![0; CHUNK];
    while left > 0 {
        check_cancelled(cancelled)?;
        let read = match entry.read(&mut chunk).map_err(&damaged)? {
            0 => return Err(damaged(io::ErrorKind::UnexpectedEof.into())),
            read => read,
        };
        file.write_all(&chunk[..read]).map_err(FetchError::at(path))?;
        left -= read as u64;
    }
    file.sync_all().map_err(FetchError::at(path))
}

/// A folder that goes away again, with what is in it, unless it was renamed.
struct Temporary(PathBuf);

impl Temporary {
    fn create(path: PathBuf) -> Result<Temporary, FetchError> {
        if path.exists() {
            // Left over from a program that was killed.
            fs::remove_dir_all(&path).map_err(FetchError::at(&path))?;
        }
        fs::create_dir(&path).map_err(FetchError::at(&path))?;
        Ok(Temporary(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Not there after the rename; where it cannot be removed, the next fetch tries again.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A reader that fails once more than `left` bytes are asked of it.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("more than was expected"));
        }
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}
