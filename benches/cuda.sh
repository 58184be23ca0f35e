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
#   speed    MODELS="alexnet alexnet-paper tensorflow torchvision"   BATCHES="512 128"   PRECISIONS="bf16 tf32"   STEPS=30   NO_COMPILE=
#   layers   the same, without NO_COMPILE
#   sanitize TOOLS="racecheck memcheck"
#   train    DATA=folder of CIFAR-10's binary files, unpacked where it is not there (default /tmp/cifar10: FOLDER may be made anew for each
#            call)   EPOCHS=30   PRECISION=bf16   BATCH=128   RATE=0.01
#
# tests     every operation, PyTorch's values, twenty steps beside the CPU; each test in a process of its own; what cuDNN said is in cudnn.txt
# speed     our step and PyTorch's by turns, from a ready input and from bytes, the best of each, and their ratio
# layers    milliseconds of each layer, every algorithm that cuDNN timed for each convolution (algorithms.txt), and PyTorch's longest kernels
# sanitize  the operations' tests under compute-sanitizer: no access outside of what was allocated, and no race in our own kernels
# train     alexnet on all of CIFAR-10, with augmentation; the record goes to OUT
#
# A phase leaves at most five files in OUT. All of speed is 120 processes, more than LIMIT has room for: call it for one network at a time,
# MODELS=alexnet first (30 processes), each time with another OUT. What is most telling comes first: each network's default layout in the
# order of BATCHES and PRECISIONS, then the other layout, then what the same bits each time cost. What the time was not enough for is named
# in OUT/errors.txt; BATCHES and PRECISIONS cut it finer.
set -euo pipefail
cd "$(dirname "$0")/.."
phase=${1:?usage: benches/cuda.sh PHASE FOLDER [OUT]}
folder=$(mkdir -p "${2:?which folder}" && cd "$2" && pwd)
out=${3:-$folder/out}
mkdir -p "$out"
: "${LIMIT:=540}" "${TOOLS:=racecheck memcheck}"
: "${MODELS:=alexnet alexnet-paper tensorflow torchvision}" "${BATCHES:=512 128}" "${PRECISIONS:=bf16 tf32}" "${STEPS:=30}"
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
  : >"$out/cudnn.txt"
  local names name failed=() log
  log=$(mktemp)
  names=$("$folder/cuda-tests" --list --format terse | sed -n 's/: test$//p')
  # A process each: an error of the device stays with a process to its end.
  for name in $names; do
    : >"$log"
    CUDNN_LOGLEVEL_DBG=1 CUDNN_LOGDEST_DBG="$log" \
      within 120 "$folder/cuda-tests" --exact "$name" --nocapture 2>&1 | tee -a "$out/tests.txt" || failed+=("$name")
    # At once, so that it is there whenever the time is up.
    [ ! -s "$log" ] || { echo "== $name" && head -c 200000 "$log" && echo; } >>"$out/cudnn.txt"
  done
  rm -f "$log"
  within 60 "$folder/alexscope" bench --model lenet5 --device cuda --steps 5 2>&1 | tee "$out/smoke.txt" || failed+=("the bench")
  if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" | tee -a "$out/tests.txt"
    return 1
  fi
  echo "$(wc -w <<<"$names") tests and the bench passed" | tee -a "$out/tests.txt"
}

# try MORE COMMAND...: the lines of JSON that a setting prints, whole ones alone, each with MORE in it; one that fails says so and the others
# go on.
try() {
  local more=$1
  shift
  within 120 "$@" 2>>"$out/errors.txt" | sed -n "s/^{\\(.*\\)}\$/{\\1$more}/p" >>"$out/speed.jsonl" || echo "not measured: $*" | tee -a "$out/errors.txt"
}

