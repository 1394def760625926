"""Accounts are made once, found by e-mail address, and kept up to date."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from koppel_ccvshop.customers import Customers

from hub.model import Address, Contact, Customer
from hub.sdk import NotFound, RecordError

from .conftest import Open, Shop, rendered, understood, written

HOME = Address(
    street="Keizersgracht",
    house_number="12",
    house_number_suffix="bis",
    postal_code="1015 CJ",
    city="Amsterdam",
    country="NL",
)
ANNA = Customer(
    type="person",
    name="Anna de Vries",
    first_name="Anna",
    middle_name="de",
    last_name="Vries",
    email="anna@example.nl",
    phone="+31201234567",
    reference="D1001",
    classification="3302",
    active=True,
    billing=HOME,
    delivery=HOME,
)
CAFE = replace(
    ANNA,
    type="company",
    name="Café 't Hoekje",
    company="Café 't Hoekje",
    first_name=None,
    middle_name=None,
    last_name=None,
    email="inkoop@example.nl",
    vat_number="NL123456789B01",
    chamber_number="30000001",
    contacts=[Contact(first_name="Zoë", middle_name="van den", last_name="Berg")],
)


def got(shop: Shop, key: str) -> Customer:
    found = Customers().get(shop.api, [key])[key]
    assert not isinstance(found, RecordError)
    document = understood(Customers(), found)
    assert isinstance(document, Customer)
    return document


def test_a_person_becomes_an_account_in_one_request(opened: Open) -> None:
    """C01-C11: into the shop, with the customer group (C07)."""
    shop = opened(orders=1)

    key = written(shop, Customers(), ANNA)

    assert shop.writes() == ["POST users"]
    made = got(shop, key)
    assert (made.name, made.first_name, made.last_name) == ("Anna de Vries", "Anna", "de Vries")
    assert (made.email, made.phone, made.company) == ("anna@example.nl", "+31201234567", None)
    assert (made.reference, made.number, made.classification) == ("D1001", "D1001", "3302")
    assert (made.billing.street, made.billing.house_number) == ("Keizersgracht", "12")
    assert (made.billing.house_number_suffix, made.billing.city) == ("bis", "Amsterdam")
    assert json.loads(shop.sandbox.requests[-2]["body"])["userinfo"]["customertype"] == "b2c"


def test_a_company_has_its_contact_person_below_it(opened: Open) -> None:
    """O27, C10."""
    shop = opened(orders=1)

    made = got(shop, written(shop, Customers(), CAFE))

    assert (made.company, made.vat_number) == ("Café 't Hoekje", "NL123456789B01")
    assert made.chamber_number == "30000001"
    (contact,) = made.contacts
    assert (contact.first_name, contact.last_name) == ("Zoë", "van den Berg")
    assert json.loads(shop.sandbox.requests[0]["body"])["userinfo"]["customertype"] == "b2b"


@pytest.mark.parametrize("customer", [ANNA, CAFE], ids=["person", "company"])
def test_what_was_written_renders_to_the_same_payload_again(
    opened: Open, customer: Customer
) -> None:
    shop = opened(orders=1)
    key = written(shop, Customers(), customer)

    present = rendered(Customers(), got(shop, key), creating=False)

    for name, value in rendered(Customers(), customer, creating=False)["userinfo"].items():
        if isinstance(value, dict):
            assert {n: present["userinfo"][name].get(n) for n in value} == value
        else:
            assert present["userinfo"][name] == value
    assert (present["status"], present["group_id"]) == (True, 3302)


def test_the_password_is_made_up_and_never_kept(opened: Open) -> None:
    shop = opened(orders=1)

    written(shop, Customers(), ANNA)
    written(shop, Customers(), CAFE)

    sent = [json.loads(r["body"])["password"] for r in shop.sandbox.requests]
    assert len(set(sent)) == 2
    assert all(len(password) >= 32 for password in sent)
    kept = repr(shop.tape.exchanges)
    assert not any(password in kept or password[:24] in kept for password in sent)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        (replace(HOME, house_number="12 bis", house_number_suffix=None), (12, "bis")),
        (replace(HOME, house_number="115-3", house_number_suffix=None), (115, "3")),
        (replace(HOME, house_number="4", house_number_suffix="hs"), (4, "hs")),
    ],
)
def test_a_house_number_is_a_number_and_the_rest_its_suffix(
    address: Address, parts: tuple[int, str]
) -> None:
    info = rendered(Customers(), replace(ANNA, billing=address))["userinfo"]["billingaddress"]

    assert (info["housenumber"], info["housenumber_suffix"]) == parts
    assert "address_line_1" not in info


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (
            replace(HOME, street="Kade", house_number="t.o. 4", house_number_suffix=None),
            "Kade t.o. 4",
        ),
        (Address(line1="Plein 1944", unsure=True, city="Nijmegen"), "Plein 1944"),
        (replace(HOME, line1="Keizersgracht 12 bis", line2="3 hoog"), "Keizersgracht 12 bis"),
    ],
)
def test_an_address_that_is_not_split_for_sure_is_sent_as_lines(
    opened: Open, address: Address, line: str
) -> None:
    shop = opened(orders=1)

    made = got(shop, written(shop, Customers(), replace(ANNA, billing=address, delivery=address)))

    assert (made.billing.line1, made.billing.street) == (line, None)


def test_an_account_without_e_mail_address_is_refused(opened: Open) -> None:
    shop = opened(orders=1)

    with pytest.raises(RecordError, match="needs an e-mail address") as error:
        written(shop, Customers(), replace(ANNA, email=None))

    assert (error.value.field, shop.writes()) == ("email", [])


def test_a_group_of_another_system_is_left_to_the_shop(opened: Open) -> None:
    assert "group_id" not in rendered(Customers(), replace(ANNA, classification="GROOT"))


def test_an_account_that_has_the_user_name_already_is_updated(opened: Open) -> None:
    shop = opened(orders=1)
    first = written(shop, Customers(), ANNA)
    shop.reset()

    second = written(shop, Customers(), replace(ANNA, first_name="Annemarie"))

    assert first == second
    assert shop.writes() == ["POST users", "PATCH users/#"]
    assert got(shop, second).first_name == "Annemarie"


def test_an_account_that_is_taken_and_not_found_is_told(opened: Open) -> None:
    shop = opened(orders=1)
    Customers().find(shop.api, "email", ["anna@example.nl"])
    shop.api.patch("/users/61234001/", {"username": "anna@example.nl"})

    with pytest.raises(RecordError, match=r"user name anna@example\.nl already") as error:
        written(shop, Customers(), ANNA)

    assert error.value.code == "duplicate"


def test_an_update_of_what_was_just_read_is_one_request_and_the_same_again_no_error(
    opened: Open,
) -> None:
    """C03."""
    shop = opened(orders=1)
    key = written(shop, Customers(), ANNA)

    for _ in range(2):
        assert got(shop, key).first_name == "Anna"
        shop.reset()
        written(shop, Customers(), replace(ANNA, phone="+31600000000"), key=key)
        (patched,) = shop.sandbox.requests
        assert patched["method"] == "PATCH"
        assert "username" not in patched["body"]

    assert patched["status"] == 500  # 500.50: nothing to do
    assert got(shop, key).phone == "+31600000000"


def test_an_account_is_switched_off(opened: Open) -> None:
    shop = opened(orders=1)

    written(shop, Customers(), Customer(active=False), key="61234001")

    assert got(shop, "61234001").active is False
    assert got(shop, "61234001").name == "Zoë van den Berg"


def test_accounts_are_found_by_address_and_number_with_one_walk(opened: Open) -> None:
    """O29: many customers cost ceil(N/250), whatever is asked."""
    shop = opened(orders=1, users=600)

    found = Customers().find(shop.api, "email", ["ZOE.vandenBerg0@example.nl", "nobody@x.nl"])
    by_number = Customers().find(shop.api, "number", ["10001", "61234002", "1"])

    assert [r["id"] for r in found.values()] == [61234001]
    assert list(by_number) == ["10001"]
    assert shop.asked("/users/") == 3


def test_a_later_look_reads_only_the_accounts_that_are_new(opened: Open) -> None:
    shop = opened(orders=1, users=600)
    Customers().find(shop.api, "email", ["x"])
    made = shop.api.post("/users/", {"username": "new@example.nl", "password": "x"})
    shop.reset()

    with shop.api.doubting():
        found = Customers().find(shop.api, "email", ["new@example.nl"])

    assert [r["id"] for r in found.values()] == [made["id"]]
    assert len(shop.sandbox.requests) == 1


def test_a_lost_answer_makes_no_second_account(opened: Open) -> None:
    for kind in ("drop_before", "drop_after"):
        shop = opened(orders=1)
        shop.sandbox.fault(kind, method="POST", times=1)
        with pytest.raises(Exception, match="did not answer"):
            written(shop, Customers(), ANNA)

        with shop.api.doubting():
            if not Customers().find(shop.api, "email", ["anna@example.nl"]):
                written(shop, Customers(), ANNA)

        found = shop.api.get("/users/?start=0&size=250")["items"]
        assert sum(u["username"] == "anna@example.nl" for u in found) == 1


def test_an_account_that_is_gone_is_told(opened: Open) -> None:
    shop = opened(orders=1)

    for key in ("1", "x"):
        with pytest.raises(NotFound):
            written(shop, Customers(), ANNA, key=key)


def test_the_sandbox_refuses_both_forms_of_an_address_at_once(opened: Open) -> None:
    both = {"street": "A", "address_line_1": "A 1"}
    with pytest.raises(RecordError, match="not both"):
        opened(orders=1).api.patch("/users/61234001/", {"userinfo": {"billingaddress": both}})
