"""Claims: who may work on a flow or a connection, renewed while the work goes on."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from pathlib import Path

from sqlalchemy import Connection, or_, update

from hub.store import leases
from hub.store.database import Database
from hub.store.sql import table_of
from hub.store.tables import Lease

_lease = table_of(Lease)


class LostClaim(Exception):
    """Somebody else has taken over; this process must stop writing at once."""


def _machine() -> str:
    """What tells this process table from any other: machine, boot and process name space."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        return f"{socket.gethostname()}?"
    return f"{socket.gethostname()}/{boot[:8]}/{space[5:-1]}"


def _birth(pid: int) -> str | None:
    """When a process started, in ticks; None when it does not live (or cannot be told)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]


def new_owner() -> str:
    """A name for a claim by this process, from which others on this machine can tell it died."""
    return f"{_machine()}|{os.getpid()}|{_birth(os.getpid()) or ''}|{uuid.uuid4().hex[:8]}"


def is_dead(owner: str) -> bool:
    """Whether the process behind a claim is certainly gone."""
    machine, _, rest = owner.partition("|")
    pid, birth, *_ = [*rest.split("|"), "", ""]
    if machine != _machine() or machine.endswith("?") or not pid.isdigit() or not birth:
        return False
    return _birth(int(pid)) != birth


class Claim:
    """One or several names claimed together, renewed by a thread until `release`."""

    def __init__(self, database: Database, names: list[str], seconds: int) -> None:
        self.owner = new_owner()
        self._database = database
        self._names = list(dict.fromkeys(names))
        # An UPDATE that changes nothing locks the rows (the file, on SQLite); a SELECT would not.
        self._hold = (
            update(_lease)
            .where(
                or_(False, *(_lease.c.name == name for name in self._names)),
                _lease.c.owner == self.owner,
            )
            .values(owner=self.owner)
        )
        self._seconds = seconds
        self._done = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> bool:
        """Whether somebody else was seen to have taken over."""
        return self._lost.is_set()

    def take(self) -> str | None:
        """Claim all names or none; returns the name that somebody else holds, or None."""
        taken: list[str] = []
        for name in self._names:
            if not self._take_one(name):
                for mine in taken:
                    leases.release(self._database, mine, self.owner)
                return name
            taken.append(name)
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()
        return None

    def _take_one(self, name: str) -> bool:
        if leases.claim(self._database, name, self.owner, self._seconds):
            return True
        with self._database.session() as session:
            lease = session.get(Lease, name)
            holder = lease.owner if lease else None
        if holder is not None and is_dead(holder):
            leases.release(self._database, name, holder)
            return leases.claim(self._database, name, self.owner, self._seconds)
        return False

    def _renew(self) -> None:
        while not self._done.wait(self._seconds / 3):
            for name in self._names:
                try:
                    if not leases.renew(self._database, name, self.owner, self._seconds):
                        self._lost.set()
                        return
                except Exception:  # the database is away for a moment: the lease still runs
                    continue

    def check(self, connection: Connection) -> None:
        """Raise LostClaim unless all names are still ours, and let nobody take them meanwhile."""
        held = not self._names or connection.execute(self._hold).rowcount == len(self._names)
        if self._lost.is_set() or not held:
            raise LostClaim(f"another process took over {', '.join(self._names)}")

    def release(self) -> None:
        """Give the names back."""
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        for name in self._names:
            leases.release(self._database, name, self.owner)
