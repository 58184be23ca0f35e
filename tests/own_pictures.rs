//! A folder of own pictures, as a person would train on it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use image::{Rgb, RgbImage};
use serde_json::Value;

fn save(folder: &Path, name: &str, colour: [u8; 3]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(48, 40, Rgb(colour)).save(path).unwrap();
}

fn train(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alexscope"));
    command.args(["train", "--headless", "--json", "--model", "lenet5", "--data", "colours", "--batch-size", "4"]);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn own_pictures_are_learned_and_the_network_takes_their_classes() {
    let folder = tempfile::tempdir().unwrap();
    for (class, colour) in [("red", [250, 0, 0]), ("green", [0, 250, 0]), ("blue", [0, 0, 250])] {
        (0..10).for_each(|i| save(folder.path(), &format!("colours/{class}/{i}.png"), colour.map(|c| c - c.min(i))));
    }
    let output = train(folder.path(), &["--steps", "30"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let data = &events[0]["data"];
    assert_eq!((&data["name"], &data["train"], &data["test"]), (&"colours".into(), &24.into(), &6.into()));
    assert_eq!(data["classes"], Value::from(vec!["blue", "green", "red"]));
    assert_eq!(events[0]["model"]["classes"], 3);
    let said = "colours has 3 classes, so the last layer gives 3 instead of 10";
    assert!(events.iter().any(|event| event["event"] == "notice" && event["text"] == said));
    // Three plain colours are no riddle.
    assert_eq!(events.last().unwrap()["best_test_accuracy"], 1.0);

    std::fs::write(folder.path().join("colours/red/11.png"), "no picture").unwrap();
    let refused = train(folder.path(), &["--steps", "1"]);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(words.contains("1 of 31 pictures cannot be read") && words.contains("11.png"), "{words}");
    let skipped = train(folder.path(), &["--steps", "1", "--broken", "skip"]);
    assert_eq!(skipped.status.code(), Some(0));
    assert!(String::from_utf8(skipped.stdout).unwrap().contains("left out colours/red/11.png"));
}
