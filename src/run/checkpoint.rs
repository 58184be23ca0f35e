//! A saved moment: a folder with weights, velocities and position, and a manifest written last.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::session::{Moment, SaveReason};
use crate::spec::{ModelSpec, parameter_shapes};
use crate::whole_file;

/// Named f32 arrays: name, shape, values in row order.
pub type Arrays = Vec<(String, Vec<usize>, Vec<f32>)>;

/// Checkpoints that are kept because nothing newer is there.
const NEWEST: usize = 2;

/// A manifest lists three files.
const LARGEST_MANIFEST: u64 = 1 << 16;

const MODEL: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";
const MANIFEST: &str = "manifest.json";

/// Everything that is not an array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedState {
    /// Version of alexscope that wrote it.
    pub version: String,
    /// Name of the network.
    pub model: String,
    pub reason: SaveReason,
    #[serde(flatten)]
    pub moment: Moment,
}

impl SavedState {
    /// Kept until a person removes it.
    pub fn is_pinned(&self) -> bool {
        self.reason == SaveReason::Asked
    }
}

/// A checkpoint as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Name of its folder.
    pub name: String,
    pub state: SavedState,
    pub parameters: Arrays,
    pub velocities: Arrays,
}

impl Saved {
    /// Whether these are the tensors of `model`, by name and shape, and it is their network. `folder` is the checkpoint's, for errors.
    pub fn fits(&self, model: &ModelSpec, folder: &Path) -> Result<(), CheckpointError> {
        let wrong = |file: &str, reason| CheckpointError::Damaged { path: folder.join(file), reason };
        if self.state.model != model.name {
            return Err(wrong(STATE, format!("it is of the network {}, not of {}", self.state.model, model.name)));
        }
        let shapes = parameter_shapes(model).map_err(|error| wrong(MODEL, error.to_string()))?;
        for (file, arrays) in [(MODEL, &self.parameters), (OPTIMIZER, &self.velocities)] {
            for (name, shape) in &shapes {
                match arrays.iter().find(|(there, ..)| there == name) {
                    None => return Err(wrong(file, format!("{name} is not in it"))),
                    Some((_, there, _)) if there != shape => {
                        return Err(wrong(file, format!("{name} is {there:?}, not {shape:?}")));
                    }
                    Some(_) => {}
                }
            }
            if let Some((name, ..)) = arrays.iter().find(|(name, ..)| shapes.iter().all(|(wanted, _)| wanted != name)) {
                return Err(wrong(file, format!("{name} is none of the tensors of {}", model.name)));
            }
        }
        Ok(())
    }

    /// Whether every number in it is one.
    pub fn is_finite(&self, folder: &Path) -> Result<(), CheckpointError> {
        for (file, arrays) in [(MODEL, &self.parameters), (OPTIMIZER, &self.velocities)] {
            if let Some((name, ..)) = arrays.iter().find(|(.., values)| !values.iter().all(|value| value.is_finite())) {
                return Err(CheckpointError::Damaged {
                    path: folder.join(file),
                    reason: format!("{name} is not all finite numbers"),
                });
            }
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    files: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot {what} {}: {source}", .path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{}: {reason}; this checkpoint is damaged, take an older one", .path.display())]
    Damaged { path: PathBuf, reason: String },
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    move |source| CheckpointError::Io { what, path: path.to_path_buf(), source }
}

/// Writes `NNNN-step-NNNNNNNN` into `checkpoints`, aside first, makes it durable and renames it; returns its name. The names
/// sort in the order in which checkpoints were written. A moment that the newest one holds already is not written again.
pub fn write_checkpoint(
    checkpoints: &Path,
    state: &SavedState,
    parameters: &Arrays,
    velocities: &Arrays,
) -> Result<String, CheckpointError> {
    let newest = names(checkpoints).pop();
    if let Some(newest) = &newest
        && let Ok(there) = read_state(&checkpoints.join(newest))
        && there.moment == state.moment
        && (there.is_pinned() || !state.is_pinned())
    {
        return Ok(newest.clone());
    }
    let number = newest.and_then(|name| name.split_once('-')?.0.parse::<u32>().ok()).map_or(1, |number| number + 1);
    let name = format!("{number:04}-step-{:08}", state.moment.step);
    let folder = checkpoints.join(&name);
    let aside = whole_file::temporary_name(&folder);
    let written = fill(&aside, state, parameters, velocities).and_then(|()| put_in_place(&aside, &folder));
    if written.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    written.map(|()| name)
}

