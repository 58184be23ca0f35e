//! With the feature `cuda`: compiles each operation's `kernels.cu` to PTX, which the program carries.
//!
//! By nvcc and not by NVRTC at run time: candle's own kernels need nvcc for this build anyway, a mistake in a kernel ends the build and
//! not a run, and PTX needs no headers where the program runs. The driver makes machine code of it once and keeps that.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The oldest GPUs that multiply in TF32 and BF16 (Ampere); the driver compiles PTX for any newer one.
const OLDEST: &str = "80";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed=src/ops");
    for variable in ["NVCC", "CUDA_COMPUTE_CAP", "PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if let Err(problem) = compile_all() {
        println!("cargo::error={problem}");
    }
}

fn compile_all() -> Result<(), String> {
    let target = PathBuf::from(env::var("OUT_DIR").map_err(|error| error.to_string())?);
    let operations = fs::read_dir("src/ops").map_err(|error| format!("src/ops: {error}"))?;
    for operation in operations.flatten() {
        let source = operation.path().join("kernels.cu");
        if source.exists() {
            let name = operation.file_name().to_string_lossy().into_owned();
            compile(&source, &target.join(name).with_extension("ptx"))?;
        }
    }
    Ok(())
}

fn compile(source: &Path, target: &Path) -> Result<(), String> {
    let nvcc = env::var("NVCC").unwrap_or_else(|_| "nvcc".into());
    let capability = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| OLDEST.into());
    let output = Command::new(&nvcc)
        .args(["--ptx", "-O3", "-std=c++17", "-lineinfo", &format!("-arch=compute_{capability}"), "-o"])
        .arg(target)
        .arg(source)
        .output()
        .map_err(|error| format!("cannot run {nvcc}: {error}; install the CUDA toolkit, or set NVCC to its compiler"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).replace('\n', " | ");
    Err(format!("{nvcc} failed on {}: {said}", source.display()))
}
