//! Writing checkpoints and clearing away those that are not worth their room.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::arrays::{Arrays, encode_arrays};
use super::checkpoint::{
    CheckpointError, Entry, MANIFEST, MODEL, Manifest, OPTIMIZER, STATE, SavedState, failed, hex, names, number, read_checkpoint,
    read_state,
};
use super::disk::{Disk, RealDisk};
use crate::whole_file;

/// Checkpoints that are kept because nothing newer is there.
const NEWEST: usize = 2;

/// Writes `NNNN-step-NNNNNNNN` into `checkpoints`, aside first, makes it durable and renames it; returns its name. The names
/// sort in the order in which checkpoints were written. A moment that the newest one holds already is not written again.
pub fn write_checkpoint(
    disk: &dyn Disk,
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
        // One that was damaged since is no checkpoint of this moment.
        && read_checkpoint(&checkpoints.join(newest)).is_ok()
    {
        return Ok(newest.clone());
    }
    if !checkpoints.exists() {
        let run = checkpoints.parent().unwrap_or(Path::new("."));
        let made = disk.make_folder(checkpoints).and_then(|()| disk.sync_folder(run));
        made.map_err(failed("make the folder", checkpoints))?;
    }
    let name = format!("{:04}-step-{:08}", newest.map_or(0, |name| number(&name)) + 1, state.moment.step);
    let folder = checkpoints.join(&name);
    let aside = whole_file::temporary_name(&folder);
    let written = fill(disk, &aside, state, parameters, velocities).and_then(|()| put_in_place(disk, &aside, &folder));
    if written.is_err() {
        let _ = disk.remove_folder(&aside);
    }
    written.map(|()| name)
}

/// Removes what is not worth its room and returns the names: kept are the newest [`NEWEST`], the one with the best test
/// accuracy, and those that a person asked for. What a crash left half-written goes too; only the program that holds the
/// run may call this.
pub fn prune_checkpoints(disk: &dyn Disk, checkpoints: &Path) -> Result<Vec<String>, CheckpointError> {
    clear_litter(disk, checkpoints)?;
    let names = names(checkpoints);
    let states: Vec<_> = names.iter().map(|name| read_state(&checkpoints.join(name)).ok()).collect();
    let rank = |place: &usize| states[*place].as_ref().and_then(|state| state.moment.rank()).unwrap_or(-1.0);
    let best = (0..names.len()).max_by(|a, b| rank(a).total_cmp(&rank(b)));
    let mut dropped = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let newest = place + NEWEST >= names.len();
        // One that cannot be read is damaged; it is left for a person to look at.
        let wanted = states[place].as_ref().is_none_or(SavedState::is_pinned);
        if newest || wanted || Some(place) == best {
            continue;
        }
        // Under another name first, and that durably: a checkpoint that is half removed is none.
        let folder = checkpoints.join(name);
        let aside = whole_file::temporary_name(&folder);
        disk.rename(&folder, &aside).map_err(failed("remove", &folder))?;
        dropped.push((name.clone(), aside));
    }
    if !dropped.is_empty() {
        disk.sync_folder(checkpoints).map_err(failed("write", checkpoints))?;
    }
    for (_, aside) in &dropped {
        disk.remove_folder(aside).map_err(failed("remove", aside))?;
    }
    Ok(dropped.into_iter().map(|(name, _)| name).collect())
}

