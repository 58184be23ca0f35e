"""Turns between the screens of one run and compares its speed; see looking_cost.sh, which calls it.

A stretch's images/s are those of the steps that began and ended in it, by the clock of the run's record (`time` in
events.jsonl). The stretches follow each other as look, plain, plain, look, so that a machine that drifts favours neither.
"""
import argparse
import os
import statistics
import sys
import tempfile
import time

from watched_run import PROGRAM, cockpit, events, process, seconds_of_the_screen, steps

# After a key, until whatever was under way is over.
SETTLE = 1.0
PATIENCE = 300
PLAIN = "1"


def stretch(terminal: int, run: str, key: str, given) -> tuple[float, float]:
    """Images/s while the screen behind `key` is open, and the share of all processors that the screen's own threads took."""
    os.write(terminal, key.encode())
    time.sleep(SETTLE)
    before, pid = len(steps(events(run))), process(run)
    drawn = seconds_of_the_screen(pid)
    time.sleep(given.seconds)
    share = (seconds_of_the_screen(pid) - drawn) / (given.seconds * os.cpu_count())
    inside = steps(events(run))[before:]
    if len(inside) < 3:
        sys.exit(f"only {len(inside)} steps in {given.seconds} s: take SECONDS_EACH longer, or BATCH smaller")
    return given.batch_size * (len(inside) - 1) / (inside[-1]["time"] - inside[0]["time"]), share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        quiet = ["--evaluate-every", "0", "--checkpoint-every", "0", "--steps", "0"]
        command = [*PROGRAM, "train", "--model", given.model, "--batch-size", str(given.batch_size), *quiet, "--run-dir", run]
        with cockpit(command) as terminal:
            start = time.monotonic()
            while len(steps(events(run))) < 3:
                if time.monotonic() - start > PATIENCE:
                    sys.exit("the run took no step")
                time.sleep(0.2)
            costs, shares = [], []
            for pair in range(given.pairs):
                order = [given.keys, PLAIN] if pair % 2 == 0 else [PLAIN, given.keys]
                rates = {key: stretch(terminal, run, key, given) for key in order}
                costs.append(100 * (1 - rates[given.keys][0] / rates[PLAIN][0]))
                (looking, share), (plain, _) = rates[given.keys], rates[PLAIN]
                shares.append(100 * share)
                print(f"pair {pair + 1}: {plain:.2f} images/s, {looking:.2f} while looking, {costs[-1]:+.2f} %; the screen's threads {shares[-1]:.2f} %", flush=True)
    costs.sort()
    print(f"\nlooking costs {statistics.median(costs):.2f} % (median; {costs[0]:.2f} to {costs[-1]:.2f})")
    print(f"of it the screen's own threads take {statistics.median(shares):.2f} % of the processors; looks are held to 1 % of the time")


if __name__ == "__main__":
    main()
