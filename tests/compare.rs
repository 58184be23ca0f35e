//! A comparison, as a person would make it: interrupted, taken up again, and read.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn alexscope(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alexscope"));
    command.args(arguments).stdin(Stdio::null());
    command
}

const NETWORKS: [&str; 12] = [
    "compare",
    "lenet5",
    "lenet5:learning-rate=1e-6",
    "--steps",
    "12",
    "--seeds",
    "2",
    "--batch-size",
    "16",
    "--evaluate-pictures",
    "100",
    "--run-dir",
];

fn compare(folder: &Path, more: &[&str]) -> Output {
    alexscope(&NETWORKS).arg(folder).args(more).output().unwrap()
}

fn events_of(folder: &Path, run: &str) -> Vec<Value> {
    let record = std::fs::read_to_string(folder.join(run).join("events.jsonl")).unwrap();
    record.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A comparison that a signal ended after the first of its runs. On a loaded machine all of them may end before the signal comes.
fn interrupted() -> tempfile::TempDir {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = alexscope(&NETWORKS).arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while !lines.next().unwrap().unwrap().contains("lenet5, seed 1: finished") {}
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        match child.wait().unwrap().code() {
            Some(143) => return folder,
            status => assert_eq!(status, Some(0), "{rest:?}"),
        }
    }
    panic!("no signal came in time");
}

#[test]
fn a_comparison_that_was_interrupted_goes_on_without_repeating_what_was_done() {
    let folder = interrupted();
    let folder = folder.path();
    let first = std::fs::read_to_string(folder.join("1-lenet5-seed-1/events.jsonl")).unwrap();

    let output = alexscope(&["compare", "--run-dir"]).arg(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stderr).unwrap().contains("1-lenet5-seed-1: done before"));
    assert_eq!(std::fs::read_to_string(folder.join("1-lenet5-seed-1/events.jsonl")).unwrap(), first);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Emoji-10, 12 steps, 2 seeds") && text.contains("62.0 k"), "{text}");
    assert!(text.contains("lenet5 → lenet5:learning-rate=1e-6") && text.contains("no difference seen at this budget"), "{text}");

    // The same seed starts alike and sees the same pictures: the first losses are equal to the bit.
    let loss = |run: &str| {
        let first = events_of(folder, run).into_iter().find(|event| event["event"] == "step").unwrap();
        first["loss"].as_f64().unwrap().to_bits()
    };
    assert_eq!(loss("1-lenet5-seed-2"), loss("2-lenet5-learning-rate-1e-6-seed-2"));
    assert_ne!(loss("1-lenet5-seed-1"), loss("1-lenet5-seed-2"));

    let json = compare(folder, &["--json"]);
    let runs: Vec<Value> =
        String::from_utf8(json.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(runs.len(), 4);
    assert!(runs.iter().all(|run| run["steps"] == 12 && run["ended"] == "budget" && run["tested"][0]["step"] == 12));

    let report = alexscope(&["report"]).arg(folder).arg(folder.join("1-lenet5-seed-1")).output().unwrap();
    assert_eq!(report.status.code(), Some(0), "{}", String::from_utf8_lossy(&report.stderr));
    let read = |name: &str| std::fs::read(folder.join("report").join(name)).unwrap();
    let page = String::from_utf8(read("report.html")).unwrap();
    assert!(page.matches("<svg").count() >= 5 && page.contains("no difference seen at this budget"));
    assert!(!page.contains("src=") && !page.contains("href="), "it asks for nothing from anywhere");
    let markdown = String::from_utf8(read("report.md")).unwrap();
    let chart = markdown.lines().find_map(|line| line.strip_prefix("![Test accuracy](")?.strip_suffix(')')).unwrap();
    assert!(read(chart).starts_with(b"\x89PNG"));

    let other = alexscope(&["compare", "lenet5", "simple-cnn", "--steps", "3", "--run-dir"]).arg(folder).output().unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8(other.stderr).unwrap().contains("holds another comparison"));
}

#[test]
fn what_cannot_begin_leaves_nothing_behind_and_is_begun_once_it_is_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = alexscope(arguments).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let networks = ["compare", "lenet5", "lenet5:nesterov=on", "--steps", "2", "--evaluate-pictures", "20"];
    let (status, said) = run(&[&networks[..], &["--data", "nowhere"]].concat());
    assert!(status == Some(1) && said.contains("nowhere: no such folder"), "{said}");
    let (status, said) = run(&["twins", "nesterov=on,off", "--model", "nope"]);
    assert!(status == Some(1) && said.contains("there is no such network"), "{said}");
    assert!(!folder.path().join("runs").exists());
    // A plan of which nothing came is no reason to refuse another.
    let there = [&networks[..], &["--run-dir", "there"]].concat();
    std::fs::create_dir(folder.path().join("there")).unwrap();
    let plan = r#"{"version":"0","contenders":[],"shared":[],"seeds":[1],"data":"nowhere","skip_broken":false}"#;
    std::fs::write(folder.path().join("there/compare.json"), plan).unwrap();
    let (status, said) = run(&there);
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = run(&["compare", "--run-dir", "there", "--seeds", "5"]);
    assert!(status == Some(1) && said.contains("cannot change --seeds of a comparison that was begun"), "{said}");
    let (status, said) = run(&["resume", "--headless", "there"]);
    assert!(status == Some(1) && said.contains("there is a comparison and no run: `alexscope view there` shows it"), "{said}");
}

#[test]
fn a_comparison_of_which_every_run_diverged_ends_with_status_3() {
    let folder = tempfile::tempdir().unwrap();
    let networks =
        ["compare", "lenet5", "lenet5:nesterov=on", "--learning-rate", "100", "--steps", "60", "--evaluate-pictures", "20"];
    let output = alexscope(&networks).arg("--run-dir").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_comparison_goes_on_with_its_pictures_where_they_are_now() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (class, grey) in [("dark", 20), ("bright", 220)] {
        std::fs::create_dir_all(at("own").join(class)).unwrap();
        for i in 0..5 {
            let picture = image::RgbImage::from_pixel(32, 32, image::Rgb([grey + i; 3]));
            picture.save(at("own").join(format!("{class}/{i}.png"))).unwrap();
        }
    }
    let run = |arguments: &[&str]| {
        let output = alexscope(arguments).args(["--run-dir", "there"]).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, said) = run(&["compare", "lenet5", "lenet5:nesterov=on", "--steps", "2", "--batch-size", "4", "--data", "own"]);
    assert_eq!(status, Some(0), "{said}");
    std::fs::remove_dir_all(at("there/2-lenet5-nesterov-on-seed-1")).unwrap();
    std::fs::rename(at("own"), at("elsewhere")).unwrap();
    assert_eq!(run(&["compare"]).0, Some(1));
    let (status, said) = run(&["compare", "--data", "elsewhere"]);
    assert_eq!(status, Some(0), "{said}");
    let others = at("others");
    for class in ["a", "b", "c"] {
        std::fs::create_dir_all(others.join(class)).unwrap();
        (0..5)
            .for_each(|i| std::fs::copy(at("elsewhere/dark/0.png"), others.join(format!("{class}/{i}.png"))).map(drop).unwrap());
    }
    std::fs::remove_dir_all(at("there/2-lenet5-nesterov-on-seed-1")).unwrap();
    let (status, said) = run(&["compare", "--data", "others"]);
    assert!(status == Some(1) && said.contains("say with --data where those are now"), "{said}");
}
