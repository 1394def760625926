"""A lock that one process of a home holds; the system releases it however the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path


class Held(Exception):
    """Another process holds the lock; the text is what it wrote about itself."""


class Lock:
    """An exclusive lock on a file, held until `release` or the end of every process that has it.

    A child that is given `fd` holds the lock together with this process.
    """

    def __init__(self, path: Path, *, wait: float = 0.0) -> None:
        self.path = path
        deadline = time.monotonic() + wait
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        while True:
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                about = os.pread(self.fd, 1000, 0).decode(errors="replace").strip()
                os.close(self.fd)
                raise Held(about) from None
            break
        self.write("")

    def write(self, about: str) -> None:
        """Say something about the holder to whoever comes after it."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, about.encode(), 0)

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two different files."""
        os.close(self.fd)
