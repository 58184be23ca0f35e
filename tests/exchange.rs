//! What other programs read. With `PYTHON` set to an interpreter that has onnxruntime, onnx, safetensors, torch, torchvision and
//! tensorboard, those programs are asked; without it only what can be seen from here is.

use std::path::Path;
use std::process::{Command, Stdio};

use alexscope::exchange::{onnx, weights};
use alexscope::knobs::Knob;
use alexscope::nn::{Mode, Network};
use alexscope::run::{Arrays, encode_arrays};
use alexscope::spec::{ModelSpec, zoo};
use candle_core::{Device, Tensor};
use serde_json::Value;

const PICTURES: usize = 2;

/// Runs a script of tests/exchange; what it printed, or nothing where there is no Python.
fn python(script: &str, arguments: &[&Path]) -> Option<String> {
    let interpreter = std::env::var_os("PYTHON")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchange").join(script);
    let output = Command::new(interpreter).arg(script).args(arguments).stdin(Stdio::null()).output().unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
    Some(said.into_owned())
}

fn parameters(network: &Network) -> Arrays {
    let array = |parameter: &alexscope::nn::Parameter| {
        let values = parameter.value.flatten_all().unwrap().to_vec1().unwrap();
        (parameter.name.clone(), parameter.value.dims().to_vec(), values)
    };
    network.parameters().iter().map(array).collect()
}

/// Two noisy pictures and what the network makes of them, as `input` and `probabilities`.
fn case(network: &mut Network, model: &ModelSpec) -> Arrays {
    let [channels, height, width] = model.input;
    let count = PICTURES * channels * height * width;
    let pixels: Vec<f32> = (0..count).map(|i| ((i * 7919 + i / 13 * 31) % 1009) as f32 / 504.5 - 1.0).collect();
    let shape = [PICTURES, channels, height, width];
    let images = Tensor::from_slice(&pixels, &shape, &Device::Cpu).unwrap();
    let settings = model.settings().unwrap();
    let pass = network.forward(&images, &settings, Mode::Testing, &mut |_: &str, _: usize| std::ops::ControlFlow::Continue(()));
    assert!(pass.unwrap().is_continue());
    let logits: Vec<Vec<f32>> = network.output(model.layers.len() - 1).unwrap().to_vec2().unwrap();
    let softmax = |row: Vec<f32>| {
        let exponentials: Vec<f32> =
            row.iter().map(|logit| (logit - row.iter().fold(f32::MIN, |a, b| a.max(*b))).exp()).collect();
        let sum: f32 = exponentials.iter().sum();
        exponentials.into_iter().map(move |e| e / sum)
    };
    let probabilities: Vec<f32> = logits.into_iter().flat_map(softmax).collect();
    vec![("input".into(), shape.to_vec(), pixels), ("probabilities".into(), vec![PICTURES, model.classes], probabilities)]
}

/// Networks that are quickly built here; the others only where somebody is there to check them.
fn networks() -> impl Iterator<Item = &'static str> {
    let all = std::env::var_os("PYTHON").is_some();
    zoo::names().filter(move |name| all || ["lenet5", "simple-cnn"].contains(name))
}

#[test]
fn onnxruntime_gives_the_same_probabilities_for_every_built_in_network() {
    let folder = tempfile::tempdir().unwrap();
    for name in networks() {
        let model = zoo::load(name).unwrap();
        let mut network = Network::build(&model, 3, PICTURES).unwrap();
        let (file, case_file) = (folder.path().join("model.onnx"), folder.path().join("case.safetensors"));
        std::fs::write(&case_file, encode_arrays(&case(&mut network, &model)).unwrap()).unwrap();
        let bytes = onnx::model(&model, &parameters(&network)).unwrap();
        let weights: u64 = model.trace().unwrap().parameters * 4;
        assert!((weights..weights + 20_000).contains(&(bytes.len() as u64)), "{name}: {} bytes", bytes.len());
        std::fs::write(&file, bytes).unwrap();
        if let Some(said) = python("onnx_probabilities.py", &[&file, &case_file]) {
            println!("{name} {said}");
        }
    }
}

#[test]
fn onnx_follows_the_settings_as_they_were_steered() {
    let model = zoo::load("paddle-lrn").unwrap();
    let mut settings = model.settings().unwrap();
    settings.set(Knob::Lrn, 0.0).unwrap();
    let network = Network::build(&model, 3, 1).unwrap();
    let named = |bytes: &[u8], name: &[u8]| bytes.windows(name.len()).filter(|window| *window == name).count();
    let on = onnx::model(&model, &parameters(&network)).unwrap();
    let off = onnx::model(&model.as_steered(&settings), &parameters(&network)).unwrap();
    assert!(named(&on[on.len().saturating_sub(90_000_000)..], b"\x22\x03LRN") == 2 && named(&off, b"\x22\x03LRN") == 0);
}

