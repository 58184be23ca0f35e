//! Where pictures come from.

use std::path::{Path, PathBuf};

use super::{DataError, Dataset, cifar10};

/// Where `alexscope data fetch` puts datasets.
pub const DATA_FOLDER: &str = "data";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The folder that holds the binary files.
    Cifar10(PathBuf),
    /// Built in; a stand-in where CIFAR-10 is not there.
    Emoji10,
}

impl Source {
    /// The folder a person named, or the one in it as it lies in the archive: it must be CIFAR-10's. None named:
    /// `data/cifar-10-batches-bin` if it is there, else Emoji-10. Looks at names and lengths only, so that it answers at once.
    pub fn find(data: Option<&Path>) -> Result<Source, DataError> {
        Source::find_or(data, Path::new(DATA_FOLDER))
    }

    fn find_or(named: Option<&Path>, usual: &Path) -> Result<Source, DataError> {
        let within = named.unwrap_or(usual).join(cifar10::FOLDER);
        let folder = match named {
            _ if within.is_dir() => within,
            Some(named) => named.to_owned(),
            None => return Ok(Source::Emoji10),
        };
        cifar10::check(&folder)?;
        Ok(Source::Cifar10(folder))
    }
}

/// Reads, or draws, and checks all pictures.
pub fn load(source: &Source) -> Result<Dataset, DataError> {
    match source {
        Source::Cifar10(folder) => cifar10::read(folder),
        Source::Emoji10 => super::emoji10::draw(),
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
        let dataset = load(&Source::find(Some(folder.path())).unwrap()).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len(), dataset.stand_in), (50_000, 10_000, false));
        assert_eq!(dataset.train.statistics().deviation, [0.0; CHANNELS]);
        let mut last = File::options().write(true).open(folder.path().join(cifar10::TEST_FILE)).unwrap();
        last.seek(SeekFrom::Start(9_999 * 3_073)).unwrap();
        last.write_all(&[77]).unwrap();
        let error = load(&Source::Cifar10(folder.path().to_owned())).unwrap_err().to_string();
        assert!(error.contains("test_batch.bin: record 9999 (counted from 0) has label 77"), "{error}");
    }
}
