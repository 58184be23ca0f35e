"""Watches the memory and the open files of two long runs; see soak.sh, which calls it.

A figure is the most of all samples in a stretch: the second sixth of the time, when everything has been used once, and the last one.
The cockpit keeps the curves of its chart to the step, up to a bound (src/session/series.rs), so the memory of these is allowed on top.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

from watched_run import cockpit, events, process, steps

SAMPLES = 60
# A tenth more is the allocator's breathing.
MEMORY, FILES = 1.1, 2
# Four curves (src/session/history.rs) of 24 bytes a bucket; a level has a quarter of the buckets of the one below, so all of them
# together 4/3 of the lowest. From KEPT steps on the lowest drops as many as it takes.
BYTES_A_STEP, KEPT = 4 * 24 * 4 // 3, 1 << 20
# Through the screens, looking into layers and test pictures on the way; every walk ends where it began.
WALK = ["2", "y", "y", "y", "y", "3", "n", "v", "4", "n", "5", "1", "+", "="]


def sample(pid: int) -> tuple[int, int]:
    """Resident memory in kB, and open files."""
    with open(f"/proc/{pid}/status") as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return memory, len(os.listdir(f"/proc/{pid}/fd"))


def curves(taken: int) -> float:
    """What the chart's curves grew by, in kB, between the ends of the two stretches: a third of the time and all of it, at a steady pace."""
    return BYTES_A_STEP * (min(taken, KEPT) - min(taken / 3, KEPT)) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = {name: os.path.join(folder, name) for name in ["headless", "cockpit"]}
        endless = ["--checkpoint-every", "20", "--epochs", "0", "--steps", "0", "--threads", "1"]
        command = [given.program, "train", "--model", "lenet5", *endless]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        taken: dict[str, list[tuple[int, int]]] = {name: [] for name in runs}
        alone = subprocess.Popen([*command, "--headless", "--run-dir", runs["headless"]], **quiet)
        with cockpit([*command, "--run-dir", runs["cockpit"]]) as terminal:
            pids = {name: process(run) for name, run in runs.items()}
            for turn in range(SAMPLES):
                os.write(terminal, WALK[turn % len(WALK)].encode())
                time.sleep(given.seconds / SAMPLES)
                for name, pid in pids.items():
                    taken[name].append(sample(pid))
        alone.terminate()
        well = alone.wait() == 143
        for name, run in runs.items():
            sixth = SAMPLES // 6
            (memory, files), (later, files_later) = (
                tuple(map(max, zip(*part))) for part in [taken[name][sixth : 2 * sixth], taken[name][-sixth:]]
            )
            there, recorded = len(os.listdir(os.path.join(run, "checkpoints"))), events(run)
            print(
                f"{name}: {len(steps(recorded)):,} steps, {sum(event['event'] == 'saved' for event in recorded):,} checkpoints, {there} kept;"
                f" {memory:,} kB and {files} files after a third of {given.seconds:.0f} s, {later:,} kB and {files_later} files at the end",
                flush=True,
            )
            allowed = MEMORY * memory + (curves(len(steps(recorded))) if name == "cockpit" else 0)
            well &= later <= allowed and files_later <= files + FILES
            well &= subprocess.run([given.program, "verify", run], stdout=subprocess.DEVNULL).returncode == 0
    sys.exit(not well)


if __name__ == "__main__":
    main()
