"""What whole flows cost the CRM: the numbers of the pair, from books to CRM and back."""

from __future__ import annotations

from collections.abc import Callable

from koppel_exact_globe.sandbox import movements
from koppel_hubspot.sandbox import ORDER_PIPELINE

from tests.flows.hubspot.bench import (
    VAT_IN_CRM,
    Trio,
    company,
    flow,
    orders_to_books,
    orders_to_crm,
    person,
)
from tests.flows.pairs import go, outcomes

Make = Callable[..., Trio]


def test_200_orders_with_600_lines_are_booked_for_14_requests_to_the_crm(make_trio: Make) -> None:
    trio = make_trio(crm={"orders": 200, "lines": 3, "contacts": 180, "companies": 60})
    trio.couple(orders=orders_to_books())
    assert outcomes(go(trio, "orders")) == {"created": 200}
    assert len(trio.rows("SalesOrderLine")) >= 600
    assert trio.mark() <= 14, [r["path"] for r in trio.asked()]


def test_5000_debtors_of_which_4000_are_companies_are_made_in_200_requests(
    make_trio: Make,
) -> None:
    accounts = [
        person(n) if n % 5 == 0 else company(n, ContactEmail=f"info@rijwiel{n}.example")
        for n in range(5000)
    ]
    trio = make_trio(erp={"accounts": accounts})
    trio.couple(customers=flow("erp.customers", "crm.customers"))
    assert outcomes(go(trio, "customers"))["created"] >= 5000
    assert len(trio.of("companies")) >= 4000
    assert len(trio.of("contacts")) >= 5000
    assert trio.mark() <= 200
    since = trio.mark()
    go(trio, "customers")
    assert trio.mark() - since <= 2, "nothing has changed"


def test_500_products_and_their_stock_cost_a_request_for_every_hundred(make_trio: Make) -> None:
    trio = make_trio(erp={"items": 500, "families": 0})
    trio.couple(
        products=flow("erp.products", "crm.products", product_vat_codes=VAT_IN_CRM),
        stock=flow("erp.stock", "crm.stock"),
    )
    go(trio, "products")
    assert len(trio.writes()) <= 9, "properties that are made for the first time among them"
    since = trio.mark()
    assert outcomes(go(trio, "stock"))["updated"] >= 490
    assert trio.mark() - since <= 11


def test_100_orders_with_250_lines_are_written_in_10_requests(make_trio: Make) -> None:
    """Looked up and written by the hundred, their customers brought up to date among them."""
    trio = make_trio(erp={"accounts": [company(n) for n in range(20)]})
    trio.couple(
        customers=flow("erp.customers", "crm.customers"),
        orders=orders_to_crm(new_pipeline=ORDER_PIPELINE),
    )
    go(trio, "customers")
    movements.book(trio.world, "", {"ZADEL-GEL": 1})
    go(trio, "orders")  # makes the properties that orders need
    goods = ("ZADEL-GEL", "BEL-DINGDONG", "POMP-VLOER")
    for n in range(100):
        bought = dict.fromkeys(goods[: 2 + n % 2], 1.0)
        movements.book(trio.world, "", bought, str(1005 + n % 20))
    since = trio.mark()
    assert outcomes(go(trio, "orders"))["created"] == 100
    assert len(trio.of("line_items")) == 251
    assert trio.mark() - since <= 10, [r["path"] for r in trio.asked(since)]
