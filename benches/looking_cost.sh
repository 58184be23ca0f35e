#!/usr/bin/env bash
# What looking inside a layer costs: images/s of one run in the cockpit, by turns on the Train screen, where nothing is looked at,
# and on the Layer or Predictions screen.
#
# usage: benches/looking_cost.sh [MODEL]
#   PYTHON=python3   PAIRS=8   pairs of stretches   SECONDS_EACH=15   BATCH=32   KEYS=3   the screen that looks (3, 4 or 5)
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${PAIRS:=8}" "${SECONDS_EACH:=15}" "${BATCH:=32}" "${KEYS:=3}"
cargo build --release --quiet
exec "$PYTHON" benches/looking_cost.py --pairs "$PAIRS" --seconds "$SECONDS_EACH" --batch-size "$BATCH" --keys "$KEYS" --model "${1:-alexnet}"
