"""Running the hub's processes for real, and looking at what is left of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(true: Callable[[], object], seconds: float = 30.0) -> bool:
    """Ask again and again; whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes() -> dict[int, int]:
    """Every living process and its parent."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in table.stdout.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def family(pid: int) -> set[int]:
    """A process with its children and theirs."""
    table, members = processes(), {pid}
    while more := {child for child, parent in table.items() if parent in members} - members:
        members |= more
    return members


class Running:
    """A command of the hub in a process of its own, its output kept in files."""

    def __init__(self, folder: Path, arguments: list[str], env: dict[str, str]) -> None:
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=os.environ | env,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has printed."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it has said to people."""
        return self._err.read_text()

    @property
    def pid(self) -> int:
        """The number of the process itself."""
        return self.process.pid

    @property
    def address(self) -> str:
        """The address that it printed."""
        found = re.search(r"running at (http://\S+)", self.out)
        assert found, self.out + self.err
        return found.group(1)

    def family(self) -> set[int]:
        """The process and everything that it started."""
        return family(self.pid)

    @staticmethod
    def left(members: set[int]) -> set[int]:
        """Which of these processes are still there."""
        return members & processes().keys()

    def pids(self, words: str) -> set[int]:
        """Those of the family whose name or command line contains the words."""
        return {pid for pid in self.family() if words in _names(pid)}

    def ready(self, seconds: float = 90.0) -> Running:
        """Wait until it says that it runs."""
        ended = self.process.poll
        wait_until(lambda: "Ctrl-C" in self.out or ended() is not None, seconds)
        assert "Ctrl-C" in self.out, f"it did not come up: {self.out}{self.err}"
        return self

    def send(self, signum: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, signum)

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(seconds)

    def end(self) -> None:
        """Leave nothing of it behind, however the test went."""
        members = self.family()
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


def _names(pid: int) -> str:
    columns = ["-o", "comm=", "-o", "args="]
    shown = subprocess.run(["ps", *columns, "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout


Start = Callable[..., Running]
