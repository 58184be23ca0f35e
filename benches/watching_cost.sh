#!/usr/bin/env bash
# What watching costs: the time of a training step with the cockpit open on a screen, and without a screen. Two runs go on by turns of a
# second or two, one stopped while the other trains, so that a machine whose speed drifts favours neither.
# On the Network screen it also says whether the times that the screen shows for each layer are those that `alexscope bench` measures.
#
# usage: benches/watching_cost.sh [MODEL]
#   PYTHON=python3   ROUNDS=60  of four turns      TURN=3  steps     BATCH=32  pictures in a step
#   KEYS=2   what is pressed at the start: 1 Train, 2 Network, 3 Layer, 4 Predictions, …
#   PACE=    bytes a second that the terminal takes: 0, it is never read; 960, as at 9600 baud
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${ROUNDS:=60}" "${TURN:=3}" "${BATCH:=32}" "${KEYS:=2}"
cargo build --release --quiet
exec "$PYTHON" benches/watching_cost.py --rounds "$ROUNDS" --turn "$TURN" --batch-size "$BATCH" --keys "$KEYS" --model "${1:-alexnet}" ${PACE:+--pace "$PACE"}
