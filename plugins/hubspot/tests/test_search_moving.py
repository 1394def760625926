"""Reading while the account moves: the index lags behind, answers show what is newer than it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from koppel_hubspot import hubspot
from koppel_hubspot.forms import OrdersFilter
from koppel_hubspot.searching import Reached, changed, stamp_of

from hub.model import Json
from hub.sdk import Page, Query

from .bending import Told, bend
from .conftest import Account, Open, records

NOW = dt.datetime.now(dt.UTC)


def ids(pages: Any) -> list[str]:
    return [record["id"] for page in pages for record in page]


def pages_of(account: Account, name: str, **query: Any) -> Iterator[Page]:
    return hubspot.entity(name).read(account.api, Query(settings=account.api.settings, **query))


def _live(account: Account) -> None:
    """Found and sorted by the index, shown as they are by now."""

    def live(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith("/search"):
            return None
        status, found = go(body)
        for record in found["results"]:
            there = account.store.objects[path.split("/")[4]][record["id"]]
            own = there["properties"]
            record["properties"] = {name: own.get(name) for name in record["properties"]}
            record["updatedAt"] = there["updatedAt"]
        return status, found

    bend(account, live)


def in_order(account: Account, kind: str) -> list[Json]:
    return sorted(account.of(kind), key=lambda record: stamp_of(kind, record))


def test_a_record_that_shows_a_newer_stamp_than_its_place_skips_no_other(opened: Open) -> None:
    account = opened(contacts=500, ties=1, lag=60)
    _live(account)
    last_of_first_page = in_order(account, "contacts")[199]
    account.store.update("contacts", last_of_first_page["id"], {"firstname": "Nieuw"})
    found = ids(changed(account.api, "contacts", ["email"]))
    assert set(found) == set(account.store.objects["contacts"])


def test_a_read_that_is_broken_off_goes_on_before_what_it_has_not_seen(opened: Open) -> None:
    account = opened(orders=450, contacts=4, ties=1, lag=60)
    _live(account)
    there = in_order(account, "orders")
    account.store.update("orders", there[20]["id"], {"hs_order_name": "Nieuw"})
    first = next(iter(pages_of(account, "orders")))
    assert first.cursor == {"at": stamp_of("orders", there[199])}
    rest = {
        r["id"] for page in pages_of(account, "orders", since=first.cursor) for r in page.records
    }
    assert {record["id"] for record in there[200:]} <= rest


def test_customers_that_are_broken_off_go_on_before_what_was_not_seen(opened: Open) -> None:
    account = opened(companies=900, ties=1, lag=60)
    _live(account)
    there = in_order(account, "companies")
    account.store.update("companies", there[20]["id"], {"name": "Nieuw"})
    first = next(iter(pages_of(account, "customers")))
    assert first.cursor == {"companies": stamp_of("companies", there[597])}


def test_what_changes_between_search_and_read_does_not_move_the_cursor(opened: Open) -> None:
    account = opened(products=300, ties=1, lag=60)
    names = [f"een_heel_lange_naam_van_een_eigenschap_{n}" for n in range(80)]
    for name in names:
        body = {"name": name, "label": name, "type": "string", "fieldType": "text"}
        more = {"groupName": "productinformation"}
        account.api.post("/crm/v3/properties/products", {**body, **more})
    before = in_order(account, "products")
    newest = max(stamp_of("products", record) for record in before)

    def meanwhile(method: str, path: str, body: Any, go: Any) -> Told | None:
        if path.endswith("products/batch/read"):
            account.store.update("products", body["inputs"][0]["id"], {"description": "Nieuw"})
        return None

    bend(account, meanwhile)
    cursors = [page.cursor for page in pages_of(account, "products")]
    assert cursors[-1] == {"at": newest}


def test_more_records_within_one_second_than_fit_on_a_page_where_only_seconds_are_shown(
    opened: Open,
) -> None:
    until = NOW.replace(microsecond=117_000) - dt.timedelta(hours=1)
    account = opened(contacts=700, ties=450, until=until)

    def seconds(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith("/search"):
            return None
        assert account.asked("/search") < 40, "it walks in circles"
        status, found = go(body)
        for record in found["results"]:
            for own in (record, record["properties"]):
                for name, value in own.items():
                    if isinstance(value, str):
                        own[name] = re.sub(r"(T\d\d:\d\d:\d\d)\.\d+Z", r"\1Z", value)
        return status, found

    bend(account, seconds)
    found = ids(changed(account.api, "contacts", ["email"]))
    assert sorted(found) == sorted(account.store.objects["contacts"])


def test_what_was_changed_this_very_minute_is_walked_by_number(opened: Open) -> None:
    account = opened(contacts=900, ties=1, until=NOW)
    reached = Reached()
    pages = changed(account.api, "contacts", ["email"], reached=reached)
    first = next(pages)
    for record in in_order(account, "contacts")[300:600]:
        account.store.update("contacts", record["id"], {"firstname": "Nieuw"})
    changed_again = [record["id"] for record in account.of("contacts", firstname="Nieuw")]
    assert set(ids([first, *pages])) == set(account.store.objects["contacts"])
    assert account.asked("/search") <= 8
    assert reached.at is not None
    # What moved while it was walked comes again with the next read.
    since = reached.at - 1000 * account.api.settings.search_lag
    again = ids(changed(account.api, "contacts", ["email"], since=since))
    assert set(changed_again) <= set(again)


def test_very_many_stages_are_looked_for_all_the_same(opened: Open) -> None:
    account = opened(orders=30, contacts=4)
    stage = account.of("orders")[0]["properties"]["hs_pipeline_stage"]
    many = [f"{n:08d}-0a4f-4dcf-9028-3f9c2aafbf03" for n in range(90)]
    found = records(account, "orders", filter=OrdersFilter(stages=[*many, stage]))
    assert {record["id"] for record in found} == {
        record["id"] for record in account.of("orders", hs_pipeline_stage=stage)
    }
    assert all(len(r["body"]) <= 3000 for r in account.sandbox.asked("POST", "/search"))
