"""Plans, differences, settling and taking many records again, as pages; without a browser."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from flask import Flask
from sqlmodel import col, select

from hub.engine import runs
from hub.engine.hub import Hub
from hub.store.tables import Entry, Payload, Run, Waiting

from .conftest import FLOW, Furnish, Visitor

Vendors = tuple[Flask, str, Flask, str]
PLAN = f"/flows/{FLOW}/plan"
SETTINGS = {
    "vat_codes": {"rows": [{"rate": 21, "code": "3"}, {"rate": 9, "code": "4"}]},
    "shipping_item": "VERZENDKOSTEN",
    "payment_item": "BETAALKOSTEN",
    "extra_item": "BETAALKOSTEN",
    "skip_cancelled": False,
}


def work(hub: Hub) -> list[Run]:
    """A worker passes by: everything in the queue is done."""
    with hub.database.session() as session:
        queued = list(session.exec(select(Run).where(Run.state == "queued")))
    for run in queued:
        runs.execute(hub, run.id or 0)
    with hub.database.session() as session:
        ids = [run.id for run in queued]
        return list(session.exec(select(Run).where(col(Run.id).in_(ids))))


def one(hub: Hub, outcome: str) -> Entry:
    """The newest record that ended so."""
    with hub.database.session() as session:
        wanted = select(Entry).where(Entry.outcome == outcome).order_by(col(Entry.id).desc())
        found = session.exec(wanted).first()
    assert found is not None
    return found


def writes(vendors: Vendors) -> list[str]:
    """Everything but reading that either vendor was asked."""
    asked = [*vendors[0].extensions["sandbox"].asked(), *vendors[2].extensions["sandbox"].asked()]
    return [f"{r['method']} {r['path']}" for r in asked if r["method"] != "GET"]


def edit(vendors: Vendors, key: str, **values: Any) -> None:
    """The shop's owner changes an order."""
    shop = inspect.getclosurevars(vendors[0].view_functions["place"]).nonlocals["shop"]
    assert shop.change(int(key), values)


# -- the plan ------------------------------------------------------------------------------------


def test_a_plan_page_tells_every_outcome_and_writes_nothing(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: Vendors
) -> None:
    furnish(settings=SETTINGS)
    made = anna.post(PLAN, {"what": "next", "limit": "10", "key": ""}).headers["Location"]
    assert made == f"{PLAN}?run=1"
    (run,) = work(hub)
    assert writes(vendors) == []
    page = anna.get(made).text
    assert run.created > 0
    assert f"{run.created} to create" in page
    assert "1 to block" in page
    assert "No product with SKU" in page or "WIEL-OUD-26" in page
    only = anna.get(f"{made}&outcome=blocked").text
    assert "Would be created" not in only
    assert "Would be blocked" in only
    assert anna.get("/runs/1").headers["Location"] == f"{PLAN}?run=1"


def test_a_plan_that_is_not_there_or_of_another_flow_says_so(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True)
    assert anna.get(f"{PLAN}?run=1").status_code == 404, "that was a run for real"
    assert anna.get(f"{PLAN}?run=4711").status_code == 404


