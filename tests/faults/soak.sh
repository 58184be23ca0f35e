#!/usr/bin/env bash
# A long run with checkpoints all the time: neither memory nor open files may grow. tests/faults/soak.sh [SECONDS, default 3600]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-3600}

cargo build --release --quiet
work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
target/release/alexscope train --headless --model lenet5 --checkpoint-every 20 --epochs 0 --steps 0 --run-dir "$work/run" \
  >/dev/null 2>&1 &
pid=$!

sample() { awk '/VmRSS/ { print $2 }' "/proc/$pid/status"; }
files() { ls "/proc/$pid/fd" | wc -l; }
sleep $((seconds / 6))
memory=$(sample) open=$(files)
echo "after $((seconds / 6)) s: $memory kB, $open files"
sleep $((seconds - seconds / 6))
later=$(sample) open_later=$(files)
echo "after $seconds s: $later kB, $open_later files, $(ls "$work/run/checkpoints" | wc -l) checkpoints," \
  "$(grep -c '"event":"step"' "$work/run/events.jsonl") steps"
kill -TERM "$pid"
wait "$pid" || status=$?
target/release/alexscope verify "$work/run"
# A tenth more is the allocator's breathing.
[ "${status:-0}" = 143 ] && [ "$later" -le $((memory * 11 / 10)) ] && [ "$open_later" -le "$((open + 2))" ]
