"""Indexes in the database: who is found when several share a value, and what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.engine.indexes import DatabaseIndexes
from hub.model import Json
from hub.sdk import Index, IndexPage, IndexRow
from hub.store import Database, Vault

EMAIL = "zoe@example.nl"


@dataclass
class People:
    """A remote list (name -> whether blocked), how it is read next, and the index of it."""

    indexes: DatabaseIndexes
    there: dict[str, bool] = field(default_factory=dict)
    whole: bool = False
    breaks: bool = False

    def read(self, api: Any, since: Json | None) -> Iterator[IndexPage]:
        """Two on a page; a connection that breaks does so on the second."""
        names = sorted(self.there)
        for start in range(0, max(len(names), 1), 2):
            if self.breaks and start:
                raise ConnectionError
            yield IndexPage([self.row(n) for n in names[start : start + 2]], whole=self.whole)

    def row(self, name: str) -> IndexRow:
        data = {"name": name, "blocked": self.there[name]}
        return IndexRow(key=name, values={"name": name, "email": EMAIL}, data=data)

    @property
    def index(self) -> Index:
        return Index(
            name="people",
            read=self.read,
            one=lambda *_: None,
            few=0,
            last=lambda data: bool(data["blocked"]),
        )

    def found(self, by: str, *values: str) -> list[str]:
        """The names of what is found after a refresh."""
        found = self.indexes.find(None, self.index, by, values, fresh=True)
        return sorted(data["name"] for data in found.values())


@pytest.fixture
def people(database: Database, vault: Vault, flow_id: int) -> People:
    return People(DatabaseIndexes(database, vault, 1))


@pytest.mark.parametrize("blocked", ["anna", "zoe"])
def test_of_two_with_one_value_the_one_that_may_be_used_is_found(
    people: People, blocked: str
) -> None:
    people.there = {name: name == blocked for name in ("anna", "zoe")}
    assert people.found("email", EMAIL) == [({"anna", "zoe"} - {blocked}).pop()]
    assert people.found("name", "anna", "zoe") == ["anna", "zoe"], "by its own name it is found"
    people.there = {"anna": True, "zoe": True}
    assert people.found("email", EMAIL) == ["anna"], "where there is no other, it is found"


def test_what_is_gone_is_forgotten_once_the_whole_list_was_read(people: People) -> None:
    names = ("anna", "bob", "carl", "dora", "emma")
    people.there = dict.fromkeys(names, False)
    assert people.found("name", *names) == list(names)
    del people.there["bob"], people.there["emma"]
    assert people.found("name", *names) == list(names), "changes alone tell nothing of it"
    people.whole = True
    assert people.found("name", *names) == ["anna", "carl", "dora"]
    people.there.clear()
    assert people.found("name", *names) == []


def test_a_walk_that_breaks_off_forgets_nothing(people: People) -> None:
    names = ("anna", "bob", "carl")
    people.there = dict.fromkeys(names, False)
    assert people.found("name", *names) == list(names)
    del people.there["anna"]
    people.there["dora"] = people.there["emma"] = False
    people.whole = people.breaks = True
    with pytest.raises(ConnectionError):
        people.found("name", "anna")
    people.whole = people.breaks = False
    assert people.found("name", "anna") == ["anna"]


def test_what_another_process_writes_during_a_walk_stays(
    people: People, database: Database, vault: Vault
) -> None:
    people.there = {"anna": False, "bob": False, "carl": False}
    assert people.found("name", "anna") == ["anna"]
    other, plain = DatabaseIndexes(database, vault, 1), people.read

    def interrupted(api: Any, since: Json | None) -> Iterator[IndexPage]:
        pages = plain(api, since)
        yield next(pages)
        made = IndexRow(key="zoe", values={"name": "zoe"}, data={"name": "zoe", "blocked": False})
        news = Index(name="people", read=lambda *_: iter(()), one=lambda *_: None)
        other.add(None, news, made)
        assert other.find(None, news, "name", ["zoe"], fresh=True)
        yield from pages

    people.whole = True
    quiet = Index(name="people", read=interrupted, one=lambda *_: None, few=0)
    people.indexes.find(None, quiet, "name", ["anna"], fresh=True)
    people.whole = False
    assert people.found("name", "zoe") == ["zoe"]
