"""A pretend CCV Shop on loopback: signatures, paging, filters, limits, refusals, many orders.

It knows what the plugin's tests, the demo and plugin authors need: the shop's own settings and
lists; products with attributes, combinations, pictures, categories and features, read and written;
users, read and written; orders and invoices, read and patched. Anything else that a shop has
answers 501.10 or 501.20, never by chance.

Besides the kit's `/_sandbox/...` there is POST `/_sandbox/orders` `{"count": 3, "kind": "plain"}`:
new orders, made now; the kinds are the keys of `KINDS`. And POST `/_sandbox/orders/ID/credit`
`{"amount": 12.5}`: a credit invoice of an order, made now.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mimetypes
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, abort, g, jsonify, request

from hub.sdk.sandbox import Sandbox

from .asked import Asked, Refused
from .goods import CATALOGUE, ORDER_STATUS
from .resources import Resources
from .scenarios import KINDS, ODD_ORDERS, Scenario
from .shop import Shop

__all__ = [
    "API_PUBLIC",
    "API_SECRET",
    "CATALOGUE",
    "KINDS",
    "ODD_ORDERS",
    "ORDER_STATUS",
    "create_app",
]

API_PUBLIC = "ccvpub0123456789"
API_SECRET = "ccvsecret0123456789abcdef0123456789"
ROOT = "/api/rest/v1/"
BIGGEST_BODY = 32 * 1024 * 1024
CLOCK_WINDOW = timedelta(minutes=5)
LIMITS = {"GET": 150, "POST": 100, "PATCH": 100, "PUT": 100, "DELETE": 100}
LIMIT_TEXT = (
    "Each method in each resource has a limit of requests that can be made per minute. "
    "Please lower the frequency of your request rate."
)


def signature(secret: str, public: str, method: str, uri: str, body: bytes, date: str) -> str:
    """The vendor's HMAC-SHA512 over `public|METHOD|uri|body|date`, in lower-case hex."""
    head = f"{public}|{method}|{uri}|".encode()
    message = head + body + f"|{date}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha512).hexdigest()


