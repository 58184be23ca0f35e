#!/usr/bin/env bash
# The full counts of the fault table, in release; takes about an hour. tests/faults/all.sh [COUNT of kills, default 1000]
set -euo pipefail
cd "$(dirname "$0")/../.."
count=${1:-1000}

try() { cargo test --release --test faults -- --nocapture "$@"; }

FAULT_TRIALS=5000 try damage:: hostile::
FAULT_TRIALS=20 try disks::
FAULT_TRIALS=$count try a_run_killed_again_and_again
FAULT_TRIALS=1 try a_save_may_be_killed
FAULT_TRIALS=20 try training::
FAULT_TRIALS=50 try a_signal_at_any_moment the_second_signal of_many_programs
# Panics on demand are only in programs with debug assertions.
cargo test --test faults panics::
