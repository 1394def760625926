"""An order that is refunded after it was booked: told, held up, settled or written (O rows)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from koppel_hubspot import sandbox as crm_sandbox

from hub.engine.configfile import apply
from hub.sdk import ConfigurationError
from hub.sdk.sandbox import running
from tests.flows.conftest import Bench
from tests.flows.pairs import entry, go
from tests.flows.test_changes import Shopkeeper, news, parts, settle, waiting, writes

Make = Callable[..., Bench]
FOLLOW = {"filter": {"follow": True}}
NO_CRM = {"contacts": 0, "companies": 0, "products": 0, "orders": 0, "deals": 0, "invoices": 0}


def give_back(bench: Bench, key: str, amount: float) -> None:
    """The shop makes a credit invoice of an order."""
    client = bench.shop.test_client()
    answer = client.post(f"/_sandbox/orders/{key}/credit", json={"amount": amount})
    assert answer.status_code == 204


@pytest.fixture
def booked(make_bench: Make) -> tuple[Bench, str, float]:
    """Three fresh orders that are booked and followed; the key and total of the last."""
    bench = make_bench(shop={"orders": 0}, **FOLLOW)
    key = bench.place("plain", 3)[-1]
    assert bench.run()["created"] == 3
    return bench, key, float(Shopkeeper(bench).order(key)["total_price"])


# -- held up -------------------------------------------------------------------------------------


def test_a_refund_after_booking_is_held_up_with_both_amounts_and_nothing_is_written(
    booked: Any,
) -> None:
    bench, key, total = booked
    give_back(bench, key, 12.5)
    bench.erp_sandbox.requests.clear()
    (told,) = news(bench.run())
    assert (told["key"], told["outcome"], told["field"]) == (key, "blocked", "refunded")
    assert f"refunded in webshop since: refunded 12.50 of {total:.2f}" in told["reason"]
    assert "Credit it in erp, then mark it as settled" in told["reason"]
    assert waiting(bench) == [f"{key} refunded_later accept"]
    assert not writes(bench)
    (found,) = parts(bench, told["entry"])["differences"]
    assert (found["label"], found["before"], found["after"]) == ("Refunded", "0.00", "12.50")


def test_a_plan_shows_a_refund_as_what_waits_for_a_person(booked: Any) -> None:
    bench, key, _ = booked
    give_back(bench, key, 12.5)
    bench.erp_sandbox.requests.clear()
    (told,) = news(bench.run(kind="plan"))
    assert (told["key"], told["outcome"], told["field"]) == (key, "blocked", "refunded")
    assert waiting(bench) == [], "a plan keeps nothing"
    assert not writes(bench)


def test_a_refund_of_an_order_older_than_the_days_looked_back_is_still_seen(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 12}, filter={"follow": True, "look_back_days": 1})
    first = bench.run()
    key = min((e["key"] for e in first["entries"] if e["outcome"] == "created"), key=int)
    give_back(bench, key, 3)
    (told,) = news(bench.run())
    assert (told["key"], told["field"]) == (key, "refunded")
    quiet = bench.run(trigger="schedule")
    assert news(quiet) == [], "it is told once; it waits from then on"


def test_a_cancelled_order_that_was_refunded_is_told_as_cancelled(booked: Any) -> None:
    bench, key, total = booked
    Shopkeeper(bench).change(key, status=8)
    (told,) = news(bench.run())
    assert told["field"] == "cancelled"
    assert waiting(bench) == [f"{key} cancelled_later accept"]
    found = {d["label"]: d["after"] for d in parts(bench, told["entry"])["differences"]}
    assert found == {"Cancelled": True, "Refunded": f"{total:.2f}"}


# -- settled -------------------------------------------------------------------------------------


def test_a_refund_that_is_settled_stays_quiet_until_more_is_given_back(booked: Any) -> None:
    bench, key, _ = booked
    give_back(bench, key, 12.5)
    (told,) = news(bench.run())
    (done,) = settle(bench, told["entry"])["entries"]
    assert done["outcome"] == "skipped"
    assert "Settled by hand in erp" in done["reason"]
    assert waiting(bench) == []
    assert news(bench.run()) == []
    give_back(bench, key, 20)
    (again,) = news(bench.run())
    assert "refunded 20.00 of" in again["reason"]
    assert "(was 12.50)" in again["reason"]


# -- what the settings say -----------------------------------------------------------------------


def test_where_the_flow_says_leave_a_refund_is_noted_once(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    bench.configure(settings=bench.settings | {"refunded_orders": "leave"}, **FOLLOW)
    (key,) = bench.place()
    bench.run()
    give_back(bench, key, 1)
    (told,) = news(bench.run())
    assert told["outcome"] == "skipped"
    assert "Since then: refunded 1.00 of" in told["reason"]
    assert news(bench.run()) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"refunded_orders": "write"}, "refunded_orders"),
        ({"cancelled_orders": "cancel"}, "cancelled_orders"),
        ({"send_status": True}, "cannot be updated"),
    ],
)
def test_what_the_target_cannot_do_is_refused_when_it_is_asked_for(
    make_bench: Make, settings: dict[str, Any], said: str
) -> None:
    bench = make_bench(shop={"orders": 0})
    with pytest.raises(ConfigurationError, match=said):
        bench.configure(settings=bench.settings | settings)


# -- written -------------------------------------------------------------------------------------


@pytest.fixture
def crm(make_bench: Make) -> Iterator[Callable[..., tuple[Bench, Any]]]:
    """A flow of orders from the shop to a CRM that has a field for what was refunded."""
    with ExitStack() as stack:

        def make(**settings: Any) -> tuple[Bench, Any]:
            bench = make_bench(shop={"orders": 0})
            app = crm_sandbox.create_app(rate_limits=False, **NO_CRM)
            url = stack.enter_context(running(app))
            data = yaml.safe_load(bench.config_text())
            data["connections"]["crm"] = {
                "system": "hubspot",
                "credentials": {"access_token": crm_sandbox.TOKEN, "base_url": url},
            }
            vat = {"rows": [{"rate": 21, "code": "15970230"}, {"rate": 9, "code": "15970231"}]}
            data["flows"] = {
                "orders": {
                    "from": "webshop.orders",
                    "to": "crm.orders",
                    "schedule": None,
                    "filter": {"follow": True},
                    "settings": {"vat_codes": vat, **settings},
                }
            }
            apply(bench.hub, yaml.safe_dump(data))
            store = app.extensions["store"]
            there = {p["properties"].get("hs_sku") for p in store.objects["products"].values()}
            for sku in set(bench.shop_sandbox.state()["skus"]) - there:
                store.create("products", {"hs_sku": sku, "name": sku})
            return bench, store

        yield make


def refund_in(store: Any) -> list[str | None]:
    """What the CRM's orders say was refunded."""
    return [r["properties"].get("hs_refund_amount") for r in store.objects["orders"].values()]


