"""Orders from CCV Shop to Exact Globe: the hub beside a plain script and beside the bare calls.

    python -m benchmarks.orders [--orders 1000] [--latency 0.02] [--check]

*plain* is what one would write first: for each order its rows, is it there? the customer? each
product? the lines, the header. *floor* sends the very requests that the hub has sent, one after
the other, without mapping, database or log. All three use the same HTTP client and the same
signing, against fresh sandboxes in processes of their own. Only the ratios mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import yaml
from koppel_ccvshop import ccvshop
from koppel_exact_globe import exact_globe

SHOP = {"api_public": "ccvpub0123456789", "api_secret": "ccvsecret0123456789abcdef0123456789"}
ERP = {
    "auth": "ntlm",
    "username": "SIM\\hub",
    "password": "Gl0be!sim",
    "server_name": "SRV-SQL01\\EXACT",
    "database": "100",
    "verify_tls": True,
}
ROOT = "/services/Exact.Entity.REST.EG"
SETTINGS: dict[str, Any] = {
    "vat_codes": {
        "rows": [
            {"rate": 21, "code": "3"},
            {"rate": 9, "code": "4"},
            {"rate": 0, "code": "5"},
        ]
    },
    "payment_conditions": {"default": "30"},
    "shipping_item": "VERZENDKOSTEN",
    "payment_item": "BETAALKOSTEN",
    "extra_item": "BETAALKOSTEN",
    "rounding_item": "AFRONDING",
    "skip_cancelled": False,
}


@dataclass
class Result:
    """How one contender did."""

    name: str
    orders: int
    seconds: float
    requests: int

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds


@contextmanager
def sandbox(module: str, **options: Any) -> Iterator[str]:
    """A pretend vendor in a process of its own; yields its address."""
    code = (
        f"import sys, {module} as m; from hub.sdk.sandbox import server\n"
        f"httpd = server(m.create_app(**{options!r})); print(httpd.server_port, flush=True)\n"
        "httpd.serve_forever()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def requests_of(url: str) -> list[dict[str, Any]]:
    """What a sandbox was asked, handshakes left out."""
    asked = httpx.get(f"{url}/_sandbox/requests", timeout=60).json()
    return [r for r in asked if r["status"] != 401]


def headers_of(url: str) -> int:
    """How many sales orders an ERP has accepted."""
    return sum(
        r["method"] == "POST" and "SalesOrderHeader" in r["path"] and r["status"] == 201
        for r in requests_of(url)
    )


# -- the contenders ------------------------------------------------------------------------------


def shop_client(url: str) -> httpx.Client:
    """A bare client that signs as the plugin does."""
    form = ccvshop.credentials(shop_url=url, **SHOP)
    assert ccvshop.auth is not None
    return httpx.Client(base_url=url, auth=ccvshop.auth(form), timeout=60)


def erp_client(url: str) -> httpx.Client:
    """A bare client on one authenticated connection."""
    form = exact_globe.credentials(base_url=url, **ERP)
    assert exact_globe.auth is not None
    return httpx.Client(
        base_url=url,
        auth=exact_globe.auth(form),
        timeout=60,
        limits=httpx.Limits(max_connections=1),
        headers={
            "Accept": "application/json",
            "ServerName": ERP["server_name"],
            "DatabaseName": ERP["database"],
        },
    )


def plain(shop_url: str, erp_url: str) -> Result:
    """The straightforward script."""
    made = calls = 0
    started = time.perf_counter()
    with shop_client(shop_url) as shop, erp_client(erp_url) as erp:

        def first(entity: str, condition: str) -> Any:
            nonlocal calls
            calls += 1
            found = erp.get(f"{ROOT}/{entity}?$filter={quote(condition)}&$top=1")
            results = found.raise_for_status().json()["d"]["results"]
            return results[0] if results else None

        def post(entity: str, body: dict[str, Any]) -> Any:
            nonlocal calls
            calls += 1
            return erp.post(f"{ROOT}/{entity}", json=body).raise_for_status().json()["d"]

        path: str | None = "/api/rest/v1/orders/?start=0&size=250&orderby=id"
        while path:
            calls += 1
            page = shop.get(path).raise_for_status().json()
            for order in page["items"]:
                calls += 1
                rows = shop.get(f"/api/rest/v1/orders/{order['id']}/orderrows/?start=0&size=250")
                number = order["ordernumber_full"]
                if first("SalesOrderHeader", f"YourReference eq '{number}'"):
                    continue
                person = order["customer"]["billingaddress"]
                email = order["customer"]["email"]
                debtor = first("Account", f"EmailAddress eq '{email}'")
                if debtor is None:
                    name = person["company"] or person["full_name"]
                    debtor = post(
                        "Account",
                        {
                            "AccountName": name[:50],
                            "CustomerType": "C",
                            "CustomerStatus": "A",
                            "EmailAddress": email,
                            "MailingAddress1": person["address_line_1"],
                            "MailingPostcode": person["zipcode"],
                            "MailingCity": person["city"],
                            "MailingCountry": person["country_code"],
                        },
                    )
                token = str(uuid.uuid4())
                items = rows.raise_for_status().json()["items"]
                lines = [
                    (
                        row["sub_sku_number"] or row["product_number"],
                        row["count"],
                        row["price_with_attributes"],
                    )
                    for row in items
                ]
                for sku, _, _ in lines:
                    first("Item", f"ItemCode eq '{sku}'")
                if order["total_shipping"]:
                    lines.append(("VERZENDKOSTEN", 1, order["total_shipping"]))
                if order["paymethod_costs"]:
                    lines.append(("BETAALKOSTEN", 1, order["paymethod_costs"]))
                if order["extra_costs"]:
                    lines.append(("BETAALKOSTEN", 1, order["extra_costs"]))
                for sku, count, price in lines:
                    post(
                        "SalesOrderLine",
                        {
                            "TransactionKey": token,
                            "Itemcode": sku,
                            "Quantity": count,
                            "Price": price,
                        },
                    )
                post(
                    "SalesOrderHeader",
                    {
                        "TransactionKey": token,
                        "OrderDebtor": debtor["DebtorNumber"].strip(),
                        "YourReference": number,
                    },
                )
                made += 1
            path = page["next"] and page["next"].removeprefix(shop_url)
    return Result("plain", made, time.perf_counter() - started, calls)


def hub(shop_url: str, erp_url: str) -> Result:
    """The product itself, in this process, as `koppel run` does it."""
    from hub.config import Config
    from hub.engine import runs
    from hub.engine.configfile import apply
    from hub.engine.hub import Hub
    from hub.engine.naming import flow_named

    text = yaml.safe_dump(
        {
            "version": 1,
            "connections": {
                "webshop": {
                    "system": "ccvshop",
                    "credentials": {"shop_url": shop_url, **SHOP},
                    "settings": {"reads_per_minute": 100_000},
                },
                "erp": {"system": "exact_globe", "credentials": {"base_url": erp_url, **ERP}},
            },
            "flows": {
                "orders": {
                    "from": "webshop.orders",
                    "to": "erp.orders",
                    "schedule": None,
                    "settings": SETTINGS,
                }
            },
        }
    )
    with tempfile.TemporaryDirectory() as home:
        koppel = Hub.start(Config.from_env({"KOPPEL_HOME": str(Path(home, "koppel"))}))
        apply(koppel, text)
        with koppel.database.session() as session:
            flow = flow_named(session, "orders")
        started = time.perf_counter()
        run_id = runs.create_run(koppel, flow, trigger="cli")
        runs.execute(koppel, run_id)
        seconds = time.perf_counter() - started
        told = runs.counts(koppel, run_id)
        koppel.close()
    if told["status"] != "succeeded":
        raise SystemExit(json.dumps(told, indent=1)[:3000])
    return Result("hub", told["created"], seconds, sum(told["requests"].values()))


def floor(
    shop_url: str, erp_url: str, asked: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> Result:
    """The hub's own requests again, by a bare client."""
    started = time.perf_counter()
    with shop_client(shop_url) as shop, erp_client(erp_url) as erp:
        for client, log in ((shop, asked[0]), (erp, asked[1])):
            for r in log:
                url = quote(r["path"], safe="/()'$,") + (f"?{r['query']}" if r["query"] else "")
                headers = {"Content-Type": "application/json"} if r["body"] else None
                answer = client.request(
                    r["method"], url, content=r["body"].encode() or None, headers=headers
                )
                answer.raise_for_status()
                _ = answer.content
    seconds = time.perf_counter() - started
    made = sum(r["method"] == "POST" and "SalesOrderHeader" in r["path"] for r in asked[1])
    return Result("floor", made, seconds, len(asked[0]) + len(asked[1]))


