"""What happens to an order after it was booked: told, held up, settled; never silence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, select

from hub.engine import retry, runs
from hub.sdk import ConfigurationError
from hub.store import payloads
from hub.store.tables import Entry, Payload, Waiting

from .conftest import Bench
from .test_order_flow import add_item

Make = Callable[..., Bench]
CANCELLED, SHIPPED = 8, 5


class Shopkeeper:
    """Somebody who changes orders in the shop's own back office."""

    def __init__(self, bench: Bench) -> None:
        self.shop = inspect.getclosurevars(bench.shop.view_functions["place"]).nonlocals["shop"]

    def order(self, key: str) -> dict[str, Any]:
        """The order as the shop has it."""
        return dict(self.shop.order(self.shop.index_of(int(key)))[0])

    def change(self, key: str, **values: Any) -> None:
        """Write to an order's head."""
        assert self.shop.change(int(key), values), "it was so already"

    def move(self, key: str, place: str, **values: Any) -> None:
        """Write to an address of an order."""
        customer = self.order(key)["customer"]
        self.change(key, customer={**customer, place: {**customer[place], **values}})

    def count(self, key: str, pieces: int) -> None:
        """Write how many of the first line are wanted. The total is left as it is."""
        rows = self.shop._made(self.shop.index_of(int(key)))[1]
        rows[0]["count"] = pieces
        self.change(key, user_agent=f"changed to {pieces}")


@pytest.fixture
def booked(make_bench: Make) -> tuple[Bench, Shopkeeper, str]:
    """Three fresh orders that are booked, and the key of the last."""
    bench = make_bench(shop={"orders": 0})
    key = bench.place("plain", 3)[-1]
    assert bench.run()["created"] == 3
    return bench, Shopkeeper(bench), key


