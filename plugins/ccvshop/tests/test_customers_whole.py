"""An account is written whole, in the shop's own spelling, and found by its user name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from koppel_ccvshop.customers import Customers

from hub.model import Customer
from hub.sdk import Effect

from .altered import altered, each
from .conftest import Open, Shop, written
from .test_customers_write import ANNA, got

ZOE = "61234001"


def sent(shop: Shop, method: str = "PATCH") -> dict[str, Any]:
    """The person in the body that was written last."""
    found: dict[str, Any] = json.loads(shop.sandbox.asked(method)[-1]["body"])["userinfo"]
    return found


def otherwise_spelled(user: dict[str, Any]) -> None:
    for name in ("billingaddress", "deliveryaddress"):
        address = user["userinfo"][name]
        for line in ("1", "2"):
            address[f"address_line{line}"] = address.pop(f"address_line_{line}")


# -- user names ----------------------------------------------------------------------------------


def test_an_account_whose_user_name_is_taken_is_found_by_it_and_updated(opened: Open) -> None:
    """The user name is the address of old, the account's own e-mail address another."""
    shop = opened(orders=1)
    first = written(shop, Customers(), ANNA)
    shop.api.patch(f"/users/{first}/", {"userinfo": {"email": "other@example.nl"}})
    for known in shop.app.extensions["resources"].accounts.made.values():
        known["userinfo"]["email"] = "other@example.nl"

    second = written(shop, Customers(), replace(ANNA, first_name="Annemarie"))

    assert second == first
    assert (got(shop, first).first_name, got(shop, first).email) == ("Annemarie", ANNA.email)


def test_a_user_name_that_is_no_address_is_found(opened: Open) -> None:
    shop = opened(orders=1)
    body = {"username": "anna1", "password": "x", "userinfo": {"email": "old@example.nl"}}
    made = shop.api.post("/users/", body)
    payload = {"username": "anna1", "userinfo": {"email": "anna@example.nl"}}

    found = Customers().create(shop.api, payload, Effect("token"))

    assert found.key == str(made["id"])
    assert got(shop, found.key).email == "anna@example.nl"


# -- nothing is lost -----------------------------------------------------------------------------


def test_an_update_sends_all_that_the_account_has(opened: Open) -> None:
    """Whether the shop keeps what a PATCH leaves out of a person is not known."""
    shop = opened(orders=1)
    before = shop.api.get(f"/users/{ZOE}/")["userinfo"]

    written(shop, Customers(), Customer(phone="+31600000000"), key=ZOE)

    billing = sent(shop)["billingaddress"]
    assert billing == {
        **{n: v for n, v in before["billingaddress"].items() if v and n not in LEFT_OUT},
        "telephone": "+31600000000",
    }
    assert (billing["street"], billing["housenumber"]) == ("Utrechtsestraat", 12)
    assert (sent(shop)["reference"], sent(shop)["email"]) == ("10001", before["email"])
    assert "deliveryaddress" not in sent(shop)


LEFT_OUT = ("full_name", "country", "address_line_1")


def test_an_address_that_changes_its_form_is_sent_in_the_new_one_only(opened: Open) -> None:
    shop = opened(orders=1)
    lines = {"userinfo": {"billingaddress": {"address_line_1": "Kade t.o. 4"}}}
    parts = {"userinfo": {"billingaddress": {"street": "Kade", "housenumber": "4"}}}

    Customers().update(shop.api, ZOE, lines, Effect("token"))
    assert not sent(shop)["billingaddress"].keys() & {"street", "housenumber"}

    Customers().update(shop.api, ZOE, parts, Effect("token"))
    assert sent(shop)["billingaddress"]["housenumber"] == 4
    assert "address_line_1" not in sent(shop)["billingaddress"]


def test_only_what_is_written_of_the_person_asks_for_the_account(opened: Open) -> None:
    shop = opened(orders=1)

    written(shop, Customers(), Customer(active=False), key=ZOE)

    assert [r["method"] for r in shop.sandbox.requests] == ["PATCH"]


# -- the spelling of the lines -------------------------------------------------------------------


def test_the_lines_of_an_address_are_spelled_as_the_shop_does(opened: Open) -> None:
    shop = opened(orders=1, middleware=altered("/users/", each(otherwise_spelled)))
    shop.sandbox.fault("status", method="PATCH", status=204)
    lines = {"userinfo": {"billingaddress": {"address_line_1": "Kade t.o. 4"}}}

    Customers().update(shop.api, ZOE, lines, Effect("token"))

    billing = sent(shop)["billingaddress"]
    assert billing["address_line1"] == "Kade t.o. 4"
    assert not billing.keys() & {"address_line_1", "street", "housenumber"}


def test_a_new_account_is_spelled_as_those_that_were_looked_through(opened: Open) -> None:
    shop = opened(orders=1, middleware=altered("/users/", each(otherwise_spelled)))
    Customers().find(shop.api, "email", ["anna@example.nl"])
    made = json.dumps({"id": 71000001, "username": "anna@example.nl"})
    shop.sandbox.fault("status", method="POST", status=201, body=made)

    lined = replace(ANNA, billing=replace(ANNA.billing, line2="3 hoog"))
    written(shop, Customers(), lined)

    assert sent(shop, "POST")["billingaddress"]["address_line2"] == "3 hoog"
