"""Customers are the accounts of the shop, walked from the first to the last."""

from __future__ import annotations

from koppel_ccvshop.entities import Customers
from koppel_ccvshop.forms import CustomersFilter

from hub.model import Customer
from hub.sdk import Query

from .conftest import Open, Shop, records, understood


def customer(shop: Shop, user_id: int) -> Customer:
    found = Customers().get(shop.api, [str(user_id)])
    document = understood(Customers(), found[str(user_id)])
    assert isinstance(document, Customer)
    return document


def test_every_account_is_read_once(opened: Open) -> None:
    shop = opened(orders=1500)  # so many customers that there are two pages of accounts

    found = records(shop, "customers")

    ids = [user["id"] for user in found]
    assert len(ids) == len(set(ids)) == shop.sandbox.state()["users"] > 250
    assert shop.asked("/users/") == 2


def test_a_walk_leaves_no_cursor_because_the_shop_has_no_dates(opened: Open) -> None:
    shop = opened(orders=1)

    pages = list(Customers().read(shop.api, Query(filter=CustomersFilter())))

    assert [page.cursor for page in pages] == [None]


def test_only_the_groups_that_were_chosen_are_taken(opened: Open) -> None:
    shop = opened(orders=1)

    found = records(shop, "customers", filter=CustomersFilter(groups=["3303"]))

    assert {user["group_id"] for user in found} == {3303}


def test_an_account_that_is_gone_is_left_out(opened: Open) -> None:
    shop = opened(orders=1)

    assert list(Customers().get(shop.api, ["61234000", "61234001"])) == ["61234001"]


def test_a_person_has_a_name_addresses_and_a_group(opened: Open) -> None:
    who = customer(opened(orders=1), 61234001)

    assert (who.key, who.number, who.reference) == ("61234001", "10001", "10001")
    assert (who.name, who.first_name, who.last_name) == ("Zoë van den Berg", "Zoë", "van den Berg")
    assert (who.company, who.contacts, who.active) == (None, [], True)
    assert who.email == "zoe.vandenberg0@example.nl"
    assert who.classification == "3301"
    assert (who.billing.street, who.billing.house_number_suffix) == ("Utrechtsestraat", "bis")
    assert who.delivery == who.billing


def test_a_company_has_its_numbers_and_a_contact_person(opened: Open) -> None:
    who = customer(opened(orders=1), 61234006)

    assert (who.name, who.company) == ("Smit Tweewielers", "Smit Tweewielers")
    assert (who.vat_number, who.chamber_number) == ("NL100000010B01", "30000001")
    assert who.classification == "3303"
    (contact,) = who.contacts
    assert (contact.first_name, contact.last_name) == ("Kees", "Smit")


def test_a_user_name_that_is_an_e_mail_address_stands_in_for_a_missing_one() -> None:
    record = {"id": 7, "username": "jan@example.nl", "userinfo": {"email": ""}}
    nobody = {"id": 8, "username": "jan", "userinfo": None}

    assert getattr(understood(Customers(), record), "email", None) == "jan@example.nl"
    assert getattr(understood(Customers(), nobody), "email", None) is None
