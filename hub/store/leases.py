"""Leases: who may work on something, and until when, over all processes and machines."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, text
from sqlmodel import Session, col, delete, or_, update

from hub.store.columns import Moment
from hub.store.database import Database
from hub.store.sql import insert
from hub.store.tables import Lease, utc_now


def claim(database: Database, name: str, owner: str, seconds: float) -> bool:
    """Take the lease when it is free, has run out or is already this owner's."""
    with database.immediate() as session:
        connection = session.connection()
        now, until = _now(connection), _now(connection, seconds)
        taken = connection.execute(
            update(Lease)
            .where(col(Lease.name) == name, or_(col(Lease.owner) == owner, col(Lease.until) < now))
            .values(owner=owner, until=until)
        )
        if taken.rowcount:
            return True
        made = connection.execute(
            insert(connection, Lease)
            .values(name=name, owner=owner, until=until)
            .on_conflict_do_nothing()
            .returning(col(Lease.name))
        )
        return made.first() is not None


def renew(database: Database, name: str, owner: str, seconds: float) -> bool:
    """Keep the lease for longer; False when somebody else has it or it was given back."""
    with database.immediate() as session:
        connection = session.connection()
        renewed = connection.execute(
            update(Lease)
            .where(col(Lease.name) == name, col(Lease.owner) == owner)
            .values(until=_now(connection, seconds))
        )
        return renewed.rowcount == 1


def release(database: Database, name: str, owner: str) -> bool:
    """Give the lease back; False when it was not this owner's (any more)."""
    with database.immediate() as session:
        released = session.connection().execute(
            delete(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner)
        )
        return released.rowcount == 1


def holds(session: Session, name: str, owner: str) -> bool:
    """Whether the lease is this owner's, and let nobody take it until this transaction ends.

    Call it first in the transaction. A lease that has run out and that nobody took is still good:
    what matters is that no other process can have begun.
    """
    # An UPDATE that changes nothing locks the row (the file, on SQLite); a SELECT would not.
    locked = session.connection().execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.owner) == owner).values(owner=owner)
    )
    return locked.rowcount == 1


def expired(session: Session, name: str) -> bool:
    """Whether the lease has run out; one that was never taken or was given back has not."""
    lease = session.get(Lease, name)
    if lease is None:
        return False
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return lease.until < utc_now()
    now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return bool(lease.until < now)


def _now(connection: Connection, seconds: float = 0) -> ColumnElement[Any]:
    """Now, or so many seconds later, by one clock: the server's where machines share one."""
    if connection.dialect.name == "sqlite":
        return literal(utc_now() + dt.timedelta(seconds=seconds), Moment)
    now = func.timezone("UTC", func.clock_timestamp())
    return now + literal(dt.timedelta(seconds=seconds))
