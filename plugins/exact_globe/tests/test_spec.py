"""Everything that is sent names only properties of the vendor's own list, in their kind and length.

The list of entities belongs to the vendor and is not part of this project: without it beside the
checkout there is nothing to compare with, and these tests are skipped.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from koppel_exact_globe import exact_globe
from koppel_exact_globe.sandbox import create_app
from koppel_exact_globe.sandbox.schema import EntityType, entity_types

from hub.testing.bench import Bench, NotApplicable, bench
from hub.testing.checks import CHECKS

LIST = Path(__file__).parents[3] / ".." / "shared" / "specs" / "exact_globe" / "entities_pu415.json"
TYPES = {
    "String": {"text", "upper", "right"},
    "Number": {"int", "number"},
    "Integer": {"int"},
    "Double": {"number"},
    "Date": {"date"},
    "Boolean": {"flag"},
    "GUID": {"guid"},
    "Picture": {"text"},
}
READ_ONLY = re.compile(r"Read-Only", re.IGNORECASE)


@pytest.fixture(scope="module")
def vendor() -> dict[str, dict[str, Any]]:
    """Entity -> property -> what the vendor says of it."""
    if not LIST.exists():
        pytest.skip("the vendor's list of entities is not there")
    return {
        entity.replace(".", "_"): {
            said.get("rest_name", name): said for name, said in about["properties"].items()
        }
        for entity, about in json.loads(LIST.read_text(encoding="utf-8")).items()
    }


@pytest.fixture(scope="module")
def requests() -> list[dict[str, Any]]:
    """What the plugin sends while it keeps every promise of the contract."""
    app = create_app(auth="both", lock_after=1000, past_orders=2)
    with bench(exact_globe, app=app) as made:
        for check in CHECKS:
            made.forget()
            try:
                check.run(made)
            except (NotApplicable, AssertionError):
                continue  # test_contract.py is about whether they hold
        _read_all(made)
        return [dict(asked) for asked in made.sandbox.requests if asked["status"] != 401]


def _read_all(made: Bench) -> None:
    with made.open() as api:
        for entity in made.entities("read"):
            made.completed(api, entity, 3)


def _entity(asked: dict[str, Any]) -> str:
    return re.sub(r"\(.*", "", asked["path"].rpartition(".EG/")[2])


def test_every_body_fits_the_vendors_list(
    vendor: dict[str, dict[str, Any]], requests: list[dict[str, Any]]
) -> None:
    bodies = [asked for asked in requests if asked["body"] and asked["method"] in ("POST", "MERGE")]
    assert {_entity(asked) for asked in bodies} == {
        "Account",
        "FinancialHeader",
        "FinancialLine",
        "InvoiceHeader",
        "InvoiceLine",
        "Item",
        "SalesOrderHeader",
        "SalesOrderLine",
    }
    for asked in bodies:
        known = vendor[_entity(asked)]
        for name, value in json.loads(asked["body"]).items():
            assert name in known, f"{_entity(asked)} has no {name}"
            _must_fit(f"{_entity(asked)}.{name}", known[name], value)


def _must_fit(name: str, said: dict[str, Any], value: Any) -> None:
    kind = said["type"]
    assert not READ_ONLY.search(said.get("remarks", "")), f"{name} is read-only"
    if kind in ("Number", "Integer", "Double"):
        assert isinstance(value, int | float), f"{name}: {value!r}"
        assert not isinstance(value, bool), f"{name}: {value!r}"
    elif kind == "Boolean":
        assert isinstance(value, bool), f"{name}: {value!r}"
    elif kind == "Date":
        assert re.fullmatch(r"/Date\(-?\d+\)/", value), f"{name}: {value!r}"
    elif kind == "GUID":
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value), name
    else:
        assert isinstance(value, str), f"{name}: {value!r}"
        assert len(value) <= said.get("length", 10_000), f"{name}: {value!r} is too long"


def test_every_query_names_properties_of_the_vendors_list(
    vendor: dict[str, dict[str, Any]], requests: list[dict[str, Any]]
) -> None:
    asked_for = set()
    for asked in requests:
        query = parse_qs(asked["query"])
        known = vendor[_entity(asked)]
        assert set(query) <= {"$filter", "$select", "$orderby", "$top", "$skiptoken"}
        for part in ("$select", "$orderby"):
            for name in query[part][0].split(",") if part in query else ():
                assert name.removesuffix(" desc") in known, f"{_entity(asked)} has no {name}"
        for text in query.get("$filter", ()):
            names = re.findall(r"(\w+) (?:eq|ne|gt|ge|lt|le) ", re.sub(r"'[^']*'", "''", text))
            assert names, text
            assert set(names) <= set(known), text
            assert not re.search(r" or |\bnot |\(", re.sub(r"'[^']*'", "''", text)), text
        asked_for.add(_entity(asked))
    assert {"Account", "Item", "SalesOrderHeader", "SalesOrderLine", "VAT"} <= asked_for
    assert {"InvoiceHistoryHeader", "InvoiceHistoryLine", "OrderHistoryHeader"} <= asked_for
    assert {"FinancialHeader", "InvoiceHeader", "ItemCatalog"} <= asked_for


def test_codes_that_are_kept_padded_are_asked_for_padded(
    vendor: dict[str, dict[str, Any]], requests: list[dict[str, Any]]
) -> None:
    seen = 0
    for asked in requests:
        for text in parse_qs(asked["query"]).get("$filter", ()):
            for name, value in re.findall(r"(\w+) (?:eq|ge|le) '([^']*)'", text):
                said = vendor[_entity(asked)][name]
                if said.get("right_aligned"):
                    seen += 1
                    assert len(value) == said["length"], text
    assert seen


@pytest.mark.parametrize("entity", entity_types().values(), ids=lambda entity: entity.name)
def test_the_pretended_entity_has_the_vendors_properties(
    vendor: dict[str, dict[str, Any]], entity: EntityType
) -> None:
    said = vendor[entity.name]
    assert set(entity.properties) == set(said)
    for name, prop in entity.properties.items():
        assert prop.kind in TYPES[said[name]["type"]], name
        if prop.is_text and prop.length:
            assert prop.length == said[name]["length"], name
        if prop.kind == "number" and prop.length:
            assert prop.length == said[name]["scale"], name
        if prop.kind == "right":
            assert said[name]["right_aligned"], name
