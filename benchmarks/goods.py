"""A hub between two pretend vendors in this process: what the measurements of goods share."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from flask import Flask
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import sandbox as erp_sandbox

from benchmarks.orders import ERP, SHOP
from hub.config import Config
from hub.engine import runs
from hub.engine.configfile import apply
from hub.engine.hub import Hub
from hub.engine.naming import flow_named
from hub.sdk.sandbox import running

WRITES = ("POST", "PUT", "PATCH", "MERGE", "DELETE")


@dataclass
class Measured:
    """One run: how its records ended, what was asked of whom, and how long it took."""

    name: str
    outcomes: Counter[str]
    seconds: float
    reads: int
    writes: int
    by_side: dict[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.reads + self.writes

    def line(self) -> str:
        """For people."""
        told = ", ".join(f"{count} {name}" for name, count in self.outcomes.items()) or "nothing"
        return (
            f"{self.name:16} {self.seconds:8.2f} s {self.reads:7} reads {self.writes:7} writes  "
            f"{told}"
        )


@dataclass
class Pair:
    """Both vendors and the hub."""

    hub: Hub
    shop: Flask
    erp: Flask

    def run(self, flow: str, name: str, **options: Any) -> Measured:
        """Run a flow and count; raises SystemExit when it did not succeed."""
        sides = {"shop": self.shop, "erp": self.erp}
        for app in sides.values():
            app.extensions["sandbox"].requests.clear()
        with self.hub.database.session() as session:
            row = flow_named(session, flow)
        started = time.perf_counter()
        run_id = runs.create_run(self.hub, row, trigger="cli", options=options)
        runs.execute(self.hub, run_id)
        seconds = time.perf_counter() - started
        told = runs.summary(self.hub, run_id, all_entries=True)
        if told["status"] not in ("succeeded", "partial"):
            raise SystemExit(f"{flow} {told['status']}: {told.get('message')}")
        asked: dict[str, Sequence[Any]] = {
            side: [r for r in app.extensions["sandbox"].requests if r["status"] != 401]
            for side, app in sides.items()
        }
        every = [request for requests in asked.values() for request in requests]
        writes = sum(request["method"] in WRITES for request in every)
        return Measured(
            name,
            Counter(entry["outcome"] for entry in told["entries"]),
            seconds,
            len(every) - writes,
            writes,
            {side: len(requests) for side, requests in asked.items()},
        )


@contextmanager
def pair(
    flows: dict[str, Any],
    *,
    shop: dict[str, Any],
    erp: dict[str, Any],
    settings: dict[str, Any] | None = None,
) -> Iterator[Pair]:
    """Both sandboxes and a fresh hub that couples them. settings: of the ERP's connection."""
    shop_app = shop_sandbox.create_app(orders=0, rate_limits=False, **shop)
    erp_app = erp_sandbox.create_app(**erp)
    with (
        running(shop_app) as shop_url,
        running(erp_app) as erp_url,
        tempfile.TemporaryDirectory() as home,
    ):
        hub = Hub.start(Config.from_env({"KOPPEL_HOME": str(Path(home, "koppel"))}))
        try:
            apply(hub, _text(flows, shop_url, erp_url, settings or {}))
            yield Pair(hub, shop_app, erp_app)
        finally:
            hub.close()


def _text(flows: dict[str, Any], shop_url: str, erp_url: str, settings: dict[str, Any]) -> str:
    pace = {"reads_per_minute": 100_000, "writes_per_minute": 100_000}
    return yaml.safe_dump(
        {
            "version": 1,
            "connections": {
                "webshop": {
                    "system": "ccvshop",
                    "credentials": {"shop_url": shop_url, **SHOP},
                    "settings": pace,
                },
                "erp": {
                    "system": "exact_globe",
                    "credentials": {"base_url": erp_url, **ERP},
                    "settings": settings,
                },
            },
            "flows": {name: {"schedule": None, **flow} for name, flow in flows.items()},
        }
    )
