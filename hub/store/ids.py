"""Numbers given out in blocks, so that ids are known before the rows are written."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlmodel import Session

from hub.store.sql import insert
from hub.store.tables import Counter


def reserve(where: Connection | Session, name: str, count: int) -> range:
    """The next *count* numbers of a counter, which nobody else gets. They begin at 1.

    A rollback gives them back. Others wait for the commit, so ask late and commit soon.
    """
    if count < 1:
        return range(0)
    connection = where.connection() if isinstance(where, Session) else where
    statement = insert(connection, Counter).values(name=name, value=count)
    reserved = statement.on_conflict_do_update(
        index_elements=["name"], set_={"value": Counter.value + count}
    ).returning(Counter.value)  # type: ignore[call-overload]
    last: int = connection.execute(reserved).scalar_one()
    return range(last - count + 1, last + 1)
