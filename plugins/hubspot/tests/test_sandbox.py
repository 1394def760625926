"""The pretend account refuses what HubSpot refuses."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_hubspot.sandbox import TOKEN

from hub.model import Json
from hub.sdk.http import Response

from .conftest import Account, Open

OBJECTS = "/crm/v3/objects"


def post(account: Account, path: str, body: Any, **headers: str) -> Response:
    keys = {"Authorization": f"Bearer {TOKEN}", **headers}
    return account.bare.post(path, json=body, headers=keys)


def product(**values: str) -> Json:
    return {"properties": {"name": "Bel", **values}}


def test_without_a_token_nothing_is_answered(opened: Open) -> None:
    account = opened()
    answer = account.bare.get("/account-info/v3/details")
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        ("products", {"kleur": "rood"}, "PROPERTY_DOESNT_EXIST"),
        ("products", {"price": "abc"}, "INVALID_DOUBLE"),
        ("products", {"hs_status": "on"}, "INVALID_OPTION"),
        ("products", {"createdate": "2026-11-21"}, "READ_ONLY_VALUE"),
        ("contacts", {"email": "geen adres"}, "INVALID_EMAIL"),
        ("orders", {"hs_external_created_date": "gisteren"}, "INVALID_LONG"),
        ("orders", {"hs_pipeline_stage": "closedwon"}, "INVALID_OPTION"),
        ("line_items", {"hs_product_id": "1"}, "INVALID_OPTION"),
        ("companies", {"city": "Ede"}, "REQUIRED_PROPERTY"),
        ("invoices", {"hs_number": "1"}, "REQUIRED_PROPERTY"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    opened: Open, kind: str, values: dict[str, str], code: str
) -> None:
    account = opened()
    before = len(account.of(kind))
    answer = post(account, f"{OBJECTS}/{kind}", {"properties": values})
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert len(account.of(kind)) == before


def test_unique_values_stay_unique_and_the_refusal_names_the_other(opened: Open) -> None:
    account = opened()
    first = post(account, f"{OBJECTS}/contacts", {"properties": {"email": "A@example.com"}})
    again = post(account, f"{OBJECTS}/contacts", {"properties": {"email": "a@example.com"}})
    assert again.status_code == 409
    assert again.json()["message"].endswith(f"Existing ID: {first.json()['id']}")
    first = post(account, f"{OBJECTS}/products", product(hs_sku="X-1"))
    again = post(account, f"{OBJECTS}/products", product(hs_sku="x-1"))
    assert again.status_code == 400
    assert f"{first.json()['id']} already has that value" in again.json()["message"]


def test_a_batch_without_marks_is_all_or_nothing(opened: Open) -> None:
    account = opened()
    before = len(account.of("products"))
    inputs = [product(hs_sku="X-1"), product(price="abc")]
    path = f"{OBJECTS}/products/batch/create"
    assert post(account, path, {"inputs": inputs}).status_code == 400
    assert len(account.of("products")) == before
    marked = [{**one, "objectWriteTraceId": str(n)} for n, one in enumerate(inputs)]
    answer = post(account, path, {"inputs": marked})
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["objectWriteTraceId"] == ["1"]
    assert len(account.of("products")) == before + 1


def test_more_than_a_hundred_equal_ids_and_none_at_all_are_refused(opened: Open) -> None:
    account = opened()
    path = f"{OBJECTS}/products/batch/update"
    one = {"id": "1", "properties": {"name": "x"}}
    assert post(account, path, {"inputs": []}).status_code == 400
    assert post(account, path, {"inputs": [one] * 101}).status_code == 400
    answer = post(account, path, {"inputs": [one, one]})
    assert "Duplicate IDs" in answer.json()["message"]


def test_equal_lines_of_a_batch_are_taken_for_one(opened: Open) -> None:
    account = opened()
    line = {"properties": {"name": "Bel", "quantity": "1"}}
    post(account, f"{OBJECTS}/line_items/batch/create", {"inputs": [line, line]})
    assert len(account.of("line_items")) == 1


def test_an_order_with_a_link_to_nothing_is_not_made(opened: Open) -> None:
    account = opened()
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 507}]
    links = [{"to": {"id": "99"}, "types": types}]
    body = {"properties": {"hs_order_name": "x"}, "associations": links}
    answer = post(account, f"{OBJECTS}/orders", body)
    assert answer.json()["message"] == "one or more associations are not valid"
    assert account.of("orders") == []


def test_search_refuses_what_is_too_deep_too_long_and_unknown(opened: Open) -> None:
    account = opened()
    path = f"{OBJECTS}/products/search"
    assert post(account, path, {"limit": 201}).status_code == 400
    assert post(account, path, {"limit": 200, "after": "9900"}).status_code == 400
    assert post(account, path, {"properties": ["x" * 90] * 40}).status_code == 400
    unknown = {"filters": [{"propertyName": "kleur", "operator": "EQ", "value": "x"}]}
    assert post(account, path, {"filterGroups": [unknown]}).status_code == 400


def test_capital_letters_in_a_list_match_nothing(opened: Open) -> None:
    account = opened()
    path = f"{OBJECTS}/products/search"

    def found(*values: str) -> int:
        one = {"propertyName": "hs_sku", "operator": "IN", "values": list(values)}
        answer = post(account, path, {"filterGroups": [{"filters": [one]}]})
        return int(answer.json()["total"])

    assert found("POMP-VLOER") == 0
    assert found("pomp-vloer") == 1


def test_search_lags_behind_and_batch_read_does_not(opened: Open) -> None:
    account = opened(lag=30)
    made = post(account, f"{OBJECTS}/products", product(hs_sku="X-1")).json()
    one = {"propertyName": "hs_sku", "operator": "EQ", "value": "X-1"}
    body = {"filterGroups": [{"filters": [one]}]}
    assert post(account, f"{OBJECTS}/products/search", body).json()["total"] == 0
    body = {"inputs": [{"id": "x-1"}], "idProperty": "hs_sku", "properties": ["name"]}
    answer = post(account, f"{OBJECTS}/products/batch/read", body)
    assert answer.json()["results"][0]["id"] == made["id"]


def test_the_limits_are_kept_and_told(opened: Open) -> None:
    account = opened(rate_limits=True, ten_seconds=3, searches=2)
    keys = {"Authorization": f"Bearer {TOKEN}"}
    answers = [account.bare.get("/account-info/v3/details", headers=keys) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[1].headers["X-HubSpot-RateLimit-Remaining"] == "1"
    assert answers[3].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    found = [post(account, f"{OBJECTS}/orders/search", {}) for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert "X-HubSpot-RateLimit-Max" not in found[0].headers
    assert found[2].json()["policyName"] == "SECONDLY"


def test_links_are_set_both_ways_and_a_contact_has_one_primary_company(opened: Open) -> None:
    account = opened(contacts=1, companies=2)
    contact = next(iter(account.store.objects["contacts"]))
    firms = list(account.store.objects["companies"])
    for firm in firms:
        account.store.tie("contacts", contact, "companies", firm, [1])
    tied = dict(account.store.tied("contacts", contact, "companies"))
    assert (sorted(tied[firms[0]]), sorted(tied[firms[1]])) == ([279], [1, 279])
    assert account.store.tied("companies", firms[1], "contacts")


def test_a_property_needs_what_hubspot_needs(opened: Open) -> None:
    account = opened()
    path = "/crm/v3/properties/orders"
    body = {
        "name": "eigen_nummer",
        "label": "Eigen nummer",
        "type": "string",
        "fieldType": "text",
        "groupName": "order_information",
    }
    assert post(account, path, {**body, "groupName": ""}).status_code == 400
    assert post(account, path, {**body, "name": "hs_eigen"}).status_code == 400
    assert post(account, path, {**body, "fieldType": "number"}).status_code == 400
    assert post(account, path, body).status_code == 201
    assert post(account, path, body).status_code == 409
    unique = {**body, "groupName": "productinformation", "hasUniqueValue": True}
    assert post(account, "/crm/v3/properties/products", unique).status_code == 400


def test_lists_and_single_records_are_answered_too(opened: Open) -> None:
    account = opened(contacts=3, companies=1, orders=2)
    keys = {"Authorization": f"Bearer {TOKEN}"}
    query = {"limit": "1", "associations": "line_items,contacts", "properties": "hs_order_name"}
    first = account.bare.get(f"{OBJECTS}/orders", params=query, headers=keys).json()
    (record,) = first["results"]
    assert set(record["associations"]) == {"line items", "contacts"}
    after = first["paging"]["next"]["after"]
    rest = account.bare.get(f"{OBJECTS}/orders", params={**query, "after": after}, headers=keys)
    assert len(rest.json()["results"]) == 1
    assert "paging" not in rest.json()
    one = account.bare.get(f"{OBJECTS}/orders/{record['id']}", headers=keys)
    assert one.json()["id"] == record["id"]
    by_email = account.bare.get(
        f"{OBJECTS}/contacts/klant1@example.com", params={"idProperty": "email"}, headers=keys
    )
    assert by_email.status_code == 200
    path = f"{OBJECTS}/orders/{record['id']}"
    changed = account.bare.patch(path, json={"properties": {"hs_tags": "x"}}, headers=keys)
    assert changed.json()["properties"]["hs_tags"] == "x"
    assert account.bare.delete(path, headers=keys).status_code == 204
    assert account.bare.get(path, headers=keys).status_code == 404