/// Removes what is not worth its room and returns the names: kept are the newest [`NEWEST`], the one with the best test
/// accuracy, and those that a person asked for. What a crash left half-written goes too; only the program that holds the
/// run may call this.
pub fn prune_checkpoints(checkpoints: &Path) -> Result<Vec<String>, CheckpointError> {
    for entry in fs::read_dir(checkpoints).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name.ends_with(".tmp") {
            fs::remove_dir_all(entry.path()).map_err(failed("remove", &entry.path()))?;
        }
    }
    let names = names(checkpoints);
    let states: Vec<_> = names.iter().map(|name| read_state(&checkpoints.join(name)).ok()).collect();
    let accuracy = |place: &usize| states[*place].as_ref().and_then(|state| state.moment.test_accuracy).unwrap_or(-1.0);
    let best = (0..names.len()).max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)));
    let mut dropped = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let newest = place + NEWEST >= names.len();
        // One that cannot be read is damaged; it is left for a person to look at.
        let wanted = states[place].as_ref().is_none_or(SavedState::is_pinned);
        if newest || wanted || Some(place) == best {
            continue;
        }
        let folder = checkpoints.join(name);
        // Without its manifest a half-removed checkpoint is no checkpoint.
        fs::remove_file(folder.join(MANIFEST)).map_err(failed("remove", &folder))?;
        fs::remove_dir_all(&folder).map_err(failed("remove", &folder))?;
        dropped.push(name.clone());
    }
    Ok(dropped)
}

/// Names of the checkpoints, oldest first.
pub(super) fn names(checkpoints: &Path) -> Vec<String> {
    let entries = fs::read_dir(checkpoints).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.contains("-step-") && !name.starts_with('.'));
    names.sort();
    names
}

fn read_state(folder: &Path) -> Result<SavedState, CheckpointError> {
    let path = folder.join(STATE);
    let text = fs::read(&path).map_err(failed("read", &path))?;
    serde_json::from_slice(&text).map_err(|error| CheckpointError::Damaged { path, reason: error.to_string() })
}

fn fill(folder: &Path, state: &SavedState, parameters: &Arrays, velocities: &Arrays) -> Result<(), CheckpointError> {
    fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
    let state = serde_json::to_vec_pretty(state).map_err(|error| failed("write", folder)(error.into()))?;
    let mut manifest = Manifest { files: BTreeMap::new() };
    for (name, bytes) in [(MODEL, encode(parameters, folder)?), (OPTIMIZER, encode(velocities, folder)?), (STATE, state)] {
        let path = folder.join(name);
        whole_file::write_through(&path, &bytes).map_err(failed("write", &path))?;
        manifest.files.insert(name.into(), Entry { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(&bytes)) });
    }
    let path = folder.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| failed("write", &path)(error.into()))?;
    whole_file::write_through(&path, &json).map_err(failed("write", &path))?;
    whole_file::sync_folder(folder).map_err(failed("write", folder))
}

fn encode(arrays: &Arrays, folder: &Path) -> Result<Vec<u8>, CheckpointError> {
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let broken = |error: safetensors::SafeTensorError| failed("write", folder)(io::Error::other(error));
    let mut views = Vec::with_capacity(arrays.len());
    for ((name, shape, _), bytes) in arrays.iter().zip(&bytes) {
        views.push((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(broken)?));
    }
    serialize(views, None::<HashMap<String, String>>).map_err(broken)
}

/// The newest checkpoint that is whole and of that network, and what was wrong with newer ones. None where there is none.
pub fn newest_checkpoint(checkpoints: &Path, model: &ModelSpec) -> (Option<Saved>, Vec<CheckpointError>) {
    let mut damaged = Vec::new();
    for name in names(checkpoints).iter().rev() {
        let folder = checkpoints.join(name);
        match read_checkpoint(&folder).and_then(|saved| saved.fits(model, &folder).map(|()| saved)) {
            Ok(saved) => return (Some(saved), damaged),
            Err(error) => damaged.push(error),
        }
    }
    (None, damaged)
}

