//! What can be done with the record of a run: list it, run it again, check it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn alexscope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_alexscope")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A short run with checkpoints, in `runs/name`.
fn train(runs: &Path, name: &str, more: &[&str]) -> PathBuf {
    let run = runs.join(name);
    let quick = ["train", "--headless", "--model", "lenet5", "--evaluate-pictures", "20", "--checkpoint-every", "3"];
    let output = alexscope(&[&quick[..], &["--run-dir", path(&run)], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    run
}

#[test]
fn a_record_with_changes_of_every_kind_runs_again_to_the_bit_also_where_it_was_resumed_and_forked() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("plan.txt");
    // The batch size waits for the next epoch, which begins after four steps.
    fs::write(&script, "2 batch-size 128\n3 momentum 0.5\n6 nesterov on\n").unwrap();
    let run = train(folder.path(), "parent", &["--script", path(&script), "--batch-size", "2500", "--steps", "7"]);
    let record = fs::read_to_string(run.join("events.jsonl")).unwrap();
    assert!(record.contains(r#""knob":"batch-size","from":"2500","to":"128""#), "{record}");
    let child = folder.path().join("child");
    // Checkpoints are left out while the disk is busy, but never the first.
    let names = fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let step_of = |name: String| name.rsplit('-').next().unwrap().parse::<u64>().unwrap();
    let at = names.map(step_of).filter(|&step| step < 7).max().unwrap();
    assert!(alexscope(&["fork", path(&run), "--at", &at.to_string(), "--run-dir", path(&child)]).status.success());
    let listed = json(&alexscope(&["runs", path(folder.path()), "--json"]));
    assert_eq!((&listed[1]["run"], &listed[1]["state"]), (&"child".into(), &"waiting".into()));
    assert!(alexscope(&["resume", path(&child), "--headless"]).status.success());
    for run in [&run, &child] {
        let output = alexscope(&["replay", path(run), "--json", "--threads", "1"]);
        let replay = json(&output);
        assert_eq!(
            (&replay["same"], &replay["difference"], output.status.code()),
            (&7.into(), &Value::Null, Some(0)),
            "{replay}"
        );
        assert_eq!(alexscope(&["verify", path(run)]).status.code(), Some(0));
    }
    let listed = json(&alexscope(&["runs", path(folder.path()), "--json"]));
    let named: Vec<_> =
        listed.as_array().unwrap().iter().map(|run| (run["run"].as_str().unwrap(), run["steps"].as_u64())).collect();
    assert_eq!(named, [("parent", Some(7)), ("child", Some(7))]);
    assert_eq!((&listed[1]["state"], &listed[1]["parent"]["step"]), (&"finished".into(), &at.into()));
    assert!(listed[0]["best_test_accuracy"].as_f64().is_some() && listed[0]["bytes"].as_u64().unwrap() > 100_000);
}

#[test]
fn a_record_that_was_tampered_with_is_told_by_its_first_step_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "run", &["--steps", "4"]);
    let record = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let third = record.lines().find(|line| line.contains(r#""event":"step","step":3,"#)).unwrap();
    let mut event: Value = serde_json::from_str(third).unwrap();
    event["loss"] = (event["loss"].as_f64().unwrap() + 1e-9).into();
    fs::write(run.join("events.jsonl"), record.replace(third, &event.to_string())).unwrap();
    let output = alexscope(&["replay", path(&run)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("step 3 differs, after 2 that are the same: recorded "), "{said}");
    assert!(said.contains("or the record or the program is at fault"), "{said}");
    assert_eq!(alexscope(&["replay", path(&run), "--steps", "2"]).status.code(), Some(0));
}

#[test]
fn verify_misses_checkpoints_that_are_gone_and_steps_that_are_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "run", &["--steps", "6"]);
    let record = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let ends_with_step_2 =
        record.lines().take_while(|line| !line.contains(r#""event":"step","step":3,"#)).map(|line| format!("{line}\n"));
    fs::write(run.join("events.jsonl"), ends_with_step_2.collect::<String>()).unwrap();
    assert_eq!(alexscope(&["resume", path(&run), "--headless"]).status.code(), Some(0));
    let said = String::from_utf8(alexscope(&["verify", path(&run)]).stdout).unwrap();
    assert!(said.contains("goes on from step 6, but of the steps after 2 nothing is told"), "{said}");
    fs::write(run.join("events.jsonl"), &record).unwrap();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let output = alexscope(&["verify", path(&run)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("was saved and is not there"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn verify_names_the_file_the_line_and_the_step_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "run", &["--steps", "6"]);
    let mut model = fs::read(run.join("checkpoints/0001-step-00000003/model.safetensors")).unwrap();
    let last = model.len() - 1;
    model[last] ^= 1;
    fs::write(run.join("checkpoints/0001-step-00000003/model.safetensors"), model).unwrap();
    let record = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let lines: Vec<&str> = record.lines().filter(|line| !line.contains(r#""event":"step","step":2,"#)).collect();
    fs::write(run.join("events.jsonl"), format!("{}\nnonsense\n{}\n{{", lines[0], lines[1..].join("\n"))).unwrap();
    let output = alexscope(&["verify", path(&run)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("0001-step-00000003/model.safetensors: its SHA-256 is not the manifest's"), "{said}");
    assert!(said.contains("events.jsonl, line 2: this is not an event"), "{said}");
    assert!(said.contains("step 3 comes after step 1"), "{said}");
    assert!(said.contains("the last line was cut off"), "{said}");
    assert!(said.contains("1 checkpoints are sound"), "{said}");
}
