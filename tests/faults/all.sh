#!/usr/bin/env bash
# The full counts of the fault table (see tests/faults/main.rs); takes about two hours. tests/faults/all.sh [COUNT of kills, default 1000]
#
# Where apt is there and may be used, strace and faketime are installed; elsewhere what needs them says that it is passed over.
set -euo pipefail
cd "$(dirname "$0")/../.."
count=${1:-1000}
export FAULT_SECONDS=10

for tool in strace faketime; do
  command -v "$tool" >/dev/null || apt-get install --yes "$tool" >/dev/null 2>&1 || echo "$tool is not there and cannot be installed"
done

# A release build has no faults on demand: the tests that need them, panics and poisoned batches, run in a debug build. Its steps are too
# short to find the thread that saves between two saves.
try() { cargo test "$@"; }
faults() { try --release --test faults -- --nocapture "$@"; }

FAULT_TRIALS=5000 faults damage:: hostile::
FAULT_TRIALS=20 faults disks:: full:: clock:: of_many_programs
FAULT_TRIALS=$count faults a_run_killed_again_and_again
FAULT_TRIALS=50 faults a_signal_at_any_moment the_second_signal
try --test faults -- a_save_may_be_killed --nocapture
FAULT_TRIALS=20 try --test faults -- training::
FAULT_TRIALS=10 try --test faults -- panics::
FAULT_TRIALS=10 try --test cockpit -- a_panic
FAULT_TRIALS=5 try --test cockpit -- a_terminal_that_is_slow
FAULT_TRIALS=50 try --test cockpit -- signals_and_ctrl_c a_terminal_that_vanishes
FAULT_TRIALS=2000 try --test cockpit -- a_terminal_that_changes_its_size
try --test screens sizes
if cargo +nightly fuzz --version >/dev/null 2>&1; then
  for target in checkpoint record; do
    cargo +nightly fuzz run "$target" -- -max_total_time=300 -max_len=65536 -rss_limit_mb=2048
  done
else
  echo "cargo-fuzz and a nightly toolchain are not there: fuzz/ is passed over"
fi
tests/faults/soak.sh
