//! Trouble that training itself makes, and disks that are full while it goes on.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use alexscope::run::{RunFolder, verify};

use super::count::trials;
use super::program::{start, train};

#[test]
fn a_rate_that_is_far_too_high_stops_before_the_update_and_only_finite_weights_are_saved() {
    for seed in 0..trials(20).min(20) {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("plan.txt");
        fs::write(&plan, "4 learning-rate 100\n").unwrap();
        let mut command = train(folder.path(), "run", 1);
        command.args(["--steps", "500", "--seed", &seed.to_string(), "--script"]).arg(&plan);
        assert_eq!(command.status().unwrap().code(), Some(3), "seed {seed}");
        let run = RunFolder::find(Some(&folder.path().join("run"))).unwrap();
        // Every number of every checkpoint is one.
        let verified = verify(&run);
        assert!(verified.faults.is_empty() && verified.checkpoints > 0, "{:?}", verified.faults);
        let record = fs::read_to_string(run.events_path()).unwrap();
        let steps = record.lines().filter(|line| line.contains(r#""event":"step""#)).count() as u64;
        let diverged = format!(r#""event":"diverged","step":{}"#, steps + 1);
        assert!(record.contains(&diverged), "the step that was not taken is named");
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_training_goes_on_and_it_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    // Where the folder of checkpoints belongs there is a file: nobody can write into that, root neither.
    fs::write(run.join("checkpoints"), "").unwrap();
    let mut command = train(folder.path(), "run", 3);
    let mut child = start(command.arg("--json").stdout(Stdio::piped()));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.find(|line| line.contains("not saved")).unwrap();
    assert!(told.contains("training goes on") && told.contains(r#""warning":true"#), "{told}");
    assert!(lines.any(|line| line.contains(r#""event":"step""#)), "training goes on");
    fs::remove_file(run.join("checkpoints")).unwrap();
    assert!(lines.any(|line| line.contains(r#""event":"saved""#)));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(lines.last().unwrap().contains(r#""event":"finished""#));
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn an_end_that_cannot_be_saved_shows_in_the_status_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    fs::write(run.join("checkpoints"), "").unwrap();
    let output = train(folder.path(), "run", 0).args(["--steps", "3"]).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("error: what was learned could not be saved: cannot make the folder"), "{said}");
}

#[cfg(debug_assertions)]
#[test]
fn a_batch_with_a_value_that_is_no_number_stops_before_the_update_and_nothing_of_it_is_saved() {
    for batch in 1..=trials(20).min(20) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = train(folder.path(), "run", 1);
        command.args(["--steps", "40"]).env(alexscope::fault::VARIABLE, format!("poison:{batch}"));
        assert_eq!(command.status().unwrap().code(), Some(3), "batch {batch}");
        let run = RunFolder::find(Some(&folder.path().join("run"))).unwrap();
        let record = fs::read_to_string(run.events_path()).unwrap();
        assert!(record.contains(&format!(r#""event":"diverged","step":{batch},"#)), "batch {batch}: {record}");
        assert_eq!(record.matches(r#""event":"step""#).count(), batch - 1);
        // Every number of every checkpoint is one.
        let verified = verify(&run);
        assert!(verified.faults.is_empty(), "{:?}", verified.faults);
        assert_eq!(verified.checkpoints > 0, batch > 1);
    }
}
