"""Two pretend vendors, a hub with both connected, and short words for running a flow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from flask import Flask
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import sandbox as erp_sandbox
from sqlmodel import col, select

from hub.config import Config
from hub.engine import runs
from hub.engine.configfile import apply
from hub.engine.hub import Hub
from hub.sdk.sandbox import Sandbox, running
from hub.store.tables import Flow

FLOW = "shop-orders"
VAT_ROWS = [
    {"country": "NL", "rate": 21, "code": "3"},
    {"country": "NL", "rate": 9, "code": "4"},
    {"country": "BE", "rate": 21, "code": "3"},
    {"country": "BE", "rate": 9, "code": "4"},
    {"country": "DE", "rate": 21, "code": "3"},
    {"country": "DE", "rate": 9, "code": "4"},
    {"rate": 0, "code": "5"},
]


def order_settings(**changes: Any) -> dict[str, Any]:
    """Settings under which every ordinary order of the pretend shop can be booked."""
    return {
        "vat_codes": {"rows": VAT_ROWS},
        "payment_conditions": {"default": "30", "rows": {"Mollie iDEAL": "ID"}},
        "shipping_item": "VERZENDKOSTEN",
        "payment_item": "BETAALKOSTEN",
        "extra_item": "BETAALKOSTEN",
        "rounding_item": "AFRONDING",
        "skip_cancelled": False,
    } | changes


@dataclass
class Bench:
    """A hub between two pretend vendors."""

    hub: Hub
    shop: Flask
    erp: Flask
    shop_url: str
    erp_url: str
    settings: dict[str, Any] = field(default_factory=order_settings)

    @property
    def shop_sandbox(self) -> Sandbox:
        """Request log and faults of the shop."""
        sandbox: Sandbox = self.shop.extensions["sandbox"]
        return sandbox

    @property
    def erp_sandbox(self) -> Sandbox:
        """Request log and faults of the ERP."""
        sandbox: Sandbox = self.erp.extensions["sandbox"]
        return sandbox

    def config_text(self, *, settings: dict[str, Any] | None = None, **flow: Any) -> str:
        """The config file that couples the two."""
        return yaml.safe_dump(
            {
                "version": 1,
                "connections": {
                    "webshop": {
                        "system": "ccvshop",
                        "credentials": {
                            "shop_url": self.shop_url,
                            "api_public": shop_sandbox.API_PUBLIC,
                            "api_secret": shop_sandbox.API_SECRET,
                        },
                        "settings": {"reads_per_minute": 100_000},
                    },
                    "erp": {
                        "system": "exact_globe",
                        "credentials": {
                            "base_url": self.erp_url,
                            "auth": "ntlm",
                            "username": "SIM\\hub",
                            "password": "Gl0be!sim",
                            "server_name": "SRV-SQL01\\EXACT",
                            "database": "100",
                            "verify_tls": True,
                        },
                    },
                },
                "flows": {
                    FLOW: {
                        "from": "webshop.orders",
                        "to": "erp.orders",
                        "schedule": None,
                        "filter": {},
                        "settings": self.settings if settings is None else settings,
                        "rules": [],
                    }
                    | flow
                },
            }
        )

    def configure(self, **changes: Any) -> None:
        """Apply the config file, with changes to the flow."""
        apply(self.hub, self.config_text(**changes))

    def flow(self) -> Flow:
        """The flow's row."""
        with self.hub.database.session() as session:
            return session.execute(select(Flow).where(col(Flow.name) == FLOW)).scalar_one()

    def run(self, *, kind: str = "run", trigger: str = "cli", **options: Any) -> dict[str, Any]:
        """Run the flow in this process; returns its summary with every entry."""
        run_id = runs.create_run(self.hub, self.flow(), kind=kind, trigger=trigger, options=options)
        runs.execute(self.hub, run_id)
        return runs.summary(self.hub, run_id, all_entries=True)

    def place(self, kind: str = "plain", count: int = 1) -> list[str]:
        """New orders in the shop; returns their keys."""
        client = self.shop.test_client()
        answer = client.post("/_sandbox/orders", json={"count": count, "kind": kind})
        return [str(key) for key in answer.get_json()]

    def booked(self) -> dict[str, list[dict[str, Any]]]:
        """Reference -> the sales orders that the ERP holds under it."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.erp.extensions["world"].tables["SalesOrderHeader"]:
            found.setdefault(str(row["YourReference"]), []).append(dict(row))
        return found


@pytest.fixture
def make_bench(config: Config) -> Iterator[Callable[..., Bench]]:
    """Start both pretend vendors and couple them."""
    with ExitStack() as stack:

        def make(
            shop: dict[str, Any] | None = None,
            erp: dict[str, Any] | None = None,
            **flow: Any,
        ) -> Bench:
            shop_app = shop_sandbox.create_app(
                **{"orders": 12, "rate_limits": False, **(shop or {})}
            )
            erp_app = erp_sandbox.create_app(**(erp or {}))
            hub = Hub.start(config)
            stack.callback(hub.close)
            bench = Bench(
                hub,
                shop_app,
                erp_app,
                stack.enter_context(running(shop_app)),
                stack.enter_context(running(erp_app)),
            )
            bench.configure(**flow)
            return bench

        yield make


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """Twelve ordinary orders, not taken yet."""
    return make_bench()


def eventually(check: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
