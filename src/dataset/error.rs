//! What can be wrong with pictures and with the way they are asked for: what was expected, what came, what to do.

use std::io;
use std::path::PathBuf;

use super::records::Format;
use super::{CHANNELS, MOST_CLASSES, Split};
use crate::spec::{bytes, grouped};

/// A dataset that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error(
        "{}: no such folder; expected CIFAR-10's binary files (data_batch_1.bin to data_batch_5.bin and test_batch.bin), \
         CIFAR-100's, or a folder of pictures in a folder for each class. \
         Get CIFAR-10 with `alexscope data fetch`, or name another folder with --data",
        .0.display()
    )]
    MissingFolder(PathBuf),
    #[error(
        "{}: missing. {}'s binary version has it; a folder of own pictures has a folder for each class instead. \
         Name the right folder with --data, or get CIFAR-10 with `alexscope data fetch`",
        .file.display(), .format.name
    )]
    MissingFile { file: PathBuf, format: &'static Format },
    #[error(
        "{}: this is CIFAR's Python version, whose pickle files can run any code when they are read, so they are not. \
         Get the binary version: `alexscope data fetch` for CIFAR-10, else from https://www.cs.toronto.edu/~kriz/cifar.html",
        .0.display()
    )]
    Pickle(PathBuf),
    #[error(
        "{}: {found} bytes, which end in record {}; expected {expected} bytes ({} records of {}). \
         The file is cut short or is not {}'s binary version: {}",
        .file.display(), *found as usize / .format.record_bytes(), *expected as usize / .format.record_bytes(),
        grouped(.format.record_bytes() as u64), .format.name, .format.remedy
    )]
    WrongLength { file: PathBuf, expected: u64, found: u64, format: &'static Format },
    #[error(
        "{}: record {record} (counted from 0) has label {label}; expected 0 to {}. \
         The file is damaged or is not {}'s binary version: {}",
        .file.display(), .format.classes - 1, .format.name, .format.remedy
    )]
    WrongLabel { file: PathBuf, record: usize, label: u8, format: &'static Format },
    #[error(
        "{}: line {line} names the class {found:?}; expected {expected:?}. \
         These are the files of another dataset: move the folder away and get it again with `alexscope data fetch`, \
         or name another folder with --data",
        .file.display()
    )]
    WrongClass { file: PathBuf, line: usize, expected: &'static str, found: String },
    #[error("{}: {found}; expected {expected}", .file.display())]
    ClassNames { file: PathBuf, expected: String, found: String },
    #[error(
        "{}: {} class folders with pictures (PNG or JPEG); expected 2 to {MOST_CLASSES}, a folder for each class, \
         either here or in train/ and test/",
        .folder.display(), .classes
    )]
    Classes { folder: PathBuf, classes: usize },
    #[error("{}: the class {class:?} is tested but never trained; add it to train/, or remove it here", .folder.display())]
    UntrainedClass { folder: PathBuf, class: String },
    #[error("{count} of {of} pictures cannot be read: {first}. Repair or remove them, or leave them out with --broken skip")]
    Broken { count: usize, of: usize, first: String },
    #[error("{}: no picture is left to {what}; add some", .folder.display())]
    NoPictures { folder: PathBuf, what: &'static str },
    #[error("{pictures} pictures of 3×{side}×{side} need {} of memory, which there is not; use fewer, or a network with a smaller input", bytes(*needed))]
    TooLarge { pictures: usize, side: usize, needed: u64 },
    #[error("{}: cannot be written ({source}); it keeps decoded pictures: make the folder writable", .path.display())]
    Cache { path: PathBuf, source: io::Error },
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
