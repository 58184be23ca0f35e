#!/usr/bin/env bash
# What of the fault table's smaller counts takes too long for everybody's `cargo test` (see tests/faults/main.rs): some five minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

FAULT_TRIALS=10 cargo test --quiet --test faults -- panics:: the_second_signal
FAULT_TRIALS=20 cargo test --quiet --test faults -- of_many_programs
FAULT_TRIALS=10 cargo test --quiet --test cockpit -- a_panic signals_and_ctrl_c a_terminal_that_vanishes
FAULT_TRIALS=5 cargo test --quiet --test cockpit -- a_terminal_that_is_slow
