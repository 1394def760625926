"""Watches over child processes until it is told to stop, and then ends them."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from hub.ops import lifeline
from hub.ops.children import Child, Process


def say(text: str) -> None:
    """A line for the person who watches."""
    with suppress(OSError):  # the terminal may be gone
        print(f"koppel: {text}", file=sys.stderr, flush=True)


class Watch:
    """The children of this process, and whether it has been told to stop."""

    def __init__(self, *, follow_parent: bool = False) -> None:
        self.children: list[Child] = []
        self._others: list[Child] = []
        self.told_to_stop = False
        self._told_at = 0.0
        self.in_a_hurry = False
        """Told to stop a second time."""
        self._parent = os.getppid() if follow_parent else None

    def add(self, name: str, spawn: Callable[[], Process]) -> Child:
        """One more child; it is started when it is next tended."""
        child = Child(name, spawn, say)
        self.children.append(child)
        return child

    def also(self, child: Child) -> None:
        """A child that runs already, and that somebody else ends, after the others."""
        self._others.append(child)

    def until_told_to_stop(self) -> None:
        """Keep the children running."""
        while not self.told_to_stop:
            self.tend()
            self.sleep(1.0)

    def tend(self) -> None:
        """Start what is to be started, notice what has died."""
        for child in (*self._others, *self.children):
            # A signal to the whole group ends children before this process hears of it.
            if not self.told_to_stop:
                child.tend()

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until a signal, such as that of a child's death."""
        select.select([self._wakeup], [], [], seconds)
        with suppress(BlockingIOError):
            self._wakeup.recv(1024)
        if self._parent is not None and os.getppid() != self._parent:
            self.told_to_stop = True

    def stop(self, seconds: float) -> None:
        """End all children at once; those that do not listen are killed."""
        self.told_to_stop = True
        for child in self.children:
            child.terminate()
        deadline = time.monotonic() + seconds
        while not all(child.gone() for child in self.children):
            if time.monotonic() > deadline or self.in_a_hurry:
                for child in self.children:
                    child.kill()
            self.sleep(0.1)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Note the requests to stop, and let every signal end a wait."""

        def stop(signum: int, frame: FrameType | None) -> None:
            now = time.monotonic()
            if not self.told_to_stop:
                self.told_to_stop, self._told_at = True, now
            # The same request may come twice, from the terminal and passed on by make.
            self.in_a_hurry = bool(self._told_at) and now - self._told_at > 1.0

        self._wakeup, waker = socket.socketpair()
        self._wakeup.setblocking(False)
        waker.setblocking(False)
        stopping = [signal.SIGTERM]
        if not lifeline.supervised():
            stopping.append(signal.SIGINT)
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
                stopping.append(signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in stopping}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        old_waker = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old_waker)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._wakeup.close()
            waker.close()
