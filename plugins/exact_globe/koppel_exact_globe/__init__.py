"""Exact Globe: an administration on somebody's own server, from orders to stock."""

from __future__ import annotations

from hub.model import Json
from hub.sdk import System, hookimpl

from .api import auth, base_url, check, http, judge
from .entities import (
    Customers,
    DirectInvoices,
    Orders,
    Products,
    SalesEntries,
    SalesInvoices,
    Stock,
)
from .forms import Credentials, Settings
from .lookups import LOOKUPS

SETUP = """
Exact Globe runs on your own server, and so does the **Exact Entity Service** that the hub talks to.

1. Have the entity service installed (a licence module of Globe) and reachable from the machine
   that the hub runs on: inside your own network, or through a reverse proxy with `https`.
   Let your firewall take calls from this machine only.
2. Make a Windows account for the hub and let it be an **active employee** in Globe, with function
   rights to what your flows use: sales orders, invoices, entries, debtors, items, stock and the
   look-up tables.
3. The **SQL Server** and the **database** are on Globe's start screen, at the bottom.

Try it on a test administration first. The hub makes one call at a time: the service does not like
more.
"""


def demo(url: str) -> Json:
    """How to reach the sandbox at *url*, and settings under which flows can write there."""
    return {
        "credentials": {
            "base_url": url,
            "auth": "ntlm",
            "username": "SIM\\hub",
            "password": "Gl0be!sim",
            "server_name": "SRV-SQL01\\EXACT",
            "database": "100",
        },
        "settings": {"family_field": "TextFreeField1"},
        "flows": {
            "orders": {
                "vat_codes": {
                    "rows": [
                        {"rate": 21, "code": "3"},
                        {"rate": 9, "code": "4"},
                        {"rate": 0, "code": "5"},
                    ]
                },
                "payment_conditions": {"default": "30"},
                "shipping_methods": {"default": "POST"},
                "shipping_item": "VERZENDKOSTEN",
                "payment_item": "BETAALKOSTEN",
                "extra_item": "BETAALKOSTEN",
                "discount_item": "KORTING",
                "rounding_item": "AFRONDING",
                "warehouse": "1",
                "selection_code": "WB",
                "customer_classification": "WEB",
            },
            "invoices": {"invoice_code": "1"},
            "direct_invoices": {"invoice_code": "1"},
            "sales_entries": {"journal": "70"},
            "products": {"vat_code": "3", "assortment": "7"},
            "customers": {"customer_classification": "WEB"},
        },
    }


exact_globe = System(
    name="exact_globe",
    title="Exact Globe",
    description="ERP on your own server. Orders, invoices, entries, customers and items go in and "
    "come out; stock comes out.",
    kind="erp",
    icon="building-warehouse",
    credentials=Credentials,
    settings=Settings,
    base_url=base_url,
    auth=auth,
    http=http,
    check=check,
    judge=judge,
    entities=(
        Orders,
        SalesInvoices,
        DirectInvoices,
        SalesEntries,
        Customers,
        Products,
        Stock,
    ),
    lookups=LOOKUPS,
    parallel=1,
    setup=SETUP,
    sandbox="koppel_exact_globe.sandbox:create_app",
    demo=demo,
)


@hookimpl
def register_systems() -> list[System]:
    """The one system of this plugin."""
    return [exact_globe]