# ours PRECISION LAYOUT DETERMINISTIC ARGUMENT...
ours() {
  local precision=$1 layout=$2 deterministic=$3 more=
  shift 3
  [ "$deterministic" = off ] || more=', "deterministic": true'
  # Some networks' initial values make for gradients that a common rate would not survive; what the rate is takes no time.
  try "$more" "$folder/alexscope" bench --device cuda --json --steps "$STEPS" --set "precision=$precision" --set "layout=$layout" \
    --set "deterministic=$deterministic" --set learning-rate=1e-6 "$@"
}

theirs() { try "" python3 benches/torch_cuda.py --steps "$STEPS" "$@"; }

speed() {
  : >"$out/speed.jsonl"
  # The first start of PyTorch reads gigabytes of libraries.
  within 120 python3 -c 'import torch; torch.zeros(1).cuda()' 2>>"$out/errors.txt" || echo "PyTorch does not start" | tee -a "$out/errors.txt"
  local model batch precision cell
  for model in $MODELS; do
    for batch in $BATCHES; do
      for precision in $PRECISIONS; do
        cell=(--model "$model" --batch-size "$batch")
        ours "$precision" channels-last off "${cell[@]}"
        theirs --precision "$precision" --channels-last "${cell[@]}"
        [ -n "${NO_COMPILE:-}" ] || theirs --precision "$precision" --channels-last --compile "${cell[@]}"
        ours "$precision" channels-last off "${cell[@]}" --from-bytes
      done
    done
    for batch in $BATCHES; do
      for precision in $PRECISIONS; do
        cell=(--model "$model" --batch-size "$batch")
        ours "$precision" planes off "${cell[@]}"
        theirs --precision "$precision" "${cell[@]}"
        ours "$precision" planes off "${cell[@]}" --from-bytes
      done
    done
    for precision in $PRECISIONS; do
      ours "$precision" channels-last on --model "$model" --batch-size "${BATCHES%% *}"
    done
  done
  python3 benches/cuda_report.py "$out/speed.jsonl" | tee "$out/speed.txt"
}

layers() {
  : >"$out/layers.txt"
  : >"$out/algorithms.txt"
  : >"$out/torch_kernels.txt"
  local model batch precision title
  for model in $MODELS; do
    for batch in $BATCHES; do
      for precision in $PRECISIONS; do
        title="$model, batch $batch, $precision"
        echo "== $title" | tee -a "$out/algorithms.txt" >>"$out/torch_kernels.txt"
        ALEXSCOPE_ALGORITHMS="$out/algorithms.txt" within 90 "$folder/alexscope" bench --device cuda --model "$model" --batch-size "$batch" \
          --steps "$STEPS" --set "precision=$precision" --set learning-rate=1e-6 --set deterministic=off 2>&1 | tee -a "$out/layers.txt" ||
          echo "failed: $title" | tee -a "$out/layers.txt"
        within 90 python3 benches/torch_cuda.py --profile --channels-last --model "$model" --batch-size "$batch" --precision "$precision" \
          >>"$out/torch_kernels.txt" 2>&1 || echo "failed: $title" >>"$out/torch_kernels.txt"
      done
    done
  done
}

sanitize() {
  local tool options able own failed=()
  able=$(compute-sanitizer --help 2>&1 || true)
  # An operation's own kernels have names that begin with its folder's.
  own=$(cd src/ops && printf '%s\n' */kernels.cu | sed 's|/.*||' | paste -sd '|')
  for tool in $TOOLS; do
    # What a library asks of the driver in vain is no mistake of a kernel.
    options=(--tool "$tool" --report-api-errors no --error-exitcode 1)
    local tests=(operations picture_feed)
    if [[ $able == *--kernel-regex* ]]; then
      options+=(--kernel-regex "kns=($own)_")
    elif [ "$tool" = racecheck ]; then
      # Where NVIDIA's own kernels cannot be left out they would take most of the time.
      tests+=(--skip convolution --skip dense)
    fi
    within 250 compute-sanitizer "${options[@]}" "$folder/cuda-tests" --test-threads 1 "${tests[@]}" 2>&1 |
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
