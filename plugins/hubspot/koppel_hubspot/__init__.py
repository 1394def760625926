"""HubSpot: customers, products, orders, deals, invoices and stock of the CRM."""

from __future__ import annotations

from hub.model import Json
from hub.sdk import System, hookimpl

from .api import auth, base_url, check, judge, limits, oauth2, observed
from .entities import ENTITIES
from .forms import Credentials, Settings
from .lookups import LOOKUPS
from .webhooks import webhook

SETUP = """
There are two ways to give access; either needs a super admin of the HubSpot account.

**With a token**, the quickest: in HubSpot go to **Settings > Integrations > Private Apps** (or, in
newer accounts, **Development > Keys > Service keys**), make one, tick the scopes below and copy the
token. It starts with `pat-`.

**With Connect (OAuth 2.0)**: make an app in a developer account, enter the redirect address that is
shown here, copy client ID and client secret, and press **Connect**.

Scopes: read and write of contacts, companies, deals, products, line items and orders
(`crm.objects.…`), read of invoices, `tax_rates.read`, and `crm.schemas.….write` of the same: the
hub adds a few properties of its own, such as the number by which it recognises an order.
"""


def demo(url: str) -> Json:
    """How to reach the sandbox at *url*, and settings under which flows can write there."""
    from .sandbox import ORDER_STAGES, TOKEN

    sale = {
        "vat_codes": {
            "rows": [
                {"rate": 21, "code": "15970230"},
                {"rate": 9, "code": "15970231"},
                {"rate": 0, "code": "15970232"},
            ]
        },
        "shipping_item": "VERZENDKOSTEN",
        "payment_item": "BETAALKOSTEN",
        "extra_item": "BETAALKOSTEN",
        "discount_item": "KORTING",
        "rounding_item": "AFRONDING",
    }
    return {
        "credentials": {"auth_mode": "token", "access_token": TOKEN, "base_url": url},
        "settings": {},
        "flows": {
            "orders": {**sale, "new_stage": ORDER_STAGES["Open"], "source_store": "Webshop"},
            "deals": {**sale, "new_deal_stage": "closedwon"},
            "products": {},
            "customers": {},
        },
    }


hubspot = System(
    name="hubspot",
    title="HubSpot",
    description="CRM. Customers, products, orders and deals go both ways; invoices come out.",
    kind="crm",
    icon="users",
    credentials=Credentials,
    settings=Settings,
    base_url=base_url,
    auth=auth,
    oauth2=oauth2,
    check=check,
    judge=judge,
    limits=limits,
    observed=observed,
    webhook=webhook,
    entities=ENTITIES,
    lookups=LOOKUPS,
    parallel=4,
    setup=SETUP,
    sandbox="koppel_hubspot.sandbox:create_app",
    demo=demo,
)


@hookimpl
def register_systems() -> list[System]:
    """The one system of this plugin."""
    return [hubspot]
