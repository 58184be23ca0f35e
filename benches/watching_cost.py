"""Trains without a screen and in the cockpit by turns and compares them; see watching_cost.sh, which calls it.

A run's images/s are those of all its steps but the first ones, by the clock of its record (`time` in events.jsonl), so that whatever
goes on between two steps counts as well. The cockpit runs in a pseudo-terminal of 120×40 that is read as fast as it writes, or at the
pace that is given, on the Network screen from the start.

On a machine whose speed varies by more than the screen costs, the processor time of the threads that only draw says more: where all
processors train, what they take is what training loses.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from watched_run import PROGRAM, cockpit, events, last_step, process, seconds_of_the_screen, steps

WARM_UP = 4
PATIENCE = 600
# Layers shorter than this are shown but not judged: their times are mostly noise.
JUDGED_MS = 1.0


def headless(command: list[str], run: str, *_) -> float:
    subprocess.run([*command, "--headless", "--run-dir", run], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 0.0


def watched(command: list[str], run: str, last: int, pace: int | None) -> float:
    """The share of all processors that the screen's own threads took, from the first measured step on."""
    start = time.monotonic()

    def wait_for(step: int) -> float:
        while last_step(run) < step and time.monotonic() - start < PATIENCE:
            time.sleep(0.2)
        return time.monotonic()

    with cockpit([*command, "--run-dir", run], pace) as terminal:
        os.write(terminal, b"2")
        pid = process(run)
        began = wait_for(WARM_UP)
        before = seconds_of_the_screen(pid)
        ended = wait_for(last)
        return (seconds_of_the_screen(pid) - before) / ((ended - began) * os.cpu_count())


def train(how, given) -> tuple[float, list[dict], float]:
    """Images/s, what the record says of the layers, and the screen's share of the processors."""
    last = WARM_UP + given.steps
    off = ["--evaluate-every", "0", "--checkpoint-every", "0"]
    command = [*PROGRAM, "train", "--model", given.model, "--batch-size", str(given.batch_size), "--steps", str(last), *off]
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        share = how(command, run, last, given.pace)
        recorded = events(run)
        taken = steps(recorded)
        if len(taken) < last:
            sys.exit(f"{len(taken)} steps of {last} were recorded")
        rate = given.batch_size * given.steps / (taken[-1]["time"] - taken[WARM_UP - 1]["time"])
        return rate, [event["layers"] for event in recorded if event["event"] == "layers"], share


def bench(given) -> list[dict]:
    """The layers' median times in `alexscope bench`, between two of the runs and on the same pictures: what pooling takes depends on them."""
    command = [*PROGRAM, "bench", "--from-bytes", "--json", "--model", given.model, "--batch-size", str(given.batch_size), "--steps", str(given.steps // 2)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["layers"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pace", type=int, help="bytes a second that the terminal takes, 0: it is never read; the layers' times are left out")
    given = parser.parse_args()

    ratios, shares, seen, benches = [], [], [], []
    for pair in range(given.pairs):
        # Each goes first in every other pair, so that a machine that slows down favours neither.
        order = [headless, watched] if pair % 2 == 0 else [watched, headless]
        results = {how: train(how, given) for how in order}
        alone, (with_cockpit, layers, share) = results[headless][0], results[watched]
        shares.append(100 * share)
        seen += layers[1:]
        if given.pace is None:
            benches.append(bench(given))
        ratios.append(with_cockpit / alone)
        print(f"pair {pair + 1}: {alone:.2f} images/s without a screen, {with_cockpit:.2f} with the cockpit, {ratios[-1]:.4f}; its threads {shares[-1]:.2f} %", flush=True)
    cost = sorted(100 * (1 - ratio) for ratio in ratios)
    print(f"\nwatching costs {statistics.median(cost):.2f} % (median; {cost[0]:.2f} to {cost[-1]:.2f})")
    print(f"the screen's own threads take {statistics.median(shares):.2f} % of the processors (median; {min(shares):.2f} to {max(shares):.2f})\n")

    if given.pace is not None:
        return
    if not seen:
        sys.exit("the layers were measured in no step after the first: take more STEPS")
    print(f"| layer | pass | bench, ms | Network screen, ms ({len(seen)} looks) | ratio |\n| --- | --- | --: | --: | --: |")
    worst = 1.0
    for place, layer in enumerate(benches[0]):
        for which in ["forward_ms", "backward_ms"]:
            shown, measured = (statistics.median(layers[place][which] for layers in all) for all in (seen, benches))
            if measured < JUDGED_MS:
                continue
            ratio = shown / measured
            worst = max(worst, ratio, 1 / ratio)
            print(f"| {layer['name']} | {which.removesuffix('_ms')} | {measured:.2f} | {shown:.2f} | {ratio:.2f} |")
    print(f"\nthey differ by {100 * (worst - 1):.1f} % at most, of passes that take a millisecond")


if __name__ == "__main__":
    main()
