"""Trains without a screen and in the cockpit by turns and compares them; see watching_cost.sh, which calls it.

Both runs are there from the start, and one of them is always stopped (SIGSTOP). A turn ends when its last step stands in the run's
record, so whatever goes on between two steps counts as well. The turns of a round are those of the cockpit, without, without, the cockpit.

The processor time of the threads that only draw is counted too: where all processors train, what they take is what training loses.
"""
import argparse
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from watched_run import PROGRAM, TurnTaker, cockpit, events, process, seconds_of_the_screen

WARM_UP = 6
# Layers shorter than this are shown but not judged: their times are mostly noise.
JUDGED_MS = 1.0


def bench(given) -> list[dict]:
    """The layers' median times in `alexscope bench`, on the same pictures as the runs: what pooling takes depends on them."""
    command = [*PROGRAM, "bench", "--from-bytes", "--json", "--model", given.model, "--batch-size", str(given.batch_size)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["layers"]


def interval_of_the_median(values: list[float]) -> tuple[float, float]:
    """Where the median is with 95 % confidence, whatever the distribution: how many values lie below it is binomial."""
    values, reach = sorted(values), 0.98 * math.sqrt(len(values))
    middle = (len(values) - 1) / 2
    return values[max(0, math.floor(middle - reach))], values[min(len(values) - 1, math.ceil(middle + reach))]


def compare(watched: TurnTaker, alone: TurnTaker, given) -> None:
    """The rounds, one below the other, and what they amount to."""
    costs, totals, drawn = [], {watched: 0.0, alone: 0.0}, 0.0
    for _ in range(given.rounds):
        round_ = {watched: 0.0, alone: 0.0}
        for run in [watched, alone, alone, watched]:
            before = seconds_of_the_screen(run.pid)
            round_[run] += run.take(given.turn)
            drawn += seconds_of_the_screen(run.pid) - before if run is watched else 0.0
        for run, seconds in round_.items():
            totals[run] += seconds
        costs.append(100 * (round_[watched] / round_[alone] - 1))
        rates = [2 * given.turn * given.batch_size / round_[run] for run in (alone, watched)]
        print(f"round {len(costs)}: {rates[0]:.2f} images/s without a screen, {rates[1]:.2f} with the cockpit, {costs[-1]:+.2f} %", flush=True)
    low, high = interval_of_the_median(costs)
    print(f"\na step takes {statistics.median(costs):.2f} % longer (median of {len(costs)} rounds; with 95 % confidence {low:.2f} to {high:.2f}; all together {100 * (totals[watched] / totals[alone] - 1):.2f})")
    print(f"the threads that draw take {100 * drawn / (totals[watched] * os.cpu_count()):.2f} % of the processors\n")


def layers(shown: list[list[dict]], measured: list[list[dict]]) -> None:
    """The times that the Network screen shows beside those that `alexscope bench` measures."""
    print(f"| layer | pass | bench, ms | Network screen, ms ({len(shown)} looks) | ratio |\n| --- | --- | --: | --: | --: |")
    worst = 1.0
    for place, layer in enumerate(measured[0]):
        for which in ["forward_ms", "backward_ms"]:
            on_screen, in_bench = (statistics.median(all_[place][which] for all_ in times) for times in (shown, measured))
            if in_bench < JUDGED_MS:
                continue
            ratio = on_screen / in_bench
            worst = max(worst, ratio, 1 / ratio)
            print(f"| {layer['name']} | {which.removesuffix('_ms')} | {in_bench:.2f} | {on_screen:.2f} | {ratio:.2f} |")
    print(f"\nthey differ by {100 * (worst - 1):.1f} % at most, of passes that take a millisecond")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--turn", type=int, required=True, help="steps")
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pace", type=int, help="bytes a second that the terminal takes, 0: it is never read")
    given = parser.parse_args()

    with_layers = given.keys == "2" and given.pace is None
    off = ["--evaluate-every", "0", "--checkpoint-every", "0", "--steps", "0"]
    command = [*PROGRAM, "train", "--model", given.model, "--batch-size", str(given.batch_size), *off]
    with tempfile.TemporaryDirectory() as folder:
        here, there = (os.path.join(folder, name) for name in ("watched", "alone"))
        with cockpit([*command, "--run-dir", here], given.pace) as terminal:
            os.write(terminal, given.keys.encode())
            watched = TurnTaker(here)
            watched.take(WARM_UP)
            headless = subprocess.Popen([*command, "--headless", "--run-dir", there], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                alone = TurnTaker(there)
                alone.take(WARM_UP)
                measured = [bench(given)] if with_layers else []
                compare(watched, alone, given)
                measured += [bench(given)] if with_layers else []
            finally:
                headless.send_signal(signal.SIGTERM)
                headless.send_signal(signal.SIGCONT)
                headless.wait()
                watched.go_on()
        shown = [event["layers"] for event in events(here) if event["event"] == "layers"][1:]
    if with_layers and not shown:
        sys.exit("the layers were measured in no step after the first: take more ROUNDS")
    if with_layers:
        layers(shown, measured)


if __name__ == "__main__":
    main()
