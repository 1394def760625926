"""A pretend HubSpot on loopback: CRM objects, search that lags, batches, links, OAuth2, limits.

Besides the kit's `/_sandbox/...`:
POST `/_sandbox/change` `{"type": "contacts", "id": "...", "properties": {...}}`: somebody changes a
record by hand; without an id a new one is made. POST `/_sandbox/hooks` `{"url": ...}`: changes are
told to that address from now on. POST `/_sandbox/send` `{"url", "events", "version", "secret",
"signed_at"}`: send these events, signed so; `events` may also be `[["contacts", "301"], ...]`.
POST `/_sandbox/access` `{"do": "revoke" | "uninstall" | "expire" | "deny"}`: no token is good any
more, those of the app are not, they come to their end, people say no. DELETE
`/_sandbox/properties/<type>/<name>` and `/_sandbox/pipelines/<type>/<id>`: somebody deletes it.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g, jsonify, request

from hub.sdk.sandbox import Sandbox

from . import associations
from .access import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN, Access, Limits
from .definitions import made
from .errors import PORTAL, Refused, not_found
from .hooks import Hooks, signature
from .objects import Answer, Objects
from .seeds import Seeds
from .store import Store
from .world import ORDER_PIPELINE, ORDER_STAGES, PIPELINES, TAX_RATES

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "ORDER_PIPELINE",
    "ORDER_STAGES",
    "REFRESH_TOKEN",
    "TOKEN",
    "create_app",
    "signature",
]


def create_app(
    *,
    contacts: int = 30,
    companies: int = 12,
    products: int = 8,
    orders: int = 16,
    lines: int = 3,
    deals: int = 6,
    invoices: int = 4,
    latency: float = 0.0,
    rate_limits: bool = True,
    ten_seconds: int = 190,
    daily: int = 625_000,
    searches: int = 5,
    lag: float = 0.0,
    ties: int = 3,
    seed: int = 1,
    until: dt.datetime | None = None,
    token: str = TOKEN,
    token_lifetime: float = 1800,
    rotates: bool = False,
    unique_sku: bool = True,
    without_unique: Iterable[str] = (),
    missing_scopes: Iterable[str] = (),
    unknown_key_is_named: bool = False,
    without_group: Iterable[str] = (),
) -> Flask:
    """An account with so many records of each kind; *products* come on top of the catalogue.

    lines: of each order. ties: how many records share each time stamp. until: when the newest
    was changed. lag: seconds before search sees a write. ten_seconds, daily, searches: the limits
    (requests in ten seconds, in a day, searches in a second). token_lifetime: of OAuth2 access
    tokens; rotates: whether a refresh spends its refresh token. unique_sku: whether records may be
    told apart by `hs_sku`; without_unique: types that get no other unique property.
    missing_scopes: what the app was not granted. unknown_key_is_named: whether a key that is no
    property is refused as a property that does not exist; without_group: types whose properties
    are in a group of another name than usual.
    """
    app = Flask(__name__)
    store = Store(
        lag=lag,
        unique_sku=unique_sku,
        without_unique=without_unique,
        unknown_key_is_named=unknown_key_is_named,
        without_group=without_group,
    )
    store.pipelines = copy.deepcopy(PIPELINES)
    _fill(store, contacts, companies, products, orders, lines, deals, invoices, seed, ties, until)
    access = Access(app, token=token, lifetime=token_lifetime, rotates=rotates)
    limits = Limits(ten_seconds, daily, searches, enforced=rate_limits)
    hooks = Hooks()
    store.changed = hooks.changed
    objects, missing = Objects(store), set(missing_scopes)
    app.extensions["store"], app.extensions["access"] = store, access
    app.extensions["limits"], app.extensions["hooks"] = limits, hooks
    Sandbox(
        app,
        latency=latency,
        state=lambda: {
            **{kind: len(found) for kind, found in store.objects.items()},
            "refreshed": access.refreshed,
            "refused": limits.refused,
            "webhooks": len(hooks.sent),
        },
    )
    _controls(app, store, access, hooks)

    def api(rest: str) -> Answer:
        parts = [part for part in rest.split("/") if part]
        body = request.get_json(silent=True) if request.content_length else None
        area, rest_parts = "/".join(parts[:3]), parts[3:]
        if rest == "account-info/v3/details":
            return 200, _details()
        if area == "crm/v3/objects" and rest_parts:
            return objects.answer(request.method, rest_parts, request.args, body)
        if area == "crm/v4/associations":
            return associations.answer(store, request.method, rest_parts, body)
        if area == "crm/v3/properties":
            _scoped(missing, rest_parts, "crm.schemas")
            return _properties(store, request.method, rest_parts, body)
        if area == "crm/v3/pipelines" and len(rest_parts) == 1:
            return 200, {"results": store.pipelines.get(store.kind(rest_parts[0]), [])}
        if rest == "tax-rates/v1/tax-rates":
            return 200, {"results": [{**rate, "active": True} for rate in TAX_RATES]}
        if rest == "crm/v3/owners":
            owner = {"id": "67890", "email": "verkoop@example.com", "archived": False}
            return 200, {"results": [{**owner, "firstName": "Sanne", "lastName": "Mulder"}]}
        raise not_found()

    def answer(rest: str) -> Response:
        try:
            app_asks = access.check()
            g.limits = limits.count(search=rest.endswith("/search"), app=app_asks)
            if request.method in ("POST", "PATCH", "PUT") and not request.is_json:
                return Response("<html><body>415</body></html>", 415, content_type="text/html")
            with store.lock:
                status, body = api(rest)
        except Refused as refused:
            return _json(refused.status, refused.body())
        return _json(status, body)

    for area in ("crm", "account-info", "tax-rates", "settings", "files"):
        app.add_url_rule(
            f"/{area}/<path:rest>",
            area,
            lambda rest, area=area: answer(f"{area}/{rest}"),
            methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        )

    @app.after_request
    def limits_told(response: Response) -> Response:
        response.headers.update(getattr(g, "limits", {}))
        return response

    return app


def _fill(
    store: Store,
    contacts: int,
    companies: int,
    products: int,
    orders: int,
    lines: int,
    deals: int,
    invoices: int,
    seed: int,
    ties: int,
    until: dt.datetime | None,
) -> None:
    total = contacts + companies + products + 11 + orders * (1 + lines) + 3 * (deals + invoices)
    newest = until or dt.datetime.now(dt.UTC) - dt.timedelta(minutes=10)
    seeds = Seeds(store, newest, seed, ties, total)
    seeds.define()
    seeds.people(contacts, companies)
    seeds.products(products)
    seeds.orders(orders, lines)
    seeds.deals(deals)
    seeds.invoices(invoices)
    store.at(None)


def _details() -> dict[str, Any]:
    return {
        "portalId": PORTAL,
        "accountType": "STANDARD",
        "timeZone": "Europe/Amsterdam",
        "companyCurrency": "EUR",
        "additionalCurrencies": ["GBP"],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3600000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    }


def _scoped(missing: set[str], parts: list[str], area: str) -> None:
    if request.method == "GET" or not parts:
        return
    scope = f"{area}.{parts[0]}.write"
    if scope in missing:
        raise Refused(
            403,
            "This app hasn't been granted all required scopes to make this call. Read more about "
            "required scopes here: https://developers.hubspot.com/scopes.",
            "MISSING_SCOPES",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": [scope]},
                }
            ],
        )


def _properties(store: Store, method: str, parts: list[str], body: Any) -> Answer:
    if not parts:
        raise not_found()
    kind = store.kind(parts[0])
    known = store.known[kind]
    if len(parts) == 1 and method == "GET":
        return 200, {"results": [d.shown() for d in known.values()]}
    if len(parts) == 1 and method == "POST":
        definition = made(kind, body, known, store.without_unique, store.groups[kind])
        known[definition.name] = definition
        return 201, definition.shown()
    if parts[1:] == ["groups"]:
        return _groups(store.groups[kind], method, body)
    if parts[1:] == ["batch", "create"] and method == "POST":
        rules = (known, store.without_unique, store.groups[kind])
        definitions = [made(kind, one, *rules) for one in body["inputs"]]
        known.update({d.name: d for d in definitions})
        return 201, {"status": "COMPLETE", "results": [d.shown() for d in definitions]}
    if len(parts) == 2 and parts[1] in known:
        if method == "GET":
            return 200, known[parts[1]].shown()
        if method == "PATCH":
            known[parts[1]].options = body.get("options", known[parts[1]].options)
            return 200, known[parts[1]].shown()
    raise not_found()


def _groups(known: set[str], method: str, body: Any) -> Answer:
    if method == "GET":
        return 200, {"results": [{"name": n, "label": n, "archived": False} for n in sorted(known)]}
    if method != "POST" or not body.get("name") or not body.get("label"):
        raise Refused(400, "Invalid input: name and label are required")
    if body["name"] in known:
        raise Refused(409, "A property group of that name exists.", "OBJECT_ALREADY_EXISTS")
    known.add(body["name"])
    return 201, {"name": body["name"], "label": body["label"], "archived": False}


def _controls(app: Flask, store: Store, access: Access, hooks: Hooks) -> None:
    """What a test may do to the account from outside."""

    @app.post("/_sandbox/change")
    def change() -> Response:
        asked = request.get_json()
        kind = store.kind(asked["type"])
        try:
            with store.lock:
                if asked.get("id"):
                    record = store.update(kind, str(asked["id"]), asked["properties"])
                else:
                    record = store.create(kind, asked["properties"], asked.get("associations", ()))
        except Refused as refused:
            return _json(refused.status, refused.body())
        return jsonify(record)

    @app.post("/_sandbox/hooks")
    def subscribe() -> Response:
        asked = request.get_json()
        hooks.url = asked.get("url")
        hooks.secret = asked.get("secret", hooks.secret)
        return jsonify({"url": hooks.url})

    @app.post("/_sandbox/send")
    def send() -> Response:
        asked = request.get_json()
        events = [
            one if isinstance(one, dict) else hooks.event(one[0], one[1], "propertyChange")
            for one in asked["events"]
        ]
        more = {n: asked[n] for n in ("version", "secret", "signed_at") if n in asked}
        return jsonify({"status": hooks.send(events, asked["url"], **more), "events": events})

    @app.post("/_sandbox/access")
    def change_access() -> Response:
        do = request.get_json()["do"]
        if do == "deny":
            access.denied = True
        elif do == "expire":
            access.expire()
        elif do == "uninstall":
            access.uninstall()
        else:
            access.revoke()
        return jsonify({"done": do})

    @app.delete("/_sandbox/properties/<kind>/<name>")
    def delete_property(kind: str, name: str) -> Response:
        store.known[store.kind(kind)].pop(name, None)
        return Response(status=204)

    @app.delete("/_sandbox/pipelines/<kind>/<key>")
    def delete_pipeline(kind: str, key: str) -> Response:
        found = store.pipelines[store.kind(kind)]
        store.pipelines[store.kind(kind)] = [p for p in found if p["id"] != key]
        return Response(status=204)


def _json(status: int, body: Any) -> Response:
    if status == 204 or body is None:
        return Response(status=status)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, content_type="application/json;charset=utf-8")
