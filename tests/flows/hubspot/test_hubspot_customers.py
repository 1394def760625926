"""Customers between the books and the CRM, both ways: C01 to C11 of the pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from koppel_exact_globe.sandbox import movements

from tests.flows.hubspot.bench import Trio, company, flow, orders_to_crm, person, tie
from tests.flows.pairs import entry, go, outcomes

Make = Callable[..., Trio]
AUKJE, INFO, BRAM = "aukje1@post.example", "info@rijwiel2.example", "bram@rijwiel2.example"


def to_crm(**settings: Any) -> dict[str, Any]:
    return flow("erp.customers", "crm.customers", **settings)


def to_books(**settings: Any) -> dict[str, Any]:
    return flow("crm.customers", "erp.customers", **settings)


@pytest.fixture
def two(make_trio: Make) -> Trio:
    """Books with a person and a company of which the CRM knows nothing yet."""
    return make_trio(erp={"accounts": [person(1), company(2)]})


# ---- failures


def test_of_two_debtors_with_one_address_one_is_held_back_and_neither_overwrites_the_other(
    make_trio: Make,
) -> None:
    trio = make_trio(erp={"accounts": [person(1), person(2, EmailAddress=AUKJE)]})
    trio.couple(customers=to_crm())
    ran = go(trio, "customers")
    held = [e for e in ran["entries"] if e["outcome"] == "blocked"]
    assert len(held) == 1
    assert AUKJE in held[0]["reason"]
    assert held[0]["field"] == "email"
    first = trio.one("contacts", email=AUKJE)["lastname"]
    since = trio.mark()
    assert outcomes(go(trio, "customers"))["updated"] == 0
    assert trio.writes(since) == []
    assert trio.one("contacts", email=AUKJE)["lastname"] == first


def test_two_companies_with_one_address_are_two_companies_that_share_the_contact(
    make_trio: Make,
) -> None:
    """Recognised by number, each is itself; the CRM keeps one contact for an address."""
    same = {"EmailAddress": INFO, "ContactEmail": INFO}
    trio = make_trio(erp={"accounts": [company(2, **same), company(3, **same)]})
    trio.couple(customers=to_crm(match="number"))
    go(trio, "customers")
    assert len(trio.of("companies", name="Rijwielhandel 2 B.V.")) == 1
    assert len(trio.of("companies", name="Rijwielhandel 3 B.V.")) == 1
    (contact,) = trio.of("contacts", email=INFO)
    assert len(trio.tied("contacts", contact["id"], "companies")) == 2


def test_a_company_without_a_domain_is_made_once_and_recognised_by_its_number(two: Trio) -> None:
    two.couple(customers=to_crm(match="number"))
    go(two, "customers")
    made = two.one("companies", name="Rijwielhandel 2 B.V.")
    assert not made.get("domain")
    two.edit("Account", two.account(INFO), AccountName="Rijwielhandel Twee B.V.")
    assert outcomes(go(two, "customers"))["updated"] == 1
    assert two.one("companies", name="Rijwielhandel Twee B.V.")["hub_external_id"] == "1006"


def test_an_address_that_hubspot_refuses_fails_that_customer_in_hubspots_words(
    make_trio: Make,
) -> None:
    wrong = person(3, EmailAddress="aukje@", ContactEmail="aukje@")
    trio = make_trio(erp={"accounts": [person(1), wrong, company(2)]})
    trio.couple(customers=to_crm())
    ran = go(trio, "customers")
    (failed,) = [e for e in ran["entries"] if e["outcome"] == "failed"]
    assert "HubSpot refused it" in failed["reason"]
    assert "aukje@" in failed["reason"]
    assert trio.one("contacts", email=AUKJE)["lastname"] == "de Vries 1", "the others arrive"
    assert len(trio.of("companies", name="Rijwielhandel 2 B.V.")) == 1


def test_a_property_that_is_deleted_between_plan_and_run_is_named(two: Trio) -> None:
    two.define("contacts", "kenmerk")
    rules = [{"to": "contact.properties.kenmerk", "value": "globe"}]
    two.couple(customers=to_crm(rules=rules))
    assert entry(go(two, "customers", kind="plan"), "1005")["outcome"] == "created"
    two.crm.test_client().delete("/_sandbox/properties/contacts/kenmerk")
    ran = go(two, "customers")
    assert entry(ran, "1005")["outcome"] == "failed"
    assert 'Property "kenmerk" does not exist' in entry(ran, "1005")["reason"]
    assert two.of("contacts", email=AUKJE) == []


@pytest.mark.parametrize("path", ["companies/batch/upsert", "contacts/batch/create"])
def test_a_dropped_answer_makes_nobody_twice_and_ties_all_the_same(two: Trio, path: str) -> None:
    two.couple(customers=to_crm())
    two.sandbox.fault("drop_after", path=path, times=1)
    go(two, "customers")
    go(two, "customers")
    assert len(two.of("contacts", email=AUKJE)) == 1
    (firm,) = two.of("companies", name="Rijwielhandel 2 B.V.")
    emails = {c["properties"]["email"] for c in two.tied("companies", firm["id"], "contacts")}
    assert emails == {INFO, BRAM}
    since = two.mark()
    go(two, "customers")
    assert two.writes(since) == []


def test_a_contact_without_an_address_is_made_once_whichever_flow_brings_the_company(
    make_trio: Make,
) -> None:
    """Recognised by number, as debtors without an address have to be."""
    trio = make_trio(erp={"accounts": [company(2, EmailAddress="", ContactEmail="")]})
    movements.book(trio.world, "", {"ZADEL-GEL": 1}, "1005")
    trio.couple(orders=orders_to_crm(customer_match="number"), customers=to_crm())
    trio.sandbox.fault("drop_after", path="contacts/batch/create", times=1)
    go(trio, "orders")
    go(trio, "orders")
    go(trio, "customers")
    (firm,) = trio.of("companies", name="Rijwielhandel 2 B.V.")
    contacts = trio.tied("companies", firm["id"], "contacts")
    assert [c["properties"]["lastname"] for c in contacts] == ["Smit 2"]
    (order,) = trio.of("orders")
    assert trio.tied("orders", order["id"], "companies") == [firm]


# ---- from the books to the CRM


def test_c10_a_company_gets_its_contacts_below_it_and_a_person_stands_alone(two: Trio) -> None:
    """Also O27, O28 and C08: the direction is the flow's."""
    two.couple(customers=to_crm())
    ran = go(two, "customers")
    assert ran["status"] == "succeeded", ran["entries"]
    (firm,) = two.of("companies", name="Rijwielhandel 2 B.V.")
    contacts = [c["properties"] for c in two.tied("companies", firm["id"], "contacts")]
    assert {(c["firstname"], c["lastname"], c["email"]) for c in contacts} == {
        ("Bram", "Smit 2", INFO),
        ("Bram", "Smit 2", BRAM),
    }
    own = firm["properties"]
    assert (own["hub_external_id"], own["vat_number"]) == ("1006", "NL812345602B01")
    (one,) = two.of("contacts", email=AUKJE)
    assert (one["properties"]["firstname"], one["properties"]["lastname"]) == (
        "Aukje",
        "de Vries 1",
    )
    assert two.tied("contacts", one["id"], "companies") == []
    place = {name: one["properties"][name] for name in ("address", "zip", "city", "country")}
    assert place == {
        "address": "Grote Kerkstraat 9",
        "zip": "8911 DZ",
        "city": "Leeuwarden",
        "country": "NL",
    }


