//! The program without a screen, as a script would use it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Whatever the tests were started by: under nohup they and what they start ignore a hang-up.
fn alexscope() -> Command {
    let program = env!("CARGO_BIN_EXE_alexscope");
    let mut command = Command::new(if cfg!(target_os = "linux") { "env" } else { program });
    if cfg!(target_os = "linux") {
        command.args(["--default-signal=HUP", program]);
    }
    command.stdin(Stdio::null());
    command
}

/// A short run of LeNet-5 on the built-in pictures.
fn train(run: &Path, arguments: &[&str]) -> Output {
    let quick = ["train", "--headless", "--json", "--model", "lenet5", "--steps", "6", "--evaluate-pictures", "50"];
    alexscope().args(quick).arg("--run-dir").arg(run).args(arguments).output().unwrap()
}

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn losses(output: &Output) -> Vec<u64> {
    let steps = events(output).into_iter().filter(|event| event["event"] == "step");
    steps.map(|event| event["loss"].as_f64().unwrap().to_bits()).collect()
}

#[test]
fn the_events_on_standard_output_are_those_of_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let output = train(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0));
    let record = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), record);
    let kinds: Vec<_> = events(&output).iter().map(|event| event["event"].as_str().unwrap().to_string()).collect();
    assert_eq!(kinds.first().unwrap(), "started");
    assert_eq!(kinds.last().unwrap(), "finished");
    assert_eq!(kinds.iter().filter(|kind| *kind == "step").count(), 6);
    assert_eq!(kinds.iter().filter(|kind| *kind == "evaluated").count(), 1);
}

#[test]
fn the_same_seed_and_script_give_the_same_losses_bit_for_bit_at_one_two_and_four_threads() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("plan.txt");
    std::fs::write(&script, "3 learning-rate 0.02\n5 nesterov on\n").unwrap();
    let run = |threads: &str| {
        let named = folder.path().join(threads);
        losses(&train(&named, &["--threads", threads, "--seed", "9", "--script", script.to_str().unwrap()]))
    };
    let alone = run("1");
    assert_eq!(alone.len(), 6);
    assert_eq!(alone, run("2"));
    assert_eq!(alone, run("4"));
}

#[test]
fn a_script_changes_a_knob_at_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("plan.txt");
    std::fs::write(&script, "4 momentum 0.5").unwrap();
    let output = train(&folder.path().join("run"), &["--script", script.to_str().unwrap()]);
    let changed: Vec<_> = events(&output).into_iter().filter(|event| event["event"] == "changed").collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["step"], 4);
    assert_eq!((&changed[0]["knob"], &changed[0]["from"], &changed[0]["to"]), (&"momentum".into(), &"0.9".into(), &"0.5".into()));
}

