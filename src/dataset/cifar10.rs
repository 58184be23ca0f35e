//! CIFAR-10's binary version: six files of 10,000 records, each a label and 3 planes of 32×32 bytes
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version").

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{CLASSES, DataError, Dataset, PICTURE_BYTES, Pictures};

/// The folder in the archive.
pub const FOLDER: &str = "cifar-10-batches-bin";
pub const TRAIN_FILES: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
pub const TEST_FILE: &str = "test_batch.bin";
/// The names of the classes, a line each.
pub const CLASSES_FILE: &str = "batches.meta.txt";
/// A label and a picture.
const RECORD_BYTES: usize = 1 + PICTURE_BYTES;
const RECORDS_PER_FILE: usize = 10_000;
/// Length of each of the six files.
pub const FILE_BYTES: u64 = (RECORDS_PER_FILE * RECORD_BYTES) as u64;
/// Records read at once: 393 kB, which stay in a core's cache until they are sorted.
const RECORDS_AT_ONCE: usize = 128;

/// Whether `folder` looks like CIFAR-10: names, lengths and classes, without reading pictures.
pub fn check(folder: &Path) -> Result<(), DataError> {
    check_sized(folder, RECORDS_PER_FILE)
}

/// Reads all pictures and checks every label.
pub fn read(folder: &Path) -> Result<Dataset, DataError> {
    read_sized(folder, RECORDS_PER_FILE)
}

fn check_sized(folder: &Path, records: usize) -> Result<(), DataError> {
    if !folder.is_dir() {
        return Err(DataError::MissingFolder(folder.to_owned()));
    }
    for name in TRAIN_FILES.into_iter().chain([TEST_FILE]) {
        let file = folder.join(name);
        let length = match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => return Err(DataError::MissingFile(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DataError::MissingFile(file)),
            Err(source) => return Err(DataError::Unreadable { path: file, source }),
        };
        check_length(file, records, length)?;
    }
    check_classes(&folder.join(CLASSES_FILE))
}

fn check_length(file: PathBuf, records: usize, found: u64) -> Result<(), DataError> {
    let expected = (records * RECORD_BYTES) as u64;
    if found == expected { Ok(()) } else { Err(DataError::WrongLength { file, expected, found }) }
}

/// The names are fixed by the format; where the file that lists them is there, it must agree.
fn check_classes(file: &Path) -> Result<(), DataError> {
    let text = match fs::read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(DataError::Unreadable { path: file.to_owned(), source }),
    };
    let mut lines = text.lines().map(str::trim);
    for (line, expected) in (1..).zip(CLASSES) {
        let found = lines.next().unwrap_or_default();
        if found != expected {
            return Err(DataError::WrongClass { file: file.to_owned(), line, expected, found: found.to_owned() });
        }
    }
    Ok(())
}

fn read_sized(folder: &Path, records: usize) -> Result<Dataset, DataError> {
    check_sized(folder, records)?;
    let path = |name: &str| folder.join(name);
    Ok(Dataset {
        name: "CIFAR-10".into(),
        stand_in: false,
        folder: folder.to_owned(),
        classes: CLASSES.map(String::from).to_vec(),
        train: read_files(&TRAIN_FILES.map(path), records)?,
        test: read_files(&[path(TEST_FILE)], records)?,
    })
}

/// Reads files of `records` records each, one after the other in memory, several at once in time.
fn read_files(files: &[PathBuf], records: usize) -> Result<Pictures, DataError> {
    let mut labels = vec![0; files.len() * records];
    let mut pixels = vec![0; files.len() * records * PICTURE_BYTES];
    files
        .par_iter()
        .zip(labels.par_chunks_mut(records))
        .zip(pixels.par_chunks_mut(records * PICTURE_BYTES))
        .map(|((file, labels), pixels)| read_file(file, labels, pixels))
        // The first error in the order of the files, whichever thread was faster.
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Result<(), _>>()?;
    Ok(Pictures::new(labels, pixels))
}

