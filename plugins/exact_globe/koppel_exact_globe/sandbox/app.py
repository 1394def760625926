"""The pretended service over HTTP: who may come in, which verb on which entity, and the answer."""

from __future__ import annotations

import json
import random
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary
from xml.etree.ElementTree import tostring

from flask import Flask, Response, g, request

from hub.sdk.sandbox import Sandbox

from . import atom, documents, goods, masters, movements, query, seeds, views
from .errors import JSON, DatabaseFault, ODataError, answer
from .ntlm import Guard, Session, decode
from .schema import EntityType
from .table import Row
from .values import from_body, from_literal, to_json, to_literal, utc_now
from .world import World

ROOT = "/services/exact.entity.rest.eg"
_VERBS = ["GET", "POST", "PUT", "PATCH", "MERGE", "DELETE"]


def create_app(
    *,
    latency: float = 0.0,
    auth: str = "ntlm",
    username: str = "hub",
    password: str = "Gl0be!sim",
    domain: str = "SIM",
    server_name: str = "SRV-SQL01\\EXACT",
    database: str = "100",
    items: Iterable[Mapping[str, Any]] | int | None = None,
    accounts: Iterable[Mapping[str, Any]] | None = None,
    families: int = 2,
    customers: int | None = None,
    past_orders: int = 0,
    past_invoices: int = 2,
    seed: int = 1,
    zone: str = "Europe/Amsterdam",
    clock: Callable[[], datetime] = utc_now,
    ask_again_after: int | None = None,
    lock_after: int = 5,
    forbidden: Iterable[str] = (),
    unreadable: Iterable[str] = (),
    own_address: str | None = None,
) -> Flask:
    """A pretend entity service.

    `auth`: `ntlm`, `basic` or `both`. `items`, `accounts`: properties of records to add to the
    usual ones; a number of `items`: so many in all. `families`: so many families of items, three
    variants each. `customers`: so many accounts in all. `past_orders`: so many orders, each
    delivered and invoiced. `past_invoices`: so many printed invoices of sales at the counter.
    `ask_again_after`: ask for a new handshake after so many calls on one connection. `lock_after`:
    so many wrong passwords lock the account. `forbidden`: entities that the employee has no rights
    to. `unreadable`: entities that this version lets nobody read. `own_address`: what the service
    calls itself in links, behind a proxy.
    """
    app = Flask(__name__)
    app.url_map.merge_slashes = False
    world = World(clock=clock, zone=zone, seed=seed, database=database)
    seeds.fill(world, () if isinstance(items, int) else items or (), accounts or ())
    goods.fill(world, items=items if isinstance(items, int) else 0, families=families)
    goods.fill_debtors(world, customers or 0)
    movements.fill(world, past_orders)
    movements.fill_counter(world, past_invoices)
    guard = Guard(username, password, domain, server_name.split("\\")[0], random.Random(seed + 1))
    guard.lock_after = lock_after
    calls = _Calls()
    app.before_request(calls.begin)  # before the sandbox's own, which may sleep
    app.teardown_request(calls.end)
    service = _Service(world, guard, auth, server_name, ask_again_after, frozenset(forbidden))
    service.own_address = own_address
    service.unreadable = frozenset(unreadable)
    sandbox = Sandbox(app, state=lambda: service.state() | calls.state(), latency=latency)
    service.lock = sandbox.lock
    movements.add_rules(app, world, sandbox)
    app.add_url_rule("/<path:path>", view_func=service.serve, methods=_VERBS)
    app.extensions["world"] = world
    app.extensions["guard"] = guard
    return app


