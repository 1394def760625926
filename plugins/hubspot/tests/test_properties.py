"""Properties of our own: made when they are needed, once, with unique values."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.batches import read_many, wire, write_many
from koppel_hubspot.schema import LINE, OURS, REFERENCE, ensure, readable

from hub.sdk import ConfigurationError, RecordError, Written

from .conftest import Open, created, effects, rendered
from .samples import company, order, product


def test_nothing_is_made_before_something_is_written(opened: Open) -> None:
    account = opened(contacts=2, orders=2)
    entity = hubspot.entity("orders")
    assert entity.find(account.api, "reference", ["WEB-1"]) == {}
    assert REFERENCE not in account.store.known["orders"]


def test_the_first_order_makes_what_orders_need(opened: Open) -> None:
    account = opened()
    created(account, "orders", [order(1)])
    assert account.store.known["orders"][REFERENCE].unique
    assert account.store.known["line_items"][LINE].unique
    account.reset()
    created(account, "orders", [order(2)])
    assert account.asked("/crm/v3/properties") == 0


def test_products_get_what_they_need_without_unique_values(opened: Open) -> None:
    account = opened()
    created(account, "products", [product(1, brand="Gazelle")])
    made = account.store.known["products"]["hub_brand"]
    assert (made.type, made.unique) == ("string", False)


@pytest.mark.parametrize("kind", ["orders", "line_items"])
def test_where_values_cannot_be_unique_records_are_found_through_search(
    opened: Open, kind: str
) -> None:
    account = opened(without_unique=[kind])
    first = created(account, "orders", [order(1, 2), order(2)])
    assert not account.store.known[kind][REFERENCE if kind == "orders" else LINE].unique
    account.api.memo.clear()
    found = hubspot.entity("orders").find(account.api, "reference", ["WEB-900001", "WEB-9"])
    assert isinstance(first[0], Written)
    assert found["WEB-900001"]["id"] == first[0].key
    created(account, "orders", [order(3)])
    assert len(account.of("line_items")) == 4


def test_a_property_of_that_name_that_is_not_unique_is_used_all_the_same(opened: Open) -> None:
    account = opened()
    body = {
        "name": REFERENCE,
        "label": "Eigen nummer",
        "type": "string",
        "fieldType": "text",
        "groupName": "order_information",
    }
    account.api.post("/crm/v3/properties/orders", body)
    (made,) = created(account, "orders", [order(1)])
    assert isinstance(made, Written)
    found = hubspot.entity("orders").find(account.api, "reference", ["WEB-900001"])
    assert found["WEB-900001"]["id"] == made.key


def test_a_property_that_cannot_be_made_at_all_is_told(opened: Open) -> None:
    account = opened()
    body = json.dumps({"status": "error", "message": "There are 1000 already."})
    account.sandbox.fault("status", status=400, path="properties/orders", method="POST", body=body)
    with pytest.raises(ConfigurationError, match="There are 1000 already") as caught:
        ensure(account.api, "orders", [REFERENCE])
    assert caught.value.setting == "create_properties"


def test_one_that_somebody_else_made_meanwhile_is_no_error(opened: Open) -> None:
    account = opened()
    ensure(account.api, "orders", [REFERENCE])
    account.api.memo["properties of orders"] = {}
    calls = account.asked("/crm/v3/properties")
    assert ensure(account.api, "orders", [REFERENCE]) is False
    assert account.asked("/crm/v3/properties") == calls + 1


def test_a_race_between_two_processes_makes_it_once(opened: Open) -> None:
    account = opened()
    real = account.api.get

    def late(path: str, *args: Any, **more: Any) -> Any:
        answer = real(path, *args, **more)
        if path.endswith("/properties/orders") and not account.of("orders"):
            bodies = {"name": REFERENCE, "label": "x", "type": "string", "fieldType": "text"}
            more_ = {"groupName": "order_information", "hasUniqueValue": True}
            if REFERENCE not in account.store.known["orders"]:
                account.api.post("/crm/v3/properties/orders", {**bodies, **more_})
        return answer

    account.api.get = late  # type: ignore[method-assign]
    assert ensure(account.api, "orders", [REFERENCE, "payment_condition"])
    assert {REFERENCE, "payment_condition"} <= set(account.store.known["orders"])


def test_every_property_of_ours_has_a_name_that_hubspot_takes(opened: Open) -> None:
    account = opened()
    for kind, names in OURS.items():
        ensure(account.api, kind, names)
        assert set(names) <= set(account.store.known[kind])
    assert REFERENCE in readable(account.api, "orders", ("hs_order_name",))


@pytest.mark.parametrize("said", ["There was a problem with the request.", ""])
def test_hubspots_words_for_a_key_that_is_none_need_not_be_known(opened: Open, said: str) -> None:
    account = opened()
    body = json.dumps({"status": "error", "message": said, "category": "VALIDATION_ERROR"})
    account.sandbox.fault("status", status=400, path="orders/batch/read", body=body)
    assert hubspot.entity("orders").find(account.api, "reference", ["A"]) == {}


def test_a_refusal_of_a_whole_batch_does_not_cost_a_request_for_each(opened: Open) -> None:
    account = opened()
    told = json.dumps({"status": "error", "message": "No.", "category": "VALIDATION_ERROR"})
    account.sandbox.fault("status", status=400, path="contacts/batch/create", body=told)
    inputs = [{"properties": {"email": f"a{n}@example.com"}} for n in range(100)]
    results = write_many(account.api, "contacts", "create", inputs)
    assert all(isinstance(result, RecordError) for result in results)
    assert account.asked("contacts/batch/create") < 100


def test_values_go_as_hubspot_takes_them() -> None:
    moment = dt.datetime(2026, 11, 20, 9, 14, 3, 117_000, tzinfo=dt.UTC)
    values: dict[str, Any] = {
        "a": Decimal("1E+2"),
        "b": True,
        "c": moment,
        "d": dt.date(2026, 11, 21),
        "e": None,
        "f": ["x", "y"],
    }
    assert wire(values) == {
        "a": "100",
        "b": "true",
        "c": "2026-11-20T09:14:03.117Z",
        "d": "2026-11-21",
        "e": "",
        "f": "x;y",
    }
    assert "e" not in wire(values, creating=True)


def test_keys_are_given_back_as_they_were_asked_for(opened: Open) -> None:
    account = opened()
    account.store.create("contacts", {"email": "anna@example.com"})
    asked = ["ANNA@example.com", "anna@example.com", " ", "bram@example.com"]
    found = read_many(account.api, "contacts", asked, ["email"], "email")
    assert set(found) == {"ANNA@example.com", "anna@example.com"}
    (body,) = account.bodies("batch/read")
    assert len(body["inputs"]) == 2


def test_a_rule_about_the_contact_of_a_company_is_about_its_first_one(opened: Open) -> None:
    account = opened()
    entity = hubspot.entity("customers")
    payload = rendered(entity, company(1))
    payload["contact"] = {"properties": {"jobtitle": "Directeur"}}
    (result,) = entity.create_many(account.api, [payload], effects(1))
    assert isinstance(result, Written)
    assert account.of("contacts", jobtitle="Directeur", email="bram1@bakkerij.example.com")
