"""Customers: company or person, made once, and changed only where they differ."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe.entities import Customers
from koppel_exact_globe.forms import CustomerSettings, CustomersFilter, OrderSettings

from hub.model import Address, Contact, Customer, Json
from hub.sdk import NotFound, Query, RecordError, RejectedError, UnknownOutcome
from hub.sdk.index import LiveIndex

from .conftest import Globe, effect

HOME = Address(line1="Kerkstraat 12 bis", postal_code="1012 AB", city="Amsterdam", country="nl")


def _person(**values: Any) -> Customer:
    given: dict[str, Any] = {
        "type": "person",
        "name": "Renée van den Berg",
        "first_name": "Renée",
        "middle_name": "van den",
        "last_name": "Berg",
        "gender": "female",
        "email": "renee@post.example",
        "phone": "+31 20 5550123",
        "currency": "EUR",
        "billing": HOME,
        "delivery": Address(
            line1="Magazijnweg 7", postal_code="3542 AB", city="Utrecht", country="NL"
        ),
    }
    return Customer(**{**given, **values})


def _company(**values: Any) -> Customer:
    contact = Contact(first_name="Renée", last_name="Berg", email="renee@jansen.example")
    given: dict[str, Any] = {
        "type": "company",
        "name": "Bakkerij Jansen B.V.",
        "company": "Bakkerij Jansen B.V.",
        "first_name": None,
        "middle_name": None,
        "last_name": None,
        "gender": None,
        "email": "info@jansen.example",
        "vat_number": "NL801234567B01",
        "chamber_number": "30123456",
        "contacts": [contact],
    }
    return _person(**{**given, **values})


def _made(globe: Globe, customer: Customer, settings: Any = None) -> Json:
    api = globe.api()
    payload = globe.rendered(Customers(), customer, settings)
    written = Customers().create(api, payload, effect())
    row = Customers().get(api, [written.key])[written.key]
    return {name: value for name, value in row.items() if value is not None}


def _merges(globe: Globe) -> list[Json]:
    return [
        json.loads(asked["body"])
        for asked in globe.service.sandbox.asked("MERGE")
        if asked["status"] != 401
    ]


# ---- refused


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"name": None}, RecordError, "AccountName|Name"),
        ({"email": "x" * 130}, RecordError, "128 characters"),
        ({"payment_condition": "99"}, RejectedError, "Payment condition - 99"),
        ({"vat_code": "99"}, RejectedError, "VAT code - 99"),
        ({"billing": Address(line1="Calle 1", country="XX")}, RejectedError, "Country - XX"),
    ],
)
def test_a_customer_that_cannot_be_made_says_why(
    globe: Globe, values: dict[str, Any], error: type[Exception], text: str
) -> None:
    before = len(globe.service.state()["accounts"])
    with pytest.raises(error, match=text):
        _made(globe, _person(**values))
    assert len(globe.service.state()["accounts"]) == before


def test_a_customer_that_was_deleted_over_there_is_not_found(globe: Globe) -> None:
    api = globe.api()
    payload = globe.rendered(Customers(), _person(), creating=False)
    gone = "5a1e0c52-71a4-4f9f-a3ad-3c0a1c9c6f10"
    with pytest.raises(NotFound, match="deleted"):
        Customers().update(api, gone, payload, effect())
    assert Customers().get(api, [gone, "no guid"]) == {}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_is_looked_up_before_the_customer_is_made_again(
    globe: Globe, kind: Any
) -> None:
    api = globe.api()
    api.system.check(api)
    payload = globe.rendered(Customers(), _person())
    globe.service.sandbox.fault(kind, method="POST", times=1)
    with pytest.raises(UnknownOutcome):
        Customers().create(api, payload, effect())
    found = Customers().find(api, "email", ["renee@post.example"])
    assert bool(found) == (kind == "drop_after")


# ---- made


def test_a_person_is_account_and_contact_at_once(globe: Globe) -> None:
    row = _made(globe, _person())
    assert row["AccountName"] == "Renée van den Berg"
    names = [row[f"Contact{n}"] for n in ("FirstName", "MiddleName", "LastName")]
    assert names == ["Renée", "van den", "Berg"]
    assert (row["ContactGender"], row["CustomerStatus"]) == ("V", "A")
    assert row["EmailAddress"] == "renee@post.example"
    assert row["MailingAddress1"] == "Kerkstraat 12 bis"
    assert (row["MailingCountry"], row["DeliveryCity"]) == ("NL", "Utrecht")


def test_a_company_has_its_contact_person_below_it(globe: Globe) -> None:
    api = globe.api()
    row = _made(globe, _company())
    assert row["AccountName"] == "Bakkerij Jansen B.V."
    assert row["ContactLastName"] == "Berg"
    assert row["VATNumber"] == "NL801234567B01"
    (contact,) = globe_api.some(
        api, "ContactPerson", where=[f"AccountID eq guid'{row['ID']}'"], top=5
    )
    assert (contact["FullName"], contact["MainContact"]) == ("Renée Berg", True)
    assert contact["EmailAddress"] == "renee@jansen.example"


def test_what_is_sent_is_what_is_known(globe: Globe) -> None:
    payload = globe.rendered(Customers(), _company())
    assert payload == {
        "AccountName": "Bakkerij Jansen B.V.",
        "CustomerType": "C",
        "CustomerStatus": "A",
        "EmailAddress": "info@jansen.example",
        "PhoneNumber": "+31 20 5550123",
        "ContactFirstName": "Renée",
        "ContactLastName": "Berg",
        "ContactEmail": "renee@jansen.example",
        "ContactPhoneNumber": "+31 20 5550123",
        "MailingAddress1": "Kerkstraat 12 bis",
        "MailingPostcode": "1012 AB",
        "MailingCity": "Amsterdam",
        "MailingCountry": "NL",
        "InvoiceAddress": "Kerkstraat 12 bis",
        "InvoiceAddressPostCode": "1012 AB",
        "InvoiceCity": "Amsterdam",
        "InvoiceCountry": "NL",
        "DeliveryAddressline1": "Magazijnweg 7",
        "DeliveryPostCode": "3542 AB",
        "DeliveryCity": "Utrecht",
        "DeliveryCountry": "NL",
        "VATNumber": "NL801234567B01",
        "ChamberofCommerceNumber": "30123456",
        "CurrencyCode": "EUR",
    }


@pytest.mark.parametrize("form", [CustomerSettings, OrderSettings])
def test_new_customers_get_what_the_flow_says_and_known_ones_do_not(
    globe: Globe, form: type[CustomerSettings | OrderSettings]
) -> None:
    settings = form(
        customer_classification="WEB",
        customer_payment_condition="14",
        customer_vat_code="3",
        customer_size="KLEIN",
        customer_sector="FIETS",
        customer_source="W",
        customer_rating="2",
    )
    payload = globe.rendered(
        Customers(), _person(payment_condition="30", classification="3301"), settings
    )
    names = ("ClassificationID", "PaymentCondition", "VatCode", "CompanySize", "SectorCode")
    assert [payload[n] for n in names] == ["WEB", "30", "3", "KLEIN", "FIETS"]
    assert (payload["Source"], payload["Rating"]) == ("W", "2")
    Customers().create(globe.api(), payload, effect())
    later = globe.rendered(Customers(), _person(), settings, creating=False)
    assert not set(later) & {*names, "Source", "Rating", "CustomerType", "CustomerStatus"}


def test_orders_know_a_customer_by_its_debtor_number_and_it_takes_one_call(globe: Globe) -> None:
    api = globe.api()
    written = Customers().create(api, globe.rendered(Customers(), _person()), effect())
    assert globe.service.calls() == ["POST Account"]
    assert written.known_as == written.number == "1005"
    found = globe.memory.rows["debtors by e-mail and number"][written.key]
    assert found.values == {"email": "renee@post.example", "number": "1005"}
    assert "renee" not in json.dumps(found.data).lower()


# ---- changed


def test_only_what_differs_is_sent(globe: Globe) -> None:
    api = globe.api()
    written = Customers().create(api, globe.rendered(Customers(), _person()), effect())
    moved = _person(phone="+31 6 55501234", billing=Address(line1="Dam 1", city="AMSTERDAM"))
    payload = globe.rendered(Customers(), moved, creating=False)
    again = Customers().update(api, written.key, payload, effect())
    assert _merges(globe) == [
        {
            "PhoneNumber": "+31 6 55501234",
            "ContactPhoneNumber": "+31 6 55501234",
            "MailingAddress1": "Dam 1",
            "MailingCity": "AMSTERDAM",
            "InvoiceAddress": "Dam 1",
            "InvoiceCity": "AMSTERDAM",
        }
    ]
    assert (again.key, again.known_as) == (written.key, written.known_as)


def test_a_customer_that_is_the_same_is_not_written(globe: Globe) -> None:
    api = globe.api()
    person = _person(discount_percentage=Decimal("2.50"), payment_condition="id")
    written = Customers().create(api, globe.rendered(Customers(), person), effect())
    globe.service.sandbox.requests.clear()
    payload = globe.rendered(Customers(), person, creating=False)
    Customers().update(api, written.key, payload, effect())
    assert [call.partition("(")[0] for call in globe.service.calls()] == ["GET Account"]


def test_an_unclear_change_is_repeated_because_that_does_no_harm(globe: Globe) -> None:
    api = globe.api()
    written = Customers().create(api, globe.rendered(Customers(), _person()), effect())
    globe.service.sandbox.fault("drop_after", method="MERGE", times=1)
    payload = globe.rendered(Customers(), _person(phone="1"), creating=False)
    Customers().update(api, written.key, payload, effect())
    assert [merge["PhoneNumber"] for merge in _merges(globe)] == ["1", "1"]


# ---- found


@pytest.mark.parametrize("live", [True, False])
def test_debtors_are_found_by_email_whatever_its_case(globe: Globe, live: bool) -> None:
    if live:
        globe.memory = LiveIndex()
    wanted = ["INFO@omdehoek.example", "t.dewit@post.example", "later@misschien.example", "o'x@y"]
    found = Customers().find(globe.api(), "email", wanted)
    numbers = {value: Customers().known_as_of(record) for value, record in found.items()}
    # The third is a prospect, which has no debtor number.
    assert numbers == {"INFO@omdehoek.example": "1001", "t.dewit@post.example": "1002"}


@pytest.mark.parametrize("live", [True, False], ids=["asked live", "kept"])
@pytest.mark.parametrize("statuses", ["EA", "AE", "BA", "AB"])
def test_of_accounts_with_one_address_the_one_that_may_buy_is_taken(
    connect: Callable[..., Globe], statuses: str, live: bool
) -> None:
    both = [
        {
            "AccountName": f"Account {status}",
            "CustomerType": "C",
            "CustomerStatus": status,
            "EmailAddress": "a@b.example",
        }
        for status in statuses
    ]
    globe = connect(accounts=both)
    if live:
        globe.memory = LiveIndex()
    found = Customers().find(globe.api(), "email", ["a@b.example"])
    taken = {"0": "1005", "1": "1006"}[str(statuses.index("A"))]
    assert Customers().known_as_of(found["a@b.example"]) == taken


def test_later_only_changed_accounts_are_asked_for(globe: Globe) -> None:
    api = globe.api()
    Customers().find(api, "email", ["t.dewit@post.example"])
    globe_api.create(
        api,
        "Account",
        {"AccountName": "N", "CustomerType": "C", "EmailAddress": "nieuw@post.example"},
    )
    assert Customers().find(api, "email", ["nieuw@post.example"])
    first, second = (
        asked for asked in globe.service.sandbox.asked("GET", "Account") if asked["status"] == 200
    )
    assert "ModifiedDate+ge" not in first["query"]
    assert "ModifiedDate%20ge%20DateTime%27" in second["query"]


# ---- read


def test_customers_are_understood_as_company_or_person(globe: Globe) -> None:
    (page,) = Customers().read(globe.api(), Query())
    read = {row["AccountName"]: globe.understood(Customers(), row) for row in page.records}
    company, person = read["Fietsenmaker Om de Hoek B.V."], read["T. de Wit"]
    assert (company.type, company.company, company.number) == (
        "company",
        "Fietsenmaker Om de Hoek B.V.",
        "1001",
    )
    assert company.billing.line1 == "Dorpsstraat 3"
    assert (company.first_name, company.last_name) == ("Noor", "Visser")
    assert person.email == "t.dewit@post.example"
    assert company.modified_at.tzinfo is not None
    assert "Gesloten Zaak B.V." not in read


def test_a_person_who_was_written_is_read_back_as_a_person(globe: Globe) -> None:
    row = _made(globe, _person())
    read = globe.understood(Customers(), row)
    assert (read.type, read.name, read.company) == ("person", "Renée van den Berg", None)
    assert read.gender == "female"


def test_reading_goes_on_from_the_last_change_seen(globe: Globe) -> None:
    api = globe.api()
    (page,) = Customers().read(api, Query())
    made = globe_api.create(api, "Account", {"AccountName": "N", "CustomerType": "C"})
    (rest,) = Customers().read(api, Query(since=page.cursor))
    assert made["ID"] in [row["ID"] for row in rest.records]
    assert len(rest.records) < len(page.records)
    assert rest.cursor is not None
    assert rest.cursor["modified"] > (page.cursor or {})["modified"]


def test_reading_can_start_at_a_moment_and_with_a_filter(globe: Globe) -> None:
    api = globe.api()
    now = dt.datetime.now(dt.UTC)
    (none,) = Customers().read(api, Query(since=Customers().cursor_at(now)))
    assert list(none.records) == []
    chosen = CustomersFilter(classification="B2B", active_only=False)
    (page,) = Customers().read(api, Query(filter=chosen))
    assert [row["DebtorNumber"].strip() for row in page.records] == ["1001"]
