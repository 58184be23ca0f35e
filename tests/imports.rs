//! Imports only go downward: who may use whom, read from the source.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may import. A room that is not listed may import any.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("spelling", &[]),
    ("table", &[]),
    ("knobs", &["spelling"]),
    ("whole_file", &[]),
    ("fault", &[]),
    ("signals", &[]),
    ("spec", &["knobs", "spelling"]),
    ("probe", &[]),
    ("session", &["probe", "knobs", "spec"]),
    ("link", &["session", "probe", "knobs", "spec"]),
    ("engine", &["session", "probe", "knobs", "spec"]),
    ("chart", &["session", "knobs", "spec"]),
    ("contest", &["chart", "session", "knobs", "spec", "table"]),
    ("mosaic", &["probe"]),
    ("dataset", &["fault", "spec", "whole_file"]),
    ("ops", &["spec"]),
    ("nn", &["ops", "dataset", "engine", "session", "probe", "knobs", "spec"]),
    ("run", &["session", "knobs", "spec", "whole_file"]),
    ("worker", &["fault", "link", "engine", "run", "session", "probe", "knobs", "spec", "whole_file"]),
    ("export", &["chart", "mosaic", "session", "knobs", "spec", "whole_file"]),
    ("ui", &["fault", "contest", "table", "chart", "mosaic", "link", "session", "probe", "knobs", "spec", "spelling"]),
    ("cli", &["knobs", "dataset"]),
];

/// Libraries that only some rooms may touch.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("candle_core", &["ops", "nn", "bench"]),
    ("candle_nn", &["ops", "nn"]),
    ("rayon", &["ops", "nn", "dataset", "worker", "bench", "rate_test", "twins", "replay", "trained"]),
    ("ratatui", &["ui", "export"]),
    ("plotters", &["export"]),
    ("clap", &["cli", "main"]),
    ("ureq", &["dataset"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The room a file lies in: `src/ops/conv2d/cpu.rs` is in `ops`, `src/link.rs` is `link`.
fn room(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

/// Rooms named after `crate::` in a line, also in `use crate::{a::B, c::D}`.
fn named_rooms(line: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => rooms.push(word(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut start = true;
                for (i, c) in group.char_indices() {
                    if start && depth == 0 && (c.is_alphabetic() || c == '_') {
                        rooms.push(word(&group[i..]));
                        start = false;
                    }
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        _ => {}
                    }
                }
            }
        }
    }
    rooms
}

/// The part of a file that is compiled into the program, without comments.
fn without_tests(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_room_imports_only_what_lies_under_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30);
    let mut offences = Vec::new();
    for path in files.iter().filter(|path| !path.ends_with("tests.rs") && !path.ends_with("lib.rs")) {
        let room = room(path, &src);
        let text = without_tests(path);
        let shown = path.strip_prefix(&src).unwrap().display();
        if let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) {
            for named in named_rooms(&text) {
                if named != room && !allowed.contains(&named.as_str()) {
                    offences.push(format!("src/{shown}: {room} must not import {named}"));
                }
            }
        }
        for (library, rooms) in LIBRARIES {
            let uses = text.contains(&format!("{library}::"));
            if uses && !rooms.contains(&room.as_str()) {
                offences.push(format!("src/{shown}: {room} must not use {library}"));
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn the_scan_sees_plain_grouped_and_inline_imports() {
    assert_eq!(named_rooms("use crate::knobs::Knob;"), ["knobs"]);
    assert_eq!(named_rooms("use crate::{start, worker::{Plan, spawn}, run};"), ["start", "worker", "run"]);
    assert_eq!(named_rooms("let x = crate::ops::Context::new();"), ["ops"]);
}
