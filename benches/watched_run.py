"""A run as the cost scripts see it: its record, and a cockpit in a pseudo-terminal of 120×40."""
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios
import threading
import time

# Cargo makes way for the program it starts: signals and terminal are the program's own.
PROGRAM = ["cargo", "run", "--release", "--quiet", "--"]
# The first thread draws; it bears the program's name.
SCREEN = {"alexscope", "input", "output", "images", "signals"}
A_STEP = b'"event":"step"'
AUTOGROUP = "/proc/self/autogroup"


def events(run: str) -> list[dict]:
    """What the run's record holds so far."""
    try:
        with open(os.path.join(run, "events.jsonl")) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def steps(recorded: list[dict]) -> list[dict]:
    return [event for event in recorded if event["event"] == "step"]


def process(run: str) -> int:
    """Who holds the run."""
    for _ in range(600):
        try:
            with open(os.path.join(run, "run.lock")) as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            time.sleep(0.1)
    sys.exit(f"{run} was not begun")


def seconds_of_the_screen(pid: int) -> float:
    """Processor seconds of the threads that a run without a screen has not."""
    ticks = 0
    for task in os.scandir(f"/proc/{pid}/task"):
        with open(os.path.join(task.path, "stat")) as file:
            name, fields = file.read().split("(", 1)[1].rsplit(")", 1)
        if name in SCREEN:
            user, system = fields.split()[11:13]
            ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


class TurnTaker:
    """A run that trains only when it is its turn and is stopped (SIGSTOP) otherwise."""

    POLL = 0.002
    PATIENCE = 300

    def __init__(self, run: str):
        self.pid = process(run)
        self.record = open(os.path.join(run, "events.jsonl"), "rb")

    def take(self, count: int) -> float:
        """Trains until the record holds `count` steps more; the seconds that took. What of the next step is done by then it keeps."""
        self.go_on()
        start, left, line = time.monotonic(), count, b""
        while left:
            time.sleep(self.POLL)
            while piece := self.record.readline():
                line += piece
                if line.endswith(b"\n"):
                    left, line = left - (A_STEP in line), b""
            if time.monotonic() - start > self.PATIENCE:
                sys.exit(f"{left} of {count} steps were not taken in {self.PATIENCE} s")
        seconds = time.monotonic() - start
        os.kill(self.pid, signal.SIGSTOP)
        return seconds

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def _autogroup_niceness() -> str | None:
    try:
        with open(AUTOGROUP) as file:
            return file.read().split()[-1]
    except OSError:
        return None


@contextlib.contextmanager
def cockpit(command: list[str], pace: int | None = None):
    """The terminal of a cockpit, to write keys to. It is told to save and stop at the end.

    The terminal takes `pace` bytes a second: 0, it is never read; None, it is read as fast as the cockpit writes.
    """
    niceness = _autogroup_niceness()
    child, terminal = pty.fork()
    if child == 0:
        # A terminal's session is a group of its own to Linux's scheduler: it gets the share that this one has.
        if niceness not in (None, "0"):
            with open(AUTOGROUP, "w") as file:
                file.write(niceness)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execvp(command[0], command)

    def read():
        try:
            while taken := len(os.read(terminal, min(pace or 65536, 65536))):
                time.sleep(taken / pace if pace else 0)
        except OSError:  # its end
            pass

    if pace != 0:
        threading.Thread(target=read, daemon=True).start()
    try:
        yield terminal
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        os.close(terminal)
