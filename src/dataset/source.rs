//! Where pictures come from.

use std::path::{Path, PathBuf};

use super::folder::{Decoded, Reading, has_folders};
use super::{CLASSES, DataError, Dataset, cifar10, cifar100, emoji10};

/// Where `alexscope data fetch` puts datasets.
pub const DATA_FOLDER: &str = "data";
/// Folders of the Python versions' archives, and what lies in them.
const PICKLE_FOLDERS: [&str; 2] = ["cifar-10-batches-py", "cifar-100-python"];
const PICKLES: [&str; 3] = ["data_batch_1", "batches.meta", "meta"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The folder that holds the binary files.
    Cifar10(PathBuf),
    Cifar100(PathBuf),
    /// A folder of own pictures, in a folder for each class.
    Folder(PathBuf),
    /// Built in; a stand-in where CIFAR-10 is not there.
    Emoji10,
}

/// What is known of pictures before they are in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub name: String,
    /// True for pictures that only stand in for CIFAR-10.
    pub stand_in: bool,
    /// Empty for built-in pictures.
    pub folder: PathBuf,
    pub classes: Vec<String>,
    pub train: usize,
    pub test: usize,
    /// Pictures that were left out, each with the reason.
    pub left_out: Vec<String>,
}

/// Pictures that are ready to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    Cifar10(PathBuf),
    Cifar100 { folder: PathBuf, classes: Vec<String> },
    Folder(Decoded),
    Emoji10,
}

impl Source {
    /// What a person's folder holds: CIFAR-10's or CIFAR-100's binary files, there or in the archive's own folder, or own pictures.
    /// None named: `data/cifar-10-batches-bin` if it is there, else Emoji-10. Looks at names and lengths only, so that it
    /// answers at once.
    pub fn find(data: Option<&Path>) -> Result<Source, DataError> {
        Source::find_or(data, Path::new(DATA_FOLDER))
    }

    fn find_or(named: Option<&Path>, usual: &Path) -> Result<Source, DataError> {
        let within = named.unwrap_or(usual).join(cifar10::FOLDER);
        if within.is_dir() {
            cifar10::check(&within)?;
            return Ok(Source::Cifar10(within));
        }
        let Some(named) = named else { return Ok(Source::Emoji10) };
        for folder in [named.join(cifar100::FOLDER), named.to_owned()] {
            if folder.join(cifar100::TRAIN_FILE).is_file() {
                cifar100::check(&folder)?;
                return Ok(Source::Cifar100(folder));
            }
        }
        let pickle_folder = PICKLE_FOLDERS.map(|name| named.join(name)).into_iter().find(|path| path.is_dir());
        let pickle = PICKLES.map(|name| named.join(name)).into_iter().find(|path| path.is_file());
        if let Some(pickle) = pickle_folder.or(pickle) {
            return Err(DataError::Pickle(pickle));
        }
        let some_of_cifar10 = cifar10::TRAIN_FILES.into_iter().chain([cifar10::TEST_FILE]).any(|name| named.join(name).exists());
        if !some_of_cifar10 && has_folders(named) {
            return Ok(Source::Folder(named.to_owned()));
        }
        cifar10::check(named)?;
        Ok(Source::Cifar10(named.to_owned()))
    }

    /// What the pictures are; own ones are decoded, where that was not done before.
    pub fn open(self, reading: Reading) -> Result<Opened, DataError> {
        Ok(match self {
            Source::Cifar10(folder) => Opened::Cifar10(folder),
            Source::Cifar100(folder) => Opened::Cifar100 { classes: cifar100::check(&folder)?, folder },
            Source::Folder(folder) => Opened::Folder(Decoded::prepare(&folder, reading)?),
            Source::Emoji10 => Opened::Emoji10,
        })
    }
}

impl Opened {
    pub fn about(&self) -> About {
        let ten = || CLASSES.map(String::from).to_vec();
        let about = |name: &str, folder: &Path, classes, [train, test]: [usize; 2]| About {
            name: name.into(),
            stand_in: false,
            folder: folder.to_owned(),
            classes,
            train,
            test,
            left_out: Vec::new(),
        };
        match self {
            Opened::Cifar10(folder) => about("CIFAR-10", folder, ten(), [cifar10::TRAIN, cifar10::TEST]),
            Opened::Cifar100 { folder, classes } => {
                about("CIFAR-100", folder, classes.clone(), [cifar100::TRAIN, cifar100::TEST])
            }
            Opened::Emoji10 => {
                let stand_in = about("Emoji-10", Path::new(""), ten(), [emoji10::TRAIN, emoji10::TEST]);
                About { stand_in: true, ..stand_in }
            }
            Opened::Folder(decoded) => {
                let own = about(&decoded.name(), decoded.folder(), decoded.classes().to_vec(), decoded.counts());
                About { left_out: decoded.left_out().to_vec(), ..own }
            }
        }
    }
}

