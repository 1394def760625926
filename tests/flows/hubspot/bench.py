"""A hub between a pretend CRM, books and a shop; short words for coupling and looking."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml
from flask import Flask
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_hubspot import hubspot
from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES, TOKEN
from koppel_hubspot.sandbox.store import Store

from hub.engine.configfile import apply
from hub.engine.hub import Hub
from hub.model import Json
from hub.sdk.sandbox import Sandbox
from hub.store.tables import Run
from tests.flows.pairs import there

WRITES = ("create", "update", "upsert", "archive")
VAT_IN_BOOKS = {
    "rows": [{"rate": 21, "code": "1"}, {"rate": 9, "code": "2"}, {"rate": 0, "code": "0"}]
}
VAT_IN_CRM = {
    "rows": [
        {"rate": 21, "code": "15970230"},
        {"rate": 9, "code": "15970231"},
        {"rate": 0, "code": "15970232"},
    ]
}


@dataclass
class Trio:
    """A hub, and three pretend vendors."""

    hub: Hub
    crm: Flask
    erp: Flask
    shop: Flask
    urls: dict[str, str]

    @property
    def store(self) -> Store:
        """What the CRM holds."""
        found: Store = self.crm.extensions["store"]
        return found

    @property
    def world(self) -> Any:
        """What the books hold."""
        return self.erp.extensions["world"]

    @property
    def sandbox(self) -> Sandbox:
        """Request log and faults of the CRM."""
        found: Sandbox = self.crm.extensions["sandbox"]
        return found

    def couple(self, settings: Json | None = None, erp: Json | None = None, **flows: Json) -> None:
        """Apply a config file with these flows. settings: of the CRM; erp: of the books."""
        fast = {"requests_per_10s": 100_000, "searches_per_second": 100_000}
        apply(
            self.hub,
            yaml.safe_dump(
                {
                    "version": 1,
                    "connections": {
                        "crm": {
                            "system": "hubspot",
                            "credentials": {"access_token": TOKEN, "base_url": self.urls["crm"]},
                            "settings": {**fast, **(settings or {})},
                        },
                        "erp": {
                            "system": "exact_globe",
                            "credentials": {
                                "base_url": self.urls["erp"],
                                "username": "SIM\\hub",
                                "password": "Gl0be!sim",
                                "server_name": "SRV-SQL01\\EXACT",
                                "database": "100",
                            },
                            "settings": erp or {},
                        },
                        "webshop": {
                            "system": "ccvshop",
                            "credentials": {
                                "shop_url": self.urls["shop"],
                                "api_public": shop_sandbox.API_PUBLIC,
                                "api_secret": shop_sandbox.API_SECRET,
                            },
                            "settings": {"reads_per_minute": 100_000},
                        },
                    },
                    "flows": {
                        name.replace("_", "-"): {"schedule": None, "settings": {}, **flow}
                        for name, flow in flows.items()
                    },
                }
            ),
        )

    def message(self, ran: Json) -> str:
        """Why a run stopped."""
        with self.hub.database.session() as session:
            return session.get_one(Run, ran["run"]).message or ""

    # -- the CRM -------------------------------------------------------------------------------

    def of(self, kind: str, **values: str) -> list[Json]:
        """The CRM's records that have these values."""
        return [
            record
            for record in self.store.objects[kind].values()
            if all(record["properties"].get(n) == v for n, v in values.items())
        ]

    def one(self, kind: str, **values: str) -> dict[str, Any]:
        """The properties of the one record that has these values."""
        (found,) = self.of(kind, **values)
        own: dict[str, Any] = found["properties"]
        return own

    def tied(self, kind: str, key: str, other: str) -> list[Json]:
        """The records of another kind that one is tied to."""
        return [self.store.objects[other][k] for k, _ in self.store.tied(kind, key, other)]

    def change(self, kind: str, key: str | None = None, **asked: Any) -> Json:
        """Somebody changes or makes a record by hand: `properties`, and `associations`."""
        answer = self.crm.test_client().post(
            "/_sandbox/change", json={"type": kind, "id": key, **asked}
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: Json = answer.get_json()
        return found

    def define(self, kind: str, name: str, **more: Any) -> None:
        """Somebody adds a property of their own."""
        groups = {"contacts": "contactinformation", "companies": "companyinformation"}
        groups |= {"products": "productinformation", "orders": "order_information"}
        body = {"name": name, "label": name.capitalize(), "type": "string", "fieldType": "text"}
        answer = self.crm.test_client().post(
            f"/crm/v3/properties/{kind}",
            json={**body, "groupName": groups[kind], **more},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 201, answer.get_data(as_text=True)

    def mark(self) -> int:
        """How many requests the CRM was asked so far."""
        return len(self.sandbox.requests)

    def asked(self, since: int = 0) -> list[Json]:
        """What the CRM was asked since."""
        return list(self.sandbox.requests)[since:]

    def writes(self, since: int = 0) -> list[Json]:
        """Those requests that write."""
        return [
            r
            for r in self.asked(since)
            if r["method"] in ("PUT", "PATCH", "DELETE")
            or (r["method"] == "POST" and r["path"].rsplit("/", 1)[-1] in WRITES)
            or (r["method"] == "POST" and "/properties/" in r["path"])
        ]

    def seen(self, entity: str, by: str, value: str) -> Any:
        """A record of the CRM as the hub understands it."""
        return there(self, "crm", hubspot.entity(entity), by, value)

    # -- the books -----------------------------------------------------------------------------

    def rows(self, entity: str, **values: Any) -> list[dict[str, Any]]:
        """The records of the books that have these values, blanks around them aside."""
        return [
            dict(row)
            for row in self.world.tables[entity]
            if all(str(row.get(n) or "").strip() == str(v) for n, v in values.items())
        ]

    def account(self, email: str) -> dict[str, Any]:
        """The one account of the books with this address."""
        (found,) = self.rows("Account", EmailAddress=email)
        return found

    def edit(self, entity: str, row: dict[str, Any], **values: Any) -> None:
        """Somebody edits a record of the books."""
        table = self.world.tables[entity]
        key = self.world.types[entity].key
        own = next(r for r in table if r[key] == row[key])
        table.change(own, {**values, "ModifiedDate": self.world.now() + 60_000})

    def shelf(self, sku: str) -> Decimal:
        """What the books have of an item, in all warehouses."""
        found = (n for (code, _), n in self.world.stock.items() if code == sku.casefold())
        return sum((Decimal(str(n)) for n in found), Decimal(0))

    def booked(self) -> dict[str, list[dict[str, Any]]]:
        """Reference -> the sales orders that the books hold under it."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows("SalesOrderHeader"):
            found.setdefault(str(row["YourReference"]).strip(), []).append(row)
        return found


# -- what is put into the pretend systems ----------------------------------------------------------


def person(n: int = 0, **more: Any) -> dict[str, Any]:
    """An account of the books for a person with an address."""
    return {
        "AccountName": f"Aukje de Vries {n}",
        "CustomerType": "C",
        "CustomerStatus": "A",
        "EmailAddress": f"aukje{n}@post.example",
        "ContactEmail": f"aukje{n}@post.example",
        "ContactFirstName": "Aukje",
        "ContactMiddleName": "de",
        "ContactLastName": f"Vries {n}",
        "MailingAddress1": "Grote Kerkstraat 9",
        "MailingPostcode": "8911 DZ",
        "MailingCity": "Leeuwarden",
        "MailingCountry": "NL",
        **more,
    }


def company(n: int = 0, **more: Any) -> dict[str, Any]:
    """An account of the books for a company with a contact person."""
    return {
        **person(n),
        "AccountName": f"Rijwielhandel {n} B.V.",
        "EmailAddress": f"info@rijwiel{n}.example",
        "ContactEmail": f"bram@rijwiel{n}.example",
        "ContactFirstName": "Bram",
        "ContactMiddleName": "",
        "ContactLastName": f"Smit {n}",
        "ClassificationID": "B2B",
        "VATNumber": f"NL8123456{n:02}B01",
        **more,
    }


def tie(key: str, type_id: int) -> Json:
    """A link to make together with a record."""
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
    return {"to": {"id": key}, "types": types}


def place(
    trio: Trio,
    number: str,
    *lines: dict[str, str],
    contact: str = "",
    company: str = "",
    **own: str,
) -> str:
    """Somebody makes an order in the CRM by hand, with lines, contact and company."""
    links = [*([tie(contact, 507)] if contact else []), *([tie(company, 509)] if company else [])]
    made = trio.change(
        "orders",
        properties={
            "hs_order_name": f"#{number}",
            "hs_external_order_id": number,
            "hs_pipeline": ORDER_PIPELINE,
            "hs_pipeline_stage": ORDER_STAGES["Open"],
            "hs_currency_code": "EUR",
            **own,
        },
        associations=links,
    )
    for position, line in enumerate(lines):
        values = {"hs_position_on_quote": str(position), **line}
        trio.change("line_items", properties=values, associations=[tie(made["id"], 514)])
    return str(made["id"])


def line(sku: str = "ZADEL-GEL", quantity: str = "2", price: str = "33.02", **own: str) -> Any:
    values = {"hs_sku": sku, "name": sku, "quantity": quantity, "price": price}
    return {**values, "hs_tax_rate_group_id": "15970230", **own}


def buyer(trio: Trio, email: str = "anouk@post.example", **own: str) -> str:
    """A contact with an address."""
    values = {"email": email, "firstname": "Anouk", "lastname": "de Vries", "city": "Amsterdam"}
    values |= {"address": "Utrechtsestraat 12 bis", "zip": "1017 VH", "country": "NL"}
    return str(trio.change("contacts", properties={**values, **own})["id"])


# -- flows -----------------------------------------------------------------------------------------


def flow(source: str, target: str, rules: list[Any] | None = None, **settings: Any) -> Json:
    """A flow; `filter` among the settings is the source's."""
    wanted = settings.pop("filter", {})
    return {
        "from": source,
        "to": target,
        "filter": wanted,
        "settings": settings,
        "rules": rules or [],
    }


def orders_to_crm(source: str = "erp.orders", **settings: Any) -> Json:
    """Orders that become orders of the CRM."""
    return flow(
        source,
        "crm.orders",
        **{
            "vat_codes": VAT_IN_CRM,
            "shipping_item": "VERZENDKOSTEN",
            "payment_item": "BETAALKOSTEN",
            "rounding_item": "AFRONDING",
            "new_stage": ORDER_STAGES["Open"],
            **settings,
        },
    )


def orders_to_books(source: str = "crm.orders", **settings: Any) -> Json:
    """Orders or deals of the CRM that become sales orders."""
    return flow(
        source,
        "erp.orders",
        **{
            "vat_codes": VAT_IN_BOOKS,
            "shipping_item": "VERZENDKOSTEN",
            "payment_item": "BETAALKOSTEN",
            "rounding_item": "AFRONDING",
            "payment_conditions": {"default": "30"},
            **settings,
        },
    )
