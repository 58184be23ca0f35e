//! Weights from other programs: a safetensors file under this network's names, in the order out × in × height × width, as PyTorch
//! keeps them. torchvision's AlexNet has the names of the network `torchvision`.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{ExchangeError, Result};
use crate::run::{Arrays, hex, read_arrays};
use crate::session::WeightsFile;
use crate::spec::{ModelSpec, parameter_shapes};

/// Reads all arrays of a file, all in f32.
pub fn read(path: &Path) -> Result<Arrays> {
    Ok(read_and_name(path)?.0)
}

/// The same, and what tells the file from any other.
pub fn read_and_name(path: &Path) -> Result<(Arrays, WeightsFile)> {
    let reading = |source| ExchangeError::Reading { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(reading)?;
    // A run may be done again from another folder.
    let whole = path.canonicalize().map_err(reading)?;
    Ok((parse(path, &bytes)?, WeightsFile { path: whole.display().to_string(), sha256: sha256(&bytes) }))
}

/// Reads the file again that a run began with; `moved` is where it is now, if elsewhere.
///
/// # Errors
/// A file that is gone, or is not the one that it was.
pub fn read_again(began: &WeightsFile, moved: Option<&Path>) -> Result<Arrays> {
    let path = moved.map_or_else(|| PathBuf::from(&began.path), Path::to_path_buf);
    let expected = began.sha256.clone();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(ExchangeError::WeightsGone { path, expected, source }),
    };
    match sha256(&bytes) {
        came if came == expected => parse(&path, &bytes),
        came => Err(ExchangeError::OtherWeights { path, expected, came }),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Arrays> {
    read_arrays(bytes).map_err(|reason| ExchangeError::NoSafetensors { path: path.to_owned(), reason })
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Takes out of `arrays` what fits `model`. A last layer for another number of classes is left to be drawn anew; what was done is said.
///
/// # Errors
/// A parameter that is missing or of another shape, or an array that the network has no place for.
pub fn fitting(model: &ModelSpec, mut arrays: Arrays) -> Result<(Arrays, Option<String>)> {
    let shapes = parameter_shapes(model).map_err(|error| ExchangeError::Model(error.to_string()))?;
    let (mut taken, mut said) = (Arrays::new(), None);
    for (place, (name, expected)) in shapes.iter().enumerate() {
        let at = arrays.iter().position(|(there, ..)| there == name);
        let array = arrays.swap_remove(at.ok_or_else(|| ExchangeError::Missing { name: name.clone() })?);
        // Weight and bias of the last layer come last.
        let last = place + 2 >= shapes.len();
        if last && array.1.get(1..) == expected.get(1..) && array.1.first() != expected.first() {
            let (layer, _) = name.rsplit_once('.').unwrap_or((name, ""));
            said =
                Some(format!("{layer} gives {} numbers in the file and {} here, so it is drawn anew", array.1[0], expected[0]));
            continue;
        }
        if array.1 != *expected {
            return Err(ExchangeError::Shape { name: name.clone(), expected: expected.clone(), came: array.1 });
        }
        taken.push(array);
    }
    match arrays.first() {
        Some((name, ..)) => Err(ExchangeError::NoPlace { name: name.clone(), model: model.name.clone() }),
        None => Ok((taken, said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::zoo;

    fn arrays(classes: usize) -> Arrays {
        let shapes: [(&str, &[usize]); 6] = [
            ("conv1", &[20, 3, 5, 5]),
            ("conv2", &[50, 20, 5, 5]),
            ("fc3", &[classes, 3200]),
            ("conv1.b", &[20]),
            ("conv2.b", &[50]),
            ("fc3.b", &[classes]),
        ];
        let array = |(name, shape): (&str, &[usize])| {
            let name = match name.strip_suffix(".b") {
                Some(layer) => format!("{layer}.bias"),
                None => format!("{name}.weight"),
            };
            (name, shape.to_vec(), vec![0.5; shape.iter().product()])
        };
        shapes.map(array).to_vec()
    }

    #[test]
    fn all_arrays_of_a_fitting_file_are_taken() {
        let model = zoo::load("simple-cnn").unwrap();
        let (taken, said) = fitting(&model, arrays(10)).unwrap();
        assert_eq!((taken.len(), said), (6, None));
    }

    #[test]
    fn a_last_layer_for_other_classes_is_drawn_anew_and_that_is_said() {
        let model = zoo::load("simple-cnn").unwrap();
        let (taken, said) = fitting(&model, arrays(1000)).unwrap();
        assert_eq!(taken.len(), 4);
        assert_eq!(said.unwrap(), "fc3 gives 1000 numbers in the file and 10 here, so it is drawn anew");
    }

    #[test]
    fn another_networks_file_is_refused_with_the_first_thing_that_does_not_fit() {
        let model = zoo::load("simple-cnn").unwrap();
        let refused = |arrays: Arrays| fitting(&model, arrays).unwrap_err().to_string();
        let mut narrow = arrays(10);
        narrow[0].1 = vec![20, 3, 3, 3];
        assert!(refused(narrow).contains("conv1.weight is [20, 3, 5, 5] in this network, but [20, 3, 3, 3] in the file"));
        assert!(refused(arrays(10)[1..].to_vec()).contains("no conv1.weight"));
        let mut more = arrays(10);
        more.push(("fc9.weight".into(), vec![1], vec![0.0]));
        assert!(refused(more).contains("fc9.weight has no place in simple-cnn"));
    }
}