/// Reads, or draws, and checks all pictures.
pub fn load(opened: &Opened) -> Result<Dataset, DataError> {
    match opened {
        Opened::Cifar10(folder) => cifar10::read(folder),
        Opened::Cifar100 { folder, .. } => cifar100::read(folder),
        Opened::Folder(decoded) => decoded.read(),
        Opened::Emoji10 => emoji10::draw(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Seek, SeekFrom, Write};

    use super::*;
    use crate::dataset::CHANNELS;

    /// CIFAR-10's files with nothing but airplanes, all black; they take no room on the disk.
    fn black_airplanes(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for name in cifar10::TRAIN_FILES.into_iter().chain([cifar10::TEST_FILE]) {
            File::create(folder.join(name)).unwrap().set_len(cifar10::FILE_BYTES).unwrap();
        }
    }

    #[test]
    fn a_named_folder_is_found_with_and_without_the_archives_own_folder() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(cifar10::FOLDER);
        black_airplanes(&folder);
        for named in [data.path(), &folder] {
            assert_eq!(Source::find(Some(named)).unwrap(), Source::Cifar10(folder.clone()));
        }
    }

    #[test]
    fn a_named_folder_without_cifar10_is_an_error_and_never_the_stand_in() {
        let data = tempfile::tempdir().unwrap();
        let error = Source::find(Some(data.path())).unwrap_err().to_string();
        assert!(error.contains("data_batch_1.bin: missing"), "{error}");
        let error = Source::find(Some(&data.path().join("nowhere"))).unwrap_err().to_string();
        assert!(error.contains("nowhere: no such folder") && error.contains("--data"), "{error}");
    }

    #[test]
    fn the_python_version_is_refused_with_a_word_on_the_binary_one() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("data_batch_1"), "").unwrap();
        let error = Source::find(Some(data.path())).unwrap_err().to_string();
        assert!(error.contains("data_batch_1: this is CIFAR's Python version") && error.contains("binary version"), "{error}");
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(data.path().join("cifar-10-batches-py")).unwrap();
        assert!(matches!(Source::find(Some(data.path())), Err(DataError::Pickle(_))));
    }

    #[test]
    fn a_folder_of_folders_is_taken_for_own_pictures() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir_all(data.path().join("cats")).unwrap();
        assert_eq!(Source::find(Some(data.path())).unwrap(), Source::Folder(data.path().to_owned()));
    }

    #[test]
    fn the_stand_in_is_used_only_where_the_usual_folder_is_not_there() {
        let usual = tempfile::tempdir().unwrap();
        assert_eq!(Source::find_or(None, usual.path()).unwrap(), Source::Emoji10);
        let folder = usual.path().join(cifar10::FOLDER);
        black_airplanes(&folder);
        assert_eq!(Source::find_or(None, usual.path()).unwrap(), Source::Cifar10(folder.clone()));
        File::create(folder.join("data_batch_5.bin")).unwrap().set_len(3073).unwrap();
        let error = Source::find_or(None, usual.path()).unwrap_err().to_string();
        assert!(error.contains("data_batch_5.bin: 3073 bytes") && error.contains("expected 30730000 bytes"), "{error}");
    }

    #[test]
    fn full_sized_files_are_read_to_their_last_record() {
        let folder = tempfile::tempdir().unwrap();
        black_airplanes(folder.path());
        let dataset = load(&Opened::Cifar10(folder.path().to_owned())).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len(), dataset.stand_in), (50_000, 10_000, false));
        assert_eq!(dataset.train.statistics().deviation, [0.0; CHANNELS]);
        let mut last = File::options().write(true).open(folder.path().join(cifar10::TEST_FILE)).unwrap();
        last.seek(SeekFrom::Start(9_999 * 3_073)).unwrap();
        last.write_all(&[77]).unwrap();
        let error = load(&Opened::Cifar10(folder.path().to_owned())).unwrap_err().to_string();
        assert!(error.contains("test_batch.bin: record 9999 (counted from 0) has label 77"), "{error}");
    }
}
