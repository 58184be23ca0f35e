//! Files that were cut short or altered on the disk.

use std::fs;
use std::path::PathBuf;

use alexscope::run::{newest_checkpoint, read_record};
use alexscope::session::{Event, Stamped, StepStats};

use super::count::trials;
use super::{Chance, save, tiny_arrays, tiny_model};

/// Cuts the bytes short, or flips up to 64 bits of them.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    if chance.below(4) == 0 {
        bytes.truncate(chance.below(bytes.len()));
    } else {
        for _ in 0..=chance.below(64) {
            let at = chance.below(bytes.len());
            bytes[at] ^= 1 << chance.below(8);
        }
    }
}

/// Two checkpoints, of which the newest is damaged and mended again and again.
struct Checkpoints {
    folder: tempfile::TempDir,
    newest: PathBuf,
}

impl Checkpoints {
    fn new() -> Checkpoints {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), 1);
        let newest = folder.path().join(save(folder.path(), 2));
        Checkpoints { folder, newest }
    }

    /// The damaged checkpoint is named and the one before it taken, or nothing that counts was altered.
    fn fall_back(&self, name: &str, alter: impl FnOnce(&mut Vec<u8>)) {
        let path = self.newest.join(name);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        alter(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let (saved, damaged) = newest_checkpoint(self.folder.path(), &tiny_model());
        fs::write(&path, &whole).unwrap();
        let saved = saved.unwrap();
        let step = saved.state.moment.step;
        let mut parameters = saved.parameters;
        parameters.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(parameters, tiny_arrays(step));
        match &damaged[..] {
            [] => assert_eq!(step, 2),
            [error] => {
                assert_eq!(step, 1);
                assert!(error.to_string().contains("0002-step-00000002"), "{error}");
            }
            _ => panic!("{damaged:?}"),
        }
    }
}

const FILES: [&str; 4] = ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"];

#[test]
fn a_checkpoint_damaged_at_random_is_named_and_the_one_before_it_taken() {
    let checkpoints = Checkpoints::new();
    for trial in 0..trials(500) {
        let mut chance = Chance(trial as u64);
        let name = FILES[chance.below(FILES.len())];
        checkpoints.fall_back(name, |bytes| damage(bytes, &mut chance));
    }
}

#[test]
fn every_byte_of_a_header_counts() {
    let (checkpoints, header) = (Checkpoints::new(), 8 + 2 * 80);
    for name in &FILES[..2] {
        for at in 0..header {
            checkpoints.fall_back(name, |bytes| {
                let at = at % bytes.len();
                bytes[at] = bytes[at].wrapping_add(1);
            });
        }
    }
}

#[test]
fn a_damaged_record_gives_what_is_whole_of_it_and_names_the_rest() {
    let step = |step: u64| StepStats {
        step,
        epoch: step as f64 / 7.0,
        loss: 2.3 / step as f64,
        accuracy: 0.1,
        learning_rate: 0.01,
        images_per_second: 40.0,
        merged: None,
    };
    let line = |n: u64| serde_json::to_string(&Stamped { event: Event::Step(step(n)), time: n as f64 }).unwrap() + "\n";
    let whole: String = (1..=50).map(line).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    for trial in 0..trials(500) {
        let mut chance = Chance(1_000_000 + trial as u64);
        let mut bytes = whole.clone().into_bytes();
        damage(&mut bytes, &mut chance);
        fs::write(&path, &bytes).unwrap();
        let (events, damaged) = read_record(&path).unwrap();
        assert!(events.len() + damaged.len() <= 51 + bytes.iter().filter(|byte| **byte == b'\n').count());
        for error in damaged {
            assert!(error.to_string().contains("events.jsonl, line "), "{error}");
        }
    }
}

#[test]
fn a_record_that_nests_deeply_is_refused_and_overflows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    fs::write(&path, "[".repeat(1 << 20) + "\n" + &"{\"a\":".repeat(1 << 18) + "\n").unwrap();
    let (events, damaged) = read_record(&path).unwrap();
    assert_eq!((events.len(), damaged.len()), (0, 2));
}