/// The name of the checkpoint that a person means: by its name, or the newest one of a step; without a word the newest that
/// is whole. Otherwise the names of all there are.
pub fn checkpoint_at(checkpoints: &Path, model: &ModelSpec, wanted: Option<&str>) -> Result<String, Vec<String>> {
    let all = names(checkpoints);
    let Some(wanted) = wanted else {
        return newest_checkpoint(checkpoints, model).0.map(|saved| saved.name).ok_or(all);
    };
    let step = |name: &str| name.split_once("-step-").and_then(|(_, step)| step.parse::<u64>().ok());
    let wanted_step = wanted.parse::<u64>().ok();
    let meant = |name: &&String| *name == wanted || (wanted_step.is_some() && step(name) == wanted_step);
    all.iter().rfind(meant).cloned().ok_or(all)
}

/// Copies a checkpoint under its own name into another run's checkpoints, file by file as they are.
pub fn copy_checkpoint(from: &Path, checkpoints: &Path) -> Result<(), CheckpointError> {
    let folder = checkpoints.join(from.file_name().unwrap_or_default());
    let aside = whole_file::temporary_name(&folder);
    let copied = copy_files(from, &aside).and_then(|()| put_in_place(&aside, &folder));
    if copied.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    copied
}

fn copy_files(from: &Path, to: &Path) -> Result<(), CheckpointError> {
    fs::create_dir_all(to).map_err(failed("make the folder", to))?;
    for name in [MODEL, OPTIMIZER, STATE, MANIFEST] {
        let bytes = fs::read(from.join(name)).map_err(failed("read", &from.join(name)))?;
        whole_file::write_through(&to.join(name), &bytes).map_err(failed("write", &to.join(name)))?;
    }
    whole_file::sync_folder(to).map_err(failed("write", to))
}

/// Gives a finished folder its name for good.
fn put_in_place(aside: &Path, folder: &Path) -> Result<(), CheckpointError> {
    fs::rename(aside, folder).map_err(failed("rename", aside))?;
    let checkpoints = folder.parent().unwrap_or(Path::new("."));
    whole_file::sync_folder(checkpoints).map_err(failed("write", checkpoints))
}

/// Reads a checkpoint and checks every file against the manifest.
pub fn read_checkpoint(folder: &Path) -> Result<Saved, CheckpointError> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(failed("read", &path))
    };
    let damaged = |name: &str, reason: String| CheckpointError::Damaged { path: folder.join(name), reason };
    let length = |name: &str| {
        let path = folder.join(name);
        fs::metadata(&path).map(|file| file.len()).map_err(failed("read", &path))
    };
    if length(MANIFEST)? > LARGEST_MANIFEST {
        return Err(damaged(MANIFEST, format!("it is longer than {LARGEST_MANIFEST} bytes")));
    }
    let manifest: Manifest = serde_json::from_slice(&read(MANIFEST)?).map_err(|error| damaged(MANIFEST, error.to_string()))?;
    let checked = |name: &str| {
        let entry = manifest.files.get(name).ok_or_else(|| damaged(MANIFEST, format!("{name} is not in it")))?;
        // Before it is read, so that no more is read than was written.
        let there = length(name)?;
        if there != entry.bytes {
            return Err(damaged(name, format!("{} bytes were written, {there} are there", entry.bytes)));
        }
        let bytes = read(name)?;
        if hex(&Sha256::digest(&bytes)) != entry.sha256 {
            return Err(damaged(name, "its SHA-256 is not the manifest's".into()));
        }
        Ok(bytes)
    };
    let state = serde_json::from_slice(&checked(STATE)?).map_err(|error| damaged(STATE, error.to_string()))?;
    let arrays = |name: &str| decode(&checked(name)?).map_err(|reason| damaged(name, reason));
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Saved { name, state, parameters: arrays(MODEL)?, velocities: arrays(OPTIMIZER)? })
}

