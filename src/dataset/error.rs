//! What can be wrong with pictures and with the way they are asked for: what was expected, what came, what to do.

use std::io;
use std::path::PathBuf;

use super::{CHANNELS, CLASSES, Split};

/// How a person gets a good copy.
const FETCH_AGAIN: &str = "move the folder away and get it again with `alexscope data fetch`";

/// A dataset that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error(
        "{}: no such folder; expected CIFAR-10's binary files (data_batch_1.bin to data_batch_5.bin and test_batch.bin). \
         Get them with `alexscope data fetch`, or name another folder with --data",
        .0.display()
    )]
    MissingFolder(PathBuf),
    #[error(
        "{}: missing; CIFAR-10's binary version is five files data_batch_1.bin to data_batch_5.bin and test_batch.bin. \
         Name the folder that holds them with --data, or get them with `alexscope data fetch`",
        .0.display()
    )]
    MissingFile(PathBuf),
    #[error(
        "{}: {found} bytes, which end in record {}; expected {expected} bytes ({} records of 3,073). \
         The file is cut short or is not CIFAR-10's binary version: {FETCH_AGAIN}",
        .file.display(), found / 3073, expected / 3073
    )]
    WrongLength { file: PathBuf, expected: u64, found: u64 },
    #[error(
        "{}: record {record} (counted from 0) has label {label}; expected 0 to {}. \
         The file is damaged or is not CIFAR-10's binary version: {FETCH_AGAIN}",
        .file.display(), CLASSES.len() - 1
    )]
    WrongLabel { file: PathBuf, record: usize, label: u8 },
    #[error(
        "{}: line {line} names the class {found:?}; expected {expected:?}. \
         These are the files of another dataset: {FETCH_AGAIN}, or name another folder with --data",
        .file.display()
    )]
    WrongClass { file: PathBuf, line: usize, expected: &'static str, found: String },
    #[error("{}: cannot be read ({source}); check the path and its permissions", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("built-in picture {glyph:?} cannot be decoded ({source}); this build of alexscope is damaged: build it again")]
    Glyph { glyph: String, source: image::ImageError },
}

/// A batch that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error(
        "the network takes pictures of {} channels × {} × {}; these have {CHANNELS} channels of at least one pixel: \
         set the model's input to [{CHANNELS}, height, width]",
        .0[0], .0[1], .0[2]
    )]
    Input([usize; 3]),
    #[error(
        "pictures {first} to {} of the {split} set were asked for, which holds {held}: ask for fewer or begin earlier",
        first + count
    )]
    BeyondEnd { split: Split, first: usize, count: usize, held: usize },
    #[error("the thread that prepares batches stopped: start alexscope again, and report this")]
    PrefetchStopped,
    #[error("no thread could be started to prepare batches ({0}): close other programs, or raise the limit of processes")]
    NoThread(String),
}
