#!/usr/bin/env bash
# Two long runs side by side, one without a screen and one in the cockpit, with checkpoints all the time: neither memory, but for the
# curves that the cockpit keeps, nor open files may grow.
#
# usage: tests/faults/soak.sh [SECONDS, default 3600]
#   PYTHON=python3   PROGRAM=target/release/alexscope, built if it is not given
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PYTHON:=python3}"
if [ -z "${PROGRAM:-}" ]; then
  cargo build --release --quiet
  PROGRAM=target/release/alexscope
fi
PYTHONPATH=benches exec "$PYTHON" tests/faults/soak.py --program "$PROGRAM" --seconds "${1:-3600}"
