"""Fills the pretend account: companies with contacts, articles, orders, deals and invoices."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

from .store import Record, Store
from .world import (
    ARTICLES,
    CITIES,
    FIRST_NAMES,
    LAST_NAMES,
    ORDER_PIPELINE,
    ORDER_STAGES,
    STREETS,
    TAX_RATES,
)

OURS = {
    "products": (
        ("hub_parent_sku", "string"),
        ("hub_variant_options", "string"),
        ("hub_ean", "string"),
        ("hub_category", "string"),
        ("hub_stock", "number"),
    ),
    "companies": (("vat_number", "string"),),
}
NO_GOODS = {"VERZENDKOSTEN", "BETAALKOSTEN", "KORTING", "AFRONDING"}


class Seeds:
    """Makes records with stamps that lie in the past and rise; *ties* of them share each stamp."""

    def __init__(self, store: Store, until: dt.datetime, seed: int, ties: int, total: int) -> None:
        self._store, self._random = store, random.Random(seed)
        self._ties, self._made = max(1, ties), 0
        self._step = dt.timedelta(minutes=7)
        self._first = until - self._step * (total // self._ties + 2)

    def _write(self, kind: str, values: dict[str, Any], *links: tuple[str, int]) -> Record:
        self._store.at(self._first + self._step * (self._made // self._ties))
        self._made += 1
        tied = [
            {
                "to": {"id": to},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}],
            }
            for to, type_ in links
        ]
        return self._store.create(kind, values, tied)

    def define(self) -> None:
        """The custom properties that a hub made at an earlier visit."""
        from .definitions import GROUPS, made

        for kind, rows in OURS.items():
            for name, type_ in rows:
                asked = {
                    "name": name,
                    "label": name.removeprefix("hub_").replace("_", " ").capitalize(),
                    "type": type_,
                    "fieldType": "number" if type_ == "number" else "text",
                    "groupName": GROUPS[kind],
                }
                self._store.known[kind][name] = made(kind, asked, self._store.known[kind])

    def people(self, contacts: int, companies: int) -> None:
        """Companies first; contacts go round them, those that are left are persons."""
        pick = self._random.choice
        firms = []
        for n in range(companies):
            city, zip_code = pick(CITIES)
            values = {
                "name": f"Fietsenmakerij {pick(LAST_NAMES)} {n + 1} B.V.",
                "domain": f"fietsenmakerij{n + 1}.example" if n % 5 else "",
                "address": f"{pick(STREETS)} {n + 1}",
                "address2": "t.a.v. magazijn" if n % 4 == 0 else "",
                "city": city,
                "zip": zip_code,
                "country": "NL",
                "phone": f"+31 20 {1000000 + n}",
                "vat_number": "NL812345678B01" if n % 3 == 0 else "",
            }
            firms.append(self._write("companies", {k: v for k, v in values.items() if v}))
        for n in range(contacts):
            city, zip_code = pick(CITIES)
            values = {
                "email": f"klant{n + 1}@example.com",
                "firstname": FIRST_NAMES[n % len(FIRST_NAMES)],
                "lastname": pick(LAST_NAMES),
                "phone": f"+31 6 {10000000 + n}",
                "address": f"{pick(STREETS)} {n + 7}-2",
                "city": city,
                "zip": zip_code,
                "country": "NL",
                "lifecyclestage": "customer",
            }
            # Every fifth contact is a person; the others go round the companies, so that some
            # companies have several and, where there are few contacts, the last ones none.
            own = [(firms[(n * 4 // 5) % len(firms)]["id"], 1)] if firms and n % 5 else []
            self._write("contacts", values, *own)

    def products(self, more: int) -> None:
        """The catalogue, and so many others."""
        rows: list[Any] = list(ARTICLES)
        rows += [(f"ART-{n:05d}", f"Artikel {n}", "12.50", None, None) for n in range(1, more + 1)]
        for n, (sku, name, price, family, options) in enumerate(rows):
            values = {
                "name": name,
                "hs_sku": sku,
                "price": price,
                "description": f"{name}, uit voorraad",
                "hs_product_type": "service" if sku in NO_GOODS else "inventory",
                "hs_status": "active",
                "hs_tax_rate_group_id": TAX_RATES[0]["id"],
                "hub_parent_sku": family,
                "hub_variant_options": options,
                "hub_ean": f"87100000{n:05d}" if sku not in NO_GOODS else None,
                "hub_category": None if sku in NO_GOODS else "Fietsen > Onderdelen",
                "hub_stock": None if sku in NO_GOODS else str(n % 40),
            }
            self._write("products", {k: v for k, v in values.items() if v is not None})

    def _lines(self, kind: str, parent: str, count: int) -> Decimal:
        links = {"orders": 514, "deals": 20, "invoices": 410}
        products = [
            p
            for p in list(self._store.objects["products"].values())[:40]
            if p["properties"]["hs_sku"] not in NO_GOODS
        ]
        total = Decimal(0)
        for place in range(count):
            product = products[(self._made + place) % len(products)]
            values = {
                "hs_product_id": product["id"],
                "quantity": str(1 + place % 3),
                "hs_tax_rate_group_id": TAX_RATES[0]["id"],
                "hs_line_item_currency_code": "EUR",
                "hs_position_on_quote": str(place),
                **({"hs_discount_percentage": "10"} if place == 1 else {}),
            }
            line = self._write("line_items", values, (parent, links[kind]))
            total += Decimal(line["properties"]["amount"])
        return total

    def _buyer(self, n: int) -> tuple[Record, str | None]:
        contacts = list(self._store.objects["contacts"].values())
        contact = contacts[n % len(contacts)]
        tied = self._store.tied("contacts", contact["id"], "companies")
        return contact, tied[0][0] if tied else None

    def orders(self, count: int, lines: int) -> None:
        """Orders by the contacts in turn, with so many lines each."""
        stages = list(ORDER_STAGES.values())
        for n in range(count if self._store.objects["contacts"] else 0):
            contact, company = self._buyer(n)
            own = contact["properties"]
            place = {
                "firstname": own["firstname"],
                "lastname": own["lastname"],
                "name": f"{own['firstname']} {own['lastname']}",
                "street": own["address"],
                "postal_code": own["zip"],
                "city": own["city"],
                "country": "NL",
            }
            values: dict[str, Any] = {
                "hs_order_name": f"#{100001 + n}",
                "hs_external_order_id": str(100001 + n),
                "hs_external_created_date": "2026-11-20T08:00:00Z",
                "hs_source_store": "Webshop NL",
                "hs_currency_code": "EUR",
                "hs_pipeline": ORDER_PIPELINE,
                "hs_pipeline_stage": stages[n % 4],
                "hs_payment_processing_method": "iDEAL",
                "hs_payment_status": "Paid",
                "hs_shipping_cost": "4.95",
                "hs_billing_address_email": own["email"],
                **{f"hs_billing_address_{k}": v for k, v in place.items()},
                **{f"hs_shipping_address_{k}": v for k, v in place.items()},
            }
            links = [(contact["id"], 507), *([(company, 509)] if company else [])]
            order = self._write("orders", values, *links)
            net = self._lines("orders", order["id"], lines)
            tax = ((net + Decimal("4.95")) * Decimal("0.21")).quantize(Decimal("0.01"))
            order["properties"] |= {
                "hs_subtotal_price": f"{net:f}",
                "hs_tax": f"{tax:f}",
                "hs_total_price": f"{net + Decimal('4.95') + tax:f}",
            }
            self._store.publish("orders", order["id"], order)

    def deals(self, count: int) -> None:
        """Deals in both pipelines."""
        stages = [
            ("default", "closedwon"),
            ("default", "contractsent"),
            ("2220863724", "2220863726"),
        ]
        for n in range(count if self._store.objects["contacts"] else 0):
            contact, company = self._buyer(n)
            pipeline, stage = stages[n % len(stages)]
            values = {
                "dealname": f"Aanvraag {n + 1}",
                "pipeline": pipeline,
                "dealstage": stage,
                "closedate": "2026-11-20T08:00:00Z",
                "deal_currency_code": "EUR",
            }
            links = [(contact["id"], 3), *([(company, 5)] if company else [])]
            deal = self._write("deals", values, *links)
            deal["properties"]["amount"] = f"{self._lines('deals', deal['id'], 2):f}"
            self._store.publish("deals", deal["id"], deal)

    def invoices(self, count: int) -> None:
        """Non-billable invoices, some paid."""
        for n in range(count if self._store.objects["contacts"] else 0):
            contact, company = self._buyer(n)
            values = {
                "hs_currency": "EUR",
                "hs_invoice_billable": "false",
                "hs_invoice_status": "paid" if n % 2 else "open",
                "hs_number": f"VF-2026-{n + 1:05d}",
                "hs_invoice_date": "2026-11-20T08:00:00Z",
                "hs_due_date": "2026-12-20T08:00:00Z",
            }
            links = [(contact["id"], 177), *([(company, 179)] if company else [])]
            invoice = self._write("invoices", values, *links)
            net = self._lines("invoices", invoice["id"], 2)
            gross = (net * Decimal("1.21")).quantize(Decimal("0.01"))
            invoice["properties"]["hs_amount_billed"] = f"{gross:f}"
            due = Decimal(0) if n % 2 else gross
            invoice["properties"]["hs_balance_due"] = f"{due:f}"
            self._store.publish("invoices", invoice["id"], invoice)