fn decode(bytes: &[u8]) -> Result<Arrays, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    tensors
        .iter()
        .map(|(name, view)| {
            if view.dtype() != Dtype::F32 {
                return Err(format!("{name} is {:?}, expected F32", view.dtype()));
            }
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            Ok((name.to_string(), view.shape().to_vec(), values))
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs::Settings;

    fn moment() -> (SavedState, Arrays, Arrays) {
        let state = SavedState {
            version: "0.1.0".into(),
            model: "lenet5".into(),
            reason: SaveReason::Scheduled,
            moment: Moment { step: 7, offset: 224, settings: Settings::new(), ..Moment::default() },
        };
        let arrays =
            vec![("fc1.bias".to_string(), vec![2], vec![0.5, -1.0e-40]), ("fc1.weight".into(), vec![2, 1], vec![3.0, f32::MAX])];
        (state, arrays.clone(), arrays)
    }

    fn model() -> ModelSpec {
        let layers = r#"layers = [{ name = "flatten", kind = "flatten" }, { name = "fc1", kind = "dense", out = 2 }]"#;
        let text = format!("name = \"lenet5\"\ntitle = \"t\"\nabout = \"a\"\ninput = [1, 1, 1]\nclasses = 2\n{layers}");
        ModelSpec::from_toml(&text, "tiny.toml").unwrap()
    }

    fn sorted(mut arrays: Arrays) -> Arrays {
        arrays.sort_by(|a, b| a.0.cmp(&b.0));
        arrays
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_written_and_leaves_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let (state, parameters, velocities) = moment();
        let path = folder.path().join(write_checkpoint(folder.path(), &state, &parameters, &velocities).unwrap());
        let again = read_checkpoint(&path).unwrap();
        assert_eq!((again.state, sorted(again.parameters), sorted(again.velocities)), (state, parameters, velocities));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_flipped_bit_or_a_missing_byte_is_found_in_every_file() {
        for name in [MODEL, OPTIMIZER, STATE, MANIFEST] {
            let folder = tempfile::tempdir().unwrap();
            let (state, parameters, velocities) = moment();
            let path = folder.path().join(write_checkpoint(folder.path(), &state, &parameters, &velocities).unwrap());
            let whole = fs::read(path.join(name)).unwrap();
            fs::write(path.join(name), &whole[..whole.len() - 1]).unwrap();
            assert!(matches!(read_checkpoint(&path), Err(CheckpointError::Damaged { .. })), "{name} cut short");
            let mut flipped = whole.clone();
            // In the manifest any flipped byte of a checksum is a wrong checksum; elsewhere the checksum is.
            let at = if name == MANIFEST { whole.len() / 2 } else { whole.len() - 1 };
            flipped[at] ^= 1;
            fs::write(path.join(name), &flipped).unwrap();
            assert!(read_checkpoint(&path).is_err(), "{name} with a flipped bit");
        }
    }

    #[test]
    fn the_newest_two_the_best_and_the_pinned_are_kept_and_litter_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (state, parameters, velocities) = moment();
        let accuracies = [0.1, 0.9, 0.2, 0.3, 0.4, 0.5];
        for (i, accuracy) in accuracies.iter().enumerate() {
            let mut state = state.clone();
            state.moment.step = i as u64;
            state.moment.test_accuracy = Some(*accuracy);
            state.reason = if i == 2 { SaveReason::Asked } else { SaveReason::Scheduled };
            write_checkpoint(folder.path(), &state, &parameters, &velocities).unwrap();
        }
        fs::create_dir(folder.path().join(".0009-step-00000009.1.tmp")).unwrap();
        let dropped = prune_checkpoints(folder.path()).unwrap();
        assert_eq!(dropped, ["0001-step-00000000", "0004-step-00000003"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        let (newest, damaged) = newest_checkpoint(folder.path(), &model());
        assert_eq!((newest.unwrap().name.as_str(), damaged.len()), ("0006-step-00000005", 0));
    }

    #[test]
    fn a_moment_that_the_newest_checkpoint_holds_is_not_written_again_and_an_older_road_is_not_mistaken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut state, parameters, velocities) = moment();
        let write = |state: &SavedState| write_checkpoint(folder.path(), state, &parameters, &velocities).unwrap();
        assert_eq!(write(&state), write(&state));
        state.moment.step = 3;
        assert_eq!(write(&state), "0002-step-00000003");
        assert_eq!(newest_checkpoint(folder.path(), &model()).0.unwrap().state.moment.step, 3);
    }
}