class Limits:
    """Requests per method and resource in the last sixty seconds, and over everything."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.seen: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self.lock = threading.Lock()

    def count(self, method: str, resource: str) -> None:
        """Count a request, or refuse it: a refused one does not count."""
        limit = 30 if (method, resource) == ("GET", "productqueries") else LIMITS[method]
        with self.lock:
            if self._full((method, resource), limit):
                raise Refused(429, "429.10", LIMIT_TEXT)
            if self.total is not None and self._full(("*", "*"), self.total):
                raise Refused(429, "429.11", "The total limit of requests is reached.")
            now = time.monotonic()
            self.seen[method, resource].append(now)
            self.seen["*", "*"].append(now)

    def _full(self, key: tuple[str, str], limit: int) -> bool:
        times = self.seen[key]
        while times and times[0] <= time.monotonic() - 60:
            times.popleft()
        return len(times) >= limit


def create_app(
    *,
    orders: int = 40,
    latency: float = 0.0,
    rate_limits: bool = True,
    total_limit: int | None = None,
    api_public: str = API_PUBLIC,
    api_secret: str = API_SECRET,
    seed: int = 1,
    extra_orders: Iterable[str | Scenario] = (),
    until: datetime | None = None,
    clock_offset: float = 0.0,
    sign_answers: bool = True,
    vat_included: bool = True,
    products: int = 0,
    variants: int = 0,
    users: int = 0,
    product_limit: int = -1,
) -> Flask:
    """A shop with *orders* seeded orders, the newest of them made just before *until* (now).

    *extra_orders* are added after those: names out of `KINDS`, or functions that change a draft.
    *total_limit* is the limit over everything that answers 429.11; *clock_offset* the seconds by
    which the shop's clock is ahead; *vat_included* the shop's setting `prices_include_vat`.
    *products* are added to the catalogue, each in so many *variants*; *users*: at least so many
    accounts; *product_limit*: how many products the subscription allows.
    """
    app = Flask(__name__)
    app.url_map.merge_slashes = False
    offset = timedelta(seconds=clock_offset)

    def now() -> datetime:
        return datetime.now(UTC) + offset

    shop = Shop(orders, seed, (until or now()).astimezone(UTC), extra_orders, users)
    resources = Resources(
        shop,
        prices_include_vat=vat_included,
        products=products,
        variants=variants,
        product_limit=product_limit,
    )
    app.extensions["resources"] = resources
    limits = Limits(total_limit)
    Sandbox(
        app,
        latency=latency,
        state=lambda: {
            "orders": len(shop),
            "users": len(resources.accounts),
            "products": len(resources.goods.products),
            "changes": {str(key): value for key, value in shop.changes.items()},
            "invoices": {str(key): value for key, value in shop.invoice_changes.items()},
            "skus": resources.goods.skus(),
        },
    )

    @app.post("/_sandbox/orders")
    def place() -> Response:
        asked = request.get_json()
        kind = asked.get("kind", "plain")
        if kind not in KINDS:
            abort(400, f"there is no kind {kind!r} of order; there are {', '.join(sorted(KINDS))}")
        ids = [shop.place(kind, now()) for _ in range(asked.get("count", 1))]
        return jsonify(ids)

    @app.post("/_sandbox/orders/<int:own>/credit")
    def give_back(own: int) -> Response:
        if shop.index_of(own) is None:
            abort(404, f"there is no order {own}")
        shop.give_back(own, float(request.get_json()["amount"]), now())
        return Response(status=204)

    @app.get("/photos/<name>")
    def photo(name: str) -> Response:
        for kept in resources.extras.photos.values():
            if kept["filename"] == name:
                kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
                return Response(kept["content"], content_type=kind)
        return Response(status=404)

    def asked() -> Asked:
        host = request.host_url.rstrip("/")
        pairs = parse_qsl(request.query_string.decode(), keep_blank_values=True)
        return Asked(
            query=dict(pairs),
            at=host + ROOT.rstrip("/"),
            href=host + _uri(),
            content_type=request.headers.get("Content-Type", ""),
            body=request.get_data(),
        )

    def answer(rest: str = "") -> Response:
        if request.content_length and request.content_length > BIGGEST_BODY:
            return _json(500, Refused(500, "500.80", "The payload is too big.").body())
        try:
            check_signature(api_public, api_secret, now())
            path = [part for part in rest.split("/") if part]
            if "//" in request.path:
                raise Refused(404, "404.20", "The resource name is invalid.")
            resource = resources.resource(path)
            if rate_limits:
                limits.count(request.method, resource)
            with shop.lock:
                status, body = resources.answer(request.method, path, asked())
        except Refused as refused:
            return _json(refused.status, refused.body())
        g.sign = sign_answers
        return _json(status, body)

    methods = list(LIMITS)
    options: dict[str, Any] = {"methods": methods, "provide_automatic_options": False}
    app.add_url_rule(ROOT, "root", answer, **options)
    app.add_url_rule(f"{ROOT}<path:rest>", "answer", answer, **options)

    @app.after_request
    def sign(response: Response) -> Response:
        if request.path.startswith(ROOT):
            response.headers["Date"] = format_datetime(now(), usegmt=True)
            if getattr(g, "sign", False):
                date = now().strftime("%Y-%m-%dT%H:%M:%SZ")
                body = response.get_data()
                made = signature(api_secret, api_public, request.method, _uri(), body, date)
                response.headers["x-date"], response.headers["x-hash"] = date, made
        return response

    return app


def check_signature(public: str, secret: str, now: datetime) -> None:
    """The three headers, the clock and the hash over exactly what came over the wire."""
    sent = {name: request.headers.get(name, "") for name in ("x-public", "x-date", "x-hash")}
    for name, value in sent.items():
        if not value:
            raise Refused(401, None, f"Unauthorized: the header {name} is missing.")
    try:
        date = datetime.fromisoformat(sent["x-date"])
    except ValueError:
        raise Refused(401, None, "Unauthorized: x-date is no ISO 8601 time.") from None
    if date.tzinfo is None or abs(date - now) > CLOCK_WINDOW:
        raise Refused(401, None, "Unauthorized: x-date is not within 5 minutes of now.")
    wanted = signature(secret, public, request.method, _uri(), request.get_data(), sent["x-date"])
    right = sent["x-public"] == public and hmac.compare_digest(
        sent["x-hash"].encode(), wanted.encode()
    )
    if not right:
        raise Refused(401, None, "Unauthorized: the hash is not correct.")


def _uri() -> str:
    """Path and query exactly as on the wire."""
    raw: str = request.environ.get("RAW_URI") or request.environ["REQUEST_URI"]
    return raw.encode("latin-1").decode("utf-8", "replace")


def _json(status: int, body: Any) -> Response:
    if status == 204:
        return Response(status=204)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, content_type="application/json; charset=utf-8")
