"""How many requests it takes: batches of a hundred, links a thousand at a time."""

from __future__ import annotations

from decimal import Decimal

from koppel_hubspot import hubspot

from hub.model import StockLevel
from hub.sdk import Query, RecordError, Written

from .conftest import Open, created, effects, records, rendered, updated
from .samples import company, contact, order, product


def test_200_orders_with_600_lines_are_read_in_14_requests(opened: Open) -> None:
    account = opened(contacts=180, companies=60, orders=200, lines=3)
    found = records(account, "orders")
    assert len(found) == 200
    assert sum(len(record["lines"]) for record in found) == 600
    assert all("contact" in record for record in found)
    assert account.asked("/crm/") <= 14


def test_100_orders_with_250_lines_are_written_in_10_requests(opened: Open) -> None:
    account = opened(contacts=100, companies=40)
    entity, products = hubspot.entity("orders"), hubspot.entity("products")
    created(account, "orders", [order(0)])  # the account has our properties from an earlier day
    account.reset()
    # What a flow does for a page of a hundred: look for orders, customers and products; write.
    documents = [order(n, 2 + n % 2) for n in range(1, 101)]
    customers = hubspot.entity("customers")
    known = customers.find(account.api, "email", [f"klant{n}@example.com" for n in range(1, 101)])
    items = products.find(account.api, "sku", ["BEL-DINGDONG"])
    assert not entity.find(account.api, "reference", [d.reference or "" for d in documents])
    for n, document in enumerate(documents, 1):
        email = f"klant{n}@example.com"
        document.customer.email, document.debtor = email, str(known[email]["id"])
        for line in document.lines:
            line.item = items["BEL-DINGDONG"]["item"]
    results = created(account, "orders", documents)
    assert all(isinstance(result, Written) for result in results), results
    assert len(account.of("orders")) == 101
    assert len(account.of("line_items")) == 251
    assert account.asked("/crm/") <= 10


def test_500_products_are_created_in_10_requests(opened: Open) -> None:
    account = opened()
    entity = hubspot.entity("products")
    created(account, "products", [product(0)])
    account.reset()
    documents = [product(n) for n in range(1, 501)]
    for start in range(0, 500, 100):
        part = documents[start : start + 100]
        assert not entity.find(account.api, "sku", [d.sku or "" for d in part])
        assert all(isinstance(r, Written) for r in created(account, "products", part))
    assert len(account.of("products", name="Fietsbel 417")) == 1
    assert account.asked("/crm/") <= 10


def test_1000_stock_levels_are_written_in_11_requests(opened: Open) -> None:
    account = opened(products=1000)
    entity = hubspot.entity("stock")
    skus = [f"ART-{n:05d}" for n in range(1, 1001)]
    found = entity.find(account.api, "sku", skus)
    account.reset()
    for start in range(0, 1000, 100):
        part = [
            (found[sku]["id"], StockLevel(sku=sku, quantity=Decimal(len(sku))))
            for sku in skus[start : start + 100]
        ]
        assert all(isinstance(r, Written) for r in updated(account, "stock", part))
    assert len(account.of("products", hub_stock="9")) >= 1000
    assert account.asked("/crm/") <= 11


def test_5000_contacts_with_4000_companies_are_read_in_200_requests(opened: Open) -> None:
    account = opened(contacts=5000, companies=4000, ties=100)
    found = records(account, "customers")
    companies = [record for record in found if "company" in record]
    persons = [record for record in found if "company" not in record]
    assert len(companies) == 4000
    assert len(persons) == 1000
    assert sum(len(record["contacts"]) for record in companies) == 4000
    assert len({record["id"] for record in found}) == 5000
    assert account.asked("/crm/") <= 200


def test_5000_contacts_with_4000_companies_are_written_in_200_requests(opened: Open) -> None:
    account = opened()
    created(account, "customers", [company(0)])
    account.reset()
    entity = hubspot.entity("customers")
    for start in range(1, 4001, 100):
        part = [
            company(n, contact(n), *([contact(10_000 + n)] if n % 4 == 0 else []))
            for n in range(start, start + 100)
        ]
        assert not entity.find(account.api, "email", [d.email or "" for d in part])
        payloads = [rendered(entity, document) for document in part]
        results = entity.create_many(account.api, payloads, effects(len(part)))
        assert not [r for r in results if isinstance(r, RecordError)]
    assert len(account.of("companies")) == 4001
    assert len(account.of("contacts")) == 5001
    assert account.asked("/crm/") <= 200


def test_a_second_sync_of_customers_reads_only_what_changed(opened: Open) -> None:
    account = opened(contacts=300, companies=200)
    entity = hubspot.entity("customers")
    cursor = None
    for page in entity.read(account.api, Query(settings=account.api.settings)):
        cursor = page.cursor or cursor
    account.reset()
    again = records(account, "customers", since=cursor)
    assert len(again) < 10
    assert account.asked("/crm/") <= 10
