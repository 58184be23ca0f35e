#!/usr/bin/env bash
# Everything that wants a GPU, in phases of under ten minutes. The GPU's machine needs no Rust and no CUDA toolkit: it gets the program, the
# tests and the pictures in one folder, made where the toolkit is.
#
#   usage: benches/cuda.sh pack FOLDER                 here: builds, strips and puts all that is needed into FOLDER (about 30 MB)
#          benches/cuda.sh tests|speed|layers|sanitize FOLDER [OUT]     there: one phase; what it finds goes to OUT (default FOLDER/out)
#          benches/cuda.sh train FOLDER [OUT]
#
#   pack   PICTURES=file   an archive of CIFAR-10 to take along, cifar-10-binary.tar.gz or a folder packed by its owner
#   speed  MODELS="alexnet alexnet-paper tensorflow torchvision"   BATCHES="128 512"   PRECISIONS="tf32 bf16"   STEPS=30
#   train  DATA=folder of CIFAR-10's binary files   EPOCHS=30   PRECISION=bf16   BATCH=128   RATE=0.01
#
# tests     every operation, PyTorch's values, twenty steps beside the CPU (2 minutes)
# speed     our step and PyTorch's by turns, eager and compiled, from a ready input and from bytes, the best of each, and their ratio
# layers    milliseconds of each layer at both batch sizes, and how near each product is to the chip
# sanitize  the operations' tests under compute-sanitizer: no access outside of what was allocated
# train     alexnet on all of CIFAR-10, with augmentation; the record goes to OUT
set -euo pipefail
cd "$(dirname "$0")/.."
phase=${1:?usage: benches/cuda.sh PHASE FOLDER [OUT]}
folder=$(mkdir -p "${2:?which folder}" && cd "$2" && pwd)
out=${3:-$folder/out}
mkdir -p "$out"
: "${MODELS:=alexnet alexnet-paper tensorflow torchvision}" "${BATCHES:=128 512}" "${PRECISIONS:=tf32 bf16}" "${STEPS:=30}"
: "${EPOCHS:=30}" "${PRECISION:=bf16}" "${BATCH:=128}" "${RATE:=0.01}" "${DATA:=$folder/cifar10}"

# The CUDA libraries of the system, or else those that PyTorch brings.
find_libraries() {
  local packages
  packages=$(python3 -c 'import nvidia; print(list(nvidia.__path__)[0])' 2>/dev/null) || return 0
  local path
  for path in "$packages"/cu13/lib "$packages"/cudnn/lib "$packages"/*/lib; do
    LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$path
  done
  export LD_LIBRARY_PATH
}

pack() {
  cargo build --release --features cuda
  cargo test --release --features cuda --test cuda --no-run
  cp target/release/alexscope "$folder/alexscope"
  # The newest of the test's builds.
  cp "$(find target/release/deps -maxdepth 1 -type f -executable -name 'cuda-*' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)" "$folder/cuda-tests"
  strip "$folder/alexscope" "$folder/cuda-tests"
  [ -z "${PICTURES:-}" ] || cp "$PICTURES" "$folder/"
  du -sh "$folder"
}

tests() {
  nvidia-smi
  "$folder/cuda-tests" --test-threads 1 --nocapture 2>&1 | tee "$out/tests.txt"
  "$folder/alexscope" bench --model lenet5 --device cuda --steps 5 | tee "$out/smoke.txt"
}

ours() { "$folder/alexscope" bench --device cuda --json --steps "$STEPS" "$@"; }
theirs() { python3 benches/torch_cuda.py --steps "$STEPS" "$@"; }

# One line of JSON for each setting; a setting that fails says so and the others go on.
try() { "$@" 2>>"$out/errors.txt" | tr -d '\n' >>"$out/speed.jsonl" && echo >>"$out/speed.jsonl" || echo "failed: $*" | tee -a "$out/errors.txt"; }

speed() {
  : >"$out/speed.jsonl"
  local model batch precision bytes
  for model in $MODELS; do
    for batch in $BATCHES; do
      for precision in $PRECISIONS; do
        for bytes in "" --from-bytes; do
          local common=(--model "$model" --batch-size "$batch" $bytes)
          for settings in "layout=channels-last deterministic=off" "layout=planes deterministic=off" "layout=channels-last deterministic=on"; do
            local sets=()
            for setting in $settings; do sets+=(--set "$setting"); done
            try ours "${common[@]}" --set "precision=$precision" --set learning-rate=1e-4 "${sets[@]}"
          done
          try theirs "${common[@]}" --precision "$precision" --channels-last
          try theirs "${common[@]}" --precision "$precision"
          [ -n "${NO_COMPILE:-}" ] || try theirs "${common[@]}" --precision "$precision" --channels-last --compile
        done
      done
    done
  done
  python3 benches/cuda_report.py "$out/speed.jsonl" | tee "$out/speed.txt"
}

layers() {
  : >"$out/layers.txt"
  local model batch precision
  for model in $MODELS; do
    for batch in $BATCHES; do
      for precision in $PRECISIONS; do
        "$folder/alexscope" bench --device cuda --model "$model" --batch-size "$batch" --steps "$STEPS" --set "precision=$precision" \
          --set learning-rate=1e-4 --set deterministic=off | tee -a "$out/layers.txt"
      done
    done
  done
}

sanitize() {
  compute-sanitizer --tool memcheck "$folder/cuda-tests" --test-threads 1 operations picture_feed 2>&1 | tee "$out/memcheck.txt"
}

train() {
  # The record is its own list of events; it is copied without the steps, of which there are thousands.
  timeout 560 "$folder/alexscope" train --headless --json --device cuda --model alexnet --data "$DATA" --epochs "$EPOCHS" \
    --batch-size "$BATCH" --learning-rate "$RATE" --schedule cosine --precision "$PRECISION" --deterministic off --evaluate-every 0 \
    --checkpoint-every 0 --run-dir "$folder/run" >"$folder/events.jsonl" 2>"$out/train.txt" || echo "ended with $?" | tee -a "$out/train.txt"
  grep -v '"event":"step"' "$folder/events.jsonl" >"$out/alexnet-cifar10.jsonl"
  tail -3 "$out/train.txt"
}

case $phase in
pack) pack ;;
tests | speed | layers | sanitize | train) find_libraries && "$phase" ;;
*) echo "no phase $phase" >&2 && exit 2 ;;
esac
