#!/usr/bin/env bash
# Our training step and PyTorch's by turns on this machine; prints the ratio of their images/s.
#
# usage: benches/against_torch.sh [MODEL…]
#   PYTHON=python3   a Python with torch      PAIRS=5   pairs of runs      BATCH=32   pictures in a step
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${PAIRS:=5}" "${BATCH:=32}"
"$PYTHON" -c 'import torch' 2>/dev/null || { echo "PYTHON=$PYTHON has no torch: pip install torch, or name another" >&2; exit 1; }
cargo build --release --quiet
models=("$@")
[ ${#models[@]} -gt 0 ] || models=(alexnet alexnet-paper tensorflow torchvision)
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for model in "${models[@]}"; do
  for _ in $(seq "$PAIRS"); do
    cargo run --release --quiet -- bench --json --model "$model" --batch-size "$BATCH" --steps 6 >>"$results"
    "$PYTHON" benches/torch_alexnet.py --model "$model" --batch-size "$BATCH" --steps 6 >>"$results"
  done
done
"$PYTHON" - "$results" <<'PYTHON'
import collections, json, statistics, sys
runs = collections.defaultdict(lambda: ([], []))
for line in open(sys.argv[1]):
    run = json.loads(line)
    runs[run["model"], run["batch_size"]]["framework" in run].append(run["images_per_second"])
print(f"{'model':<15}{'batch':>6}{'ours':>9}{'PyTorch':>9}{'ratio':>8}   spread (images/s; medians)")
for (model, batch), (ours, torch) in runs.items():
    ratios = sorted(a / b for a, b in zip(ours, torch))
    print(f"{model:<15}{batch:>6}{statistics.median(ours):>9.1f}{statistics.median(torch):>9.1f}"
          f"{statistics.median(ratios):>8.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f} in {len(ratios)} pairs")
PYTHON
