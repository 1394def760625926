"""Numbers of variants that changed unseen are known within a day."""

from __future__ import annotations

import datetime as dt

import pytest
from koppel_ccvshop import numbers
from koppel_ccvshop.numbers import find

from .conftest import Memory, Open, Shop

DAY = dt.timedelta(hours=24)


def renumber(shop: Shop, old: str, new: str) -> None:
    """Give a variant another number; the product's date of change stays as it was."""
    goods = shop.app.extensions["resources"].goods
    (made,) = [c for c in goods.combinations.values() if c.sku_number == old]
    made.sku_number = made.product_number = new


def looked(shop: Shop) -> list[str]:
    """How the products were asked for since the last reset."""
    queries = [r["query"] for r in shop.sandbox.asked("GET", "/products/$")]
    return ["all" if "orderby=id" in q else "changed" for q in queries]


@pytest.mark.parametrize(("ago", "way"), [(DAY, "all"), (DAY / 2, "changed")])
def test_all_products_are_looked_through_once_a_day(
    opened: Open, monkeypatch: pytest.MonkeyPatch, ago: dt.timedelta, way: str
) -> None:
    """Whether a change of a combination moves the date of its product is not known."""
    shop = opened(orders=0, indexes=Memory())
    assert set(find(shop.api, "sku", ["HELM-L"])) == {"HELM-L"}
    renumber(shop, "HELM-L", "HELM-XL")
    shop.reset()
    now = dt.datetime.now(dt.UTC) + ago
    monkeypatch.setattr(numbers, "utc_now", lambda: now)

    with shop.api.doubting():
        found = find(shop.api, "sku", ["HELM-XL"])

    assert looked(shop)[0] == way
    assert set(found) == ({"HELM-XL"} if way == "all" else set())


def test_a_day_is_counted_from_the_last_time_that_all_were_looked_through(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory()
    shop = opened(orders=0, indexes=memory)
    start = dt.datetime.now(dt.UTC)
    ways = []
    for hours in (0, 20, 25, 40, 50):
        monkeypatch.setattr(numbers, "utc_now", lambda h=hours: start + dt.timedelta(hours=h))
        shop.reset()
        with shop.api.doubting():
            find(shop.api, "sku", ["KET-8V"])
        ways.append(looked(shop)[0])

    assert ways == ["all", "changed", "all", "changed", "all"]


def test_what_was_kept_before_is_looked_through_again(opened: Open) -> None:
    cursor = {"changed": "2026-01-05T11:50:00Z"}
    memory = Memory(rows={"products": {}}, cursors={"products": cursor})
    shop = opened(orders=0, indexes=memory)

    with shop.api.doubting():
        assert find(shop.api, "sku", ["HELM-L"])

    assert looked(shop)[0] == "all"
