"""Answers that HubSpot may give as well: none of them mixes up records or loses any."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.api import authorize_url, check
from koppel_hubspot.batches import write_many
from koppel_hubspot.forms import Credentials
from koppel_hubspot.lookups import currency_of
from koppel_hubspot.schema import LINE, REFERENCE, ensure
from koppel_hubspot.webhooks import _of

from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    RecordError,
    TemporaryError,
    Written,
)

from .bending import Told, bend
from .conftest import Account, Open, created, effects, rendered
from .samples import order, person, product

DENIED = {"status": "error", "message": "You do not have permissions.", "category": "BANNED"}


def written(results: list[Written | RecordError]) -> list[Written]:
    assert not [r for r in results if isinstance(r, RecordError)], results
    return [r for r in results if isinstance(r, Written)]


# -- keys that are none ----------------------------------------------------------------------------


def test_a_key_that_is_refused_as_a_missing_property_is_made_all_the_same(opened: Open) -> None:
    account = opened(unknown_key_is_named=True)
    orders = hubspot.entity("orders")
    assert orders.find(account.api, "reference", ["WEB-1", "WEB-2"]) == {}
    written(created(account, "orders", [order(n, 2) for n in range(3)]))
    assert account.store.known["orders"][REFERENCE].unique
    assert account.store.known["line_items"][LINE].unique
    assert set(orders.find(account.api, "reference", ["WEB-900001"])) == {"WEB-900001"}


def test_a_key_that_is_refused_record_by_record_is_made_all_the_same(opened: Open) -> None:
    account = opened()

    def each_for_itself(method: str, path: str, body: Any, go: Any) -> Told | None:
        if (
            not path.endswith("line_items/batch/upsert")
            or LINE in account.store.known["line_items"]
        ):
            return None
        said = f"Unable to perform update/upsert by non-unique 0-8 property {LINE}"
        marks = [one["objectWriteTraceId"] for one in body["inputs"]]
        errors = [
            {
                "category": "VALIDATION_ERROR",
                "message": said,
                "context": {"objectWriteTraceId": [m]},
            }
            for m in marks
        ]
        return 207, {"status": "COMPLETE", "results": [], "numErrors": 9, "errors": errors}

    bend(account, each_for_itself)
    written(created(account, "orders", [order(1, 2)]))
    assert len(account.of("line_items")) == 2


# -- who is who ------------------------------------------------------------------------------------


def test_a_batch_that_is_refused_again_and_again_gives_no_record_the_id_of_another(
    opened: Open,
) -> None:
    account = opened()
    for n in range(100):
        account.store.create("contacts", {"email": f"anna{n}@example.com", "firstname": f"Oud {n}"})

    def whole(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith("objects/contacts/batch/create"):
            return None
        for one in body["inputs"]:
            there = account.store.taken["contacts", "email"].get(one["properties"]["email"])
            if there:
                said = f"Contact already exists. Existing ID: {there}"
                return 409, {"status": "error", "message": said, "category": "CONFLICT"}
        return None

    bend(account, whole)
    results = created(account, "customers", [person(n) for n in range(100)])
    for n, result in enumerate(results):
        if isinstance(result, Written):
            own = account.store.objects["contacts"][result.key.partition("-")[2]]["properties"]
            assert own["email"] == f"anna{n}@example.com"
    for record in account.of("contacts"):
        own = record["properties"]
        if own.get("lastname"):
            assert own["email"].startswith(f"anna{own['lastname'].partition(' ')[2]}@")
    assert any(isinstance(r, RecordError) and r.code == "not_tried" for r in results)


def _unique(account: Account, kind: str, name: str, group: str) -> None:
    body = {"name": name, "label": name, "type": "string", "fieldType": "text"}
    more = {"groupName": group, "hasUniqueValue": True}
    account.api.post(f"/crm/v3/properties/{kind}", {**body, **more})


def test_another_unique_value_of_somebody_else_does_not_make_two_people_one(opened: Open) -> None:
    account = opened()
    _unique(account, "contacts", "loyalty_card", "contactinformation")
    other = {"email": "ander@example.com", "lastname": "Ander", "loyalty_card": "77"}
    account.store.create("contacts", other)
    entity = hubspot.entity("customers")
    payload = {
        "contact": {"properties": {"email": "a@example.com", "lastname": "B", "loyalty_card": "77"}}
    }
    (error,) = entity.create_many(account.api, [payload], effects(1))
    assert isinstance(error, RecordError)
    assert "already has that value" in str(error)
    assert [r["properties"]["lastname"] for r in account.of("contacts")] == ["Ander"]


def test_another_unique_value_of_a_companys_contact_is_told_too(opened: Open) -> None:
    account = opened()
    _unique(account, "contacts", "loyalty_card", "contactinformation")
    other = account.store.create("contacts", {"email": "ander@example.com", "loyalty_card": "77"})
    human = {"properties": {"email": "a@example.com", "loyalty_card": "77"}}
    payload = {"company": {"properties": {"name": "Bakkerij"}}, "contacts": [human]}
    (error,) = hubspot.entity("customers").create_many(account.api, [payload], effects(1))
    assert isinstance(error, RecordError)
    assert account.store.tied("contacts", other["id"], "companies") == []


def test_another_unique_value_of_a_product_does_not_overwrite_that_one(opened: Open) -> None:
    account = opened(unique_sku=False)
    account.store.without_unique.clear()
    _unique(account, "products", "article_key", "productinformation")
    account.store.create("products", {"hs_sku": "OTHER", "name": "Ander", "article_key": "5"})
    entity = hubspot.entity("products")
    payload = rendered(entity, product(1))
    payload["properties"]["article_key"] = "5"
    (error,) = entity.create_many(account.api, [payload], effects(1))
    assert isinstance(error, RecordError)
    assert [r["properties"]["hs_sku"] for r in account.of("products", name="Ander")] == ["OTHER"]


# -- properties of ours ----------------------------------------------------------------------------


def test_properties_that_a_batch_made_only_in_part_are_made_one_by_one(opened: Open) -> None:
    account = opened()

    def in_part(method: str, path: str, body: Any, go: Any) -> Told | None:
        if not path.endswith("properties/orders/batch/create"):
            return None
        _, found = go({"inputs": body["inputs"][:1]})
        error = {"status": "error", "category": "INTERNAL", "message": "Not this time"}
        return 207, {**found, "numErrors": 1, "errors": [error]}

    bend(account, in_part)
    assert ensure(account.api, "orders", ["payment_condition", REFERENCE])
    assert account.store.known["orders"][REFERENCE].unique


def test_where_the_usual_group_is_not_there_one_of_our_own_is_made(opened: Open) -> None:
    account = opened(without_group=["orders"])
    ensure(account.api, "orders", [REFERENCE, "payment_condition"])
    made = account.store.known["orders"][REFERENCE]
    assert (made.group, made.unique) == ("hub_integration", True)


def test_a_property_of_another_type_is_no_property_of_ours(opened: Open) -> None:
    account = opened()
    account.bare.delete("/_sandbox/properties/products/hub_stock")
    body = {"name": "hub_stock", "label": "x", "type": "bool", "fieldType": "booleancheckbox"}
    path = "/crm/v3/properties/products"
    account.api.post(path, {**body, "groupName": "productinformation"})
    # Made by somebody else after the list was read.
    bend(account, lambda m, p, b, go: (200, {"results": []}) if (m, p) == ("GET", path) else None)
    with pytest.raises(ConfigurationError, match=r"hub_stock of products .* bool"):
        ensure(account.api, "products", ["hub_stock", "hub_ean"])


# -- what a token may not ask ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404])
def test_a_token_that_may_not_ask_for_the_account_is_tested_all_the_same(
    opened: Open, status: int
) -> None:
    account = opened()
    asked: list[Any] = []

    def denied(method: str, path: str, body: Any, go: Any) -> Told | None:
        if path.startswith("/account-info"):
            return status, DENIED
        if path == "/oauth/v2/private-apps/get/access-token-info":
            asked.append(body)
            return 200, {"userId": 1, "hubId": 145893007, "appId": 2, "scopes": ["oauth"]}
        return None

    bend(account, denied)
    assert check(account.api).name == "HubSpot account 145893007"
    assert list(asked[0]) == ["tokenKey"]
    assert currency_of(account.api) is None


def test_a_service_key_is_tested_by_reading_a_contact(opened: Open) -> None:
    account = opened()
    closed = ("/account-info", "/oauth/")
    bend(account, lambda m, path, b, go: (403, DENIED) if path.startswith(closed) else None)
    assert check(account.api).name == "HubSpot account"
    assert account.asked("objects/contacts") == 1


def test_a_token_that_may_do_nothing_at_all_is_refused(opened: Open) -> None:
    account = opened()
    bend(account, lambda *asked: (403, DENIED))
    with pytest.raises(AuthenticationError):
        check(account.api)


def test_lacking_scopes_without_their_names_are_no_bad_token(opened: Open) -> None:
    account = opened()
    told = {**DENIED, "category": "MISSING_SCOPES"}
    bend(account, lambda *asked: (403, told))
    with pytest.raises(ConfigurationError, match="lacks a scope"):
        write_many(account.api, "contacts", "create", [{"properties": {"email": "a@b.nl"}}])


# -- what is not HubSpot's own, or says little -----------------------------------------------------


def test_an_empty_404_of_a_proxy_does_not_mean_that_all_records_are_gone(opened: Open) -> None:
    account = opened()
    bend(account, lambda m, path, b, go: (404, None) if "/batch/" in path else None)
    inputs = [{"id": str(n), "properties": {"name": "x"}} for n in range(3)]
    with pytest.raises(TemporaryError, match="not HubSpot's own answer"):
        write_many(account.api, "companies", "update", inputs)


def test_an_error_that_says_not_which_record_it_means_keeps_its_words(opened: Open) -> None:
    account = opened()
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "Something is odd."}
    told = {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error]}
    bend(account, lambda m, path, b, go: (207, told) if "/batch/" in path else None)
    (result,) = write_many(account.api, "companies", "update", [{"id": "1", "properties": {}}])
    assert isinstance(result, RecordError)
    assert "Something is odd." in str(result)


def test_a_company_with_nothing_to_change_is_not_sent(opened: Open) -> None:
    account = opened()
    firm = account.store.create("companies", {"name": "Bakkerij"})
    payload = {"company": {"properties": {}}, "contacts": []}
    entity = hubspot.entity("customers")
    written(list(entity.update_many(account.api, [(f"company-{firm['id']}", payload)], [])))
    assert account.asked("companies/batch/update") == 0


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            {
                "subscriptionType": "object.associationChange",
                "associationType": "LINE_ITEM_TO_ORDER",
                "objectTypeId": "0-123",
                "fromObjectId": 7,
                "toObjectId": 9,
            },
            [("orders", "9")],
        ),
        (
            {
                "subscriptionType": "object.associationChange",
                "associationType": "ORDER_TO_CONTACT",
                "objectTypeId": "0-123",
                "fromObjectId": 9,
                "toObjectId": 3,
            },
            [("orders", "9")],
        ),
        ({"subscriptionType": "contact.merge", "primaryObjectId": 5}, [("customers", "contact-5")]),
    ],
)
def test_a_message_names_the_record_that_flows_read(
    event: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    assert [(one.entity, one.key) for one in _of(event)] == told


@pytest.mark.parametrize("host", ["api.hubapi.com", "api.hubspot.com"])
def test_people_give_access_at_hubspots_own_site_by_either_address(host: str) -> None:
    found = authorize_url(Credentials(access_token="x", base_url=f"https://{host}"))
    assert found == "https://app.hubspot.com/oauth/authorize"
