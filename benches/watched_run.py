"""A run as the cost scripts see it: its record, and a cockpit in a pseudo-terminal of 120×40."""
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import termios
import threading
import time

# Cargo makes way for the program it starts: signals and terminal are the program's own.
PROGRAM = ["cargo", "run", "--release", "--quiet", "--"]
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
