//! Files of equal records, each its labels and then 3 planes of 32×32 bytes: the binary versions of CIFAR
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version").

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{DataError, PICTURE_BYTES, Pictures, SIDE};

/// Records read at once: some 400 kB, which stay in a core's cache until they are sorted.
pub(super) const RECORDS_AT_ONCE: usize = 128;

/// How the records of one dataset look.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    /// `CIFAR-10`
    pub name: &'static str,
    /// Bytes before the picture; the last of them is the class.
    pub label_bytes: usize,
    pub classes: usize,
    /// How a person gets a good copy.
    pub remedy: &'static str,
}

impl Format {
    pub const fn record_bytes(&self) -> usize {
        self.label_bytes + PICTURE_BYTES
    }

    /// Refuses a file that is not there or not `records` records long, by its length alone.
    pub fn check(&'static self, file: &Path, records: usize) -> Result<(), DataError> {
        let length = match fs::metadata(file) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => return Err(self.missing(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(self.missing(file)),
            Err(source) => return Err(DataError::Unreadable { path: file.to_owned(), source }),
        };
        self.check_length(file, records, length)
    }

    fn missing(&'static self, file: &Path) -> DataError {
        DataError::MissingFile { file: file.to_owned(), format: self }
    }

    fn check_length(&'static self, file: &Path, records: usize, found: u64) -> Result<(), DataError> {
        let expected = (records * self.record_bytes()) as u64;
        if found == expected {
            return Ok(());
        }
        Err(DataError::WrongLength { file: file.to_owned(), expected, found, format: self })
    }

    /// Reads files of `records` records each, one after the other in memory, several at once in time.
    pub fn read(&'static self, files: &[PathBuf], records: usize) -> Result<Pictures, DataError> {
        let mut labels = vec![0; files.len() * records];
        let mut pixels = vec![0; files.len() * records * PICTURE_BYTES];
        files
            .par_iter()
            .zip(labels.par_chunks_mut(records))
            .zip(pixels.par_chunks_mut(records * PICTURE_BYTES))
            .map(|((file, labels), pixels)| self.read_file(file, labels, pixels))
            // The first error in the order of the files, whichever thread was faster.
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<(), _>>()?;
        Ok(Pictures::new(SIDE, labels, pixels))
    }

    /// Fills `labels` and `pixels` from the records of `file`.
    fn read_file(&'static self, file: &Path, labels: &mut [u8], pixels: &mut [u8]) -> Result<(), DataError> {
        let unreadable = |source| DataError::Unreadable { path: file.to_owned(), source };
        let mut open = File::open(file).map_err(unreadable)?;
        self.check_length(file, labels.len(), open.metadata().map_err(unreadable)?.len())?;

        let mut read = vec![0; RECORDS_AT_ONCE * self.record_bytes()];
        let parts = labels.chunks_mut(RECORDS_AT_ONCE).zip(pixels.chunks_mut(RECORDS_AT_ONCE * PICTURE_BYTES));
        for (part, (labels, pixels)) in parts.enumerate() {
            let read = &mut read[..labels.len() * self.record_bytes()];
            open.read_exact(read).map_err(unreadable)?;
            let places = labels.iter_mut().zip(pixels.chunks_exact_mut(PICTURE_BYTES));
            for (i, (record, (label, picture))) in read.chunks_exact(self.record_bytes()).zip(places).enumerate() {
                let (of_record, of_picture) = record.split_at(self.label_bytes);
                let class = of_record[self.label_bytes - 1];
                if usize::from(class) >= self.classes {
                    let record = part * RECORDS_AT_ONCE + i;
                    return Err(DataError::WrongLabel { file: file.to_owned(), record, label: class, format: self });
                }
                *label = class;
                picture.copy_from_slice(of_picture);
            }
        }
        Ok(())
    }
}
