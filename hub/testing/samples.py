"""Documents to write in contract tests: orders, what becomes of them, customers, products."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from hub.mapping.fieldtable import FieldTable
from hub.model import (
    Address,
    Customer,
    Document,
    Invoice,
    JournalEntry,
    Line,
    Order,
    Posting,
    Product,
    StockLevel,
)
from hub.sdk import Entity
from hub.testing.bench import NotApplicable

if TYPE_CHECKING:
    from hub.testing.bench import Bench


def sample(bench: Bench, entity: Entity) -> Document:
    """A new document of the entity's kind; what it refers to is made or found first."""
    makers = {
        "order": order,
        "invoice": invoice,
        "journal_entry": journal_entry,
        "customer": customer,
        "product": product,
        "stock": stock,
    }
    return makers[entity.document.kind](bench, entity)


def address() -> Address:
    """A Dutch address, whole and in parts."""
    return Address(
        name="Anna de Vries",
        contact="Anna de Vries",
        line1="Keizersgracht 123 A",
        street="Keizersgracht",
        house_number="123",
        house_number_suffix="A",
        postal_code="1015 CJ",
        city="Amsterdam",
        country="NL",
        phone="+31201234567",
        email="anna@example.com",
    )


def customer(bench: Bench, entity: Entity) -> Customer:
    """A person with an e-mail address that nobody has yet."""
    number = bench.number()
    return Customer(
        key=number,
        number=number,
        reference=number,
        type="person",
        name="Anna de Vries",
        first_name="Anna",
        middle_name="de",
        last_name="Vries",
        email=f"anna.{number.lower()}@example.com",
        phone="+31201234567",
        language="nl",
        currency="EUR",
        billing=address(),
        delivery=address(),
    )


def product(bench: Bench, entity: Entity) -> Product:
    """A simple product with a SKU that nothing has yet."""
    number = bench.number()
    return Product(
        key=number,
        number=number,
        sku=number,
        name="Fietsbel",
        short_description="Koperen fietsbel",
        description="<p>Een koperen fietsbel.</p>",
        price=Decimal("12.10"),
        prices="gross",
        currency="EUR",
        tax_rate=Decimal(21),
        unit="pc",
        active=True,
        stock=Decimal(5),
    )


def stock(bench: Bench, entity: Entity) -> StockLevel:
    """The stock of a product that is there."""
    found = existing_product(bench)
    return StockLevel(
        key=found.sku, number=found.sku, sku=found.sku, physical=Decimal(7), available=Decimal(7)
    )


def order(bench: Bench, entity: Entity) -> Order:
    """An order of one line for a product that is there, by a customer that was just made."""
    number = bench.number()
    bought = existing_product(bench)
    buyer = customer(bench, entity)
    buyer.reference = buyer.number = buyer.key
    return Order(
        key=number,
        number=number,
        reference=number,
        ordered_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
        currency="EUR",
        prices="gross",
        paid=True,
        customer=buyer,
        debtor=made_customer(bench, buyer),
        billing=address(),
        delivery=address(),
        lines=[
            Line(
                key="1",
                kind="product",
                sku=bought.sku,
                item=bought.item or bought.sku,
                name=bought.name or bought.sku,
                quantity=Decimal(2),
                unit_price=Decimal("12.10"),
                total=Decimal("24.20"),
                tax_rate=Decimal(21),
                vat_code=vat_code(bench),
                prices="gross",
            )
        ],
        total=Decimal("24.20"),
        total_tax=Decimal("4.20"),
    )


def invoice(bench: Bench, entity: Entity) -> Invoice:
    """The same order as it is billed."""
    return Invoice.from_dict(order(bench, entity).to_dict())


def journal_entry(bench: Bench, entity: Entity) -> JournalEntry:
    """The same order as it is booked: its net amount on one account, and the VAT."""
    entry = JournalEntry.from_dict(order(bench, entity).to_dict())
    entry.description = f"Order {entry.number}"
    entry.postings = [
        Posting(
            account=first_choice(bench, "gl_accounts"),
            amount=Decimal("20.00"),
            vat_amount=Decimal("4.20"),
            vat_code=vat_code(bench),
            description="Revenue",
        )
    ]
    return entry


def first_choice(bench: Bench, name: str) -> str | None:
    """The first option of a lookup, where there is one."""
    lookup = bench.system.lookup(name)
    if lookup is None:
        return None
    with bench.open() as api:
        option = next(iter(lookup.fetch(api)), None)
    return option.value if option else None


def existing_product(bench: Bench) -> Product:
    """A product that the sandbox sells, as an order would refer to it."""
    entity = bench.system.entity_for("product", "read") or bench.system.entity_for("product")
    if entity is None or not entity.can("read"):
        raise NotApplicable("there are no products to read that an order could be for")
    table, context = FieldTable(entity), bench.context(entity)
    with bench.open() as api:
        for record in bench.completed(api, entity, 30):
            found = table.understand(record, context)
            if isinstance(found, Product) and found.sku and found.sellable is not False:
                found.item = found.item or entity.known_as_of(record)
                return found
    raise NotApplicable("the sandbox sells no product with a SKU")


def made_customer(bench: Bench, buyer: Customer) -> str | None:
    """What orders there call a customer that is made for the purpose; None without customers."""
    entity = bench.system.entity_for("customer", "create")
    if entity is None:
        return None
    payload = FieldTable(entity).render(buyer, bench.context(entity))
    with bench.open() as api:
        written = entity.create(api, payload, bench.effect())
    return written.known_as or written.key


def vat_code(bench: Bench) -> str | None:
    """The target's code for 21% VAT, or any, where it has a list of them."""
    lookup = bench.system.lookup("vat_codes")
    if lookup is None:
        return None
    with bench.open() as api:
        options = list(lookup.fetch(api))
    high = [o for o in options if Decimal(str(o.data.get("rate") or 0)) == 21]
    gross = [o for o in high if o.data.get("prices") == "gross"]
    best = gross or high or options
    return best[0].value if best else None