# -- one run -------------------------------------------------------------------------------------


def measure(orders: int, latency: float) -> list[Result]:
    """Every contender against sandboxes of its own."""
    results = []
    asked: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    shop_options = {"orders": orders, "rate_limits": False, "latency": latency}
    for contender in (plain, hub, floor):
        with ExitStack() as stack:
            shop_url = stack.enter_context(sandbox("koppel_ccvshop.sandbox", **shop_options))
            erp_url = stack.enter_context(sandbox("koppel_exact_globe.sandbox", latency=latency))
            if contender is floor:
                results.append(floor(shop_url, erp_url, asked))
            else:
                results.append(contender(shop_url, erp_url))  # type: ignore[operator]
            if contender is hub:
                asked = (requests_of(shop_url), requests_of(erp_url))
    return results


def main() -> None:
    """Print the ratios; with --check, fail when they are worse than promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("PYTHONHASHSEED", "0")
    plain_, hub_, floor_ = measure(options.orders, options.latency)
    for r in (plain_, hub_, floor_):
        print(
            f"{r.name:6} {r.orders:6} orders {r.seconds:8.2f} s {r.rate:8.1f} orders/s "
            f"{r.requests:7} requests"
        )
    calls, speed = hub_.requests / plain_.requests, hub_.rate / floor_.rate
    print(f"hub / plain, requests: {calls:.2f}   (promised: at most 0.60)")
    wanted = 0.6 if options.latency < 0.01 else 0.9
    print(f"hub / floor, orders per second: {speed:.2f}   (promised: at least {wanted})")
    print(f"hub / plain, orders per second: {hub_.rate / plain_.rate:.2f}")
    if options.check and (calls > 0.6 or speed < wanted):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