@pytest.mark.parametrize("send_status", [False, True])
def test_a_refund_is_written_where_the_target_has_a_field_for_it(
    crm: Callable[..., tuple[Bench, Any]], send_status: bool
) -> None:
    bench, store = crm(refunded_orders="write", send_status=send_status, other_statuses="leave")
    (key,) = bench.place()
    first = go(bench, "orders")
    assert entry(first, key)["outcome"] == "created", first
    give_back(bench, key, 12.5)
    plan = entry(go(bench, "orders", kind="plan"), key)
    assert plan["outcome"] == "updated"
    assert refund_in(store) == [None]
    told = entry(go(bench, "orders"), key)
    assert told["outcome"] == "updated"
    assert refund_in(store) == ["12.5"]
    assert entry(go(bench, "orders"), key)["outcome"] == "unchanged"


def test_an_order_whose_status_is_followed_is_held_up_when_it_was_refunded(
    crm: Callable[..., tuple[Bench, Any]],
) -> None:
    bench, store = crm(send_status=True, other_statuses="leave")
    (key,) = bench.place()
    go(bench, "orders")
    give_back(bench, key, 12.5)
    told = entry(go(bench, "orders"), key)
    assert (told["outcome"], told["field"]) == ("blocked", "refunded")
    assert refund_in(store) == [None]
