//! A learning-rate test and twins, as a person would run them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn alexscope(arguments: &[&str], last: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alexscope"));
    command.args(arguments).arg(last).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_rate_test_suggests_a_rate_and_draws_its_chart() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = ["rate-test", "--model", "lenet5", "--batch-size", "16", "--sweep", "40", "--from", "1e-4", "--out"];
    let output = alexscope(&sweep, &folder.path().join("rates"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let rate: f64 = said.lines().next().unwrap().strip_prefix("suggested: --learning-rate ").unwrap().parse().unwrap();
    assert!((1e-4..0.1).contains(&rate), "{said}");
    let svg = std::fs::read_to_string(folder.path().join("rates.svg")).unwrap();
    assert!(svg.contains("Learning-rate test") && svg.contains("suggested: "));
    let wrong = alexscope(&["rate-test", "--from", "1", "--to", "0.1", "--out"], &folder.path().join("no"));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("expected rates from low to high, not 1 to 0.1"));
}

#[test]
fn twins_start_alike_and_part_where_their_setting_first_matters() {
    let folder = tempfile::tempdir().unwrap();
    let twins =
        ["twins", "learning-rate=0.01,0.02", "--model", "lenet5", "--steps", "6", "--evaluate-pictures", "20", "--run-dir"];
    let output = alexscope(&twins, folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    // The first loss comes before the first update.
    assert!(String::from_utf8(output.stdout).unwrap().contains("they part at step 2"));
    let table = std::fs::read_to_string(folder.path().join("twins.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        table.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert_eq!((rows.len(), rows[0][1].to_bits(), rows[0][3]), (6, rows[0][2].to_bits(), 0.0));
    assert!(rows[1][3] != 0.0);
    assert!(std::fs::read_to_string(folder.path().join("difference.svg")).unwrap().contains("they part at step 2"));
    // Both are ordinary runs.
    let record = std::fs::read_to_string(folder.path().join("2-learning-rate-0.02/events.jsonl")).unwrap();
    assert!(record.lines().last().unwrap().contains(r#""event":"finished""#), "{record}");
}
