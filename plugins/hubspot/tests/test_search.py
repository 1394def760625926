"""Reading what changed: nothing is skipped, beyond the cap, at equal times, behind a lag."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import CustomersFilter, OrdersFilter, ProductsFilter
from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES
from koppel_hubspot.searching import changed, condition, stamp_of

from hub.model import Json
from hub.sdk import Query, RecordError, TemporaryError

from .conftest import Account, Open, records


def ids(pages: list[list[Json]]) -> list[str]:
    return [record["id"] for page in pages for record in page]


def test_more_than_ten_thousand_are_read_to_the_end(opened: Open) -> None:
    account = opened(contacts=10_450, ties=1)
    found = ids(list(changed(account.api, "contacts", ["email"])))
    assert len(found) == len(set(found)) == 10_450
    assert max(int(b.get("after") or 0) for b in account.bodies("/search")) == 0


def test_more_records_with_one_time_stamp_than_fit_on_a_page_are_all_read(opened: Open) -> None:
    account = opened(contacts=1300, ties=900)
    found = ids(list(changed(account.api, "contacts", ["email"])))
    assert sorted(found) == sorted(account.store.objects["contacts"])


def test_records_that_change_while_they_are_read_push_no_other_out(opened: Open) -> None:
    """Offsets would skip what moves up when a record that was read goes to the end."""
    account = opened(contacts=600, ties=1)
    pages = changed(account.api, "contacts", ["email"])
    first = next(pages)
    for record in first[:50]:
        account.store.update("contacts", record["id"], {"firstname": "Nieuw"})
    found = ids([first, *pages])
    assert set(found) == set(account.store.objects["contacts"])


def test_what_the_index_did_not_know_yet_comes_with_the_next_read(opened: Open) -> None:
    account = opened(contacts=5, lag=0.4)
    first = records(account, "customers")
    assert len(first) == 5
    late = account.store.create("contacts", {"email": "laat@example.com"})
    early = account.store.create("contacts", {"email": "vroeg@example.com"})
    # The later one shows up first; the cursor moves beyond the one that does not yet.
    account.store.publish("contacts", early["id"], early)
    account.store.index["contacts"][early["id"]] = early
    entity, cursor, seen = hubspot.entity("customers"), None, set()
    for page in entity.read(account.api, Query(settings=account.api.settings)):
        cursor = page.cursor or cursor
        seen |= {record["id"] for record in page.records}
    assert f"contact-{late['id']}" not in seen
    time.sleep(0.5)
    again = {record["id"] for record in records(account, "customers", since=cursor)}
    assert f"contact-{late['id']}" in again


def test_the_cursor_is_the_highest_stamp_that_was_seen_and_never_now(opened: Open) -> None:
    account = opened(contacts=6, orders=9)
    entity, cursor = hubspot.entity("orders"), None
    for page in entity.read(account.api, Query(settings=account.api.settings)):
        cursor = page.cursor
    newest = max(stamp_of("orders", record) for record in account.of("orders"))
    assert cursor == {"at": newest}


def test_a_read_that_is_resumed_looks_back_as_far_as_search_may_lag(opened: Open) -> None:
    account = opened(settings={"search_lag": 300})
    at = 1_763_712_843_000
    records(account, "orders", since={"at": at})
    (body,) = account.bodies("orders/search")
    (since,) = body["filterGroups"][0]["filters"]
    assert since["operator"] == "GTE"
    assert int(since["value"]) == at - 300_000


def test_every_search_is_within_what_the_vendor_takes(opened: Open) -> None:
    account = opened(contacts=900, companies=500, orders=30, ties=60)
    for name in ("customers", "orders", "products"):
        records(account, name)
    for body in account.bodies("/search"):
        assert body["limit"] <= 200
        assert len(body["filterGroups"]) <= 5
    assert all(len(r["body"]) <= 3000 for r in account.sandbox.asked("POST", "/search"))


def test_an_account_with_very_many_properties_is_read_all_the_same(opened: Open) -> None:
    account = opened(contacts=20, orders=6)
    names = [f"een_heel_lange_naam_van_een_eigenschap_{n}" for n in range(150)]
    _define(account, "orders", names)
    key = next(iter(account.store.objects["orders"]))
    account.store.update("orders", key, {names[149]: "ja"})
    found = {record["id"]: record for record in records(account, "orders")}
    assert len(found) == 6
    assert found[key]["properties"][names[149]] == "ja"
    assert all(len(r["body"]) <= 3000 for r in account.sandbox.asked("POST", "/search"))


def _define(account: Account, kind: str, names: list[str]) -> None:
    for name in names:
        body = {
            "name": name,
            "label": name,
            "type": "string",
            "fieldType": "text",
            "groupName": "order_information",
        }
        account.api.post(f"/crm/v3/properties/{kind}", body)
    account.api.memo.clear()


def test_filters_are_put_to_hubspot(opened: Open) -> None:
    account = opened(contacts=6, orders=12)
    shipped = ORDER_STAGES["Shipped"]
    wanted = OrdersFilter(pipeline=ORDER_PIPELINE, stages=[shipped], stores=["Webshop NL"])
    found = records(account, "orders", filter=wanted)
    assert found
    assert {r["properties"]["hs_pipeline_stage"] for r in found} == {shipped}
    assert len(found) < 12
    nowhere = OrdersFilter(stores=["Een andere winkel"])
    assert records(account, "orders", filter=nowhere) == []


def test_products_and_customers_are_filtered_too(opened: Open) -> None:
    account = opened(contacts=10, companies=4)
    services = records(account, "products", filter=ProductsFilter(product_types=["service"]))
    assert {r["properties"]["hs_product_type"] for r in services} == {"service"}
    companies = records(account, "customers", filter=CustomersFilter(kind="companies"))
    assert companies
    assert all("company" in record for record in companies)
    persons = records(account, "customers", filter=CustomersFilter(kind="persons"))
    assert persons
    assert not any("company" in record for record in persons)
    nobody = CustomersFilter(kind="persons", lifecycle_stages=["lead"])
    assert records(account, "customers", filter=nobody) == []


def test_a_start_date_leaves_older_changes_alone(opened: Open) -> None:
    account = opened(contacts=3, orders=5)
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    assert records(account, "orders", filter=OrdersFilter(start_date=tomorrow)) == []


def test_a_record_without_a_time_is_no_answer_to_go_on_with(opened: Open) -> None:
    with pytest.raises(TemporaryError, match="without hs_lastmodifieddate"):
        stamp_of("orders", {"id": "1", "properties": {}})
    assert condition("x", "EQ", 1)["value"] == "1"


def test_a_family_keeps_all_its_properties_however_many_the_account_has(opened: Open) -> None:
    account = opened()
    names = [f"eigenschap_{n:03d}_van_dit_artikel" for n in range(90)]
    for name in names:
        account.api.post(
            "/crm/v3/properties/products",
            {"name": name, "label": name, "type": "string", "fieldType": "text"}
            | {"groupName": "productinformation"},
        )
    key = account.of("products", hs_sku="TS-RED-M")[0]["id"]
    account.api.patch(f"/crm/v3/objects/products/{key}", {"properties": {names[-1]: "wol"}})
    found = hubspot.entity("products").get(account.api, ["family-ts-red"])["family-ts-red"]
    assert not isinstance(found, RecordError)
    variant = next(v for v in found["variants"] if v["id"] == key)
    assert variant["properties"][names[-1]] == "wol"


def test_a_search_that_is_refused_for_another_reason_does_not_mean_that_nothing_is_there(
    opened: Open,
) -> None:
    account = opened()
    body = '{"status":"error","message":"There was a problem with the request."}'
    account.sandbox.fault("status", path="products/search", status=400, body=body)
    with pytest.raises(RecordError, match="problem with the request"):
        hubspot.entity("products").find(account.api, "ean", ["8710000000001"])
