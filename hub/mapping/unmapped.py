"""Unmapped: a table of the settings does not know a value, and a row for it would mend that."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hub.sdk import Blocked


class Unmapped(Blocked):
    """The record waits for a row in a table of the settings.

    fix: the setting. row: what the row is for: the key of a mapping table, country and rate of a
    VAT table. Empty when the record says nothing: then only the table's default can help.
    """

    def __init__(
        self, message: str, *, field: str, code: str, fix: str, row: Mapping[str, str]
    ) -> None:
        super().__init__(message, field=field, code=code, fix=fix)
        self.row = dict(row)


def key_row(value: str | None) -> dict[str, str]:
    """The row of a mapping table for a value; empty for none."""
    return {"key": value.strip()} if value and value.strip() else {}


def rate_row(rate: Decimal, country: str | None = None) -> dict[str, str]:
    """The row of a VAT table for a rate, in one country or in any."""
    row = {"rate": f"{rate.normalize():f}"}
    return {"country": country, **row} if country else row
