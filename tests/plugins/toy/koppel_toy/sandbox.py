"""The pretend toy: three lists in memory behind a bearer token."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from typing import Any

from flask import Flask, Response, abort, jsonify, request

from hub.sdk.sandbox import Sandbox

TOKEN = "toy-token-4711-not-for-others"
START = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.UTC)


def create_app(*, customers: int = 60, latency: float = 0.0, name: str = "Toys of Anna") -> Flask:
    """A toy with some customers, nine products and some orders."""
    app = Flask(__name__)
    lists: dict[str, dict[str, dict[str, Any]]] = {"customers": {}, "products": {}, "orders": {}}
    numbers, lock, clock = itertools.count(1), threading.Lock(), itertools.count()
    tokens: dict[str, str] = {}

    def stamp(minute: int) -> str:
        return (START + dt.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def put(where: str, record: dict[str, Any], changed: str) -> dict[str, Any]:
        key = record.get("id") or str(next(numbers))
        number = record.get("number") or f"{where[0].upper()}{int(key):05d}"
        lists[where][key] = {**record, "id": key, "number": number, "changed": changed}
        return lists[where][key]

    for n in range(customers):
        seeded = {
            "email": f"buyer{n}@example.com",
            "company": f"Speelgoed {n} B.V." if n % 3 == 0 else None,
            "first_name": "Anna" if n % 2 else "Piet",
            "last_name": "Jansen",
            "street": f"Dorpsstraat {n + 1}",
            "city": "Utrecht",
            "country": "NL",
            "newsletter": n % 2 == 0,
        }
        put("customers", seeded, stamp(n // 25))  # many share one change stamp
    for n in range(9):
        price = f"{n + 1}.50"
        put("products", {"sku": f"TOY-{n}", "name": f"Toy {n}", "price": price}, stamp(n))
    for n in range(12):
        lines = [
            {
                "sku": f"TOY-{n % 9}",
                "name": f"Toy {n % 9}",
                "quantity": 2,
                "price": "4.50",
                "vat": 21,
            }
        ]
        put(
            "orders",
            {
                "status": "paid" if n % 2 else "new",
                "email": f"buyer{n}@example.com",
                "name": "Anna Jansen",
                "country": "NL",
                "total": "9.00",
                "lines": lines,
            },
            stamp(n // 4),
        )
    for _ in range(100):
        next(clock)
    state = lambda: {where: list(records.values()) for where, records in lists.items()}  # noqa: E731
    Sandbox(app, state=state, latency=latency)

    @app.before_request
    def guard() -> Response | None:
        if request.path.startswith("/_sandbox/"):
            return None
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Response('{"error": "bad token"}', 401, content_type="application/json")
        return None

    @app.get("/api/me")
    def me() -> Response:
        return jsonify(name=name, plan="free")

    @app.get("/api/colours")
    def colours() -> Response:
        return jsonify(items=[{"code": "r", "name": "Red"}, {"code": "b", "name": "Blue"}])

    @app.get("/api/<where>")
    def listing(where: str) -> Response:
        records = sorted(lists[where].values(), key=lambda r: (r["changed"], int(r["id"])))
        since, after = request.args.get("since"), request.args.get("after")
        if since:
            records = [r for r in records if r["changed"] >= since]
        if after:
            changed, _, key = after.partition("|")
            records = [r for r in records if (r["changed"], int(r["id"])) > (changed, int(key))]
        limit = int(request.args.get("limit", 20))
        page = records[:limit]
        more = len(records) > limit
        return jsonify(items=page, next=f"{page[-1]['changed']}|{page[-1]['id']}" if more else None)

    @app.get("/api/<where>/<key>")
    def one(where: str, key: str) -> Response:
        return jsonify(lists[where].get(key) or abort(404))

    @app.post("/api/<where>/search")
    def search(where: str) -> Response:
        asked = request.get_json()
        wanted = {value.casefold() for value in asked["values"]}
        return jsonify(
            items=[
                record
                for record in lists[where].values()
                if str(record.get(asked["field"], "")).casefold() in wanted
            ]
        )

    @app.post("/api/<where>")
    def create(where: str) -> Response:
        record = request.get_json()
        token = record.pop("token", None)
        if where == "customers" and "@" not in str(record.get("email", "")):
            return Response('{"error": "email is missing"}', 422, content_type="application/json")
        with lock:
            if token and token in tokens:
                return jsonify(lists[where][tokens[token]])
            made = put(where, record, stamp(1000 + next(clock)))
            if token:
                tokens[token] = made["id"]
        return jsonify(made)

    @app.patch("/api/<where>/<key>")
    def update(where: str, key: str) -> Response:
        if key not in lists[where]:
            abort(404)
        with lock:
            return jsonify(
                put(where, {**lists[where][key], **request.get_json()}, stamp(1000 + next(clock)))
            )

    return app
