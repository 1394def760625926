"""One entity's records in memory, with the indexes that keep twenty thousand orders cheap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .query import Condition, Query
from .schema import EntityType
from .values import fold, from_literal, to_literal

Row = dict[str, Any]


class Table:
    """Records by key. Equality on the indexed properties, and order on numbers and change dates, is
    answered without looking at every record."""

    def __init__(self, entity: EntityType, indexed: Iterable[str] = ()) -> None:
        self.entity = entity
        self.rows: dict[Any, Row] = {}
        self._equal: dict[str, dict[Any, dict[Any, None]]] = {name: {} for name in indexed}
        ordered = {"ID", "ModifiedDate"} & set(entity.properties)
        self._ordered: dict[str, list[tuple[Any, Any]]] = {
            n: [] for n in ordered if entity.properties[n].kind in ("int", "date")
        }
        self._keys: list[Any] | None = []

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def get(self, key: Any) -> Row | None:
        return self.rows.get(fold(key))

    def add(self, row: Row) -> Row:
        """Keep a record (whose key must be new)."""
        row = {name: value for name, value in row.items() if value is not None}
        key = fold(row[self.entity.key])
        if key in self.rows:
            raise KeyError(key)
        self.rows[key] = row
        if self._keys is not None and (not self._keys or key > self._keys[-1]):
            self._keys.append(key)
        else:
            self._keys = None  # sorted again when somebody asks
        self._index(key, row)
        return row

    def change(self, row: Row, values: Mapping[str, Any]) -> None:
        """Put other values into a kept record; None takes a value away."""
        key = fold(row[self.entity.key])
        self._unindex(key, row)
        for name, value in values.items():
            if value is None:
                row.pop(name, None)
            else:
                row[name] = value
        self._index(key, row)

    def delete(self, row: Row) -> None:
        key = fold(row[self.entity.key])
        self._unindex(key, row)
        del self.rows[key]
        self._keys = None

    def where(self, name: str, value: Any) -> list[Row]:
        """The records with this value of an indexed property."""
        return [self.rows[key] for key in self._equal[name].get(fold(value), ())]

    def page(self, query: Query) -> tuple[list[Row], str | None]:
        """One batch, and the token of the next one where there is more."""
        rows = self.matching(query.conditions)
        start = query.skip
        if query.order:
            for name, down in reversed(query.order):
                rows.sort(key=lambda row: _sortable(row.get(name)), reverse=down)
            start = int(query.token) if query.token is not None else start
        elif query.token is not None:
            after = fold(from_literal(self.entity.key_property, query.token))
            start = bisect_right(rows, after, key=self._key)
        batch = rows[start : start + query.top]
        if start + query.top >= len(rows):
            return batch, None
        if query.order:
            return batch, str(start + query.top)
        return batch, to_literal(self.entity.key_property, batch[-1][self.entity.key])

    def matching(self, conditions: Iterable[Condition]) -> list[Row]:
        """The records that a filter lets through, by key."""
        conditions = tuple(conditions)
        rows = map(self.rows.__getitem__, self._candidates(conditions))
        return [row for row in rows if all(c.holds(row) for c in conditions)]

    def _candidates(self, conditions: tuple[Condition, ...]) -> list[Any]:
        """Keys that may match, in order: from an index where there is one, else all."""
        for c in conditions:
            if c.op == "eq" and c.prop.name == self.entity.key:
                return [fold(c.value)] if fold(c.value) in self.rows else []
            if c.op == "eq" and c.prop.name in self._equal and c.value is not None:
                return sorted(self._equal[c.prop.name].get(fold(c.value), ()))
        for c in conditions:
            if c.op in ("gt", "ge") and c.prop.name in self._ordered and c.value is not None:
                ordered = self._ordered[c.prop.name]
                cut = bisect_left if c.op == "ge" else bisect_right
                return sorted(key for _, key in ordered[cut(ordered, c.value, key=_first) :])
        if self._keys is None:
            self._keys = sorted(self.rows)
        return self._keys

    def _key(self, row: Row) -> Any:
        return fold(row[self.entity.key])

    def _index(self, key: Any, row: Row) -> None:
        for name, index in self._equal.items():
            if name in row:
                index.setdefault(fold(row[name]), {})[key] = None
        for name, ordered in self._ordered.items():
            if name in row:
                insort(ordered, (row[name], key))

    def _unindex(self, key: Any, row: Row) -> None:
        for name, index in self._equal.items():
            if name in row:
                index[fold(row[name])].pop(key, None)
        for name, ordered in self._ordered.items():
            if name in row:
                del ordered[bisect_left(ordered, (row[name], key))]


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _sortable(value: Any) -> tuple[bool, Any]:
    """Null comes first, as in SQL Server."""
    return (value is not None, fold(value) if value is not None else 0)
