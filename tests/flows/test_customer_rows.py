"""Customers in a flow of their own: who is made, who is updated, and as what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from koppel_ccvshop.sandbox.people import person

from .conftest import Bench

Make = Callable[..., Bench]
ZOE, SMIT = person(0), person(5)


def customers(make_bench: Make, accounts: Sequence[dict[str, Any]] = (), **settings: Any) -> Bench:
    """A flow of customers between a shop and an ERP that knows these *accounts* already."""
    return make_bench(
        shop={"orders": 0},
        erp={"accounts": accounts},
        **{"from": "webshop.customers", "to": "erp.customers", "settings": settings},
    )


def account(bench: Bench, email: str) -> dict[str, Any]:
    """The one account with that address."""
    rows = bench.erp.extensions["world"].tables["Account"]
    (found,) = [dict(r) for r in rows if str(r.get("EmailAddress")).casefold() == email.casefold()]
    return found


def known(**values: Any) -> dict[str, Any]:
    """Zoë, as the ERP knows her."""
    return {
        "AccountName": "Zoe v.d. Berg",
        "CustomerType": "C",
        "CustomerStatus": "A",
        "EmailAddress": ZOE.email,
        "MailingAddress1": "Oude Weg 1",
    } | values


def test_c03_customers_that_are_there_are_left_alone_when_updates_are_switched_off(
    make_bench: Make,
) -> None:
    bench = customers(make_bench, [known()], update=False)
    told = bench.run()
    (zoe,) = [e for e in told["entries"] if e["key"] == "61234001"]
    assert zoe["outcome"] == "skipped"
    assert account(bench, ZOE.email)["MailingAddress1"] == "Oude Weg 1"


def test_c03_customers_that_are_there_are_updated(make_bench: Make) -> None:
    bench = customers(make_bench, [known()])
    told = bench.run()
    (zoe,) = [e for e in told["entries"] if e["key"] == "61234001"]
    assert zoe["outcome"] == "updated"
    assert account(bench, ZOE.email)["MailingAddress1"] == "Utrechtsestraat 12 bis"


def test_c10_c08_a_company_becomes_a_company_and_a_person_a_person(make_bench: Make) -> None:
    bench = customers(make_bench, customer_classification="WEB")
    told = bench.run()
    assert told["status"] == "succeeded", told["entries"]
    company, one = account(bench, SMIT.email), account(bench, ZOE.email)
    assert (company["AccountName"], company["ContactLastName"]) == ("Smit Tweewielers", "Smit")
    assert (one["AccountName"], one["ContactLastName"]) == ("Zoë van den Berg", "van den Berg")


def test_c07_new_customers_get_the_classification_of_the_flow(make_bench: Make) -> None:
    bench = customers(make_bench, [known()], customer_classification="B2B")
    bench.run()
    assert account(bench, SMIT.email)["ClassificationID"].strip() == "B2B"
    assert account(bench, ZOE.email).get("ClassificationID") is None, "she was there already"


def test_a_second_run_of_customers_writes_nothing(make_bench: Make) -> None:
    bench = customers(make_bench)
    bench.run()
    bench.erp_sandbox.requests.clear()
    told = bench.run()
    assert told["unchanged"] == told["read"] > 0
    assert not bench.erp_sandbox.asked("POST|MERGE|PUT|PATCH|DELETE")
