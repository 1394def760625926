"""Customers both ways between a shop and the books: who is made, changed, and left in peace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from koppel_ccvshop.customers import Customers as Users
from koppel_ccvshop.sandbox.people import ACCOUNT_ID, person
from koppel_exact_globe.customers import Customers as Debtors
from sqlmodel import select

from hub.store.tables import Connection
from tests.flows.conftest import Bench
from tests.flows.pairs import couple, entry, go, mark, orders_flow, outcomes, there, writes

Make = Callable[..., Bench]
ZOE, SMIT, GERMAN = person(0), person(5), person(8)
ZOE_KEY, SMIT_KEY, GERMAN_KEY = (str(ACCOUNT_ID + n) for n in (0, 5, 8))
OM_DE_HOEK = "info@omdehoek.example"


def to_books(rules: list[Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {
        "from": "webshop.customers",
        "to": "erp.customers",
        "settings": settings,
        "rules": rules or [],
    }


def to_shop(rules: list[Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {
        "from": "erp.customers",
        "to": "webshop.customers",
        "settings": settings,
        "rules": rules or [],
    }


@pytest.fixture
def pair(make_bench: Make) -> Callable[..., Bench]:
    """Two systems without orders; accounts: what the books know besides their own."""

    def make(accounts: list[dict[str, Any]] | None = None) -> Bench:
        return make_bench(shop={"orders": 0}, erp={"accounts": accounts or ()})

    return make


Pair = Callable[..., Bench]


def debtor(bench: Bench, email: str) -> Any:
    return there(bench, "erp", Debtors(), "email", email)


def user(bench: Bench, email: str) -> Any:
    return there(bench, "webshop", Users(), "email", email)


def account(bench: Bench, email: str) -> dict[str, Any]:
    """The one account of the books with this address."""
    rows = bench.erp.extensions["world"].tables["Account"]
    (found,) = [r for r in rows if str(r.get("EmailAddress")).casefold() == email.casefold()]
    return found  # type: ignore[no-any-return]


def accounts(bench: Bench) -> int:
    return len(list(bench.erp.extensions["world"].tables["Account"]))


def change_account(bench: Bench, email: str, **values: Any) -> None:
    """Somebody edits a debtor in the books."""
    world = bench.erp.extensions["world"]
    row = account(bench, email)
    world.tables["Account"].change(row, {**values, "ModifiedDate": world.now() + 60_000})


def change_user(bench: Bench, key: str, **values: Any) -> None:
    """Somebody edits an account in the shop."""
    with bench.hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "webshop")).one()
    with bench.hub.open(row) as api:
        api.patch(f"/users/{key}/", values, safe=True)


def made_in_shop(**values: Any) -> dict[str, Any]:
    """An account of the books for a person with an address."""
    return {
        "AccountName": "Aukje de Vries",
        "CustomerType": "C",
        "CustomerStatus": "A",
        "EmailAddress": "aukje@post.example",
        "ContactFirstName": "Aukje",
        "ContactMiddleName": "de",
        "ContactLastName": "Vries",
        "MailingAddress1": "Grote Kerkstraat 9",
        "MailingPostcode": "8911 DZ",
        "MailingCity": "Leeuwarden",
        "MailingCountry": "NL",
    } | values


# ---- failures


def test_a_debtor_without_an_email_address_is_held_back_with_a_sentence(pair: Pair) -> None:
    bench = pair([made_in_shop()])
    couple(bench, customers=to_shop())
    ran = go(bench, "customers")
    held = [e for e in ran["entries"] if e["reference"] == "1000"]
    assert [e["outcome"] for e in held] in (["failed"], ["blocked"])
    assert "e-mail address" in held[0]["reason"]
    assert held[0]["field"] == "email"
    assert user(bench, "aukje@post.example") is not None, "the others go on"


def test_of_two_debtors_with_one_email_address_the_second_does_not_overwrite_the_first(
    pair: Pair,
) -> None:
    bench = pair([made_in_shop(), made_in_shop(AccountName="Aukje's Winkel", MailingCity="Sneek")])
    couple(bench, customers=to_shop())
    ran = go(bench, "customers")
    keys = [
        row["ID"]
        for row in bench.erp.extensions["world"].tables["Account"]
        if row.get("EmailAddress") == "aukje@post.example"
    ]
    ended = [entry(ran, key) for key in keys]
    assert [e["outcome"] for e in ended].count("created") == 1
    other = next(e for e in ended if e["outcome"] != "created")
    assert other["outcome"] == "blocked"
    assert "aukje@post.example" in other["reason"]
    again = go(bench, "customers")
    assert outcomes(again)["updated"] == outcomes(again)["created"] == 0
    assert user(bench, "aukje@post.example").billing.city in ("Leeuwarden", "Sneek")


def test_a_country_that_the_table_of_vat_codes_lacks_holds_the_customer_back(pair: Pair) -> None:
    bench = pair()
    couple(bench, customers=to_books(customer_vat_codes={"rows": {"NL": "3"}}))
    ran = go(bench, "customers")
    held = entry(ran, GERMAN_KEY)
    assert held["outcome"] == "blocked"
    assert "DE" in held["reason"]
    assert outcomes(ran)["created"] > 0


# ---- the shop's accounts become debtors


def test_c10_a_company_is_made_with_its_contact_below_it_and_a_person_as_a_person(
    pair: Pair,
) -> None:
    """Also O27 and O28: the same rule as for the customers of orders."""
    bench = pair()
    couple(bench, customers=to_books())
    ran = go(bench, "customers")
    assert ran["status"] == "succeeded", ran["entries"]
    company, one = debtor(bench, SMIT.email), debtor(bench, ZOE.email)
    assert (company.type, company.name) == ("company", "Smit Tweewielers")
    assert [(c.first_name, c.last_name) for c in company.contacts] == [("Kees", "Smit")]
    assert company.vat_number == "NL100000010B01"
    assert (one.type, one.name, one.last_name) == ("person", "Zoë van den Berg", "van den Berg")


def test_c01_c04_revenue_account_and_vat_code_follow_the_country(pair: Pair) -> None:
    bench = pair()
    couple(
        bench,
        customers=to_books(
            revenue_accounts={"rows": {"NL": "8000", "EU": "8020"}, "default": "8030"},
            customer_vat_codes={"rows": {"NL": "3", "DE": "7"}, "default": "6"},
        ),
    )
    go(bench, "customers")
    dutch, german = account(bench, ZOE.email), account(bench, GERMAN.email)
    assert (dutch["OffsetLedgerAccount"].strip(), dutch["VatCode"].strip()) == ("8000", "3")
    assert (german["OffsetLedgerAccount"].strip(), german["VatCode"].strip()) == ("8020", "7")


def test_c02_cost_centre_and_cost_unit_reach_the_free_fields_that_were_named_for_them(
    pair: Pair,
) -> None:
    bench = pair()
    couple(
        bench,
        customers=to_books(
            cost_center="WEB",
            cost_unit="KD02",
            cost_center_field="TextFreeField3",
            cost_unit_field="TextFreeField4",
        ),
    )
    go(bench, "customers")
    made = account(bench, ZOE.email)
    assert (made["TextFreeField3"], made["TextFreeField4"]) == ("WEB", "KD02")


def test_c07_groups_become_classifications_by_the_table_and_conditions_follow(pair: Pair) -> None:
    bench = pair()
    couple(
        bench,
        customers=to_books(
            classifications={"rows": {"3302": "B2B", "3303": "GRT"}, "default": "WEB"},
            customer_conditions={"default": "14"},
        ),
    )
    go(bench, "customers")
    assert account(bench, SMIT.email)["ClassificationID"].strip() == "GRT"
    assert account(bench, person(6).email)["ClassificationID"].strip() == "B2B"
    assert account(bench, ZOE.email)["ClassificationID"].strip() == "WEB"
    assert account(bench, ZOE.email)["PaymentCondition"].strip() == "14"


def test_c05_a_rule_fills_a_free_field_of_the_books(pair: Pair) -> None:
    bench = pair()
    rules = [{"to": "TextFreeField1", "template": "Webshop {username}"}]
    couple(bench, customers=to_books(rules))
    go(bench, "customers")
    assert account(bench, ZOE.email)["TextFreeField1"] == f"Webshop {ZOE.email}"


def test_c03_with_updates_switched_off_who_is_there_stays_as_he_is(pair: Pair) -> None:
    bench = pair([made_in_shop(EmailAddress=ZOE.email)])
    couple(bench, customers=to_books(update=False))
    ran = go(bench, "customers")
    assert entry(ran, ZOE_KEY)["outcome"] == "skipped"
    assert account(bench, ZOE.email)["MailingCity"] == "Leeuwarden"


def test_c03_updates_that_are_switched_on_later_reach_who_was_left_as_he_is(pair: Pair) -> None:
    bench = pair([made_in_shop(EmailAddress=ZOE.email)])
    couple(bench, customers=to_books(update=False))
    go(bench, "customers")
    couple(bench, customers=to_books())
    assert entry(go(bench, "customers", full=True), ZOE_KEY)["outcome"] == "updated"
    assert account(bench, ZOE.email)["MailingCity"] == "Amsterdam"
    assert entry(go(bench, "customers", full=True), ZOE_KEY)["outcome"] == "unchanged"


def test_with_creation_switched_off_only_who_is_there_is_updated(pair: Pair) -> None:
    bench = pair([made_in_shop(EmailAddress=ZOE.email)])
    before = accounts(bench)
    couple(bench, customers=to_books(create_missing=False))
    ran = go(bench, "customers")
    assert accounts(bench) == before
    assert outcomes(ran)["updated"] == 1
    assert entry(ran, SMIT_KEY)["outcome"] == "skipped"
    assert account(bench, ZOE.email)["MailingCity"] == "Amsterdam"


def test_customers_can_be_recognised_by_their_number(pair: Pair) -> None:
    bench = pair([made_in_shop(DebtorNumber="10006", AccountCode="10006", EmailAddress="oud@x.nl")])
    couple(bench, customers=to_books(match="number"))
    ran = go(bench, "customers")
    assert entry(ran, SMIT_KEY)["outcome"] == "updated"
    assert account(bench, SMIT.email)["DebtorNumber"].strip() == "10006"


def test_a_second_run_writes_nothing_and_a_change_flows_on(pair: Pair) -> None:
    """C09, by looking again: the shop does not say which accounts were changed."""
    bench = pair()
    couple(bench, customers=to_books())
    go(bench, "customers")
    before = mark(bench, "erp")
    again = go(bench, "customers")
    assert writes(bench, "erp", before) == []
    assert outcomes(again)["unchanged"] == again["read"] > 0
    change_user(bench, ZOE_KEY, userinfo={"billingaddress": {"telephone": "+31205550000"}})
    before = mark(bench, "erp")
    changed = go(bench, "customers")
    assert entry(changed, ZOE_KEY)["outcome"] == "updated"
    assert len(writes(bench, "erp", before)) == 1
    assert debtor(bench, ZOE.email).phone == "+31205550000"


# ---- debtors become accounts of the shop


def test_c08_debtors_become_accounts_and_a_second_run_is_quiet(pair: Pair) -> None:
    bench = pair([made_in_shop()])
    couple(bench, customers=to_shop())
    ran = go(bench, "customers")
    assert outcomes(ran)["created"] >= 2
    one, company = user(bench, "aukje@post.example"), user(bench, OM_DE_HOEK)
    assert (one.first_name, one.last_name) == ("Aukje", "de Vries")
    assert (one.billing.street, one.billing.house_number) == ("Grote Kerkstraat", "9")
    assert company.company == "Fietsenmaker Om de Hoek B.V."
    assert company.vat_number == "NL000000000B00"
    before = mark(bench, "shop")
    again = go(bench, "customers")
    assert writes(bench, "shop", before) == []
    assert outcomes(again)["created"] == outcomes(again)["updated"] == 0


def test_c09_a_debtor_that_changes_flows_on_by_the_cursor(pair: Pair) -> None:
    bench = pair([made_in_shop()])
    couple(bench, customers=to_shop())
    go(bench, "customers")
    change_account(bench, "aukje@post.example", MailingAddress1="Nieuwestad 12")
    before = mark(bench, "shop")
    ran = go(bench, "customers", trigger="schedule")
    assert [e["outcome"] for e in ran["entries"]] == ["updated"], ran["entries"]
    assert len(writes(bench, "shop", before)) == 1
    moved = user(bench, "aukje@post.example")
    assert (moved.billing.street, moved.billing.house_number) == ("Nieuwestad", "12")


def test_classifications_of_the_books_become_groups_of_the_shop(pair: Pair) -> None:
    """C07, the other way."""
    bench = pair([made_in_shop(ClassificationID="WEB")])
    couple(
        bench,
        customers=to_shop(classifications={"rows": {"B2B": "3302"}, "default": "3301"}),
    )
    go(bench, "customers")
    assert user(bench, OM_DE_HOEK).classification == "3302"
    assert user(bench, "aukje@post.example").classification == "3301"


def test_the_flow_to_the_shop_can_leave_alone_who_is_there(pair: Pair) -> None:
    bench = pair([made_in_shop(EmailAddress=ZOE.email)])
    couple(bench, customers=to_shop(update=False))
    ran = go(bench, "customers")
    assert entry(ran, account(bench, ZOE.email)["ID"])["outcome"] == "skipped"
    assert user(bench, ZOE.email).billing.city == "Amsterdam"


# ---- together


def test_own_writes_come_back_without_a_write(pair: Pair) -> None:
    bench = pair([made_in_shop()])
    couple(bench, there=to_books(), back=to_shop())
    go(bench, "there")
    before = mark(bench, "shop"), accounts(bench)
    back = go(bench, "back")
    assert entry(back, account(bench, ZOE.email)["ID"])["outcome"] == "unchanged"
    assert outcomes(back)["updated"] == 0, [e for e in back["entries"] if e["outcome"] == "updated"]
    assert outcomes(back)["created"] == len(writes(bench, "shop", before[0]))
    again = go(bench, "there")
    assert accounts(bench) == before[1]
    assert outcomes(again)["created"] == 0
    quiet = mark(bench, "shop"), mark(bench, "erp")
    go(bench, "back")
    go(bench, "there")
    assert writes(bench, "shop", quiet[0]) == writes(bench, "erp", quiet[1]) == []


def test_c11_customers_that_came_with_orders_are_not_made_again_by_their_own_flow(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 12})
    couple(bench, shop_orders=orders_flow(), customers=to_books())
    go(bench, "shop-orders")
    before = accounts(bench)
    emails = {r.get("EmailAddress") for r in bench.erp.extensions["world"].tables["Account"]}
    with_account = [n for n in range(20) if person(n).has_account]
    known = {person(n).email for n in with_account} & emails
    assert known, "some of who ordered have an account"
    ran = go(bench, "customers")
    assert outcomes(ran)["created"] == len(with_account) - len(known)
    assert accounts(bench) == before + outcomes(ran)["created"]
    bench.place("plain", 3)
    before = accounts(bench)
    go(bench, "shop-orders")
    rows = list(bench.erp.extensions["world"].tables["Account"])
    addresses = [str(r["EmailAddress"]).casefold() for r in rows if r.get("EmailAddress")]
    assert len(addresses) == len(set(addresses)), "nobody is there twice"
