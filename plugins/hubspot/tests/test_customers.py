"""Customers: companies with contacts and persons, both ways (C rows)."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import CustomersSettings, OrdersSettings
from koppel_hubspot.schema import REFERENCE

from hub.mapping.difference import differences
from hub.mapping.fieldtable import FieldTable
from hub.model import Customer
from hub.sdk import Query, RecordError, Written

from .conftest import Account, Open, context, created, records, rendered, understood, updated
from .samples import address, company, contact, person

CUSTOMERS = hubspot.entity("customers")


def keys(results: list[Written | RecordError]) -> list[str]:
    assert not [r for r in results if isinstance(r, RecordError)], results
    return [r.key for r in results if isinstance(r, Written)]


def test_a_key_that_is_none_of_hubspots_is_told(opened: Open) -> None:
    account = opened()
    (error,) = updated(account, "customers", [("20045", person(1))])
    assert isinstance(error, RecordError)
    assert "20045 is no key of a customer" in str(error)
    assert CUSTOMERS.get(account.api, ["20045", "contact-", "company-x"]) == {}


def test_a_person_without_address_and_number_cannot_be_made(opened: Open) -> None:
    document = person(1, email=None, number=None)
    (error,) = created(opened(), "customers", [document])
    assert isinstance(error, RecordError)
    assert error.code == "no_email"


def test_a_company_is_one_customer_with_all_its_contacts(opened: Open) -> None:
    account = opened(contacts=40, companies=4)
    found = [understood(CUSTOMERS, record) for record in records(account, "customers")]
    firms = [document for document in found if document.type == "company"]
    people = [document for document in found if document.type == "person"]
    assert len(firms) == 4
    assert len(people) == 8
    assert sum(len(firm.contacts) for firm in firms) == 32
    assert all(firm.email == firm.contacts[0].email for firm in firms)
    assert all(firm.name.startswith("Fietsenmakerij") for firm in firms)


def test_several_contacts_of_one_company_that_change_give_it_once(opened: Open) -> None:
    account = opened(contacts=40, companies=2)
    cursor = None
    for page in CUSTOMERS.read(account.api, Query(settings=account.api.settings)):
        cursor = page.cursor or cursor
    firm = next(iter(account.store.objects["companies"]))
    for contact_, _ in account.store.tied("companies", firm, "contacts")[:7]:
        account.store.update("contacts", contact_, {"phone": "+31 6 1"})
    again = [record["id"] for record in records(account, "customers", since=cursor)]
    assert again.count(f"company-{firm}") == 1


def test_what_is_read_means_the_same_as_what_was_written(opened: Open) -> None:
    account = opened()
    written = company(1, contact(1), contact(2), website="https://bakkerij.example", phone="+31 1")
    (key,) = keys(created(account, "customers", [written]))
    back = understood(CUSTOMERS, CUSTOMERS.get(account.api, [key])[key])
    assert back.type == "company"
    assert (back.number, back.reference) == ("50001", "50001")
    assert (back.name, back.vat_number) == ("Bakkerij 1 B.V.", "NL812345678B01")
    assert (back.billing.line1, back.billing.country) == ("Keizersgracht 123 A", "NL")
    assert {c.email for c in back.contacts} == {
        "bram1@bakkerij.example.com",
        "bram2@bakkerij.example.com",
    }


@pytest.mark.parametrize("document", [person(1), company(1)], ids=["person", "company"])
def test_a_plan_sees_no_difference_in_what_was_just_written(
    opened: Open, document: Customer
) -> None:
    account = opened()
    (key,) = keys(created(account, "customers", [document]))
    payload = rendered(CUSTOMERS, document, creating=False)
    present = CUSTOMERS.get(account.api, [key])[key]
    assert not isinstance(present, RecordError)
    table = FieldTable(CUSTOMERS)
    assert differences(CUSTOMERS, table, payload, present, context(CUSTOMERS)) == []
    document.billing.city = "Zaandam"
    payload = rendered(CUSTOMERS, document, creating=False)
    found = differences(CUSTOMERS, table, payload, present, context(CUSTOMERS))
    assert [(one["before"], one["after"]) for one in found] == [("Amsterdam", "Zaandam")]
    document.billing.city = "Amsterdam"


def test_the_prefix_of_a_name_belongs_to_the_last_name(opened: Open) -> None:
    account = opened()
    document = person(1, first_name="Anouk", middle_name="van den", last_name="Berg")
    keys(created(account, "customers", [document]))
    (kept,) = account.of("contacts")
    assert kept["properties"]["lastname"] == "van den Berg"


def test_street_and_number_come_on_one_line(opened: Open) -> None:
    account = opened()
    place = address(line1=None, street="Plein 1944", house_number="8", house_number_suffix="2")
    place.line2 = "2 hoog"
    keys(created(account, "customers", [person(1, billing=place)]))
    (kept,) = account.of("contacts")
    assert kept["properties"]["address"] == "Plein 1944 8 2, 2 hoog"


def test_found_by_address_a_contact_gives_its_company(opened: Open) -> None:
    account = opened()
    (firm, human) = keys(created(account, "customers", [company(1, contact(1)), person(2)]))
    asked = ["BRAM1@bakkerij.example.com", "anna2@example.com", "niemand@example.com"]
    found = CUSTOMERS.find(account.api, "email", asked)
    assert {value: record["id"] for value, record in found.items()} == {
        "BRAM1@bakkerij.example.com": firm,
        "anna2@example.com": human,
    }


def test_found_by_a_second_address_of_a_contact(opened: Open) -> None:
    account = opened()
    own = {"email": "a@example.com", "hs_additional_emails": "b@example.com;c@example.com"}
    record = account.store.create("contacts", own)
    account.store.taken["contacts", "email"]["c@example.com"] = record["id"]
    found = CUSTOMERS.find(account.api, "email", ["c@example.com"])
    assert found["c@example.com"]["id"] == f"contact-{record['id']}"


def test_found_by_number_companies_and_persons_alike(opened: Open) -> None:
    account = opened()
    assert CUSTOMERS.find(account.api, "number", ["50001"]) == {}  # no such property yet
    made = keys(created(account, "customers", [company(1), person(2)]))
    found = CUSTOMERS.find(account.api, "number", ["50001", "20002", "1"])
    assert [found["50001"]["id"], found["20002"]["id"]] == made
    assert "1" not in found


def test_an_update_changes_company_and_contacts_and_makes_new_ones(opened: Open) -> None:
    account = opened()
    (key,) = keys(created(account, "customers", [company(1, contact(1))]))
    changed = company(1, contact(1, first_name="Bert"), contact(5), phone="+31 20 7")
    assert keys(updated(account, "customers", [(key, changed)])) == [key]
    (firm,) = account.of("companies")
    assert firm["properties"]["phone"] == "+31 20 7"
    assert account.of("contacts", email="bram1@bakkerij.example.com", firstname="Bert")
    assert len(account.store.tied("companies", firm["id"], "contacts")) == 2
    account.reset()
    keys(updated(account, "customers", [(key, changed)]))
    assert len(account.of("contacts")) == 2
    assert account.asked("/crm/") == 3  # its number, the company, its contacts


def test_a_person_who_is_a_companys_contact_there_is_updated_as_one(opened: Open) -> None:
    account = opened()
    (firm,) = keys(created(account, "customers", [company(1, contact(1))]))
    document = person(7, email="bram1@bakkerij.example.com", first_name="Bram", phone="+31 6 9")
    keys(updated(account, "customers", [(firm, document)]))
    assert account.of("contacts", phone="+31 6 9")
    assert account.of("companies")[0]["properties"]["name"] == "Bakkerij 1 B.V."


def test_an_order_does_not_give_a_customer_another_number(opened: Open) -> None:
    account = opened()
    (key,) = keys(created(account, "customers", [person(1)]))
    document = person(1, number="SHOP-9")
    payload = rendered(CUSTOMERS, document, creating=False, settings=OrdersSettings())
    assert REFERENCE not in payload["contact"]["properties"]
    written = CUSTOMERS.update_many(account.api, [(key, payload)], [])
    assert isinstance(written[0], Written)
    assert account.of("contacts")[0]["properties"][REFERENCE] == "20001"


def test_only_new_customers_get_a_lifecycle_stage(opened: Open) -> None:
    account = opened()
    settings = CustomersSettings(lifecycle_stage="lead")
    (key,) = keys(created(account, "customers", [person(1)], settings))
    assert account.of("contacts")[0]["properties"]["lifecyclestage"] == "lead"
    account.store.update("contacts", key.partition("-")[2], {"lifecyclestage": "customer"})
    keys(updated(account, "customers", [(key, person(1))]))
    assert account.of("contacts")[0]["properties"]["lifecyclestage"] == "customer"


def test_custom_properties_are_found_live(opened: Open) -> None:
    account = opened()
    _define(account, "contacts", "schoenmaat", "contactinformation")
    found = {field.path: field.label for field in CUSTOMERS.discover(account.api)}
    assert found["contact.properties.schoenmaat"] == "Schoenmaat"
    account.store.create("contacts", {"email": "a@example.com", "schoenmaat": "43"})
    (record,) = records(account, "customers")
    assert record["contact"]["properties"]["schoenmaat"] == "43"


def _define(account: Account, kind: str, name: str, group: str, **more: Any) -> None:
    body = {"name": name, "label": name.capitalize(), "type": "string", "fieldType": "text"}
    account.api.post(f"/crm/v3/properties/{kind}", {**body, "groupName": group, **more})


def test_a_person_who_is_also_a_contact_of_a_company_in_one_batch_is_made_once(
    opened: Open,
) -> None:
    account = opened()
    both = contact(1)
    results = created(
        account, "customers", [person(1, email=both.email), company(1, both), person(2)]
    )
    assert [type(one) for one in results] == [Written] * 3, results
    assert len(account.of("contacts", email=str(both.email))) == 1
    assert len(account.of("contacts")) == 2