/// Removes what a crash left half-written. Done before every save too: a run that is killed in each of its saves would fill the
/// disk with halves.
pub fn clear_litter(disk: &dyn Disk, checkpoints: &Path) -> Result<(), CheckpointError> {
    for entry in fs::read_dir(checkpoints).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name.ends_with(".tmp") {
            disk.remove_folder(&entry.path()).map_err(failed("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn fill(
    disk: &dyn Disk,
    folder: &Path,
    state: &SavedState,
    parameters: &Arrays,
    velocities: &Arrays,
) -> Result<(), CheckpointError> {
    disk.make_folder(folder).map_err(failed("make the folder", folder))?;
    let state = serde_json::to_vec_pretty(state).map_err(|error| failed("write", folder)(error.into()))?;
    let mut manifest = Manifest { files: BTreeMap::new() };
    for (name, bytes) in [(MODEL, encode(parameters, folder)?), (OPTIMIZER, encode(velocities, folder)?), (STATE, state)] {
        let path = folder.join(name);
        disk.write_through(&path, &bytes).map_err(failed("write", &path))?;
        manifest.files.insert(name.into(), Entry { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(&bytes)) });
    }
    let path = folder.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| failed("write", &path)(error.into()))?;
    disk.write_through(&path, &json).map_err(failed("write", &path))?;
    disk.sync_folder(folder).map_err(failed("write", folder))
}

fn encode(arrays: &Arrays, folder: &Path) -> Result<Vec<u8>, CheckpointError> {
    encode_arrays(arrays).map_err(|error| failed("write", folder)(io::Error::other(error)))
}

/// Copies a checkpoint under its own name into another run's checkpoints, file by file as they are.
pub fn copy_checkpoint(from: &Path, checkpoints: &Path) -> Result<(), CheckpointError> {
    let folder = checkpoints.join(from.file_name().unwrap_or_default());
    let aside = whole_file::temporary_name(&folder);
    let copied = copy_files(&RealDisk, from, &aside).and_then(|()| put_in_place(&RealDisk, &aside, &folder));
    if copied.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    copied
}

fn copy_files(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), CheckpointError> {
    disk.make_folder(to).map_err(failed("make the folder", to))?;
    for name in [MODEL, OPTIMIZER, STATE, MANIFEST] {
        let bytes = fs::read(from.join(name)).map_err(failed("read", &from.join(name)))?;
        disk.write_through(&to.join(name), &bytes).map_err(failed("write", &to.join(name)))?;
    }
    disk.sync_folder(to).map_err(failed("write", to))
}

/// Gives a finished folder its name for good.
fn put_in_place(disk: &dyn Disk, aside: &Path, folder: &Path) -> Result<(), CheckpointError> {
    disk.rename(aside, folder).map_err(failed("rename", aside))?;
    let checkpoints = folder.parent().unwrap_or(Path::new("."));
    disk.sync_folder(checkpoints).map_err(failed("write", checkpoints))
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::newest_checkpoint;
    use super::*;
    use crate::knobs::Settings;
    use crate::session::{Moment, SaveReason};
    use crate::spec::ModelSpec;

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
        let path = folder.path().join(write_checkpoint(&RealDisk, folder.path(), &state, &parameters, &velocities).unwrap());
        let again = read_checkpoint(&path).unwrap();
        assert_eq!((again.state, sorted(again.parameters), sorted(again.velocities)), (state, parameters, velocities));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_flipped_bit_or_a_missing_byte_is_found_in_every_file() {
        for name in [MODEL, OPTIMIZER, STATE, MANIFEST] {
            let folder = tempfile::tempdir().unwrap();
            let (state, parameters, velocities) = moment();
            let path = folder.path().join(write_checkpoint(&RealDisk, folder.path(), &state, &parameters, &velocities).unwrap());
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
            write_checkpoint(&RealDisk, folder.path(), &state, &parameters, &velocities).unwrap();
        }
        fs::create_dir(folder.path().join(".0009-step-00000009.1.tmp")).unwrap();
        let dropped = prune_checkpoints(&RealDisk, folder.path()).unwrap();
        assert_eq!(dropped, ["0001-step-00000000", "0004-step-00000003"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        let (newest, damaged) = newest_checkpoint(folder.path(), &model());
        assert_eq!((newest.unwrap().name.as_str(), damaged.len()), ("0006-step-00000005", 0));
    }

    #[test]
    fn a_moment_that_the_newest_checkpoint_holds_is_not_written_again_and_an_older_road_is_not_mistaken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut state, parameters, velocities) = moment();
        let write = |state: &SavedState| write_checkpoint(&RealDisk, folder.path(), state, &parameters, &velocities).unwrap();
        assert_eq!(write(&state), write(&state));
        state.moment.step = 3;
        assert_eq!(write(&state), "0002-step-00000003");
        assert_eq!(newest_checkpoint(folder.path(), &model()).0.unwrap().state.moment.step, 3);
    }
}
