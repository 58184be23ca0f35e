#!/usr/bin/env python3
"""The lines of benches/cuda.sh's speed phase as a table: for each network, batch, precision and input the best of ours, the best of
PyTorch's, and ours divided by theirs.

usage: cuda_report.py FILE
"""
import json
import sys
from collections import defaultdict


def main() -> None:
    best = defaultdict(dict)
    for line in open(sys.argv[1]):
        if not line.strip():
            continue
        run = json.loads(line)
        theirs = "framework" in run
        key = (run["model"], run["batch_size"], run["precision"], "bytes" if run["from_bytes"] else "ready")
        who = "theirs" if theirs else "ours"
        how = "channels last" if run["channels_last"] else "planes"
        how += ", compiled" if run.get("compile") else ", deterministic" if run.get("deterministic") else ""
        if run["images_per_second"] > best[key].get(who, (0,))[0]:
            best[key][who] = (run["images_per_second"], run["median_step_ms"], how)
    print("| network | batch | precision | input | ours, images/s (ms) | PyTorch's best, images/s (ms) | ratio |\n|---|---|---|---|---|---|---|")
    for key, sides in sorted(best.items()):
        cells = [f"{sides[who][0]:,.0f} ({sides[who][1]:.2f}; {sides[who][2]})" if who in sides else "–" for who in ("ours", "theirs")]
        ratio = f"{sides['ours'][0] / sides['theirs'][0]:.2f}" if len(sides) == 2 else "–"
        print("| " + " | ".join([*map(str, key), *cells, ratio]) + " |")


if __name__ == "__main__":
    main()