/// Fills `labels` and `pixels` from the records of `file`.
fn read_file(file: &Path, labels: &mut [u8], pixels: &mut [u8]) -> Result<(), DataError> {
    let unreadable = |source| DataError::Unreadable { path: file.to_owned(), source };
    let mut open = File::open(file).map_err(unreadable)?;
    check_length(file.to_owned(), labels.len(), open.metadata().map_err(unreadable)?.len())?;

    let mut read = vec![0; RECORDS_AT_ONCE * RECORD_BYTES];
    let parts = labels.chunks_mut(RECORDS_AT_ONCE).zip(pixels.chunks_mut(RECORDS_AT_ONCE * PICTURE_BYTES));
    for (part, (labels, pixels)) in parts.enumerate() {
        let read = &mut read[..labels.len() * RECORD_BYTES];
        open.read_exact(read).map_err(unreadable)?;
        let places = labels.iter_mut().zip(pixels.chunks_exact_mut(PICTURE_BYTES));
        for (i, (record, (label, picture))) in read.chunks_exact(RECORD_BYTES).zip(places).enumerate() {
            if usize::from(record[0]) >= CLASSES.len() {
                let record_number = part * RECORDS_AT_ONCE + i;
                return Err(DataError::WrongLabel { file: file.to_owned(), record: record_number, label: record[0] });
            }
            *label = record[0];
            picture.copy_from_slice(&record[1..]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Records in each file of these tests; more than are read at once.
    const RECORDS: usize = RECORDS_AT_ONCE + 5;

    fn label(file: usize, record: usize) -> u8 {
        ((file * 3 + record * 7) % 10) as u8
    }

    fn byte(file: usize, record: usize, i: usize) -> u8 {
        (file * 50 + record * 11 + i * 13) as u8
    }

    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, name) in TRAIN_FILES.into_iter().chain([TEST_FILE]).enumerate() {
            let record = |r| std::iter::once(label(file, r)).chain((0..PICTURE_BYTES).map(move |i| byte(file, r, i)));
            fs::write(folder.path().join(name), (0..RECORDS).flat_map(record).collect::<Vec<u8>>()).unwrap();
        }
        fs::write(folder.path().join(CLASSES_FILE), CLASSES.join("\n") + "\n\n").unwrap();
        folder
    }

    fn error(folder: &TempDir) -> String {
        read_sized(folder.path(), RECORDS).unwrap_err().to_string()
    }

    #[test]
    fn every_record_is_read_once_and_in_order() {
        let folder = folder();
        let dataset = read_sized(folder.path(), RECORDS).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (5 * RECORDS, RECORDS));
        for (pictures, first_file) in [(&dataset.train, 0), (&dataset.test, 5)] {
            for i in 0..pictures.len() {
                let (file, record) = (first_file + i / RECORDS, i % RECORDS);
                assert_eq!(pictures.label(i), label(file, record));
                assert!(pictures.pixels(i).iter().enumerate().all(|(p, &found)| found == byte(file, record, p)));
            }
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = folder();
        fs::remove_file(folder.path().join("data_batch_3.bin")).unwrap();
        let error = error(&folder);
        assert!(error.contains("data_batch_3.bin: missing") && error.contains("alexscope data fetch"), "{error}");
        fs::create_dir(folder.path().join("data_batch_3.bin")).unwrap();
        assert!(matches!(check_sized(folder.path(), RECORDS), Err(DataError::MissingFile(_))));
    }

    #[test]
    fn a_wrong_length_is_refused_with_the_record_it_ends_in() {
        let folder = folder();
        let file = folder.path().join(TEST_FILE);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..2 * RECORD_BYTES + 10]).unwrap();
        let short = error(&folder);
        assert!(short.contains("test_batch.bin: 6156 bytes, which end in record 2;"), "{short}");
        assert!(short.contains(&format!("expected {} bytes ({RECORDS} records", RECORDS * RECORD_BYTES)), "{short}");
        fs::write(&file, [whole.as_slice(), &[0]].concat()).unwrap();
        assert!(error(&folder).contains(&format!("{} bytes", RECORDS * RECORD_BYTES + 1)));
    }

    #[test]
    fn a_label_over_nine_is_refused_with_file_and_record() {
        let folder = folder();
        let file = folder.path().join("data_batch_2.bin");
        let mut bytes = fs::read(&file).unwrap();
        let record = RECORDS_AT_ONCE + 2;
        bytes[record * RECORD_BYTES] = 10;
        fs::write(&file, bytes).unwrap();
        let error = error(&folder);
        assert!(error.contains(&format!("data_batch_2.bin: record {record} (counted from 0) has label 10")), "{error}");
        assert!(error.contains("expected 0 to 9") && error.contains("move the folder away"), "{error}");
    }

    #[test]
    fn of_several_errors_the_first_in_the_order_of_files_is_told() {
        let folder = folder();
        for name in ["data_batch_4.bin", "data_batch_1.bin"] {
            let file = folder.path().join(name);
            let mut bytes = fs::read(&file).unwrap();
            bytes[0] = 255;
            fs::write(&file, bytes).unwrap();
        }
        assert!(error(&folder).contains("data_batch_1.bin: record 0"));
    }

    #[test]
    fn other_classes_are_refused_and_a_missing_list_of_classes_is_not() {
        let folder = folder();
        let file = folder.path().join(CLASSES_FILE);
        fs::write(&file, "airplane\nautomobile\nbeaver\n").unwrap();
        let error = error(&folder);
        assert!(error.contains("line 3 names the class \"beaver\"; expected \"bird\""), "{error}");
        fs::remove_file(&file).unwrap();
        read_sized(folder.path(), RECORDS).unwrap();
    }
}
