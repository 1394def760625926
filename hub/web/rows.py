"""Rows that addresses name: found, or a page that says so."""

from __future__ import annotations

from flask import abort
from sqlmodel import col, select

from hub.store.tables import Connection
from hub.web.page import hub


def connection_row(name: str) -> Connection:
    """The connection of that name."""
    with hub().database.session() as session:
        row = session.exec(select(Connection).where(col(Connection.name) == name)).first()
    if row is None:
        abort(404, f"There is no connection {name[:80]} (any more).")
    return row