def news(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What is not as it was."""
    return [entry for entry in told["entries"] if entry["outcome"] != "unchanged"]


def parts(bench: Bench, entry_id: int) -> dict[str, Any]:
    """What is kept of an entry."""
    with bench.hub.database.session() as session:
        return payloads.read(session, bench.hub.vault, entry_id)


def waiting(bench: Bench) -> list[str]:
    """Who waits, and for what."""
    with bench.hub.database.session() as session:
        return [f"{row.key} {row.code} {row.fix}" for row in session.exec(select(Waiting))]


def settle(bench: Bench, entry_id: int) -> dict[str, Any]:
    """Say that it is settled."""
    (run_id,) = retry.settle_entries(bench.hub, [entry_id])
    runs.execute(bench.hub, run_id)
    return runs.summary(bench.hub, run_id, all_entries=True)


def writes(bench: Bench) -> list[str]:
    """Everything but reading that either side was asked since the logs were emptied."""
    both = [*bench.erp_sandbox.asked(), *bench.shop_sandbox.asked()]
    return [f"{r['method']} {r['path']}" for r in both if r["method"] != "GET"]


# -- held up -------------------------------------------------------------------------------------


def test_a_total_that_changed_after_booking_is_held_up_with_both_values(booked: Any) -> None:
    bench, keeper, key = booked
    before = keeper.order(key)["total_price"]
    keeper.change(key, total_price=float(before) + 10)
    bench.erp_sandbox.requests.clear()
    (entry,) = news(bench.run())
    assert (entry["key"], entry["outcome"], entry["field"]) == (key, "blocked", "total")
    assert f"the total was {before:.2f} and is {before + 10:.2f} now" in entry["reason"]
    assert "mark it as settled" in entry["reason"]
    assert waiting(bench) == [f"{key} changed accept"]
    assert not writes(bench)
    (found,) = parts(bench, entry["entry"])["differences"]
    assert (found["before"], found["after"]) == (f"{before:.2f}", f"{before + 10:.2f}")


def test_an_address_that_changed_after_booking_is_held_up_and_both_are_kept_sealed(
    booked: Any,
) -> None:
    bench, keeper, key = booked
    city = keeper.order(key)["customer"]["billingaddress"]["city"]
    keeper.move(key, "billingaddress", city="Appelscha", zipcode="8426 EP")
    (entry,) = news(bench.run())
    assert entry["outcome"] == "blocked"
    assert "an address is different" in entry["reason"]
    assert "Appelscha" not in entry["reason"], "a reason outlives the contents of a record"
    told = {d["path"]: d for d in parts(bench, entry["entry"])["differences"]}
    assert (told["billing.city"]["before"], told["billing.city"]["after"]) == (city, "Appelscha")
    assert told["billing.postal_code"]["after"] == "8426 EP"


def test_an_address_is_compared_even_when_what_was_booked_is_purged(booked: Any) -> None:
    bench, keeper, key = booked
    with bench.hub.database.session() as session:
        for row in session.exec(select(Payload)):
            session.delete(row)
    keeper.move(key, "billingaddress", city="Appelscha")
    (entry,) = news(bench.run())
    assert "an address is different" in entry["reason"]
    told = {d["path"]: d for d in parts(bench, entry["entry"])["differences"]}
    assert (told["billing.city"]["before"], told["billing.city"]["after"]) == (None, "Appelscha")


def test_lines_that_changed_under_the_same_total_are_not_silent(booked: Any) -> None:
    bench, keeper, key = booked
    keeper.count(key, 7)
    (entry,) = news(bench.run())
    assert (entry["outcome"], entry["field"]) == ("blocked", "lines")
    assert "became 7" in entry["reason"]
    (found,) = parts(bench, entry["entry"])["differences"]
    assert (found["label"], found["after"]) == ("Quantity", "7")


def test_an_order_that_is_cancelled_after_booking_is_held_up(booked: Any) -> None:
    bench, keeper, key = booked
    keeper.change(key, status=CANCELLED)
    (entry,) = news(bench.run())
    assert (entry["outcome"], entry["field"]) == ("blocked", "cancelled")
    assert "has been cancelled in webshop since. Cancel or credit it in erp" in entry["reason"]
    assert waiting(bench) == [f"{key} cancelled_later accept"]


# -- quiet ---------------------------------------------------------------------------------------


def test_a_change_of_status_or_payment_alone_needs_nobody(booked: Any) -> None:
    bench, keeper, key = booked
    keeper.change(key, status=SHIPPED, paid=not keeper.order(key)["paid"])
    bench.erp_sandbox.requests.clear()
    assert news(bench.run()) == []
    assert waiting(bench) == []
    assert not bench.erp_sandbox.asked()


def test_where_the_flow_says_leave_a_change_is_noted_once(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    bench.configure(settings=bench.settings | {"changed_orders": "leave"})
    (key,) = bench.place()
    bench.run()
    keeper = Shopkeeper(bench)
    keeper.change(key, total_price=1.0)
    (entry,) = news(bench.run())
    assert entry["outcome"] == "skipped"
    assert "Since then: the total was" in entry["reason"]
    assert news(bench.run()) == []


# -- settled -------------------------------------------------------------------------------------


def test_a_change_that_is_settled_stays_quiet_until_the_next_one(booked: Any) -> None:
    bench, keeper, key = booked
    before = keeper.order(key)["total_price"]
    keeper.change(key, total_price=1.5)
    (entry,) = news(bench.run())
    bench.erp_sandbox.requests.clear()
    (told,) = settle(bench, entry["entry"])["entries"]
    assert told["outcome"] == "skipped"
    assert "Settled by hand in erp" in told["reason"]
    assert not writes(bench)
    assert waiting(bench) == []
    assert news(bench.run()) == []
    keeper.change(key, total_price=2.5)
    (again,) = news(bench.run())
    assert "the total was 1.50 and is 2.50 now" in again["reason"]
    assert f"{before:.2f}" not in again["reason"]


def test_what_changed_again_before_it_was_settled_is_asked_anew(booked: Any) -> None:
    bench, keeper, key = booked
    keeper.change(key, total_price=1.5)
    (entry,) = news(bench.run())
    keeper.change(key, total_price=99.5)  # after the person looked
    (told,) = settle(bench, entry["entry"])["entries"]
    assert told["outcome"] == "blocked"
    assert "is 99.50 now" in told["reason"]
    assert waiting(bench) == [f"{key} changed accept"]


def test_a_change_that_is_taken_back_releases_the_order_by_itself(booked: Any) -> None:
    bench, keeper, key = booked
    before = keeper.order(key)["total_price"]
    keeper.change(key, total_price=1.5)
    bench.run()
    keeper.change(key, total_price=before)
    assert news(bench.run()) == []
    assert waiting(bench) == []


def test_only_what_waits_to_be_settled_can_be_settled(booked: Any) -> None:
    bench, _, key = booked
    with bench.hub.database.session() as session:
        entry = session.exec(select(Entry).where(col(Entry.key) == key)).one()
    with pytest.raises(ConfigurationError, match="does not wait to be settled"):
        retry.settle_entries(bench.hub, [entry.id])
    with pytest.raises(ConfigurationError, match="no entry 4711"):
        retry.settle_entries(bench.hub, [4711])


# -- a cause that is mended ----------------------------------------------------------------------


def test_a_blocked_record_is_released_by_itself_when_a_setting_is_mended(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    settings = bench.settings | {"use_item_vat_code": False}
    bench.configure(settings=settings | {"vat_codes": {"rows": []}})
    (key,) = bench.place()
    (entry,) = news(bench.run(trigger="schedule"))
    assert (entry["key"], entry["outcome"], entry["field"]) == (key, "blocked", "lines[0].tax_rate")
    bench.configure(settings=settings)  # the rows of the VAT table are filled in
    (again,) = news(bench.run(trigger="schedule"))
    assert (again["key"], again["outcome"]) == (key, "created")
    assert waiting(bench) == []


def test_a_blocked_record_is_released_by_itself_when_the_target_is_mended(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    (key,) = bench.place("unknown_sku")
    (entry,) = news(bench.run(trigger="schedule"))
    assert entry["outcome"] == "blocked"
    add_item(bench, "WIEL-OUD-26")
    with bench.hub.database.session() as session:
        for row in session.exec(select(Waiting)):
            assert row.next_attempt_at is not None, "it will be tried again without anybody"
            row.next_attempt_at = row.since
            session.add(row)
    (again,) = news(bench.run(trigger="schedule"))
    assert (again["key"], again["outcome"]) == (key, "created")
    assert waiting(bench) == []