def test_from_the_plan_the_first_are_run_and_then_all(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(settings=SETTINGS)
    anna.post(PLAN, {"what": "next", "limit": "10", "key": ""})
    (plan,) = work(hub)
    page = anna.get(PLAN).text
    assert "Run the first" in page
    for limit in ("", "0", "many", "-3", "1" * 400):
        refused = anna.post(f"/flows/{FLOW}/run", {"what": "first", "limit": limit})
        assert refused.headers["Location"] == PLAN
        assert "How many records?" in anna.get(PLAN).text
    anna.post(f"/flows/{FLOW}/run", {"what": "first", "limit": "2"})
    (first,) = work(hub)
    assert (first.read, first.created) == (2, 2)
    anna.post(f"/flows/{FLOW}/run", {"what": "all", "limit": "2"})
    (rest,) = work(hub)
    assert rest.created == plan.created - 2


def test_one_planned_record_is_run_alone(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish(settings=SETTINGS)
    anna.post(PLAN, {"what": "next", "limit": "10", "key": "284119301"})
    work(hub)
    page = anna.get(PLAN).text
    assert "Run this record" in page
    anna.post(f"/flows/{FLOW}/run", {"what": "one", "key": "284119301"})
    (run,) = work(hub)
    assert run.options == {"keys": ["284119301"]}
    assert run.created == 1


def test_past_records_are_planned_from_the_flow_and_from_the_record(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: Vendors
) -> None:
    furnish(settings=SETTINGS)
    anna.post(PLAN, {"what": "past", "limit": "25", "key": ""})
    assert "nothing to compare with" in anna.get(PLAN).text
    furnish(run=True, settings=SETTINGS)
    assert "Plan past records" in anna.get(f"/flows/{FLOW}").text
    furnish(settings={**SETTINGS, "reference_prefix": "WEB-"})
    before = writes(vendors)
    address = anna.post(PLAN, {"what": "past", "limit": "25", "key": ""}).headers["Location"]
    work(hub)
    page = anna.get(address).text
    assert "past records" in page
    assert "Otherwise now" in page
    assert re.search(r"<del>(\d+)</del></td><td><ins>WEB-\1</ins>", page)
    assert "Run this now" not in page, "the past is not run"
    entry = one(hub, "created")
    shown = anna.get(f"/log/{entry.id}").text
    assert "Plan it with today’s mapping" in shown
    address = anna.post(f"/log/{entry.id}/plan").headers["Location"]
    (plan,) = work(hub)
    assert (plan.read, plan.updated) == (1, 1)
    assert "One field would be pushed otherwise now." in anna.get(address).text
    planned = one(hub, "updated")
    page = anna.get(f"/log/{planned.id}").text
    assert "What would be pushed otherwise" in page
    assert "YourReference" in page
    assert writes(vendors) == before


def test_a_record_whose_contents_are_gone_is_not_planned(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True, settings=SETTINGS)
    forget_contents(hub)
    entry = one(hub, "created")
    assert "Plan it with" not in anna.get(f"/log/{entry.id}").text
    anna.post(f"/log/{entry.id}/plan")
    assert "not kept as a whole" in anna.get(f"/log/{entry.id}").text
    assert anna.post("/log/4711/plan").status_code == 404


def forget_contents(hub: Hub) -> None:
    """What records were about is deleted; how they ended is not."""
    with hub.database.session() as session:
        for row in session.exec(select(Payload)):
            session.delete(row)


# -- settling ------------------------------------------------------------------------------------


def test_a_change_after_booking_is_shown_field_by_field_and_settled_after_asking(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: Vendors
) -> None:
    furnish(run=True, settings=SETTINGS)
    booked = one(hub, "created")
    edit(vendors, booked.key, total_price=1.5)
    anna.post(f"/flows/{FLOW}/run")
    work(hub)
    held = one(hub, "blocked")
    assert held.key == booked.key
    page = anna.get(f"/log/{held.id}").text
    assert "What has changed since it was booked" in page
    assert "<ins>1.50</ins>" in page
    assert "It is settled in Books …" in page, "it asks first"
    assert "you say that it is in order there" in page
    assert "with what was received then" not in page, "that was never booked so"
    before = writes(vendors)
    anna.post(f"/log/{held.id}/settle")
    (run,) = work(hub)
    assert run.skipped == 1
    assert writes(vendors) == before
    with hub.database.session() as session:
        waits = session.exec(select(Waiting).where(Waiting.key == booked.key)).all()
    assert waits == []
    assert "It is settled" not in anna.get(f"/log/{held.id}").text


def test_what_does_not_wait_to_be_settled_cannot_be(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True, settings=SETTINGS)
    blocked = one(hub, "blocked")
    assert "It is settled" not in anna.get(f"/log/{blocked.id}").text
    anna.post(f"/log/{blocked.id}/settle")
    assert "does not wait to be settled" in anna.get(f"/log/{blocked.id}").text
    anna.post("/log/4711/settle")
    assert "There is no entry 4711" in anna.get("/log").text
    assert work(hub) == []


# -- many at once --------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "option"), [("now", "keys"), ("then", "as_then")])
def test_what_a_search_found_is_taken_again_and_counted_before(
    anna: Visitor, hub: Hub, furnish: Furnish, how: str, option: str
) -> None:
    furnish(run=True, settings=SETTINGS)
    assert "Retry these" not in anna.get("/log").text, "not the whole log"
    page = anna.get(f"/log?flow={FLOW}&outcome=blocked").text
    assert "Retry these (1)" in page
    assert "As now (1)" in page
    assert "As then (1)" in page
    anna.post("/log/retry", {"flow": FLOW, "outcome": "blocked", "as": how})
    (run,) = work(hub)
    assert (run.kind, run.read, list(run.options)) == ("retry", 1, [option])


def test_where_nothing_is_kept_as_then_is_not_offered(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True, settings=SETTINGS)
    forget_contents(hub)
    page = anna.get("/log?outcome=blocked").text
    assert "As now (1)" in page
    assert "As then" not in page
    assert "not kept any more" in page
    anna.post("/log/retry", {"outcome": "blocked", "as": "then"})
    assert "they can only be read again" in anna.get("/log?outcome=blocked").text
    anna.post("/log/retry", {"as": "now"})
    assert "Search first" in anna.get("/log").text
    anna.post("/log/retry", {"since": "yesterday", "as": "now"})
    assert work(hub) == []


def test_records_of_one_outcome_of_a_run_are_taken_again_without_writing_twice(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: Vendors
) -> None:
    furnish(run=True, settings=SETTINGS)
    page = anna.get("/runs/1?outcome=created").text
    count = re.search(r"Retry these \((\d+)\)", page)
    assert count is not None
    before = writes(vendors)
    for how in ("now", "then"):
        anna.post("/runs/1/retry", {"outcome": "created", "as": how})
        (run,) = work(hub)
        assert (run.read, run.unchanged) == (int(count[1]), int(count[1]))
    assert writes(vendors) == before


def test_a_record_that_was_updated_tells_what_changed_since_the_time_before(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: Vendors
) -> None:
    about = {"from": "webshop.customers", "to": "erp.customers", "settings": {}}
    furnish(run=True, **about)
    furnish(**about, rules=[{"to": "phone", "value": "0123-456789"}])
    anna.post("/runs/1/retry", {"outcome": "created", "as": "now"})
    (run,) = work(hub)
    assert run.updated > 0
    page = anna.get(f"/log/{one(hub, 'updated').id}").text
    assert "What changed since it was pushed before" in page
    assert "0123-456789</ins>" in page
