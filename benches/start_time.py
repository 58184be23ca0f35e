#!/usr/bin/env python3
"""How soon the cockpit shows its first frame, and its first loss, in a pseudo-terminal of 120×40.

usage: start_time.py PROGRAM [ARGUMENT…]        (PROGRAM is target/release/alexscope)

Five runs, each stopped by SIGTERM at its first loss; prints the median, fastest and slowest in seconds.
"""
import fcntl
import json
import os
import pty
import signal
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time


def once(command: list[str]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        start = time.monotonic()
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.execvp(command[0], [*command, "--run-dir", run])
        seen, frame = b"", None
        done = threading.Event()

        def read():
            nonlocal seen, frame
            while not done.is_set():
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    return
                if frame is None and b"Train" in seen:
                    frame = time.monotonic() - start

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        loss = None
        while loss is None and time.monotonic() - start < 120:
            time.sleep(0.005)
            try:
                events = [json.loads(line) for line in open(os.path.join(run, "events.jsonl")) if line.endswith("\n")]
            except (OSError, ValueError):
                continue
            if any(event["event"] == "step" for event in events):
                loss = time.monotonic() - start
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        done.set()
        if frame is None or loss is None:
            sys.exit("no frame or no loss came:\n" + seen.decode(errors="replace"))
        return frame, loss


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    frames, losses = zip(*(once(sys.argv[1:]) for _ in range(5)))
    for what, times in (("first frame", frames), ("first loss", losses)):
        print(f"{what}: median {statistics.median(times):.3f} s, {min(times):.3f} to {max(times):.3f}")


if __name__ == "__main__":
    main()
