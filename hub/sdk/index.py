"""Indexes: a local map of a big remote list, so that one call answers for a whole page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hub.model import Json

if TYPE_CHECKING:
    from hub.sdk.api import Api


@dataclass(frozen=True, kw_only=True)
class IndexRow:
    """One remote record in an index.

    key: of the record over there. values: name -> value, e.g. {"sku": "AB-1", "ean":
    "8710000000016"}; compared without regard to case and outer blanks, kept as keyed hashes only
    (an e-mail address is personal). data: returned by `find` as the record; keep personal data
    out of it.
    """

    key: str
    values: Mapping[str, str | None]
    data: Json


@dataclass(frozen=True)
class IndexPage:
    """Some rows, and the cursor to store once they are kept.

    whole: part of a walk over the whole list. When all pages of a read are, and it came to its
    end, records that it did not show are forgotten: they are no longer there.
    """

    rows: Sequence[IndexRow]
    cursor: Json | None = None
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Index:
    """A map that the hub keeps in its database per connection.

    name: of the map, once per system. read(api, since): yields pages of what is new or changed
    since the stored cursor (None: all). one(api, by, value): asks for a single value live; used
    while there is no map yet and few values are wanted, so that a first small run need not read
    the whole list. few: how many values are few. last(data): true of records that are to be found
    only where no other one has the value, such as a blocked customer with an e-mail address that
    somebody else has too.
    """

    name: str
    read: Callable[[Api, Json | None], Iterator[IndexPage]]
    one: Callable[[Api, str, str], IndexRow | None]
    few: int = field(default=10)
    last: Callable[[Json], bool] | None = None


class IndexStore(Protocol):
    """Where the hub keeps indexes. Plugins call `api.find`, never this."""

    def find(
        self, api: Any, index: Index, by: str, values: Sequence[str], *, fresh: bool
    ) -> dict[str, Json]:
        """Value -> data for the values that are known after a refresh (once per page of work)."""

    def add(self, api: Any, index: Index, row: IndexRow) -> None:
        """Put in what the hub itself has just written there."""


class LiveIndex:
    """No memory: every value is asked for live. For contract tests and single checks."""

    def find(
        self, api: Any, index: Index, by: str, values: Sequence[str], *, fresh: bool
    ) -> dict[str, Json]:
        """Ask for each value."""
        found = {value: index.one(api, by, value) for value in dict.fromkeys(values)}
        return {value: row.data for value, row in found.items() if row is not None}

    def add(self, api: Any, index: Index, row: IndexRow) -> None:
        """Nothing is kept."""
