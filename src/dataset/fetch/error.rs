//! Why a fetch failed: what came, what was expected, what to do.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{}: is there but not complete ({problem}); move it away and fetch again", .folder.display())]
    InTheWay { folder: PathBuf, problem: String },
    #[error("another fetch into {} is under way; wait for it", .0.display())]
    UnderWay(PathBuf),
    #[error("the fetch was cancelled; what came is kept, and the next fetch goes on from there")]
    Cancelled,
    #[error("{url}: cannot be reached ({reason}); check the connection, or name a copy with --from URL or --from FILE")]
    Unreachable { url: String, reason: String },
    #[error(
        "{url}: answered {status} where the archive was expected; check the address, or name a copy with --from URL or --from FILE"
    )]
    Status { url: String, status: String },
    #[error("{url}: broke off at {have} of {of} bytes ({reason}); what came is kept: fetch again to go on from there")]
    BrokeOff { url: String, have: u64, of: u64, reason: String },
    #[error(
        "{from}: is {found}, not a gzip archive; a login page or proxy may stand in between: \
         open it in a browser, or name a copy with --from URL or --from FILE"
    )]
    NotAnArchive { from: String, found: String },
    #[error(
        "{from}: {found} bytes where {expected} were expected; it is another archive, or a part of one: name a whole copy with --from"
    )]
    WrongLength { from: String, expected: u64, found: u64 },
    #[error(
        "{from}: has MD5 {found} where {expected} was expected; its bytes were changed or damaged on the way, and none were unpacked: \
         fetch again, or name another copy with --from"
    )]
    WrongChecksum { from: String, expected: String, found: String },
    #[error(
        "{archive}: holds {entry:?}, {problem}; nothing was kept of it: name the archive from CIFAR-10's home page with --from"
    )]
    Refused { archive: String, entry: String, problem: String },
    #[error(
        "{archive}: unpacks to more than the {limit} bytes that were expected; nothing was kept of it: name another copy with --from"
    )]
    TooLong { archive: String, limit: u64 },
    #[error("{archive}: lacks {file}; nothing was kept of it: name another copy with --from")]
    Lacks { archive: String, file: String },
    #[error("{archive}: cannot be unpacked ({source}); nothing was kept of it: name another copy with --from")]
    Damaged { archive: String, source: io::Error },
    #[error("{}: {source}; check the path, its permissions and the room on the disk", .path.display())]
    File { path: PathBuf, source: io::Error },
}

impl FetchError {
    /// Whether the archive itself is at fault, and would be again.
    pub(super) fn condemns_archive(&self) -> bool {
        use FetchError::{Damaged, Lacks, Refused, TooLong};
        matches!(self, Refused { .. } | TooLong { .. } | Lacks { .. } | Damaged { .. })
    }

    /// Names the file or folder that an error of the system is about.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
        move |source| FetchError::File { path: path.to_owned(), source }
    }
}
