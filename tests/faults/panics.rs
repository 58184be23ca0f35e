//! Panics in every thread of a run without a screen. The cockpit's are in `tests/cockpit.rs`.

use std::fs;
use std::process::Stdio;

use alexscope::fault;
use alexscope::run::{RunFolder, newest_checkpoint};

use super::count::trials;
use super::program::train;

#[test]
fn a_panic_anywhere_in_training_is_told_logged_and_saved_from_where_the_weights_are_whole() {
    for (place, saved) in [
        ("prepare", None),
        ("step:4", Some(3)),
        ("layer:40", Some(3)),
        // Half-way through an update the weights are nobody's.
        ("update:4", None),
        ("evaluate", Some(6)),
        ("batch:5", Some(4)),
        ("save", Some(6)),
        ("write", Some(6)),
    ] {
        for _ in 0..trials(1).min(10) {
            let folder = tempfile::tempdir().unwrap();
            let mut command = train(folder.path(), "run", 0);
            command.args(["--steps", "6", "--evaluate-pictures", "20"]).env(fault::VARIABLE, place).stderr(Stdio::piped());
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{place}: {said}");
            assert!(said.contains("fault"), "{place}: {said}");
            let log = fs::read_to_string(folder.path().join("run/log.txt")).unwrap();
            assert!(log.contains(&format!("a fault on demand: {}", place.split(':').next().unwrap())), "{place}: {log}");
            assert!(log.contains("   0: "), "{place}: no backtrace in {log}");
            let run = RunFolder::find(Some(&folder.path().join("run"))).unwrap();
            let newest = newest_checkpoint(&run.checkpoints(), &run.header().unwrap().model).0;
            assert_eq!(newest.map(|saved| saved.state.moment.step), saved, "{place}: {said}");
        }
    }
}
