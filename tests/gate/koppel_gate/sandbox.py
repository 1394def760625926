"""The pretend gate: people behind OAuth2 with rotating refresh tokens, and a strict limit."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import itertools
import secrets
import threading
import time
from collections import deque
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, redirect, request

from hub.sdk.sandbox import Sandbox

TOKEN = "gate-token-for-tests-only"
CLIENT, SECRET = "gate-client", "gate-client-secret"


class World:
    """What the gate holds. lasts: seconds of an access token. grace: seconds that a spent refresh
    token still answers with what replaced it. slow: seconds that a refresh takes."""

    def __init__(self, people: int) -> None:
        self.lock = threading.RLock()
        self.lasts, self.grace, self.slow = 1800.0, 0.0, 0.0
        self.codes: dict[str, dict[str, str]] = {}
        self.access: dict[str, float] = {}
        self.refresh: set[str] = set()
        self.spent: dict[str, tuple[float, dict[str, Any]]] = {}
        self.refreshes = self.refused = self.too_many = 0
        self.limit: tuple[int, float] | None = None
        self.day: tuple[int, int] | None = None
        self.calls: deque[float] = deque()
        self.numbers = itertools.count(1)
        self.ticks = itertools.count(1)
        self.people: dict[str, dict[str, Any]] = {}
        for _ in range(people):
            self.add({})

    def add(self, values: dict[str, Any]) -> dict[str, Any]:
        """A new person."""
        number = str(next(self.numbers))
        person = {"id": number, "email": f"person{number}@example.com", "name": f"Person {number}"}
        return self.change({**person, "group": "a", **values, "id": number})

    def change(self, person: dict[str, Any]) -> dict[str, Any]:
        """Keep it with a new stamp."""
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=next(self.ticks))
        person["changed"] = moment.isoformat()
        self.people[person["id"]] = person
        return person

    def grant(self) -> dict[str, Any]:
        """A new pair of tokens."""
        access, refresh = f"access-{secrets.token_hex(12)}", f"refresh-{secrets.token_hex(12)}"
        self.access[access] = time.time() + self.lasts
        self.refresh.add(refresh)
        return {
            "token_type": "bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": self.lasts,
            "scope": "people.read people.write",
        }

    def revoke(self) -> None:
        """The owner takes access back."""
        self.access.clear()
        self.refresh.clear()
        self.spent.clear()


def create_app(*, people: int = 5, name: str = "Gate of Anna") -> Flask:
    """A gate with some people."""
    app = Flask("gate")
    world = World(people)
    app.extensions["world"] = world
    Sandbox(app, state=lambda: {"people": list(world.people.values())})
    _oauth(app, world)
    _api(app, world, name)
    return app


def _oauth(app: Flask, world: World) -> None:
    @app.get("/oauth/authorize")
    def ask() -> str:
        given = {k: request.args[k] for k in ("client_id", "redirect_uri", "state")}
        if given["client_id"] != CLIENT or request.args.get("response_type") != "code":
            abort(400)
        given["challenge"] = request.args.get("code_challenge", "")
        if request.args.get("code_challenge_method") != "S256":
            abort(400)
        hidden = "".join(f'<input type=hidden name="{k}" value="{v}">' for k, v in given.items())
        return (
            f"<!doctype html><title>Gate</title><h1>Let Koppel in?</h1>"
            f"<p>{request.args.get('scope', '')}</p><form method=post>{hidden}"
            "<button name=answer value=yes>Allow</button>"
            "<button name=answer value=no>Refuse</button></form>"
        )

    @app.post("/oauth/authorize")
    def decide() -> Any:
        form = request.form
        back = {"state": form["state"]}
        if form["answer"] == "yes":
            code = secrets.token_hex(8)
            world.codes[code] = {"to": form["redirect_uri"], "challenge": form["challenge"]}
            back["code"] = code
        else:
            back |= {"error": "access_denied", "error_description": "The owner said no"}
        return redirect(f"{form['redirect_uri']}?{urlencode(back)}", 302)

    @app.post("/oauth/token")
    def token() -> Any:
        form = request.form
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return jsonify(error="invalid_client"), 401
        if form["grant_type"] == "authorization_code":
            return _code(form)
        if world.slow:
            time.sleep(world.slow)
        with world.lock:
            given = form["refresh_token"]
            if given in world.refresh:
                world.refresh.discard(given)
                world.refreshes += 1
                made = world.grant()
                world.spent[given] = (time.time(), made)
                return jsonify(made)
            at, made = world.spent.get(given, (0.0, {}))
            if made and time.time() - at < world.grace:
                return jsonify(made)
            world.refused += 1
            said = "The refresh token is unknown, spent or revoked"
            return jsonify(error="invalid_grant", error_description=said), 400

    def _code(form: Any) -> Any:
        kept = world.codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if kept != {"to": form["redirect_uri"], "challenge": challenge}:
            return jsonify(error="invalid_grant", error_description="Wrong code"), 400
        with world.lock:
            return jsonify(world.grant())


def _api(app: Flask, world: World, name: str) -> None:
    @app.before_request
    def guard() -> Any:
        if not request.path.startswith("/api/"):
            return None
        if world.limit is not None:
            count, seconds = world.limit
            with world.lock:
                now = time.monotonic()
                while world.calls and world.calls[0] <= now - seconds:
                    world.calls.popleft()
                if len(world.calls) >= count:
                    world.too_many += 1
                    return Response("too many", 429, {"Retry-After": "1"})
                world.calls.append(now)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token != TOKEN and world.access.get(token, 0.0) < time.time():
            return jsonify(error="token"), 401
        return None

    @app.after_request
    def headers(response: Response) -> Response:
        if world.limit is not None and request.path.startswith("/api/"):
            count, seconds = world.limit
            response.headers["X-Window"] = f"{seconds:g}"
            response.headers["X-Limit"] = str(count)
            response.headers["X-Left"] = str(max(0, count - len(world.calls)))
        if world.day is not None and request.path.startswith("/api/"):
            limit, left = world.day
            world.day = (limit, max(0, left - 1))
            response.headers["X-Day-Limit"] = str(limit)
            response.headers["X-Day-Left"] = str(world.day[1])
            response.headers["X-Day-Resets"] = "3600"
        return response

    @app.get("/api/me")
    def me() -> Response:
        return jsonify(name=name)

    @app.get("/api/people")
    def index() -> Response:
        since = request.args.get("since", "")
        found = sorted(world.people.values(), key=lambda p: str(p["changed"]))
        return jsonify(items=[p for p in found if p["changed"] >= since])

    @app.post("/api/people/batch")
    def batch() -> Response:
        ids = request.get_json()["ids"]
        return jsonify(items=[world.people[i] for i in ids if i in world.people])

    @app.post("/api/people/search")
    def search() -> Response:
        by, values = request.get_json()["by"], set(request.get_json()["values"])
        return jsonify(items=[p for p in world.people.values() if p.get(by) in values])

    @app.post("/api/people")
    def create() -> Response:
        with world.lock:
            return jsonify(world.add(request.get_json()))

    @app.patch("/api/people/<number>")
    def change(number: str) -> Response:
        with world.lock:
            return jsonify(world.change({**world.people[number], **request.get_json()}))


def signed(
    url: str, body: bytes, *, secret: str = SECRET, at: float | None = None
) -> dict[str, str]:
    """The headers of a genuine message."""
    stamp = f"{time.time() if at is None else at:.3f}"
    made = hmac.new(secret.encode(), f"{stamp}POST{url}".encode() + body, hashlib.sha256).digest()
    return {
        "X-Gate-Time": stamp,
        "X-Gate-Signature": base64.b64encode(made).decode(),
        "Content-Type": "application/json",
    }
