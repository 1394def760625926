"""Customers as the bookkeeper knows them: group, accounts, cost centres, contacts and numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe.entities import Customers
from koppel_exact_globe.forms import CustomerSettings

from hub.model import Address, Contact, Customer, Json
from hub.sdk import Api, Query, RejectedError
from hub.sdk.index import LiveIndex

from .conftest import Globe, effect


def _firm(**values: Any) -> Customer:
    given: dict[str, Any] = {
        "type": "company",
        "name": "Bakkerij Jansen B.V.",
        "company": "Bakkerij Jansen B.V.",
        "email": "info@jansen.example",
        "billing": Address(line1="Kerkstraat 12 bis", city="Amsterdam", country="NL"),
        "contacts": [
            Contact(first_name="Renée", middle_name="van den", last_name="Berg", gender="female")
        ],
    }
    return Customer(**{**given, **values})


def _read(api: Api, since: Json | None = None) -> tuple[dict[str, Json], Any]:
    records, cursor = {}, since
    for page in Customers().read(api, Query(since=since)):
        records |= {str(record["AccountName"]): record for record in page.records}
        cursor = page.cursor or cursor
    return records, cursor


# ---- written


def test_c07_a_classification_that_globe_has_is_written_and_another_is_left_out(
    globe: Globe,
) -> None:
    api, entity = globe.api(), Customers()
    entity.find(api, "email", ["info@jansen.example"])
    assert "ClassificationID" not in globe.rendered(entity, _firm(classification="7"))
    payload = globe.rendered(entity, _firm(classification="b2b"))
    written = entity.create(api, payload, effect())
    assert globe.bodies("Account")[0]["ClassificationID"] == "b2b"
    entity.update(api, written.key, {"ClassificationID": "77"}, effect())
    assert globe.bodies("Account", "MERGE") == []


def test_c01_c04_revenue_account_and_vat_code_are_written_once(globe: Globe) -> None:
    api, entity = globe.api(), Customers()
    customer = _firm(revenue_account="8020", vat_code="5", payment_condition="14")
    written = entity.create(api, globe.rendered(entity, customer), effect())
    (body,) = globe.bodies("Account")
    assert (body["OffsetLedgerAccount"], body["VatCode"]) == ("8020", "5")
    assert body["PaymentCondition"] == "14"
    entity.update(api, written.key, globe.rendered(entity, customer, creating=False), effect())
    assert globe.bodies("Account", "MERGE") == []
    back = globe.understood(entity, entity.get(api, [written.key])[written.key])
    assert (back.revenue_account, back.vat_code) == ("8020", "5")


def test_an_unknown_payment_condition_is_named(globe: Globe) -> None:
    payload = globe.rendered(Customers(), _firm(payment_condition="99"))
    with pytest.raises(RejectedError, match="Payment condition - 99"):
        Customers().create(globe.api(), payload, effect())


def test_c02_cost_centre_and_unit_go_to_the_free_fields_that_were_named(globe: Globe) -> None:
    settings = CustomerSettings(
        cost_center_field="TextFreeField3", cost_unit_field="TextFreeField4"
    )
    customer = _firm(cost_center="WEB", cost_unit="KD01")
    payload = globe.rendered(Customers(), customer, settings)
    assert (payload["TextFreeField3"], payload["TextFreeField4"]) == ("WEB", "KD01")
    assert "TextFreeField3" not in globe.rendered(Customers(), customer)


def test_a_customer_that_is_switched_off_gets_status_exit_and_nobody_is_let_in_again(
    globe: Globe,
) -> None:
    api, entity = globe.api(), Customers()
    written = entity.create(api, globe.rendered(entity, _firm()), effect())
    for active in (False, False, True):
        payload = globe.rendered(entity, _firm(active=active), creating=False)
        entity.update(api, written.key, payload, effect())
    assert globe.bodies("Account", "MERGE") == [{"CustomerStatus": "E"}]


# ---- recognised


@pytest.mark.parametrize("live", [True, False])
def test_customers_are_found_by_their_number(globe: Globe, live: bool) -> None:
    if live:
        globe.memory = LiveIndex()
    found = Customers().find(globe.api(), "number", ["1001", "9999", "12345678"])
    assert {value: row["DebtorNumber"].strip() for value, row in found.items()} == {"1001": "1001"}


# ---- read


def test_c05_a_company_has_its_contact_and_what_the_books_need(globe: Globe) -> None:
    records, _ = _read(globe.api())
    firm = globe.understood(Customers(), records["Fietsenmaker Om de Hoek B.V."])
    assert (firm.type, firm.classification, firm.payment_condition) == ("company", "B2B", "30")
    (contact,) = firm.contacts
    assert (contact.first_name, contact.last_name, contact.key) == (
        "Noor",
        "Visser",
        records["Fietsenmaker Om de Hoek B.V."]["ContactID"],
    )
    assert contact.job_title is None
    person = globe.understood(Customers(), records["T. de Wit"])
    assert person.active is True


def test_a_company_that_names_nobody_has_no_contact(globe: Globe) -> None:
    api = globe.api()
    globe_api.create(
        api, "Account", {"AccountName": "Zomaar B.V.", "CustomerType": "C", "CustomerStatus": "A"}
    )
    records, _ = _read(api)
    assert globe.understood(Customers(), records["Zomaar B.V."]).contacts == []


def test_further_contact_persons_are_read_when_the_connection_wants_them(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(plugin={"settings": {"further_contacts": True}})
    api, entity = globe.api(), Customers()
    records, _ = _read(api)
    firm = records["Fietsenmaker Om de Hoek B.V."]
    body = {"AccountID": firm["ID"], "FirstName": "Bo", "LastName": "de Vries", "Gender": "M"}
    globe_api.create(api, "ContactPerson", body | {"EmailAddress": "bo@omdehoek.example"})
    (whole,) = entity.complete(api, [firm])
    assert entity.mark_of(whole) == entity.mark_of(firm)
    people = globe.understood(entity, whole).contacts
    assert [(p.first_name, p.email, p.gender) for p in people] == [
        ("Noor", "info@omdehoek.example", None),
        ("Bo", "bo@omdehoek.example", "male"),
    ]
    assert len(entity.get(api, [firm["ID"]])[firm["ID"]]["ContactPerson"]) == 1


def test_what_was_written_is_read_back_as_the_same_payload(globe: Globe) -> None:
    api, entity = globe.api(), Customers()
    customer = _firm(vat_number="NL801234567B01", phone="+31 20 5550123", classification="B2B")
    customer.delivery = Address(line1="Magazijnweg 7", city="Utrecht", country="NL")
    written = entity.create(api, globe.rendered(entity, customer), effect())
    record = entity.get(api, [written.key])[written.key]
    ours = globe.rendered(entity, customer, creating=False)
    theirs = globe.rendered(entity, globe.understood(entity, record), creating=False)
    differing = {n for n in ours if ours[n] != theirs.get(n)}
    assert differing == set()


def test_five_thousand_customers_are_read_a_thousand_a_call(connect: Callable[..., Globe]) -> None:
    globe = connect(customers=5000)
    api = globe.api()
    records, cursor = _read(api)
    assert len(records) == 5000 - 2  # one is blocked, one a prospect
    assert globe.service.calls() == ["GET Account"] * 5
    globe_api.merge(
        api, "Account", f"guid'{records['Klant 00042 B.V.']['ID']}'", {"PhoneNumber": "1"}
    )
    again, _ = _read(api, cursor)
    assert "Klant 00042 B.V." in again
    assert len(again) <= 3


def test_c05_categories_are_discovered_under_the_names_globe_gives_them(globe: Globe) -> None:
    found = {field.path: field.label for field in Customers().discover(globe.api())}
    assert found == {"Category_01": "Branche", "Category_02": "Bron"}


def test_reading_starts_at_a_moment(globe: Globe) -> None:
    later = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)
    assert _read(globe.api(), Customers().cursor_at(later))[0] == {}
