//! Which pictures a folder holds: their classes, and which of them are held out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::stream::{Purpose, Stream};
use super::super::{DataError, MOST_CLASSES};

/// Endings that count as pictures, in any case.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];
/// Names under which pictures to learn from and held-out ones lie.
const TRAIN: [&str; 2] = ["train", "training"];
const TEST: [&str; 5] = ["test", "testing", "val", "valid", "validation"];
/// Where nothing says what is held out: one picture in so many of each class, drawn by their names, so that all runs are tested on the same
/// pictures and one more picture hardly changes which.
const HELD_OUT_OF: usize = 5;
const SPLIT_SEED: u64 = 1;
/// Folders within folders that are searched; links may lead round in circles.
const DEEPEST: usize = 16;

/// A picture's file and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: PathBuf,
    pub class: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Names of the class folders, sorted, as torchvision's `ImageFolder` numbers them.
    pub classes: Vec<String>,
    pub train: Vec<Entry>,
    pub test: Vec<Entry>,
}

/// Whether a folder has folders in it, as one of own pictures must.
pub fn has_folders(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()))
}

/// Lists `folder`: `train/CLASS/…` and `test/CLASS/…` (or `val`), or `CLASS/…` alone, of which a fifth is held out.
pub fn list(folder: &Path) -> Result<Listing, DataError> {
    let train = part(folder, &TRAIN)?;
    let (Some(train), Some(test)) = (&train, part(folder, &TEST)?) else {
        let whole = train.as_deref().unwrap_or(folder);
        let (classes, entries) = class_folders(whole)?;
        let (train, test) = split(entries, classes.len(), whole);
        return checked(folder, Listing { classes, train, test: mixed(test) });
    };
    let (classes, train) = class_folders(train)?;
    let (tested, entries) = class_folders(&test)?;
    let mut held_out = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = &tested[usize::from(entry.class)];
        let Some(class) = classes.iter().position(|class| class == name) else {
            return Err(DataError::UntrainedClass { folder: test, class: name.clone() });
        };
        held_out.push(Entry { class: class as u8, ..entry });
    }
    held_out.sort_by(|a, b| (a.class, &a.path).cmp(&(b.class, &b.path)));
    checked(folder, Listing { classes, train, test: mixed(held_out) })
}

/// Held-out pictures in an order that is the same every time and mixes the classes: where only the first are tested, all classes are.
fn mixed(mut held_out: Vec<Entry>) -> Vec<Entry> {
    Stream::new(SPLIT_SEED, Purpose::Split, u64::MAX, 0).shuffle(&mut held_out);
    held_out
}

/// The folder in `folder` that has one of `names`, in any case; of several the name that comes first.
fn part(folder: &Path, names: &[&str]) -> Result<Option<PathBuf>, DataError> {
    let within = sorted(folder)?;
    let named =
        |path: &&PathBuf, name: &str| path.is_dir() && path.file_name().is_some_and(|file| file.eq_ignore_ascii_case(name));
    Ok(names.iter().find_map(|name| within.iter().find(|path| named(path, name)).cloned()))
}

fn checked(folder: &Path, listing: Listing) -> Result<Listing, DataError> {
    if !(2..=MOST_CLASSES).contains(&listing.classes.len()) {
        return Err(DataError::Classes { folder: folder.to_owned(), classes: listing.classes.len() });
    }
    let none = |what| Err(DataError::NoPictures { folder: folder.to_owned(), what });
    match (listing.train.is_empty(), listing.test.is_empty()) {
        (true, _) => none("learn from"),
        (_, true) => none("test on"),
        _ => Ok(listing),
    }
}

/// The folders in `folder` that hold pictures, sorted by name, and their pictures, by class and path.
fn class_folders(folder: &Path) -> Result<(Vec<String>, Vec<Entry>), DataError> {
    let (mut classes, mut entries) = (Vec::new(), Vec::new());
    for path in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let mut pictures = Vec::new();
        collect(&path, DEEPEST, &mut pictures)?;
        if pictures.is_empty() {
            continue;
        }
        // Past what a label holds the folder is refused afterwards.
        let class = classes.len().min(MOST_CLASSES - 1) as u8;
        entries.extend(pictures.into_iter().map(|path| Entry { path, class }));
        classes.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    Ok((classes, entries))
}

fn collect(folder: &Path, deep: usize, pictures: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for path in sorted(folder)? {
        if path.is_dir() {
            if deep > 0 {
                collect(&path, deep - 1, pictures)?;
            }
        } else if is_picture(&path) {
            pictures.push(path);
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ENDINGS.contains(&&ending[..])
}

/// What lies in a folder and is not hidden, in an order that does not depend on the file system.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |source| DataError::Unreadable { path: folder.to_owned(), source };
    let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.retain(|path| !hidden(path));
    paths.sort();
    Ok(paths)
}

/// Where a picture in `folder` comes among those of its class when some are held out.
fn lot(path: &Path, folder: &Path) -> [u8; 32] {
    let parts = path.strip_prefix(folder).unwrap_or(path).components().map(|part| part.as_os_str().to_string_lossy());
    Sha256::digest(parts.collect::<Vec<_>>().join("/")).into()
}

/// Holds out one in [`HELD_OUT_OF`] of each class, at least one where there are two.
fn split(entries: Vec<Entry>, classes: usize, folder: &Path) -> (Vec<Entry>, Vec<Entry>) {
    let mut held_out = BTreeSet::new();
    for class in 0..classes {
        let mut places: Vec<usize> = (0..entries.len()).filter(|&place| usize::from(entries[place].class) == class).collect();
        places.sort_by_cached_key(|&place| lot(&entries[place].path, folder));
        let out = if places.len() > 1 { (places.len() / HELD_OUT_OF).max(1) } else { 0 };
        held_out.extend(places.into_iter().take(out));
    }
    let (test, train): (Vec<_>, Vec<_>) = entries.into_iter().enumerate().partition(|(place, _)| held_out.contains(place));
    let entries = |part: Vec<(usize, Entry)>| part.into_iter().map(|(_, entry)| entry).collect();
    (entries(train), entries(test))
}
