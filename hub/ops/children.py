"""One child process of `koppel up`: started, watched, started again when it dies, stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from hub.ops import lifeline


class Process(Protocol):
    """What is asked of a process: a `subprocess.Popen`, or one that was forked."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_AFTER = 30.0
"""A child that lived this long had come up well: the next delay is the first one again."""


def role(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    death_signal: int = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
    stdout: int | None = None,
    module: str = "hub",
) -> subprocess.Popen[bytes]:
    """Start `python -m hub ...`, tied to the life of this process."""
    if sys.platform == "darwin":  # macOS would end forked processes that use its frameworks
        environ = {**environ, "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        pass_fds=pass_fds,
        preexec_fn=lifeline.before_exec(death_signal),
    )


class Child:
    """A process that is to run for as long as the hub does."""

    def __init__(
        self,
        name: str,
        spawn: Callable[[], Process],
        say: Callable[[str], None],
        *,
        process: Process | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.failures = 0
        """How often it has died in a row, soon after it was started."""
        self.process = process
        self.returncode: int | None = None
        """How it last ended."""
        self._spawn = spawn
        self._say = say
        self._clock = clock
        self._started_at = clock()
        self._start_at = self._started_at

    def tend(self) -> None:
        """Start it when that is due; notice its death. Call often."""
        now = self._clock()
        if self.process is None:
            if now >= self._start_at:
                self.process = self._spawn()
                self._started_at = now
            return
        code = self.process.poll()
        if code is None:
            return
        self.process, self.returncode = None, code
        self.failures = 1 if now - self._started_at > STEADY_AFTER else self.failures + 1
        delay = min(FIRST_DELAY * 2 ** (self.failures - 1), LONGEST_DELAY)
        self._start_at = now + delay
        self._say(f"{self.name} stopped ({describe(code)}); starting it again in {delay:g} s")

    def terminate(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def gone(self) -> bool:
        """Whether it has ended."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End it now."""
        if self.process is not None and not self.gone():
            self.process.kill()
            self.process.wait()


def describe(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
