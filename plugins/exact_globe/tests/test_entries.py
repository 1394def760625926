"""Sales entries: net revenue per account and VAT code, the debtor owes the total, booked once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import exact_globe
from koppel_exact_globe.entities import SalesEntries
from koppel_exact_globe.forms_sales import EntrySettings
from pydantic import ValidationError

from hub.model import JournalEntry, Json, Posting
from hub.sdk import Api, RecordError, RejectedError, TemporaryError

from .conftest import Globe, Stored, effect


def _entry(**values: Any) -> JournalEntry:
    given: dict[str, Any] = {
        "reference": "WEB-1",
        "debtor": "1001",
        "currency": "EUR",
        "ordered_at": dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC),
        "description": "Webshop WEB-1",
        "payment_condition": "ID",
        "postings": [
            Posting(
                account="8000",
                amount=Decimal("32.98"),
                vat_code="1",
                vat_amount=Decimal("6.93"),
                cost_center="WEB",
                cost_unit="KD01",
                description="Omzet hoog",
            ),
            Posting(account="8900", amount=Decimal(5), vat_code="1", vat_amount=Decimal("1.05")),
        ],
    }
    return JournalEntry(**{**given, **values})


def _payload(globe: Globe, settings: EntrySettings | None = None, **values: Any) -> Json:
    return globe.rendered(SalesEntries(), _entry(**values), settings or EntrySettings(journal="70"))


def test_a_journal_must_be_chosen_and_only_sales_journals_are_offered(globe: Globe) -> None:
    with pytest.raises(ValidationError, match="journal"):
        EntrySettings()  # type: ignore[call-arg]
    lookup = exact_globe.lookup("sales_journals")
    assert lookup is not None
    assert [option.value for option in lookup.fetch(globe.api())] == ["70", "71"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"reference": None}, "Your reference"),
        ({"debtor": None}, "Debtor"),
        ({"postings": [Posting(amount=Decimal(1))]}, "Posting 1 of the entry has no account"),
        ({"postings": [Posting(account="8000")]}, "Posting 1 of the entry has no amount"),
    ],
)
def test_what_cannot_be_booked_is_said_before_any_call(
    globe: Globe, values: Json, text: str
) -> None:
    with pytest.raises(RecordError, match=text):
        _payload(globe, **values)
    assert globe.service.calls() == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"debtor": "1003"}, "Debtor is blocked"),
        ({"journal": "99"}, "Does not exist: Journal - 99"),
        ({"postings": [Posting(account="1234", amount=Decimal(1))]}, "G/L account - 1234"),
        ({"postings": []}, "no lines"),
    ],
)
def test_o04_a_refused_entry_says_why_and_is_not_there(
    globe: Globe, values: Json, text: str
) -> None:
    with pytest.raises(RecordError, match=text):
        SalesEntries().create(globe.api(), _payload(globe, **values), effect())
    assert globe.service.state()["entries"] == []


def test_o04_an_entry_looks_like_this(globe: Globe) -> None:
    made = effect()
    settings = EntrySettings(journal="70", due_days=14)
    payload = _payload(globe, settings)
    assert SalesEntries().expected_total(payload) == Decimal("45.96")
    written = SalesEntries().create(globe.api(), payload, made)
    assert (written.key, written.number) == ("1", "26700001")
    first, second = globe.bodies("FinancialLine")
    assert first == {
        "TransactionKey": made.token,
        "Journal": "70",
        "GLAccount": "8000",
        "Amount": 32.98,
        "VATCode": "1",
        "VATAmount": 6.93,
        "VATBasis": 32.98,
        "CostCenter": "WEB",
        "CostUnit": "KD01",
        "Description": "Omzet hoog",
    }
    assert (second["GLAccount"], second["Amount"], second["VATAmount"]) == ("8900", 5, 1.05)
    (header,) = globe.bodies("FinancialHeader")
    assert header == {
        "TransactionKey": made.token,
        "Journal": "70",
        "DebtorNumber": "1001",
        "YourReference": "WEB-1",
        "Description": "Webshop WEB-1",
        "EntryDate": "/Date(1795219200000)/",
        "InvoiceDueDate": "/Date(1796428800000)/",
        "PaymentCondition": "ID",
        "CurrencyCode": "EUR",
        "Amount": 45.96,
    }
    (row,) = globe.service.state()["entries"]
    assert (row["Amount"], row["OutstandingAmount"]) == (45.96, 45.96)


def test_a_correction_has_negative_amounts(globe: Globe) -> None:
    posting = Posting(
        account="8000", amount=Decimal("-10"), vat_code="1", vat_amount=Decimal("-2.10")
    )
    SalesEntries().create(globe.api(), _payload(globe, postings=[posting]), effect())
    assert globe.service.state()["entries"][0]["Amount"] == -12.1


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_answer_that_is_lost_never_makes_a_second_entry(
    globe: Globe, kind: Any, position: int
) -> None:
    api, entity, made = globe.api(), SalesEntries(), effect()
    api.system.check(api)
    payload = _payload(globe)
    globe.service.sandbox.fault(kind, method="POST", skip=position, times=1)
    _insist(entity, api, payload, made)
    (row,) = globe.service.state()["entries"]
    assert row["Amount"] == 45.96


def _insist(entity: SalesEntries, api: Api, payload: Json, made: Stored) -> None:
    for _ in range(3):
        try:
            entity.create(api, payload, made)
            return
        except TemporaryError:
            if entity.find(api, "reference", ["WEB-1"]):
                return
            made = made.again()
    raise AssertionError("three attempts were not enough")


def test_entries_are_found_by_reference_many_at_once(globe: Globe) -> None:
    api, entity = globe.api(), SalesEntries()
    for number in range(1, 4):
        entity.create(api, _payload(globe, reference=f"WEB-{number}"), effect())
    globe.service.sandbox.requests.clear()
    found = entity.find(api, "reference", ["WEB-1", "web-3", "WEB-9"])
    assert {value: entity.key_of(row) for value, row in found.items()} == {
        "WEB-1": "1",
        "web-3": "3",
    }
    assert globe.service.calls() == ["GET FinancialHeader"]


def test_a_key_is_refused_the_second_time(globe: Globe) -> None:
    api, made = globe.api(), effect()
    SalesEntries().create(api, _payload(globe), made)
    with pytest.raises(RejectedError, match="Already used"):
        SalesEntries().create(api, _payload(globe), made)
