"""A run as the cost scripts see it: its record, and a cockpit in a pseudo-terminal of 120×40."""
import contextlib
import fcntl
import json
import os
import pty
import re
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
STEP = re.compile(rb'"event":"step","step":(\d+),')
TAIL = 65536
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


def last_step(run: str) -> int:
    """The newest step that the record holds, read from its end: whoever waits for one must not read it all again and again."""
    try:
        with open(os.path.join(run, "events.jsonl"), "rb") as file:
            file.seek(max(0, os.path.getsize(file.name) - TAIL))
            found = STEP.findall(file.read())
            return int(found[-1]) if found else 0
    except FileNotFoundError:
        return 0


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
