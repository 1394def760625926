"""CCV Shop: orders, customers, products, stock and invoices of the webshop."""

from __future__ import annotations

from hub.model import Json
from hub.sdk import System, hookimpl

from .api import auth, base_url, check, http, judge, limits
from .entities import ENTITIES
from .forms import Credentials, Settings
from .lookups import LOOKUPS

SETUP = """
In the back office of your CCV Shop:

1. Install the **API** app from the app store, if it is not there yet.
2. Go to **My web shop > Settings > API settings** and make a pair of keys.
3. Copy the public and the secret key to the form.

The shop address is the one your customers see, such as `https://www.example.nl`. The clock of this
machine has to be right to the minute: the shop refuses what was signed more than five minutes ago.
"""


def demo(url: str) -> Json:
    """How to reach the sandbox at *url*, and how new orders arrive there."""
    from .sandbox import API_PUBLIC, API_SECRET

    keys = {"api_public": API_PUBLIC, "api_secret": API_SECRET}
    return {
        "credentials": {"shop_url": url, **keys},
        "settings": {},
        "arrivals": {
            "path": "/_sandbox/orders",
            "bodies": [{"kind": kind} for kind in ("unknown_sku", "plain", "company", "plain")],
        },
    }


ccvshop = System(
    name="ccvshop",
    title="CCV Shop",
    description="Dutch webshop platform. Orders, customers, products, stock and invoices.",
    kind="webshop",
    icon="shop",
    credentials=Credentials,
    settings=Settings,
    base_url=base_url,
    auth=auth,
    http=http,
    check=check,
    judge=judge,
    limits=limits,
    entities=ENTITIES,
    lookups=LOOKUPS,
    setup=SETUP,
    sandbox="koppel_ccvshop.sandbox:create_app",
    demo=demo,
)


@hookimpl
def register_systems() -> list[System]:
    """The one system of this plugin."""
    return [ccvshop]
