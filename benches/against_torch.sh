#!/usr/bin/env bash
# Our training step and PyTorch's by turns on this machine: images/s of both, their ratio, and the peak memory of both.
#
# usage: benches/against_torch.sh [MODEL…]
#   PYTHON=python3   a Python with torch      PAIRS=5   pairs of runs      BATCH="32 128"   pictures in a step, one size after another
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${PAIRS:=5}" "${BATCH:=32 128}"
"$PYTHON" -c 'import torch' 2>/dev/null || { echo "PYTHON=$PYTHON has no torch: pip install torch, or name another" >&2; exit 1; }
cargo build --release --quiet
[ $# -gt 0 ] || set -- alexnet alexnet-paper tensorflow torchvision
# shellcheck disable=SC2086 # several sizes
exec "$PYTHON" benches/against_torch.py --pairs "$PAIRS" --batch-sizes $BATCH --models "$@"
