//! A saved moment: a folder with weights, velocities and position, and a manifest written last.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::arrays::{Arrays, read_arrays};
use crate::session::{Moment, SaveReason};
use crate::spec::{ModelSpec, parameter_shapes};

/// A manifest lists three files.
const LARGEST_MANIFEST: u64 = 1 << 16;

pub(super) const MODEL: &str = "model.safetensors";
pub(super) const OPTIMIZER: &str = "optimizer.safetensors";
pub(super) const STATE: &str = "state.json";
pub(super) const MANIFEST: &str = "manifest.json";

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
    /// Whether it is of that network, its tensors are the network's by name and shape, and every number in them is one. `folder`
    /// is the checkpoint's, for errors.
    pub fn check(&self, model: &ModelSpec, folder: &Path) -> Result<(), CheckpointError> {
        let wrong = |file: &str, reason| CheckpointError::Damaged { path: folder.join(file), reason };
        if self.state.model != model.name {
            return Err(wrong(STATE, format!("it is of the network {}, not of {}", self.state.model, model.name)));
        }
        let shapes = parameter_shapes(model).map_err(|error| wrong(MODEL, error.to_string()))?;
        for (file, arrays) in [(MODEL, &self.parameters), (OPTIMIZER, &self.velocities)] {
            check_arrays(arrays, &shapes).map_err(|reason| wrong(file, reason))?;
        }
        Ok(())
    }
}

fn check_arrays(arrays: &Arrays, shapes: &[(String, Vec<usize>)]) -> Result<(), String> {
    for (name, shape) in shapes {
        let (.., there, values) = arrays.iter().find(|(there, ..)| there == name).ok_or(format!("{name} is not in it"))?;
        if there != shape {
            return Err(format!("{name} is {there:?}, not {shape:?}"));
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(format!("{name} is not all finite numbers"));
        }
    }
    match arrays.iter().find(|(name, ..)| shapes.iter().all(|(wanted, _)| wanted != name)) {
        Some((name, ..)) => Err(format!("{name} is none of the network's tensors")),
        None => Ok(()),
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    pub files: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot {what} {}: {source}", .path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{}: {reason}; this checkpoint is damaged, take an older one", .path.display())]
    Damaged { path: PathBuf, reason: String },
}

pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    move |source| CheckpointError::Io { what, path: path.to_path_buf(), source }
}

/// Names of the checkpoints, oldest first; none of a folder that cannot be read.
pub(super) fn names(checkpoints: &Path) -> Vec<String> {
    let entries = fs::read_dir(checkpoints).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.contains("-step-") && !name.starts_with('.'));
    // By number: the ten-thousandth has a digit more.
    names.sort_by_cached_key(|name| (number(name), name.clone()));
    names
}

/// The first part of a checkpoint's name, which counts them.
pub(super) fn number(name: &str) -> u32 {
    name.split_once('-').and_then(|(number, _)| number.parse().ok()).unwrap_or_default()
}

pub(super) fn read_state(folder: &Path) -> Result<SavedState, CheckpointError> {
    let path = folder.join(STATE);
    let text = fs::read(&path).map_err(failed("read", &path))?;
    serde_json::from_slice(&text).map_err(|error| CheckpointError::Damaged { path, reason: error.to_string() })
}

/// The newest checkpoint that is whole and of that network, and what was wrong with newer ones. None where there is none.
pub fn newest_checkpoint(checkpoints: &Path, model: &ModelSpec) -> (Option<Saved>, Vec<CheckpointError>) {
    first_whole(checkpoints, model, names(checkpoints).iter().rev())
}

/// The one whose weights had the best test accuracy, as far as that is sure, among those that are whole and of that network; the newest
/// of equals, and where none were tested the newest of all.
pub fn best_checkpoint(checkpoints: &Path, model: &ModelSpec) -> (Option<Saved>, Vec<CheckpointError>) {
    let rank = |name: &String| read_state(&checkpoints.join(name)).ok().and_then(|state| state.moment.rank());
    let mut ranked: Vec<_> = names(checkpoints).into_iter().map(|name| (rank(&name).unwrap_or(-1.0), name)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    first_whole(checkpoints, model, ranked.iter().rev().map(|(_, name)| name))
}

fn first_whole<'a>(
    checkpoints: &Path,
    model: &ModelSpec,
    names: impl Iterator<Item = &'a String>,
) -> (Option<Saved>, Vec<CheckpointError>) {
    let mut damaged = Vec::new();
    for name in names {
        let folder = checkpoints.join(name);
        match read_checkpoint(&folder).and_then(|saved| saved.check(model, &folder).map(|()| saved)) {
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
    let arrays = |name: &str| read_arrays(&checked(name)?).map_err(|reason| damaged(name, reason));
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Saved { name, state, parameters: arrays(MODEL)?, velocities: arrays(OPTIMIZER)? })
}

/// Two hexadecimal digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
