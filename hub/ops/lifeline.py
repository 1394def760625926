"""Ties a child process to its parent: when the parent is gone, however it went, so is the child."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

SUPERVISOR = "KOPPEL_SUPERVISOR_PID"
"""Set in the environment of every child of `koppel up`; internal, not a setting."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
# Loaded here and not after the fork: between fork and exec as little as possible may happen.
_prctl: Callable[..., int] | None = (
    ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
)
_POLL_SECONDS = 1.0


def before_exec(signum: int, *, own_group: bool = False) -> Callable[[], None]:
    """What `subprocess` runs in the child: die by *signum* as soon as this process is gone."""
    parent = os.getpid()

    def prepare() -> None:
        if own_group:
            os.setpgid(0, 0)
        _arm(signum, parent)

    return prepare


def _arm(signum: int, parent: int) -> bool:
    """Ask the kernel for *signum* at the parent's death; False where it knows no such thing."""
    if _prctl is None:
        return False
    _prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)
    return True


def follow_forking_parent(parent: int, signum: int = signal.SIGKILL) -> None:
    """Call in a process that was just forked from *parent*: it dies with it."""
    if not _arm(signum, parent):
        _poll(parent)


def supervised() -> bool:
    """Whether this process is a child of `koppel up`."""
    return SUPERVISOR in os.environ


def attach() -> None:
    """Call early in a Python process that `koppel up` may have started.

    A Ctrl-C reaches every process of the terminal's group at once, and so does its closing; the
    supervisor alone acts on them, so that what depends on Redis has stopped before Redis does.
    """
    if not supervised():
        return
    leave_the_terminal_to_the_supervisor()
    if _prctl is None:
        _poll(int(os.environ[SUPERVISOR]))


def leave_the_terminal_to_the_supervisor() -> None:
    """Ignore what the terminal sends; to be repeated after a library has set its own handlers."""
    if supervised():
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)


def name_process(title: str) -> None:
    """What `ps -o comm` and `top` call this process, where that can be set; 15 bytes of it."""
    if _prctl is not None:
        _prctl(_PR_SET_NAME, ctypes.c_char_p(title.encode()), 0, 0, 0)


def _poll(parent: int) -> None:
    """Watch the parent from a thread: an orphan is handed to another parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


class Watchdog:
    """For a child that is not ours to change, where the kernel has no lifeline.

    A shell holds the reading end of a pipe; the writing end lives in this process only, so it
    closes however this process ends, and then the shell ends *pid*.
    """

    def __init__(self, pid: int) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        if _prctl is None:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", 'read _; kill -TERM "$1"', "koppel-watchdog", str(pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def release(self) -> None:
        """The child ended: its number may soon be somebody else's."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.wait()
            if self._shell.stdin:
                self._shell.stdin.close()
            self._shell = None