#[test]
fn torchvisions_alexnet_takes_the_weights_as_they_are() {
    let model = zoo::load("torchvision").unwrap();
    if std::env::var_os("PYTHON").is_none() {
        let network = Network::build(&zoo::load("lenet5").unwrap(), 3, 1).unwrap();
        assert_eq!(parameters(&network)[0].1, [6, 3, 5, 5], "out × in × height × width");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut network = Network::build(&model, 3, PICTURES).unwrap();
    let (file, case_file) = (folder.path().join("weights.safetensors"), folder.path().join("case.safetensors"));
    std::fs::write(&file, encode_arrays(&parameters(&network)).unwrap()).unwrap();
    std::fs::write(&case_file, encode_arrays(&case(&mut network, &model)).unwrap()).unwrap();
    println!("{}", python("torchvision_weights.py", &[Path::new("load"), &file, &case_file]).unwrap());

    let theirs = folder.path().join("theirs.safetensors");
    python("torchvision_weights.py", &[Path::new("make"), &theirs, Path::new("1000")]).unwrap();
    let (taken, said) = weights::fitting(&model, weights::read(&theirs).unwrap()).unwrap();
    assert_eq!(taken.len(), 14);
    assert_eq!(said.unwrap(), "classifier.6 gives 1000 numbers in the file and 10 here, so it is drawn anew");
}

fn alexscope(arguments: &[&str], run: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alexscope"));
    let output = command.args(arguments).arg(run).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_run_is_exported_for_other_programs_and_its_weights_begin_another() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let train = ["train", "--headless", "--json", "--model", "lenet5", "--steps", "6", "--evaluate-pictures", "50"];
    let more = ["--checkpoint-every", "3", "--tensorboard", "--run-dir"];
    alexscope(&[train.as_slice(), &more].concat(), &run);
    let written = alexscope(&["export", "--to", "onnx,safetensors,tensorboard,csv"], &run);
    assert_eq!(written.lines().count(), 6, "{written}");
    let steps = std::fs::read_to_string(run.join("export/steps.csv")).unwrap();
    let record = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let events: Vec<Value> = record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let losses: Vec<f64> = events.iter().filter(|e| e["event"] == "step").map(|e| e["loss"].as_f64().unwrap()).collect();
    let in_csv: Vec<f64> = steps.lines().skip(1).map(|line| line.split(',').nth(3).unwrap().parse().unwrap()).collect();
    assert_eq!((losses.len(), &in_csv), (6, &losses));

    for of_tensorboard in ["tensorboard", "export/tensorboard"] {
        let file = std::fs::read_dir(run.join(of_tensorboard)).unwrap().next().unwrap().unwrap();
        assert!(file.file_name().to_string_lossy().starts_with("events.out.tfevents."));
        let Some(said) = python("tensorboard_reads.py", &[&run.join(of_tensorboard)]) else { continue };
        let read: Value = serde_json::from_str(&said).unwrap();
        let scalars = read["scalars"]["train/loss"].as_array().unwrap();
        assert_eq!(scalars.len(), 6);
        let last = scalars[5][1].as_f64().unwrap();
        assert!((last - losses[5]).abs() < 1e-6 && read["scalars"]["test/accuracy"].is_array());
        assert_eq!(read["histograms"]["weights/conv1.weight"][0], 450.0);
        assert_eq!(read["images"]["kernels/conv1.weight"][0][0], 6 * 6 * 4);
    }

    let weights = run.join("export/lenet5.safetensors");
    let next = folder.path().join("next");
    let begin = ["train", "--headless", "--json", "--model", "lenet5", "--steps", "1", "--weights", weights.to_str().unwrap()];
    let output = alexscope(&[begin.as_slice(), &["--evaluate-pictures", "50", "--run-dir"]].concat(), &next);
    assert!(output.contains("begins with the weights of"), "{output}");
    let first = |text: &str| {
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.into_iter().find(|e| e["event"] == "step").unwrap()["loss"].as_f64().unwrap()
    };
    // The same pictures come first, so six steps of learning show.
    assert_ne!(first(&output).to_bits(), losses[0].to_bits());
}

#[test]
fn a_run_that_began_with_weights_is_done_again_to_the_bit_and_a_changed_or_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("begin.safetensors");
    let network = Network::build(&zoo::load("lenet5").unwrap(), 77, 1).unwrap();
    std::fs::write(&file, encode_arrays(&parameters(&network)).unwrap()).unwrap();
    let run = folder.path().join("run");
    let train = ["train", "--headless", "--model", "lenet5", "--steps", "3", "--evaluate-pictures", "50", "--weights"];
    alexscope(&[train.as_slice(), &[file.to_str().unwrap(), "--run-dir"]].concat(), &run);
    assert_eq!(alexscope(&["replay"], &run).trim(), "same losses to the bit, 3 steps");

    let elsewhere = folder.path().join("elsewhere.safetensors");
    std::fs::rename(&file, &elsewhere).unwrap();
    let refused = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_alexscope")).arg("replay").args(arguments).arg(&run).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let header: Value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    let sum = header["weights"]["sha256"].as_str().unwrap();
    assert_eq!(sum.len(), 64);
    let gone = refused(&[]);
    assert!(gone.contains("begin.safetensors") && gone.contains(sum) && gone.contains("--weights"), "{gone}");
    let moved = ["replay", "--weights", elsewhere.to_str().unwrap()];
    assert_eq!(alexscope(&moved, &run).trim(), "same losses to the bit, 3 steps");

    let other = Network::build(&zoo::load("lenet5").unwrap(), 78, 1).unwrap();
    std::fs::write(&file, encode_arrays(&parameters(&other)).unwrap()).unwrap();
    let changed = refused(&[]);
    assert!(changed.contains("begin.safetensors: its SHA-256 is") && changed.contains(sum), "{changed}");
    // A checkpoint has weights of its own, so nothing else misses that file.
    alexscope(&["evaluate", "--run"], &run);
}
