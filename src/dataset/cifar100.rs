//! CIFAR-100's binary version: a record is the coarse label, the fine label and the picture; the fine one is the class
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>, "The CIFAR-100 dataset").

use std::fs;
use std::path::Path;

use super::records::Format;
use super::{DataError, Dataset};

/// The folder in the archive.
pub const FOLDER: &str = "cifar-100-binary";
pub const TRAIN_FILE: &str = "train.bin";
pub const TEST_FILE: &str = "test.bin";
/// The names of the fine classes, a line each.
pub const CLASSES_FILE: &str = "fine_label_names.txt";
/// Pictures to learn from, and held out.
pub const TRAIN: usize = 50_000;
pub const TEST: usize = 10_000;

static FORMAT: Format = Format {
    name: "CIFAR-100",
    label_bytes: 2,
    classes: 100,
    remedy: "get it again from https://www.cs.toronto.edu/~kriz/cifar.html",
};

/// Checks names and lengths, without reading pictures; the classes' names.
pub fn check(folder: &Path) -> Result<Vec<String>, DataError> {
    check_sized(folder, [TRAIN, TEST])
}

/// Reads all pictures and checks every label.
pub fn read(folder: &Path) -> Result<Dataset, DataError> {
    read_sized(folder, [TRAIN, TEST])
}

fn check_sized(folder: &Path, [train, test]: [usize; 2]) -> Result<Vec<String>, DataError> {
    FORMAT.check(&folder.join(TRAIN_FILE), train)?;
    FORMAT.check(&folder.join(TEST_FILE), test)?;
    let file = folder.join(CLASSES_FILE);
    let text = fs::read(&file).map_err(|source| DataError::Unreadable { path: file.clone(), source })?;
    let text = String::from_utf8_lossy(&text);
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
    if names.len() != FORMAT.classes {
        let expected = format!("the names of the {} classes, a line each", FORMAT.classes);
        return Err(DataError::ClassNames { file, expected, found: format!("{} names", names.len()) });
    }
    Ok(names)
}

fn read_sized(folder: &Path, [train, test]: [usize; 2]) -> Result<Dataset, DataError> {
    Ok(Dataset {
        name: FORMAT.name.into(),
        stand_in: false,
        folder: folder.to_owned(),
        classes: check_sized(folder, [train, test])?,
        train: FORMAT.read(&[folder.join(TRAIN_FILE)], train)?,
        test: FORMAT.read(&[folder.join(TEST_FILE)], test)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::PICTURE_BYTES;
    use super::*;

    fn folder(records: [usize; 2]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, records) in [TRAIN_FILE, TEST_FILE].into_iter().zip(records) {
            let record = |r: usize| [[(r % 20) as u8, (r * 7 % 100) as u8].as_slice(), &[r as u8; PICTURE_BYTES]].concat();
            fs::write(folder.path().join(name), (0..records).flat_map(record).collect::<Vec<u8>>()).unwrap();
        }
        let names: String = (0..100).map(|class| format!("class_{class}\n")).collect();
        fs::write(folder.path().join(CLASSES_FILE), names).unwrap();
        folder
    }

    #[test]
    fn the_fine_label_is_the_class_and_the_coarse_one_is_left_out() {
        let folder = folder([150, 30]);
        let dataset = read_sized(folder.path(), [150, 30]).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len(), dataset.classes.len()), (150, 30, 100));
        assert_eq!(dataset.classes[42], "class_42");
        assert!((0..150).all(|i| usize::from(dataset.train.label(i)) == i * 7 % 100 && dataset.train.pixels(i)[9] == i as u8));
    }

    #[test]
    fn a_wrong_length_a_wrong_label_and_missing_names_are_told_by_file() {
        let folder = folder([150, 30]);
        let error = |folder: &Path| read_sized(folder, [150, 30]).unwrap_err().to_string();
        let file = folder.path().join(TEST_FILE);
        let mut whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[1..]).unwrap();
        let short = error(folder.path());
        assert!(
            short.contains("test.bin: 92219 bytes, which end in record 29; expected 92220 bytes (30 records of 3,074)"),
            "{short}"
        );
        whole[4 * 3074 + 1] = 100;
        fs::write(&file, whole).unwrap();
        assert!(error(folder.path()).contains("test.bin: record 4 (counted from 0) has label 100; expected 0 to 99"));
        fs::write(folder.path().join(CLASSES_FILE), "apple\n").unwrap();
        assert!(error(folder.path()).contains("1 names; expected the names of the 100 classes"));
    }
}
