#!/usr/bin/env bash
# What watching costs: images/s without a screen, and with the cockpit open on the Network screen, by turns; and whether the times that
# screen shows for each layer are those that `alexscope bench` measures.
# With PACE=0 the terminal is never read, with PACE=960 it takes 960 bytes a second, as at 9600 baud; then the layers' times are left out.
#
# usage: benches/watching_cost.sh [MODEL]
#   PYTHON=python3   PAIRS=5   pairs of runs      BATCH=32   pictures in a step      STEPS=60   measured steps of a run
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${PAIRS:=5}" "${BATCH:=32}" "${STEPS:=60}"
cargo build --release --quiet
exec "$PYTHON" benches/watching_cost.py --pairs "$PAIRS" --batch-size "$BATCH" --steps "$STEPS" --model "${1:-alexnet}" ${PACE:+--pace "$PACE"}
