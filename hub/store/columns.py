"""Types of columns: times, numbers and text that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Moment(TypeDecorator[dt.datetime]):
    """An aware time, stored as UTC whatever the database makes of zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """UTC without zone on the way in. Naive times are a mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """Aware UTC on the way out."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


Sometimes = JSON(none_as_null=True)
"""JSON that is not always there; nothing is NULL, which SQL can tell from a value."""
BigId = BigInteger().with_variant(Integer, "sqlite")


class Words(TypeDecorator[str]):
    """Text from outside. What no database takes (NUL, half a surrogate pair) is replaced, so that
    a vendor's odd character in one record cannot stop a run."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Storable text on the way in."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


class Code(Words):
    """A text compared byte by byte on both databases, so that an index finds what begins so."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL would else compare by the rules of a language."""
        plain = String(collation="C") if dialect.name == "postgresql" else String()
        return dialect.type_descriptor(plain)
