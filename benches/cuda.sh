#!/usr/bin/env bash
# Everything that wants a GPU, in phases of under ten minutes. The GPU's machine needs no Rust and no CUDA toolkit: it gets the program, the
# tests and the pictures in one folder, made where the toolkit is, beside this repository's files.
#
#   usage: benches/cuda.sh pack FOLDER                 here: builds, strips and puts all that is needed into FOLDER (about 30 MB)
#          benches/cuda.sh tests|speed|layers|sanitize FOLDER [OUT]     there: one phase; what it finds goes to OUT (default FOLDER/out)
#          benches/cuda.sh train FOLDER [OUT]
#
#   all      LIMIT=540   seconds after which a phase begins nothing more and ends what runs
#   pack     PICTURES="FILE ..."   files to take along for train: cifar-10-binary.tar.gz, or whatever else holds the pictures together with
#            an unpack_cifar10.py, which is called with the folder to unpack to
#   speed    MODELS="alexnet alexnet-paper tensorflow torchvision"   BATCHES="128 512"   PRECISIONS="tf32 bf16"   STEPS=30   NO_COMPILE=
#   sanitize TOOLS="memcheck racecheck"
#   train    DATA=folder of CIFAR-10's binary files, unpacked where it is not there (default /tmp/cifar10: FOLDER may be made anew for each
#            call)   EPOCHS=30   PRECISION=bf16   BATCH=128   RATE=0.01
#
# tests     every operation, PyTorch's values, twenty steps beside the CPU; each test in a process of its own, with cuDNN's errors beside it
# speed     our step and PyTorch's by turns, from a ready input and from bytes, the best of each, and their ratio; PyTorch's from a ready
#           input compiled too
# layers    milliseconds of each layer at both batch sizes, and how near each product is to the chip
# sanitize  the operations' tests under compute-sanitizer: no access outside of what was allocated, and no race in our own kernels
# train     alexnet on all of CIFAR-10, with augmentation; the record goes to OUT
#
# All of speed is 176 processes, more than LIMIT has room for: call it for one network at a time, MODELS=alexnet first (44 processes), each
# time with another OUT. What the time was not enough for is named in OUT/errors.txt; BATCHES and PRECISIONS cut it finer.
set -euo pipefail
cd "$(dirname "$0")/.."
phase=${1:?usage: benches/cuda.sh PHASE FOLDER [OUT]}
folder=$(mkdir -p "${2:?which folder}" && cd "$2" && pwd)
out=${3:-$folder/out}
mkdir -p "$out"
: "${LIMIT:=540}" "${TOOLS:=memcheck racecheck}"
: "${MODELS:=alexnet alexnet-paper tensorflow torchvision}" "${BATCHES:=128 512}" "${PRECISIONS:=tf32 bf16}" "${STEPS:=30}"
: "${EPOCHS:=30}" "${PRECISION:=bf16}" "${BATCH:=128}" "${RATE:=0.01}" "${DATA:=/tmp/cifar10}"

# within SECONDS COMMAND: runs it for so long at most, and not past the phase's time.
within() {
  local most=$1 left=$((LIMIT - SECONDS))
  shift
  if ((left <= 0)); then
    echo "no time left for: $*" >&2
    return 124
  fi
  timeout $((left < most ? left : most)) "$@"
}

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
  local built=${CARGO_TARGET_DIR:-target}/release file
  cargo build --release --features cuda
  cargo test --release --features cuda --test cuda --no-run
  cp "$built/alexscope" "$folder/alexscope"
  # The newest of the test's builds.
  cp "$(find "$built/deps" -maxdepth 1 -type f -executable -name 'cuda-*' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)" "$folder/cuda-tests"
  strip "$folder/alexscope" "$folder/cuda-tests"
  for file in ${PICTURES:-}; do cp "$file" "$folder/"; done
  du -sh "$folder"
}

tests() {
  nvidia-smi
  : >"$out/tests.txt"
  mkdir -p "$out/cudnn"
  local names name failed=()
  names=$("$folder/cuda-tests" --list --format terse | sed -n 's/: test$//p')
  # A process each: an error of the device stays with a process to its end.
  for name in $names; do
    CUDNN_LOGLEVEL_DBG=1 CUDNN_LOGDEST_DBG="$out/cudnn/${name##*::}.txt" \
      within 120 "$folder/cuda-tests" --exact "$name" --nocapture 2>&1 | tee -a "$out/tests.txt" || failed+=("$name")
  done
  find "$out/cudnn" -empty -delete
  within 60 "$folder/alexscope" bench --model lenet5 --device cuda --steps 5 2>&1 | tee "$out/smoke.txt" || failed+=("the bench")
  if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" | tee -a "$out/tests.txt"
    return 1
  fi
  echo "$(wc -w <<<"$names") tests and the bench passed" | tee -a "$out/tests.txt"
}