def test_c09_who_is_made_or_changed_in_the_books_flows_on_and_nobody_else(two: Trio) -> None:
    two.couple(customers=to_crm())
    go(two, "customers")
    since = two.mark()
    assert outcomes(go(two, "customers"))["updated"] == 0
    assert two.writes(since) == [], "a second run writes nothing"
    two.edit("Account", two.account(AUKJE), MailingCity="Sneek")
    since = two.mark()
    assert outcomes(go(two, "customers"))["updated"] == 1
    assert two.one("contacts", email=AUKJE)["city"] == "Sneek"
    assert len(two.writes(since)) == 1


def test_c03_with_updates_switched_off_who_is_there_stays_as_he_is(two: Trio) -> None:
    two.change("contacts", properties={"email": AUKJE, "lastname": "Fries"})
    two.couple(customers=to_crm(update=False))
    ran = go(two, "customers")
    assert entry(ran, "1005")["outcome"] == "skipped"
    assert two.one("contacts", email=AUKJE)["lastname"] == "Fries"
    two.couple(customers=to_crm())
    two.edit("Account", two.account(AUKJE), MailingCity="Sneek")
    go(two, "customers")
    assert two.one("contacts", email=AUKJE)["lastname"] == "de Vries 1"


def test_c07_the_group_becomes_a_classification_by_the_table(two: Trio) -> None:
    table = {"rows": {"B2B": "Zakelijk"}, "default": "Particulier"}
    two.couple(customers=to_crm(classifications=table))
    go(two, "customers")
    firm = two.one("companies", name="Rijwielhandel 2 B.V.")
    assert firm["customer_classification"] == "Zakelijk"
    assert two.one("contacts", email=AUKJE)["customer_classification"] == "Particulier"


def test_c05_a_rule_fills_a_custom_property_that_was_found_live(two: Trio) -> None:
    """Also C01 and C02 towards the CRM: what has no property of its own goes where a rule says."""
    two.define("contacts", "kostenplaats")
    two.define("companies", "kostenplaats")
    rules = [
        {"to": "company.properties.kostenplaats", "from": "TextFreeField1"},
        {"to": "contact.properties.kostenplaats", "value": "WEB"},
    ]
    two.edit("Account", two.account(INFO), TextFreeField1="WINKEL")
    two.couple(customers=to_crm(rules=rules))
    go(two, "customers")
    assert two.one("companies", name="Rijwielhandel 2 B.V.")["kostenplaats"] == "WINKEL"
    assert two.one("contacts", email=AUKJE)["kostenplaats"] == "WEB"


