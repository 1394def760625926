"""Three pretend vendors and a hub: CRM, books and shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import sandbox as erp_sandbox
from koppel_hubspot import sandbox as crm_sandbox

from hub.config import Config
from hub.engine.hub import Hub
from hub.sdk.sandbox import running
from tests.flows.hubspot.bench import Trio

FILLED = {"orders": 8, "deals": 6, "contacts": 6, "companies": 3}
EMPTY = {"contacts": 0, "companies": 0, "products": 0, "orders": 0, "deals": 0, "invoices": 0}


@pytest.fixture
def make_trio(config: Config) -> Iterator[Callable[..., Trio]]:
    """Start the three: options of each one's `create_app`. The CRM holds its catalogue only."""
    with ExitStack() as stack:

        def make(
            crm: dict[str, Any] | None = None,
            erp: dict[str, Any] | None = None,
            shop: dict[str, Any] | None = None,
        ) -> Trio:
            apps = {
                "crm": crm_sandbox.create_app(**{"rate_limits": False, **EMPTY, **(crm or {})}),
                "erp": erp_sandbox.create_app(**{"past_invoices": 0, **(erp or {})}),
                "shop": shop_sandbox.create_app(
                    **{"orders": 0, "rate_limits": False, **(shop or {})}
                ),
            }
            hub = Hub.start(config)
            stack.callback(hub.close)
            urls = {name: stack.enter_context(running(app)) for name, app in apps.items()}
            return Trio(hub, apps["crm"], apps["erp"], apps["shop"], urls)

        yield make


@pytest.fixture
def trio(make_trio: Callable[..., Trio]) -> Trio:
    """A CRM with its catalogue, books with some debtors and items, a shop without orders."""
    return make_trio()


@pytest.fixture
def filled(make_trio: Callable[..., Trio]) -> Trio:
    """A CRM with orders in four stages, and deals in two pipelines."""
    return make_trio(crm=FILLED)
