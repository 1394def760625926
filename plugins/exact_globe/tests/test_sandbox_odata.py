"""The pretended service's manners: headers, keys, filters, batches, values."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from koppel_exact_globe.sandbox.schema import entity_types

from .conftest import Bare, Service


@pytest.mark.parametrize("header", ["ServerName", "DatabaseName"])
def test_a_missing_or_wrong_database_header_is_a_500_with_a_text(bare: Bare, header: str) -> None:
    for value in ("", "elsewhere"):
        answer = bare.http.get("VAT", headers={header: value})
        assert answer.status_code == 500
        assert "EntityFault" not in answer.text
        assert answer.json()["error"]["innererror"]["internalexception"]["message"]


def test_without_json_in_accept_the_answer_is_atom(bare: Bare) -> None:
    answer = bare.http.get("VAT(1)", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert "VATCode" in answer.text


def test_a_body_of_another_type_is_a_415(bare: Bare) -> None:
    answer = bare.http.post("Account", content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"AccountName": NaN}', b"null"])
def test_a_body_that_is_no_json_object_is_a_400(bare: Bare, body: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    assert bare.http.post("Account", content=body, headers=kind).status_code == 400


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"AccountName": "A", "Email": "a@b.example"}, "Email"),
        ({"AccountName": 5}, "AccountName"),
        ({"AccountName": "A", "CreditLine": "5.00"}, "CreditLine"),
        ({"AccountName": "A", "Blocked": 1}, "Blocked"),
        ({"AccountName": "A", "InvoiceCopies": 1.5}, "InvoiceCopies"),
        ({"AccountName": "A", "Parent": "not a guid"}, "Parent"),
        ({"AccountName": "A", "SignDate": "21-11-2026"}, "SignDate"),
        ({"AccountName": "A", "SignDate": "2026-11-21T00:00:00Z"}, "SignDate"),
    ],
)
def test_unknown_properties_and_wrong_types_are_a_400(
    bare: Bare, body: dict[str, object], name: str
) -> None:
    answer = bare.post("Account", body)
    assert answer.status_code == 400
    assert name in answer.json()["error"]["message"]["value"]


@pytest.mark.parametrize(
    "text",
    [
        "EmailAddress eq 'a' or EmailAddress eq 'b'",
        "not EmailAddress eq 'a'",
        "(EmailAddress eq 'a')",
        "tolower(EmailAddress) eq 'a'",
        "EmailAddress eq a",
        "EmailAddress eq 5",
        "Email eq 'a'",
        "emailaddress eq 'a'",
        "EmailAddress = 'a'",
        "EmailAddress eq 'it's'",
        "ModifiedDate gt '2026-11-21T08:00:00'",
        "ID eq '5a1e0c52-71a4-4f9f-a3ad-3c0a1c9c6f10'",
        "substringof(EmailAddress,'a')",
        "EmailAddress eq 'a' and ",
        "EmailAddress gt null",
        "",
    ],
)
def test_any_other_filter_is_a_400(bare: Bare, text: str) -> None:
    assert bare.get("Account", filter=text).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "EmailAddress eq 'INFO@OMDEHOEK.example  '",
        "startswith(EmailAddress,'info@om') and CustomerType eq 'C'",
        "substringof('omdehoek',EmailAddress)",
        "EmailAddress ne null and AccountName eq 'Fietsenmaker Om de Hoek B.V.'",
        "DebtorNumber eq '  1001'",
        "ModifiedDate ge DateTime'2020-01-01T00:00:00.000Z' and DebtorNumber eq '  1001'",
    ],
)
def test_the_offered_filters_find_the_account(bare: Bare, text: str) -> None:
    assert [r["DebtorNumber"] for r in bare.rows("Account", filter=text)] == ["  1001"]


def test_a_number_that_is_not_padded_finds_nothing(bare: Bare) -> None:
    assert bare.rows("Account", filter="DebtorNumber eq '1001'") == []
    assert bare.rows("GeneralLedgerAccount", filter="GeneralLedgerCode eq '8000'") == []


@pytest.mark.parametrize(
    "options",
    [
        {"top": "0"},
        {"top": "1001"},
        {"top": "x"},
        {"expand": "Lines"},
        {"inlinecount": "allpages"},
        {"count": "true"},
        {"select": "VATCode,Nothing"},
        {"orderby": "Nothing"},
    ],
)
def test_other_query_options_are_a_400(bare: Bare, options: dict[str, str]) -> None:
    assert bare.get("VAT", **options).status_code == 400


def test_top_is_the_size_of_a_batch_and_next_leads_on(bare: Bare) -> None:
    first = bare.get("VAT", top="4", select="VATCode").json()["d"]
    assert [r["VATCode"] for r in first["results"]] == ["0", "1", "2", "3"]
    assert set(first["results"][0]) == {"__metadata", "VATCode"}
    second = bare.http.get(first["__next"]).json()["d"]
    third = bare.http.get(second["__next"]).json()["d"]
    codes = [r["VATCode"] for part in (second, third) for r in part["results"]]
    assert codes == ["4", "5", "6", "7", "8"]
    assert "__next" not in third


def test_a_sorted_set_is_batched_as_well(bare: Bare) -> None:
    part = bare.get("VAT", top="5", orderby="Percentage desc,VATCode", skip="1").json()["d"]
    rest = bare.http.get(part["__next"]).json()["d"]
    codes = [r["VATCode"] for p in (part, rest) for r in p["results"]]
    assert codes == ["3", "8", "7", "2", "4", "0", "5", "6"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("VAT(3)", 200),
        ("VAT(99)", 404),
        ("VAT('3')", 400),
        ("Warehouse('WEB')", 200),
        ("Warehouse('web')", 200),
        ("Warehouse(WEB)", 400),
        ("Nothing", 404),
        ("vat", 404),
        ("Account(guid'5a1e0c52-71a4-4f9f-a3ad-3c0a1c9c6f10')", 404),
        ("Account('5a1e0c52-71a4-4f9f-a3ad-3c0a1c9c6f10')", 400),
    ],
)
def test_keys_are_written_as_their_kind_demands(bare: Bare, path: str, status: int) -> None:
    assert bare.get(path).status_code == status


def test_a_key_with_odd_characters_is_found_when_encoded(bare: Bare) -> None:
    bare.made("Item", {"ItemCode": "A/B 1'+%é", "Description0": "Vreemd"})
    answer = bare.http.get("Item('A%2FB%201''%2B%25%C3%A9')")
    assert answer.json()["d"]["Description0"] == "Vreemd"


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("PUT", "VAT(1)"),
        ("MERGE", "SalesOrderHeader('       1')"),
        ("DELETE", "SalesOrderLine(101)"),
        ("POST", "VAT"),
        ("PATCH", "Account(guid'5a1e0c52-71a4-4f9f-a3ad-3c0a1c9c6f10')"),
        ("PUT", "Account(guid'5a1e0c52-71a4-4f9f-a3ad-3c0a1c9c6f10')"),
    ],
)
def test_other_verbs_are_a_405(bare: Bare, verb: str, path: str) -> None:
    assert bare.http.request(verb, path, json={}).status_code == 405


def test_an_entity_without_rights_is_a_403(serve: Callable[..., Service]) -> None:
    client = Bare(serve(auth="basic", forbidden=["Account"]))
    with client.http:
        assert client.get("Account").status_code == 403
        assert client.get("VAT").status_code == 200


def test_the_path_before_the_entity_may_be_written_in_any_case(
    serve: Callable[..., Service],
) -> None:
    service = serve(auth="basic")
    client = Bare(service)
    with client.http:
        answer = client.http.get(f"{service.url}/Services/EXACT.entity.rest.EG/VAT(1)")
    assert answer.status_code == 200


def test_calls_at_the_same_time_are_counted(serve: Callable[..., Service]) -> None:
    service = serve(auth="basic", latency=0.1)
    clients = [Bare(service) for _ in range(2)]
    threads = [Thread(target=client.get, args=("VAT",)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.state()["overlapping_calls"] == 1
    clients[0].get("VAT")
    assert service.state()["overlapping_calls"] == 1
    for client in clients:
        client.http.close()


def test_every_faked_entity_is_in_the_service_document_and_the_metadata(bare: Bare) -> None:
    assert set(bare.get("").json()["d"]["EntitySets"]) == set(entity_types())
    assert 'EntityType Name="Account"' in bare.get("$metadata").text.replace("ns2:", "")
