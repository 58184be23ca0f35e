//! The bench on a device.

use alexscope::bench;
use alexscope::cli::{BenchArgs, Cli, CliCommand};
use clap::Parser;

use crate::near::{SMALL, device};

fn arguments(more: &[&str]) -> BenchArgs {
    let words = ["alexscope", "bench", "--model", SMALL, "--device", "cuda", "--batch-size", "4", "--steps", "2"];
    match Cli::parse_from(words.iter().chain(more)).command {
        Some(CliCommand::Bench(arguments)) => arguments,
        _ => panic!("not the bench"),
    }
}

#[test]
fn cuda_is_measured_from_a_ready_input_and_from_bytes() {
    if device().is_none() {
        return;
    }
    for more in [&[][..], &["--from-bytes"], &["--set", "precision=bf16"], &["--set", "deterministic=off"]] {
        let report = bench::measure(&arguments(more)).unwrap();
        assert!(report.median_step_ms > 0.0 && report.layers.iter().any(|layer| layer.forward_ms > 0.0), "{report:?}");
        assert!(report.update_ms > 0.0 && report.device != "cpu");
    }
}
