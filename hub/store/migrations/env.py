"""What Alembic runs: on the connection that it is given, in the transaction that is open there."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel

import hub.store.tables  # noqa: F401 - declares the tables
from hub.store import columns

connection = context.config.attributes["connection"]


def _render(kind: str, value: Any, _autogen: object) -> str | Literal[False]:
    """Write a new revision in SQLAlchemy's own types, so that it outlives changes of ours."""
    if kind == "type" and isinstance(value, columns.Moment):
        return "sa.DateTime()"
    if kind == "type" and isinstance(value, columns.Code):
        return 'sa.String().with_variant(sa.String(collation="C"), "postgresql")'
    if kind == "type" and (
        isinstance(value, columns.Words) or type(value).__name__ == "AutoString"
    ):
        return "sa.String()"
    return False


context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=_render,
    compare_type=True,
    transaction_per_migration=False,
)
context.run_migrations()
