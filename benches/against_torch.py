"""Runs `alexscope bench` and torch_alexnet.py by turns and compares them; see against_torch.sh, which calls it.

Each run is a process of its own, so that its peak memory (ru_maxrss) can be told. PyTorch gets the memory format that is the faster one
for the model and batch size at hand, found by one run of each. A ratio is that of the two runs of a pair, which are neighbours in time.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

STEPS = "4"
FORMATS = ["contiguous", "channels_last"]


def run(command: list[str]) -> dict:
    """A run's report, with its peak memory."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    report = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return json.loads(report) | {"peak_bytes": usage.ru_maxrss * unit}


def ours(model: str, batch: str) -> dict:
    # Some networks' initial values make for gradients that a common rate would not survive; what the rate is takes no time.
    command = ["cargo", "run", "--release", "--quiet", "--", "bench", "--json", "--set", "learning-rate=1e-6"]
    return run([*command, "--model", model, "--batch-size", batch, "--steps", STEPS])


def theirs(model: str, batch: str, memory_format: str) -> dict:
    command = [sys.executable, os.path.join(os.path.dirname(__file__), "torch_alexnet.py")]
    return run([*command, "--model", model, "--batch-size", batch, "--steps", STEPS, "--format", memory_format])


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return "unknown processor"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--batch-sizes", nargs="+", required=True)
    parser.add_argument("--models", nargs="+", required=True)
    given = parser.parse_args()

    for nth, (model, batch) in enumerate((model, batch) for model in given.models for batch in given.batch_sizes):
        best = max(FORMATS, key=lambda memory_format: theirs(model, batch, memory_format)["images_per_second"])
        pairs = [(ours(model, batch), theirs(model, batch, best)) for _ in range(given.pairs)]
        if nth == 0:
            us, them = pairs[0]
            print(f"{processor()}, {us['threads']} threads of ours, {them['threads']} of {them['framework']}; "
                  f"{given.pairs} pairs of runs; images/s and memory are medians\n")
            print("| model | batch | ours, images/s | PyTorch, images/s | ratio | from … to | ours, peak | PyTorch, peak | PyTorch's format |")
            print("| --- | --: | --: | --: | --: | --- | --: | --: | --- |")
        rates = [statistics.median(run["images_per_second"] for run in side) for side in zip(*pairs)]
        peaks = [statistics.median(run["peak_bytes"] for run in side) / 2**20 for side in zip(*pairs)]
        ratios = sorted(us["images_per_second"] / them["images_per_second"] for us, them in pairs)
        print(f"| `{model}` | {batch} | {rates[0]:.1f} | {rates[1]:.1f} | **{statistics.median(ratios):.2f}** "
              f"| {ratios[0]:.2f} … {ratios[-1]:.2f} | {peaks[0]:.0f} MiB | {peaks[1]:.0f} MiB | {best} |", flush=True)


if __name__ == "__main__":
    main()
