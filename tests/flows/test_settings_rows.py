"""A filter of one's own, for every kind of flow: typed in a page, written in a file, applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from hub.engine import forms
from hub.engine.configfile import ConfigFileError
from hub.mapping.settings import SETTINGS
from hub.web import fields
from tests.flows.conftest import Bench
from tests.flows.pairs import couple, entry, go, outcomes

Make = Callable[..., Bench]
WHERE: dict[str, Any] = {"all": [{"field": "key", "is": "not empty"}]}


def typed(kind: str, text: str) -> Any:
    """What the page's form makes of a typed filter."""
    form = SETTINGS[kind]
    return forms.fill(form, fields.answers(form, {"where": [text]}))


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_p04_what_is_no_condition_is_said_at_the_field(kind: str) -> None:
    for text, words in (
        ("{field: key, is: contians, value: x}", "did you mean 'contains'"),
        ("{field: document.nonsense, is: empty}", "no field"),
        ("- [", "line 1"),
        ("just a word", ""),
        ("a: &a [1, 2]\nb: *a", "alias"),
    ):
        filled = typed(kind, text)
        assert filled.value is None, (text, filled)
        (name,) = filled.errors
        assert name.partition(".")[0] == "where"
        assert words in filled.errors[name], filled.errors


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_p04_a_typed_filter_is_kept_as_data_and_shown_again_as_it_was(kind: str) -> None:
    filled = typed(kind, yaml.safe_dump(WHERE))
    assert filled.value is not None, filled.errors
    kept = forms.answers(filled.value)
    assert kept["where"] == WHERE
    shown = fields.shown(SETTINGS[kind], values=kept, only="where")
    assert shown[0]["widget"] == "textarea"
    assert yaml.safe_load(shown[0]["value"]) == WHERE
    assert typed(kind, "").value.where is None, "and it can be emptied"


def test_p04_products_are_filtered_by_a_raw_field_of_the_books(make_bench: Make) -> None:
    """Also P03: the assortment, as the books number it."""
    bench = make_bench(shop={"orders": 0})
    where = {"field": "source.Assortment", "is": "in", "value": [1, 3]}
    settings = {"package": "12002", "where": where}
    couple(bench, goods={"from": "erp.products", "to": "webshop.products", "settings": settings})
    ran = go(bench, "goods")
    assert "not source.Assortment in (1, 3)" in entry(ran, "KET-8V")["reason"]
    assert entry(ran, "BOEK-ROUTES")["outcome"] in ("created", "updated", "unchanged")
    items = bench.erp.extensions["world"].tables["Item"]
    wanted = [item for item in items if item["Assortment"] in (1, 3)]
    assert ran["read"] - outcomes(ran)["skipped"] <= len(wanted)


def test_p04_customers_and_stock_are_filtered_too(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    couple(
        bench,
        people={
            "from": "webshop.customers",
            "to": "erp.customers",
            "settings": {"where": [{"field": "billing.country", "is": "=", "value": "DE"}]},
        },
        stock={
            "from": "erp.stock",
            "to": "webshop.stock",
            "settings": {"where": {"field": "document.sku", "is": "starts with", "value": "BAND"}},
        },
    )
    people = go(bench, "people")
    left = outcomes(people)["skipped"]
    assert 0 < outcomes(people)["created"] < 5
    assert left + outcomes(people)["created"] == people["read"]
    stock = go(bench, "stock")
    done = {e["key"] for e in stock["entries"] if e["outcome"] in ("updated", "unchanged")}
    assert done
    assert all(key.startswith("BAND") for key in done)


def test_p04_a_value_that_cannot_be_compared_holds_the_record_and_names_the_filter(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    where = {"field": "billing.city", "is": ">", "value": 5}
    couple(
        bench,
        people={"from": "webshop.customers", "to": "erp.customers", "settings": {"where": where}},
    )
    ran = go(bench, "people")
    assert set(outcomes(ran)) == {"blocked"}
    assert "The filter of this flow cannot be applied" in ran["entries"][0]["reason"]


def test_p04_a_file_with_a_bad_filter_changes_nothing(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    bad = {"from": "erp.stock", "to": "webshop.stock", "settings": {"where": {"any": []}}}
    with pytest.raises(ConfigFileError, match=r"where.*has no conditions"):
        couple(bench, stock=bad)
