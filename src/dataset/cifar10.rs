//! CIFAR-10's binary version: six files of 10,000 records, each a label and 3 planes of 32×32 bytes
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version").

use std::fs;
use std::io;
use std::path::Path;

use super::records::Format;
use super::{CLASSES, DataError, Dataset, PICTURE_BYTES};

/// The folder in the archive.
pub const FOLDER: &str = "cifar-10-batches-bin";
pub const TRAIN_FILES: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
pub const TEST_FILE: &str = "test_batch.bin";
/// The names of the classes, a line each.
pub const CLASSES_FILE: &str = "batches.meta.txt";
/// A label and a picture.
static FORMAT: Format = Format {
    name: "CIFAR-10",
    label_bytes: 1,
    classes: CLASSES.len(),
    remedy: "move the folder away and get it again with `alexscope data fetch`",
};
const RECORDS_PER_FILE: usize = 10_000;
/// Length of each of the six files.
pub const FILE_BYTES: u64 = (RECORDS_PER_FILE * (1 + PICTURE_BYTES)) as u64;
/// Pictures to learn from, and held out.
pub const TRAIN: usize = TRAIN_FILES.len() * RECORDS_PER_FILE;
pub const TEST: usize = RECORDS_PER_FILE;

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
    TRAIN_FILES.into_iter().chain([TEST_FILE]).try_for_each(|name| FORMAT.check(&folder.join(name), records))?;
    check_classes(&folder.join(CLASSES_FILE))
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
        train: FORMAT.read(&TRAIN_FILES.map(path), records)?,
        test: FORMAT.read(&[path(TEST_FILE)], records)?,
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::records::RECORDS_AT_ONCE;
    use super::*;

    const RECORD_BYTES: usize = 1 + PICTURE_BYTES;

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
        assert!(matches!(check_sized(folder.path(), RECORDS), Err(DataError::MissingFile { .. })));
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