#[test]
fn a_rate_that_is_far_too_high_ends_with_status_3_and_names_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let output = train(folder.path(), &["--learning-rate", "100", "--steps", "200"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let events = events(&output);
    let diverged = events.iter().find(|event| event["event"] == "diverged").unwrap();
    assert!(!diverged["layer"].as_str().unwrap().is_empty());
    assert_eq!(events.last().unwrap()["reason"], "diverged");
}

#[test]
fn a_wrong_option_is_status_2_and_a_missing_file_status_1() {
    let status = |arguments: &[&str]| {
        let output = alexscope().args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = status(&["train", "--momentum", "2"]);
    assert_eq!(code, Some(2));
    assert!(words.contains("momentum takes 0 to 0.9999"), "{words}");
    let (code, words) = status(&["train", "--headless", "--script", "/nowhere/plan.txt"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("cannot read the script /nowhere/plan.txt"), "{words}");
}

#[test]
fn a_reader_that_leaves_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = alexscope()
        .args(["train", "--headless", "--json", "--model", "lenet5", "--steps", "100000", "--run-dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("started"));
    drop(lines);
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_signal_saves_stops_and_shows_in_the_exit_status() {
    for (signal, status) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = alexscope()
            .args(["train", "--headless", "--json", "--model", "lenet5", "--checkpoint-every", "0", "--run-dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !lines.next().unwrap().unwrap().contains(r#""event":"step""#) {}
        assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
        let last = lines.map_while(Result::ok).last().unwrap();
        assert!(last.contains(r#""event":"finished""#) && last.contains("stopped"), "{last}");
        assert_eq!(child.wait().unwrap().code(), Some(status));
        assert_eq!(std::fs::read_dir(folder.path().join("checkpoints")).unwrap().count(), 1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn under_nohup_a_hang_up_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new("env")
        .args(["--ignore-signal=HUP", env!("CARGO_BIN_EXE_alexscope")])
        .args(["train", "--headless", "--json", "--model", "lenet5", "--checkpoint-every", "0", "--run-dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut steps =
        |count| assert_eq!(lines.by_ref().filter(|line| line.contains(r#""event":"step""#)).take(count).count(), count);
    let kill = |name: &str| assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    steps(1);
    kill("-HUP");
    steps(20);
    kill("-TERM");
    let last = lines.last().unwrap();
    assert!(last.contains(r#""event":"finished""#), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[cfg(unix)]
#[test]
fn a_resumed_run_goes_on_bit_for_bit_as_if_it_had_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let model = ["--model", "lenet5", "--evaluate-every", "7", "--evaluate-pictures", "20", "--seed", "3", "--steps", "300"];
    let script = folder.path().join("plan.txt");
    // The last line lies ahead where the run is broken off.
    std::fs::write(&script, "2 momentum 0.5\n3 batch-size 32\n250 learning-rate 0.02\n").unwrap();
    let start = |run: &Path| {
        let mut command = alexscope();
        command.args(["train", "--headless", "--json", "--script"]).arg(&script).args(model).arg("--run-dir").arg(run);
        command
    };
    let unbroken = losses(&start(&whole).output().unwrap());

    let mut child = start(&broken).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // In the middle of an epoch, with a change of the batch size waiting for its end.
    while !lines.next().unwrap().unwrap().contains(r#""event":"step","step":40,"#) {}
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let before: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(before.iter().any(|line| line.contains(r#""event":"saved""#)));

    let output = alexscope().args(["resume", "--headless", "--json"]).arg(&broken).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let resumed = recorded_losses(&broken);
    assert_eq!(resumed.len(), 300);
    assert_eq!(resumed, unbroken);
}

#[test]
fn a_run_that_somebody_works_on_is_not_taken_up_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = alexscope()
        .args(["train", "--headless", "--json", "--model", "lenet5", "--run-dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("started"));
    let output = alexscope().args(["resume", "--headless"]).arg(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&format!("is being worked on by process {}", child.id())), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    // The system let go of the lock, but nothing was saved.
    let output = alexscope().args(["resume", "--headless"]).arg(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("has no checkpoint to go on from"), "{said}");
}

/// The losses of a record's steps, by their bits.
fn recorded_losses(run: &Path) -> Vec<u64> {
    let record = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let events = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == "step").map(|event| event["loss"].as_f64().unwrap().to_bits()).collect()
}

#[test]
fn a_fork_names_its_parent_knows_the_way_behind_it_and_goes_on_as_the_parent_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let (parent, child) = (folder.path().join("parent"), folder.path().join("child"));
    let script = folder.path().join("plan.txt");
    std::fs::write(&script, "7 learning-rate 0.02\n").unwrap();
    let script = ["--script", script.to_str().unwrap()];
    let unbroken = losses(&train(&parent, &[&["--checkpoint-every", "2", "--steps", "8"][..], &script].concat()));
    // While the disk is busy scheduled checkpoints are left out, but never the first, at step 2.
    let names = || std::fs::read_dir(parent.join("checkpoints")).unwrap().map(|entry| entry.unwrap().file_name());
    let step_of = |name: std::ffi::OsString| name.to_str().unwrap().rsplit('-').next().unwrap().parse::<usize>().unwrap();
    let at = names().map(step_of).filter(|&step| step < 8).max().unwrap();
    let fork = |at: &str| alexscope().arg("fork").arg(&parent).args(["--at", at, "--run-dir"]).arg(&child).output().unwrap();
    let refused = fork("5");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("no checkpoint is `5`; there are 000") && said.contains(&format!("-step-{at:08}")), "{said}");
    assert!(!child.exists());
    assert_eq!(fork(&at.to_string()).status.code(), Some(0));
    assert_eq!(recorded_losses(&child), unbroken[..at]);
    let header: Value = serde_json::from_slice(&std::fs::read(child.join("run.json")).unwrap()).unwrap();
    assert_eq!((&header["parent"]["run"], &header["parent"]["step"]), (&"parent".into(), &at.into()));
    assert_eq!(alexscope().args(["resume", "--headless"]).arg(&child).output().unwrap().status.code(), Some(0));
    assert_eq!(recorded_losses(&child), unbroken);
    assert_eq!(recorded_losses(&parent), unbroken);
}

#[test]
fn a_run_whose_budget_is_used_up_says_so_and_goes_on_with_a_larger_one() {
    let folder = tempfile::tempdir().unwrap();
    let (longer, run) = (folder.path().join("longer"), folder.path().join("run"));
    let whole = losses(&train(&longer, &["--steps", "8"]));
    assert!(train(&run, &[]).status.success());
    let resume = |more: &[&str]| alexscope().args(["resume", "--headless", "--json"]).arg(&run).args(more).output().unwrap();
    let said = String::from_utf8(resume(&[]).stderr).unwrap();
    assert!(said.contains("the budget is used up (steps 6)") && said.contains("--steps N"), "{said}");
    let further = resume(&["--steps", "8"]);
    assert_eq!(losses(&further), whole[6..]);
    let changed = events(&further).into_iter().find(|event| event["event"] == "changed").unwrap();
    assert_eq!((&changed["step"], &changed["from"], &changed["to"]), (&7.into(), &"6".into(), &"8".into()));
    let again = alexscope().arg("replay").arg(&run).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap().trim(), "same losses to the bit, 8 steps");
}