class _Calls:
    """Counts the calls that are under way at the same time, which this service does not like."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.under_way: list[Any] = []
        self.overlaps = 0

    def begin(self) -> None:
        if request.path.startswith("/_sandbox/"):
            return
        g.counted = g._get_current_object()
        with self.lock:
            # A call that was hung up on is over for the caller, though not yet for us.
            if any(not _hung_up(other) for other in self.under_way):
                self.overlaps += 1
            self.under_way.append(g.counted)

    def end(self, _: BaseException | None) -> None:
        with self.lock:
            if "counted" in g:
                self.under_way.remove(g.pop("counted"))

    def state(self) -> dict[str, Any]:
        return {"overlapping_calls": self.overlaps}


def _hung_up(call: Any) -> bool:
    return any(fault.kind.startswith("drop") for fault in getattr(call, "faults", ()))


class _Service:
    """Answers one request at a time."""

    lock: threading.RLock
    own_address: str | None
    unreadable: frozenset[str]

    def __init__(
        self,
        world: World,
        guard: Guard,
        auth: str,
        server_name: str,
        ask_again_after: int | None,
        forbidden: frozenset[str],
    ) -> None:
        self.world, self.guard, self.auth = world, guard, auth
        self.server_name, self.ask_again_after = server_name, ask_again_after
        self.forbidden = forbidden
        self.sessions: WeakKeyDictionary[socket.socket, Session] = WeakKeyDictionary()
        self.shared = Session()  # for test clients, which have no connection

    def state(self) -> dict[str, Any]:
        with self.lock:
            counts = {name: len(table) for name, table in self.world.tables.items()}
            return {
                "counts": counts,
                "orders": [dict(row) for row in self.world.tables["SalesOrderHeader"]],
                "invoices": [dict(row) for row in self.world.tables["InvoiceHeader"]],
                "entries": [dict(row) for row in self.world.tables["FinancialHeader"]],
                "accounts": [dict(row) for row in self.world.tables["Account"]],
                "lines_without_header": self.world.orphans(),
                "handshakes": self.guard.handshakes,
                "refused_logins": self.guard.refused,
                "locked": self.guard.locked,
            }

    def serve(self, path: str) -> Response:
        with self.lock:
            try:
                return self._serve(path)
            except ODataError as error:
                return answer(error)

    def _serve(self, path: str) -> Response:
        if not f"/{path}/".lower().startswith(ROOT + "/"):
            return Response("", 404)
        refused = self._let_in()
        if refused is not None:
            return refused
        self._open_database()
        rest = path[len(ROOT) :]
        if rest == "":
            sets = list(self.world.types)
            return Response(json.dumps({"d": {"EntitySets": sets}}), content_type=JSON)
        if rest == "$metadata":
            made = atom.metadata(self.world.types.values())
            return Response(made, content_type="application/xml;charset=utf-8")
        match = re.fullmatch(r"(\w+)(?:\((.*)\))?", rest, re.DOTALL)
        if match is None or match[1] not in self.world.types:
            raise ODataError(f"Resource not found for the segment '{rest}'.", 404)
        if match[1] in self.forbidden:
            return Response("", 403)
        return self._entity(self.world.types[match[1]], match[2])

    def _entity(self, entity: EntityType, key: str | None) -> Response:
        verb = request.method
        if verb == "POST" and "X-HTTP-Method" in request.headers:
            verb = request.headers["X-HTTP-Method"].upper()
        allowed = set() if entity.name in self.unreadable else {"GET"}
        allowed |= entity.verbs & ({"POST"} if key is None else {"MERGE", "DELETE"})
        if verb not in allowed:
            raise ODataError(f"The method '{verb}' is not allowed for '{entity.name}'.", 405)
        if verb != "GET" and request.args:
            raise ODataError("Query options are not allowed here.")
        if key is None:
            return self._create(entity) if verb == "POST" else self._set(entity)
        row = self._one(entity, key)
        if verb == "MERGE":
            masters.change(self.world, entity.name, row, from_body(entity, _body()))
            return Response(status=204)
        if verb == "DELETE":
            masters.delete(self.world, entity.name, row)
            return Response(status=204)
        names = _only_select(entity)
        return self._answer(entity, row, names, 200)

    def _create(self, entity: EntityType) -> Response:
        values = from_body(entity, _body())
        kind = documents if entity.name in {*documents.HEADERS, *documents.LINES} else masters
        row = kind.create(self.world, entity.name, values)
        made = self._answer(entity, row, (), 201)
        made.headers["Location"] = self._address(entity, row)
        return made

    def _one(self, entity: EntityType, key: str) -> Row:
        value = from_literal(entity.key_property, key)
        table, _ = views.table(self.world, entity.name, query.Query())
        row = table.get(value)
        if row is None:
            raise ODataError(f"Resource not found for the segment '{entity.name}'.", 404)
        return row

    def _set(self, entity: EntityType) -> Response:
        asked = query.parse(entity, dict(request.args.lists()))
        table, left = views.table(self.world, entity.name, asked)
        rows, token = table.page(left)
        following = self._next(token) if token is not None else None
        if not _wants_json():
            entries = (atom.entry(entity, row, self._address(entity, row)) for row in rows)
            return _atom(tostring(atom.feed(entries, following)))
        results = [self._shown(entity, row, asked.select) for row in rows]
        made: dict[str, Any] = {"results": results}
        if following:
            made["__next"] = following
        return Response(json.dumps({"d": made}), content_type=JSON)

    def _answer(
        self, entity: EntityType, row: Row, names: tuple[str, ...], status: int
    ) -> Response:
        if not _wants_json():
            return _atom(tostring(atom.entry(entity, row, self._address(entity, row))), status)
        shown = json.dumps({"d": self._shown(entity, row, names)})
        return Response(shown, status, content_type=JSON)

    def _shown(self, entity: EntityType, row: Row, names: tuple[str, ...]) -> dict[str, Any]:
        about = {
            "uri": self._address(entity, row),
            "type": f"Exact.Metadata.Entity.{entity.name}",
        }
        kinds = entity.properties
        values = {name: to_json(kinds[name], row.get(name)) for name in names or kinds}
        return {"__metadata": about, **values}

    def _base(self) -> str:
        return (self.own_address or request.host_url).rstrip("/")

    def _address(self, entity: EntityType, row: Row) -> str:
        key = to_literal(entity.key_property, row[entity.key])
        return f"{self._base()}/services/Exact.Entity.REST.EG/{entity.name}({key})"

    def _next(self, token: str) -> str:
        kept = {n: v for n, v in request.args.items() if n not in ("$skip", "$skiptoken")}
        return f"{self._base()}{request.path}?{urlencode(kept | {'$skiptoken': token})}"

    def _open_database(self) -> None:
        server, name = request.headers.get("ServerName"), request.headers.get("DatabaseName")
        if not server or server.casefold() != self.server_name.casefold():
            raise DatabaseFault(
                "A network-related or instance-specific error occurred while establishing a"
                f" connection to SQL Server '{server or ''}'."
            )
        if not name or name.casefold() != self.world.database.casefold():
            raise DatabaseFault(f"Cannot open database '{name or ''}' requested by the login.")

    def _let_in(self) -> Response | None:
        """None for who may come in, else the 401 that says how."""
        connection = request.environ.get("werkzeug.socket")
        session = self.shared
        if isinstance(connection, socket.socket):
            session = self.sessions.setdefault(connection, Session())
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "ntlm" and self.auth in ("ntlm", "both"):
            kind, message = decode(token)
            if kind == 1:
                return Response(
                    status=401,
                    headers={"WWW-Authenticate": f"NTLM {self.guard.challenge(session)}"},
                )
            if kind != 3 or not self.guard.answer(session, message):
                session.user = None
                return self._ask()
        elif scheme.lower() == "basic" and self.auth in ("basic", "both"):
            return None if self.guard.basic(token) else self._ask()
        elif scheme or session.user is None:
            session.user = None
            return self._ask()
        session.served += 1
        if self.ask_again_after is not None and session.served >= self.ask_again_after:
            session.user = None
        return None

    def _ask(self) -> Response:
        ways = {"ntlm": ["NTLM"], "basic": ['Basic realm="Exact"']}
        told = ", ".join(ways.get(self.auth) or ways["ntlm"] + ways["basic"])
        return Response(status=401, headers={"WWW-Authenticate": told})


def _wants_json() -> bool:
    return "application/json" in request.headers.get("Accept", "").lower()


def _atom(body: bytes, status: int = 200) -> Response:
    return Response(body, status, content_type="application/atom+xml;charset=utf-8")


def _only_select(entity: EntityType) -> tuple[str, ...]:
    for name in request.args:
        if name != "$select":
            raise ODataError(f"The query parameter '{name}' is not supported.")
    return query.select(entity, request.args.get("$select"))


def _body() -> dict[str, Any]:
    """The body, which must be a JSON object (the real service takes Atom, too)."""
    if request.mimetype != "application/json":
        raise ODataError("The media type is not supported.", 415)
    try:
        body = json.loads(request.get_data(), parse_constant=_no_constant)
    except ValueError:
        raise ODataError("Error processing request stream. The JSON is not valid.") from None
    if not isinstance(body, dict):
        raise ODataError("Error processing request stream. A JSON object is expected.")
    return body


def _no_constant(name: str) -> Iterator[None]:
    raise ValueError(name)
