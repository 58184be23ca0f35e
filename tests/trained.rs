//! A trained network from the command line: predictions, an evaluation, and pictures that mean harm.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn alexscope(arguments: &[&str], run: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alexscope"));
    command.stdin(Stdio::null()).args(arguments).arg(if arguments[0] == "train" { "--run-dir" } else { "--run" }).arg(run);
    command.output().unwrap()
}

/// A few steps of LeNet-5 on the built-in pictures, with an evaluation and checkpoints.
fn trained(run: &Path) -> Value {
    let quick = ["train", "--headless", "--json", "--model", "lenet5", "--steps", "4", "--evaluate-pictures", "0"];
    let output = alexscope(&[&quick[..], &["--checkpoint-every", "2"]].concat(), run);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let confusion = events.iter().rfind(|event| event["event"] == "confusion").unwrap();
    let evaluated = events.iter().rfind(|event| event["event"] == "evaluated").unwrap();
    let counted: u64 = confusion["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(Some(counted), evaluated["examples"].as_u64(), "every picture is counted once");
    evaluated.clone()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_run_is_evaluated_and_asked_about_pictures_and_bad_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let told = trained(&run);
    let evaluated = json(&alexscope(&["evaluate", "--json"], &run));
    assert_eq!(evaluated["accuracy"], told["accuracy"]);
    assert_eq!(evaluated["examples"], told["examples"]);
    assert_eq!((evaluated["step"].as_u64(), evaluated["confusion"].as_array().map(Vec::len)), (Some(4), Some(10)));
    let text = alexscope(&["evaluate", "--best"], &run);
    assert!(String::from_utf8_lossy(&text.stdout).contains("precision"), "{text:?}");

    let dog = folder.path().join("dog.png");
    image::RgbImage::from_fn(640, 480, |x, y| image::Rgb([x as u8, y as u8, 90])).save(&dog).unwrap();
    let answer = json(&alexscope(&["predict", dog.to_str().unwrap(), "--json"], &run));
    let told = answer[0]["predictions"].as_array().unwrap();
    assert_eq!((answer[0]["image"].as_str(), told.len()), (dog.to_str(), 5));
    let shares: Vec<f64> = told.iter().map(|one| one["probability"].as_f64().unwrap()).collect();
    assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]) && shares.iter().sum::<f64>() <= 1.0 + 1e-5, "{shares:?}");

    let out = folder.path().join("pictures");
    let exported = Command::new(env!("CARGO_BIN_EXE_alexscope")).arg("export").arg(&run).arg("--out").arg(&out).output().unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    for name in ["kernels-conv1", "maps-conv1", "maps-pool2", "confusion", "loss", "accuracy"] {
        assert!(image::open(out.join(format!("{name}.png"))).is_ok(), "{name}.png");
        assert!(std::fs::read_to_string(out.join(format!("{name}.svg"))).unwrap().contains("<svg"), "{name}.svg");
    }

    let short = folder.path().join("short.png");
    let whole = std::fs::read(&dog).unwrap();
    std::fs::write(&short, &whole[..whole.len() / 3]).unwrap();
    let refused = alexscope(&["predict", dog.to_str().unwrap(), short.to_str().unwrap()], &run);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("short.png: cannot be decoded"), "{words}");
    assert!(refused.stdout.is_empty());
}

#[test]
fn labels_of_other_classes_are_refused_and_a_look_at_pictures_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    trained(&run);
    let own = folder.path().join("own");
    for (class, grey) in [("dark", 20), ("bright", 220)] {
        std::fs::create_dir_all(own.join(class)).unwrap();
        for i in 0..5 {
            let picture = image::RgbImage::from_pixel(32, 32, image::Rgb([grey + i; 3]));
            picture.save(own.join(format!("{class}/{i}.png"))).unwrap();
        }
    }
    let own = own.to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let output = alexscope(arguments, &run);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(&["evaluate", "--data", own]);
    assert!(said.contains("has other classes than the run began with: 2 instead of 10"), "{said}");
    let picture = format!("{own}/dark/0.png");
    let answer = json(&alexscope(&["predict", &picture, "--json", "--data", own], &run));
    assert_eq!(answer[0]["predictions"].as_array().map(Vec::len), Some(5));

    let asked = json(&alexscope(&["evaluate", "--json", "--checkpoint", "2"], &run));
    assert_eq!(asked["step"], 2);
    assert!(refused(&["evaluate", "--checkpoint", "nope"]).contains("no checkpoint is `nope`"));
    for what in ["kernels", "charts"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alexscope"));
        let output = command.arg("export").arg(&run).args(["--checkpoint", "nope", "--what", what]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains("no checkpoint is `nope`"), "{what}");
    }
}

#[test]
fn a_run_without_a_checkpoint_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let quick = ["train", "--headless", "--model", "lenet5", "--steps", "1", "--evaluate-pictures", "10"];
    let run = folder.path().join("run");
    assert!(alexscope(&quick, &run).status.success());
    let checkpoints = run.join("checkpoints");
    if checkpoints.exists() {
        std::fs::remove_dir_all(&checkpoints).unwrap();
    }
    let refused = alexscope(&["evaluate"], &run);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("checkpoint"), "{words}");
}
