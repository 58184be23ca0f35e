//! Checkpoints made to do harm: their checksums are right, what is in them is not.

use std::fs;
use std::path::Path;

use alexscope::run::{encode_arrays, newest_checkpoint, read_arrays, read_checkpoint};
use sha2::{Digest, Sha256};

use super::count::trials;
use super::{Chance, save, tiny_arrays, tiny_model};

/// A safetensors file with this header, as it stands, and so many bytes of data.
fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// Puts `model` into a checkpoint, with a manifest that vouches for it.
fn plant(checkpoint: &Path, model: &[u8]) {
    fs::write(checkpoint.join("model.safetensors"), model).unwrap();
    let path = checkpoint.join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let hex: String = Sha256::digest(model).iter().map(|byte| format!("{byte:02x}")).collect();
    manifest["files"]["model.safetensors"] = serde_json::json!({ "bytes": model.len(), "sha256": hex });
    fs::write(path, manifest.to_string()).unwrap();
}

/// What is said of a checkpoint with that model; the one before it must be taken.
fn refused(model: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), 1);
    let path = folder.path().join(save(folder.path(), 2));
    plant(&path, model);
    let (saved, damaged) = newest_checkpoint(folder.path(), &tiny_model());
    assert_eq!(saved.unwrap().state.moment.step, 1);
    damaged[0].to_string()
}

#[test]
fn a_header_of_no_or_of_absurd_length_is_refused_without_making_room_for_it() {
    let length = |length: u64| [&length.to_le_bytes()[..], b"{}"].concat();
    for model in [Vec::new(), vec![0; 7], length(0), length(1 << 63), length(u64::MAX), length(99_000_000), length(100_000_001)] {
        assert!(refused(&model).contains("model.safetensors: "));
    }
}

#[test]
fn a_header_of_99_megabytes_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(save(folder.path(), 1));
    let header = format!("{{}}{}", " ".repeat(99_000_000));
    plant(&path, &safetensors(&header, 0));
    // No tensors are in it, so it is no checkpoint of any network; it may be a file of this format.
    assert!(read_checkpoint(&path).is_err() || newest_checkpoint(folder.path(), &tiny_model()).0.is_none());
}

#[test]
fn tensors_that_overlap_overflow_or_reach_over_the_end_are_refused() {
    let bias =
        |shape: &str, from: u64, to: u64| format!(r#""fc1.bias":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#);
    let weight = |from: u64, to: u64| format!(r#""fc1.weight":{{"dtype":"F32","shape":[3,4],"data_offsets":[{from},{to}]}}"#);
    let both = |bias: String, weight: String| format!("{{{bias},{weight}}}");
    let huge = "[4294967296,4294967296,4294967296]";
    for (header, data) in [
        (both(bias("[3]", 0, 12), weight(8, 56)), 60),
        (both(bias("[3]", 0, 12), weight(12, 60)), 20),
        (both(bias("[3]", 12, 0), weight(12, 60)), 60),
        (both(bias(huge, 0, 12), weight(12, 60)), 60),
        (both(bias("[3]", 0, u64::MAX), weight(12, 60)), 60),
        (both(bias("[-1]", 0, 12), weight(12, 60)), 60),
        (format!("{{{}", bias("[3]", 0, 12)), 12),
        (r#"{"fc1.bias":null}"#.into(), 0),
        ("[".repeat(100_000), 0),
    ] {
        let said = refused(&safetensors(&header, data));
        assert!(said.contains("model.safetensors: "), "{said}");
    }
}

#[test]
fn tensors_of_other_names_shapes_or_kinds_are_named() {
    let tensor = |name: &str, kind: &str, shape: &str, from: usize, to: usize| {
        format!(r#""{name}":{{"dtype":"{kind}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let good = tensor("fc1.bias", "F32", "[3]", 0, 12);
    for (other, end, word) in [
        (tensor("fc1.weight", "F32", "[4,3]", 12, 60), 60, "fc1.weight is [4, 3], not [3, 4]"),
        (tensor("fc2.weight", "F32", "[3,4]", 12, 60), 60, "fc1.weight is not in it"),
        (tensor("fc1.weight", "F16", "[3,4]", 12, 36), 36, "fc1.weight is F16, expected F32"),
        (tensor("fc1.weight", "F32", "[3,4]", 12, 60) + "," + &tensor("more", "F32", "[1]", 60, 64), 64, "more is none of"),
    ] {
        let said = refused(&safetensors(&format!("{{{good},{other}}}"), end));
        assert!(said.contains(word), "{said}");
    }
    let mut nan = safetensors(&format!("{{{good},{}}}", tensor("fc1.weight", "F32", "[3,4]", 12, 60)), 60);
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(refused(&nan).contains("fc1.weight is not all finite numbers"));
}

/// Pieces that a header is made of, and some that it should not be.
const WORDS: [&str; 14] = [
    "\"F32\"",
    "\"F64\"",
    "\"BOOL\"",
    "[3,4]",
    "[0]",
    "[]",
    "[18446744073709551615,2]",
    "-1",
    "1e400",
    "null",
    "{",
    "}",
    "\"dtype\":",
    ",",
];

/// One of the corpus, altered in one to four places: a byte, a stretch doubled or left out, a word put in, another length told.
fn mutated(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = corpus[chance.below(corpus.len())].clone();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len());
        let end = (at + chance.below(40)).min(bytes.len());
        match chance.below(6) {
            0 if at < bytes.len() => bytes[at] = chance.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            3 => drop(bytes.splice(at..end, WORDS[chance.below(WORDS.len())].bytes())),
            4 if bytes.len() >= 8 => {
                let told = [0, 1, (bytes.len() - 8) as u64, 99_000_000, 1 << 63, u64::MAX][chance.below(6)];
                bytes[..8].copy_from_slice(&told.to_le_bytes());
            }
            // The length that is right again, so that the header itself is read.
            _ if bytes.len() >= 8 => {
                let length = bytes[8..].iter().rposition(|byte| *byte == b'}').map_or(0, |last| last as u64 + 1);
                bytes[..8].copy_from_slice(&length.to_le_bytes());
            }
            _ => {}
        }
    }
    bytes
}

#[test]
fn of_any_bytes_no_more_is_read_than_there_is() {
    let mut corpus = vec![
        encode_arrays(&tiny_arrays(1)).unwrap(),
        safetensors("{}", 0),
        safetensors(r#"{"__metadata__":{"a":"b"},"fc1.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, 12),
        safetensors(
            r#"{"a":{"dtype":"F32","shape":[0,9],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
            4,
        ),
    ];
    let mut chance = Chance(11);
    let mut read = 0;
    for _ in 0..trials(300) {
        let bytes = mutated(&corpus, &mut chance);
        let Ok(arrays) = read_arrays(&bytes) else { continue };
        read += 1;
        let numbers: usize = arrays.iter().map(|(.., values)| values.len()).sum();
        assert!(4 * numbers <= bytes.len());
        for (name, shape, values) in &arrays {
            assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        }
        // What is taken for a file leads to more of its kind.
        if corpus.len() < 200 && bytes.len() < 4_000 {
            corpus.push(bytes);
        }
    }
    assert!(read > 5, "only {read} were files at all");
}