def test_new_customers_get_the_lifecycle_stage_of_the_settings_and_keep_their_own(
    two: Trio,
) -> None:
    two.couple(customers=to_crm(lifecycle_stage="opportunity"))
    go(two, "customers")
    contact = two.of("contacts", email=AUKJE)[0]
    assert contact["properties"]["lifecyclestage"] == "opportunity"
    two.change("contacts", contact["id"], properties={"lifecyclestage": "customer"})
    two.edit("Account", two.account(AUKJE), MailingCity="Sneek")
    go(two, "customers")
    assert two.one("contacts", email=AUKJE)["lifecyclestage"] == "customer"


# ---- from the CRM to the books


def test_c08_companies_with_contacts_and_persons_of_the_crm_become_debtors(
    make_trio: Make,
) -> None:
    """Also C10 and, towards the books, C01, C02 and C04: ledger, cost centre and VAT by country."""
    trio = make_trio()
    firm = trio.change(
        "companies",
        properties={"name": "Bakkerij De Vries B.V.", "address": "Plein 1944 8-2", "country": "DE"},
    )
    trio.change(
        "contacts",
        properties={
            "email": "anouk@bakkerij.example",
            "firstname": "Anouk",
            "lastname": "de Vries",
        },
        associations=[tie(firm["id"], 1)],
    )
    trio.change(
        "contacts",
        properties={"email": "joost@post.example", "firstname": "Joost", "lastname": "Smit"}
        | {"country": "NL"},
    )
    trio.couple(
        customers=to_books(
            revenue_accounts={"rows": {"NL": "8000", "EU": "8020"}},
            customer_vat_codes={"rows": {"NL": "1"}, "default": "5"},
            cost_center="WEB",
            cost_center_field="TextFreeField3",
            classifications={"default": "WEB"},
        )
    )
    ran = go(trio, "customers")
    assert outcomes(ran) == {"created": 2}, ran["entries"]
    company_row = trio.account("anouk@bakkerij.example")
    assert company_row["AccountName"] == "Bakkerij De Vries B.V."
    assert company_row["ContactLastName"] == "de Vries"
    assert company_row["MailingAddress1"] == "Plein 1944 8-2"
    assert company_row["OffsetLedgerAccount"].strip() == "8020"
    assert company_row["VatCode"].strip() == "5"
    assert company_row["TextFreeField3"] == "WEB"
    assert company_row["ClassificationID"].strip() == "WEB"
    person_row = trio.account("joost@post.example")
    assert person_row["AccountName"] == "Joost Smit"
    assert person_row["OffsetLedgerAccount"].strip() == "8000"
    assert person_row["VatCode"].strip() == "1"


def test_c09_a_change_in_the_crm_flows_on_and_only_customers_of_the_chosen_stage_do(
    make_trio: Make,
) -> None:
    trio = make_trio()
    for name, stage in (("anouk", "customer"), ("bram", "lead")):
        values = {"email": f"{name}@post.example", "firstname": name, "lastname": "Smit"}
        trio.change("contacts", properties={**values, "lifecyclestage": stage})
    trio.change("companies", properties={"name": "Misschien B.V.", "lifecyclestage": "lead"})
    trio.couple(customers=to_books(filter={"lifecycle_stages": ["customer"]}))
    assert outcomes(go(trio, "customers")) == {"created": 1}
    assert trio.rows("Account", EmailAddress="bram@post.example") == []
    (lead,) = trio.of("contacts", email="bram@post.example")
    trio.change("contacts", lead["id"], properties={"lifecyclestage": "customer"})
    assert outcomes(go(trio, "customers"))["created"] == 1
    trio.change("contacts", lead["id"], properties={"city": "Sneek"})
    assert outcomes(go(trio, "customers"))["updated"] == 1
    assert trio.account("bram@post.example")["MailingCity"] == "Sneek"


def test_customers_that_go_both_ways_come_to_rest(make_trio: Make) -> None:
    """What was written is not news for the flow that comes back."""
    trio = make_trio(crm={"contacts": 6, "companies": 3}, erp={"accounts": [person(1), company(2)]})
    trio.couple(forth=to_crm(), back=to_books())
    before = [dict(c["properties"]) for c in trio.of("companies")]
    for name in ("forth", "back") * 2:
        assert go(trio, name)["status"] == "succeeded"
    for own in before:
        now = trio.one("companies", hs_object_id=own["hs_object_id"])
        kept = ("name", "domain", "address", "city", "zip", "phone", "vat_number")
        assert {n: now.get(n) for n in kept} == {n: own.get(n) for n in kept}
    since, accounts = trio.mark(), len(trio.rows("Account"))
    for name in ("forth", "back"):
        ran = outcomes(go(trio, name))
        assert ran["created"] == ran["updated"] == 0
    assert trio.writes(since) == []
    assert len(trio.rows("Account")) == accounts