# One line of JSON for each setting; a setting that fails says so and the others go on.
try() {
  local line
  if line=$(within 90 "$@" 2>>"$out/errors.txt" | tr -d '\n'); then
    echo "$line" >>"$out/speed.jsonl"
  else
    echo "not measured: $*" | tee -a "$out/errors.txt"
  fi
}

speed() {
  : >"$out/speed.jsonl"
  local ours=("$folder/alexscope" bench --device cuda --json --steps "$STEPS") theirs=(python3 benches/torch_cuda.py --steps "$STEPS")
  local model batch precision bytes settings setting
  for model in $MODELS; do
    for batch in $BATCHES; do
      for precision in $PRECISIONS; do
        for bytes in "" --from-bytes; do
          local common=(--model "$model" --batch-size "$batch" $bytes)
          for settings in "layout=channels-last deterministic=off" "layout=planes deterministic=off" "layout=channels-last deterministic=on"; do
            local sets=()
            for setting in $settings; do sets+=(--set "$setting"); done
            try "${ours[@]}" "${common[@]}" --set "precision=$precision" --set learning-rate=1e-4 "${sets[@]}"
          done
          try "${theirs[@]}" "${common[@]}" --precision "$precision" --channels-last
          try "${theirs[@]}" "${common[@]}" --precision "$precision"
          # Compiling takes longer than all else.
          [ -n "$bytes${NO_COMPILE:-}" ] || try "${theirs[@]}" "${common[@]}" --precision "$precision" --channels-last --compile
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
        within 90 "$folder/alexscope" bench --device cuda --model "$model" --batch-size "$batch" --steps "$STEPS" --set "precision=$precision" \
          --set learning-rate=1e-4 --set deterministic=off 2>&1 | tee -a "$out/layers.txt" ||
          echo "failed: $model, batch $batch, $precision" | tee -a "$out/layers.txt"
      done
    done
  done
}

sanitize() {
  local tool tests failed=()
  for tool in $TOOLS; do
    tests=(operations picture_feed)
    # Races are looked for in our own kernels alone; NVIDIA's libraries would take most of the time.
    [ "$tool" != racecheck ] || tests+=(--skip convolution --skip dense)
    within 500 compute-sanitizer --tool "$tool" --error-exitcode 1 "$folder/cuda-tests" --test-threads 1 "${tests[@]}" 2>&1 |
      tee "$out/$tool.txt" || failed+=("$tool")
  done
  if ((${#failed[@]})); then
    printf 'failed, or out of time: %s\n' "${failed[@]}"
    return 1
  fi
}

# The pictures as train wants them; the folder is there when all of them are.
unpack() {
  [ ! -d "$DATA" ] || return 0
  local part=$DATA.part
  rm -rf "$part"
  if [ -f "$folder/unpack_cifar10.py" ]; then
    python3 "$folder/unpack_cifar10.py" "$part"
  elif [ -f "$folder/cifar-10-binary.tar.gz" ]; then
    mkdir -p "$part"
    tar -xzf "$folder/cifar-10-binary.tar.gz" --strip-components=1 -C "$part"
  else
    echo "there is no $DATA, and no pictures in $folder: pack it with PICTURES, or say DATA" >&2
    return 1
  fi
  mv "$part" "$DATA"
}

train() {
  unpack
  rm -rf "$folder/run"
  # The record is its own list of events; it is copied without the steps, of which there are thousands.
  within "$LIMIT" "$folder/alexscope" train --headless --json --device cuda --model alexnet --data "$DATA" --epochs "$EPOCHS" \
    --batch-size "$BATCH" --learning-rate "$RATE" --schedule cosine --precision "$PRECISION" --deterministic off --evaluate-every 0 \
    --checkpoint-every 0 --run-dir "$folder/run" >"$folder/events.jsonl" 2>"$out/train.txt" || echo "ended with $?" | tee -a "$out/train.txt"
  grep -v '"event":"step"' "$folder/events.jsonl" >"$out/alexnet-cifar10.jsonl" || true
  tail -3 "$out/train.txt"
}

case $phase in
pack) pack ;;
tests | speed | layers | sanitize | train) find_libraries && "$phase" ;;
*) echo "no phase $phase" >&2 && exit 2 ;;
esac
