#!/usr/bin/env bash
# Runs the tests of the CUDA code where there is neither a GPU nor CUDA: the operations' own kernels are compiled for the CPU, and cuDNN,
# cuBLAS and the driver are emulated by their definitions. All of the Rust code is the one that runs on a GPU. Needs g++.
#
#   usage: tests/cuda/on_cpu.sh [test name …]
#
#   EMULATED_TF32=truncate   cuts off what TF32 drops, where it is rounded otherwise: a GPU may do either
#   EMULATED_MEMORY=BYTES    of the device
#
# What it cannot show: whether NVIDIA's libraries take the calls, and how fast anything is.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=$PWD/target/emulator
tests/cuda/emulator/build.sh "$home"
mkdir -p "$home/bin"
ln -sf "$PWD/.ci/fake-nvcc" "$home/bin/nvcc"

export PATH=$home/bin:$PATH NVCC=$home/bin/nvcc CUDA_COMPUTE_CAP=90 CUDA_HOME=$home CUDA_PATH=$home
export LD_LIBRARY_PATH=$home/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# Where the linker looks. Not by RUSTFLAGS: those would build every crate anew.
export LIBRARY_PATH=$home/lib64
cargo test --features cuda --test cuda -- "$@"
