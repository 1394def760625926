"""Writes that HubSpot takes only in part, or only so: every record says what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import DealsSettings, OrdersSettings
from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES

from hub.sdk import RecordError, Written

from .bending import Told, bend
from .conftest import Open, created, effects, rendered, updated
from .samples import company, contact, order, person, product

TIES = "associations/contacts/companies/batch/create"


def written(results: list[Written | RecordError]) -> list[Written]:
    assert not [r for r in results if isinstance(r, RecordError)], results
    return [r for r in results if isinstance(r, Written)]


# -- links -----------------------------------------------------------------------------------------


def _there(account: Any, *numbers: int) -> None:
    for n in numbers:
        account.store.create("contacts", {"email": f"bram{n}@bakkerij.example.com"})


@pytest.mark.parametrize("whole", [False, True], ids=["one is told", "all are refused"])
def test_a_link_that_is_refused_is_told_of_its_company_alone(opened: Open, whole: bool) -> None:
    account = opened()
    _there(account, 1, 2, 3)
    bad = account.of("contacts", email="bram2@bakkerij.example.com")[0]["id"]

    def refuse(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith(TIES) or bad not in {one["from"]["id"] for one in body["inputs"]}:
            return None
        said = "one or more associations are not valid"
        error = {"status": "error", "category": "VALIDATION_ERROR", "message": said}
        if whole:
            return 400, error
        rest = [one for one in body["inputs"] if one["from"]["id"] != bad]
        context = {"fromObjectId": [bad]}
        found = go({"inputs": rest})[1]
        return 207, {**found, "numErrors": 1, "errors": [{**error, "context": context}]}

    bend(account, refuse)
    results = created(account, "customers", [company(n) for n in (1, 2, 3)])
    assert [type(r) for r in results] == [Written, RecordError, Written], results
    assert "associations are not valid" in str(results[1])
    for n in (1, 3):
        (firm,) = account.of("companies", name=f"Bakkerij {n} B.V.")
        assert account.store.tied("companies", firm["id"], "contacts")


def test_a_link_that_is_refused_when_a_company_changes_is_told(opened: Open) -> None:
    account = opened()
    (made,) = written(created(account, "customers", [company(1)]))
    said = {"status": "error", "category": "VALIDATION_ERROR", "message": "not valid"}
    bend(account, lambda m, path, b, go: (400, said) if path.endswith(TIES) else None)
    (error,) = updated(account, "customers", [(made.key, company(1, contact(1), contact(5)))])
    assert isinstance(error, RecordError)
    assert "bram5@bakkerij.example.com" in str(error)


# -- answers without our marks ---------------------------------------------------------------------


def test_contacts_without_address_are_recognised_in_answers_without_our_marks(
    opened: Open,
) -> None:
    account = opened()

    def unmarked(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith("objects/contacts/batch/create"):
            return None
        status, found = go(body)
        for record in found["results"]:
            record.pop("objectWriteTraceId", None)
        return status, found

    bend(account, unmarked)
    nameless = [contact(n, email=None) for n in range(6)]
    documents = [company(n, one, email=None) for n, one in enumerate(nameless)]
    for document in documents:
        document.email = None
    written(created(account, "customers", documents))
    assert len(account.of("contacts")) == 6


# -- where new sales begin -------------------------------------------------------------------------


def test_a_new_order_always_has_a_pipeline_and_a_stage(opened: Open) -> None:
    account = opened()
    sent: list[Any] = []
    bend(account, lambda m, p, b, go: sent.append(b) if p.endswith("orders/batch/create") else None)
    written(created(account, "orders", [order(1)]))
    written(created(account, "orders", [order(2)], OrdersSettings(new_pipeline=ORDER_PIPELINE)))
    for body in sent[-2:]:
        own = body["inputs"][0]["properties"]
        assert own["hs_pipeline"] == ORDER_PIPELINE
        assert own["hs_pipeline_stage"] == next(iter(ORDER_STAGES.values()))


def test_a_new_deal_begins_in_the_first_open_stage_of_its_pipeline(opened: Open) -> None:
    account = opened()
    written(created(account, "deals", [order(1)], DealsSettings(new_deal_pipeline="2220863724")))
    (deal,) = account.of("deals")
    pipeline = next(p for p in account.store.pipelines["deals"] if p["id"] == "2220863724")
    stages = sorted(pipeline["stages"], key=lambda stage: int(stage["displayOrder"]))
    assert deal["properties"]["dealstage"] == stages[0]["id"]


# -- addresses -------------------------------------------------------------------------------------


def _second_address(account: Any) -> str:
    own = {"email": "hoofd@example.com", "hs_additional_emails": "anna1@example.com"}
    record = account.store.create("contacts", own)
    account.store.taken["contacts", "email"]["anna1@example.com"] = record["id"]
    return str(record["id"])


def test_a_contact_known_by_a_second_address_keeps_its_first_one(opened: Open) -> None:
    account = opened()
    key = _second_address(account)
    (made,) = written(created(account, "customers", [person(1)]))
    assert made.key == f"contact-{key}"
    (kept,) = account.of("contacts")
    assert kept["properties"]["email"] == "hoofd@example.com"
    assert kept["properties"]["lastname"] == "Jansen 1"


@pytest.mark.parametrize("found", [True, False], ids=["found a moment ago", "found before"])
def test_a_contact_found_by_a_second_address_keeps_its_first_one(opened: Open, found: bool) -> None:
    account = opened()
    key = _second_address(account)
    if found:
        entity = hubspot.entity("customers")
        entity.find(account.api, "email", ["anna1@example.com"])
    written(updated(account, "customers", [(f"contact-{key}", person(1))]))
    (kept,) = account.of("contacts")
    assert kept["properties"]["email"] == "hoofd@example.com"
    assert kept["properties"]["lastname"] == "Jansen 1"


def test_a_new_address_of_the_same_customer_is_written(opened: Open) -> None:
    account = opened()
    (made,) = written(created(account, "customers", [person(1)]))
    account.reset()
    (again,) = written(created(account, "customers", [person(1, email="nieuw@example.com")]))
    assert again.key == made.key
    assert account.of("contacts")[0]["properties"]["email"] == "nieuw@example.com"


def test_a_conflict_without_the_number_of_the_contact_is_a_match_too(opened: Open) -> None:
    account = opened()
    there = account.store.create("contacts", {"email": "anna1@example.com", "lastname": "Oud"})

    def wordless(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith("objects/contacts/batch/create"):
            return None
        status, found = go(body)
        for error in found.get("errors", ()):
            error["message"] = "Contact already exists."
        return status, found

    bend(account, wordless)
    results = written(created(account, "customers", [person(1), person(2)]))
    assert results[0].key == f"contact-{there['id']}"
    assert account.store.objects["contacts"][there["id"]]["properties"]["lastname"] == "Jansen 1"


def test_a_contact_with_a_telephone_only_does_not_stop_its_company(opened: Open) -> None:
    account = opened()
    bare = contact(1, email=None, first_name=None, last_name=None, phone="+31 20 1234567")
    document = company(1, bare)
    document.email = None
    written(created(account, "customers", [document]))
    assert len(account.of("companies")) == 1
    assert account.of("contacts") == []


# -- values ----------------------------------------------------------------------------------------


def test_an_account_without_tax_rates_on_products_takes_them_without(opened: Open) -> None:
    account = opened()
    account.bare.delete("/_sandbox/properties/products/hs_tax_rate_group_id")
    documents = [product(n, vat_code="15970230") for n in range(3)]
    made = written(created(account, "products", documents))
    assert len([r for r in account.of("products") if "NEW-" in r["properties"]["hs_sku"]]) == 3
    account.sandbox.requests.clear()
    changes = [(result.key, document) for result, document in zip(made, documents, strict=True)]
    written(updated(account, "products", changes))
    assert account.asked("products/batch") == 1, "it is known by now"


def test_a_moment_in_a_property_that_holds_days_becomes_the_day_of_the_account(
    opened: Open,
) -> None:
    account = opened()
    body = {"name": "leverdag", "label": "Leverdag", "type": "date", "fieldType": "date"}
    account.api.post("/crm/v3/properties/orders", {**body, "groupName": "order_information"})
    entity = hubspot.entity("orders")
    payloads = [rendered(entity, order(n)) for n in range(2)]
    late = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC)  # half past midnight in Amsterdam
    payloads[0]["properties"]["leverdag"] = late
    payloads[1]["properties"]["leverdag"] = dt.date(2026, 11, 23)
    written(list(entity.create_many(account.api, payloads, effects(2))))
    days = sorted(str(record["properties"]["leverdag"]) for record in account.of("orders"))
    assert days == ["2026-11-21", "2026-11-23"]
