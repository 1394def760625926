"""Who may ask the pretend HubSpot: static tokens, OAuth2 with PKCE, and how often."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import threading
import time
import uuid
from collections import deque
from html import escape
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request

from .errors import PORTAL, Refused

TOKEN = "pat-eu1-7d1c2b3a-4e5f-4a6b-8c9d-0e1f2a3b4c5d"
CLIENT_ID = "0a1b2c3d-4e5f-4061-8273-94a5b6c7d8e9"
CLIENT_SECRET = "4b2c1f0e-9d3a-4c55-8e21-7a6b5c4d3e2f"
OF_APPS = 110
"""Requests in ten seconds that an app with OAuth2 may make, whatever the account may."""
REFRESH_TOKEN = "eu1-6f18-f26a-3e95-4d95-a6e53d5c6e5c"


class Access:
    """Tokens that are good, and the OAuth2 addresses.

    lifetime: seconds that an access token lives. rotates: each refresh spends its refresh token.
    """

    def __init__(self, app: Flask, *, token: str, lifetime: float, rotates: bool) -> None:
        self.tokens = {token}
        self.refresh = {REFRESH_TOKEN}
        self.refreshed = 0
        self.denied = False
        self._lifetime, self._rotates = lifetime, rotates
        self._ends: dict[str, float] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        app.add_url_rule("/oauth/authorize", "authorize", self._authorize)
        app.add_url_rule("/oauth/authorize", "decide", self._decide, methods=["POST"])
        app.add_url_rule("/oauth/v3/token/revoke", "revoke", self._revoke, methods=["POST"])
        for path in ("/oauth/v3/token", "/oauth/v1/token", "/oauth/2026-03/token"):
            app.add_url_rule(path, path, self._token, methods=["POST"])

    def check(self) -> bool:
        """Whether the request came from an app; raises Refused unless it carries a good token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.tokens:
            return False
        ends = self._ends.get(token)
        if scheme == "Bearer" and ends is not None and time.time() < ends:
            return True
        if ends is not None:
            since = int(time.time() - ends)
            at = dt.datetime.fromtimestamp(ends, dt.UTC).isoformat()
            raise Refused(
                401,
                f"The OAuth token used to make this call expired {since} second(s) ago.",
                "EXPIRED_AUTHENTICATION",
                context={"expire time": [at]},
            )
        raise Refused(
            401,
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and "
            "you can find more details at "
            "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            "INVALID_AUTHENTICATION",
        )

    def revoke(self) -> None:
        """No token is good any more, of whatever kind."""
        self.tokens.clear()
        self.uninstall()

    def uninstall(self) -> None:
        """Somebody removes the app: what was given with Connect is good for nothing any more."""
        self.refresh.clear()
        self._ends = dict.fromkeys(self._ends, 0.0)

    def expire(self) -> None:
        """The access tokens that are out have come to their end."""
        self._ends = {token: time.time() - 1 for token in self._ends}

    def _authorize(self) -> Any:
        """The page on which somebody who is logged in over there says yes or no."""
        asked = request.args
        problem = _asked_wrong(asked)
        if problem:
            return Response(problem, 400)
        scopes = "".join(f"<li>{escape(scope)}" for scope in asked.get("scope", "").split())
        kept = "".join(
            f'<input type="hidden" name="{name}" value="{escape(asked.get(name, ""))}">'
            for name in _CARRIED
        )
        return _PAGE.format(portal=PORTAL, scopes=scopes, kept=kept)

    def _decide(self) -> Any:
        """Back to whoever asked, with a code or with a refusal."""
        asked = request.form
        problem = _asked_wrong(asked)
        if problem:
            return Response(problem, 400)
        answer = {"state": asked.get("state", "")}
        if self.denied or asked.get("answer") != "connect":
            answer |= {"error": "access_denied", "error_description": "The user said no."}
        else:
            code = str(uuid.uuid4())
            self._codes[code] = {
                "redirect_uri": asked["redirect_uri"],
                "challenge": asked.get("code_challenge", ""),
                "scope": asked.get("scope", ""),
            }
            answer["code"] = code
        return redirect(f"{asked['redirect_uri']}?{urlencode(answer)}")

    def _revoke(self) -> Any:
        """Somebody gives back what they were given."""
        form = request.form
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _no("BAD_CLIENT_SECRET", "missing or invalid client secret")
        with self._lock:
            self.refresh.discard(form.get("token", ""))
            self._ends = dict.fromkeys(self._ends, 0.0)
        return Response(status=200)

    def _token(self) -> Any:
        form = request.form
        if form.get("client_id") != CLIENT_ID:
            return _no("BAD_CLIENT_ID", "missing or unknown client id")
        if form.get("client_secret") != CLIENT_SECRET:
            return _no("BAD_CLIENT_SECRET", "missing or invalid client secret")
        with self._lock:
            if form.get("grant_type") == "authorization_code":
                return self._exchange(form)
            if form.get("grant_type") == "refresh_token":
                given = form.get("refresh_token", "")
                if given not in self.refresh:
                    return _no("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
                self.refreshed += 1
                if not self._rotates:
                    return self._grant(given)
                self.refresh.discard(given)
                return self._grant(None)
        return _no("BAD_GRANT_TYPE", "unknown grant type")

    def _exchange(self, form: Any) -> Any:
        kept = self._codes.pop(form.get("code", ""), None)
        if kept is None:
            return _no("BAD_AUTH_CODE", "missing or unknown auth code")
        if form.get("redirect_uri") != kept["redirect_uri"]:
            return _no("BAD_REDIRECT_URI", "the redirect uri does not match")
        if kept["challenge"]:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if made != kept["challenge"]:
                return _no("BAD_AUTH_CODE", "the code verifier does not match")
        return self._grant(None, kept["scope"])

    def _grant(self, refresh: str | None, scope: str = "oauth") -> Any:
        access = "CK" + uuid.uuid4().hex + uuid.uuid4().hex
        refresh = refresh or f"eu1-{uuid.uuid4()}"
        self.refresh.add(refresh)
        self._ends[access] = time.time() + self._lifetime
        return jsonify(
            {
                "token_type": "bearer",
                "access_token": access,
                "refresh_token": refresh,
                "expires_in": int(self._lifetime),
                "hub_id": PORTAL,
                "scopes": scope.split(),
            }
        )


_CARRIED = ("client_id", "redirect_uri", "scope", "state", "code_challenge")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Connect an app</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font: 16px/1.5 sans-serif; max-width: 36rem; margin: 2rem auto; padding: 0 1rem }}
ul {{ columns: 16rem; font-size: 14px }} button {{ font: inherit; padding: .5rem 1rem }}</style>
<h1>Connect Koppel to account {portal}</h1>
<p>This is a pretend HubSpot. Koppel asks for:</p><ul>{scopes}</ul>
<form method="post">{kept}<button name="answer" value="connect">Connect app</button>
<button name="answer" value="cancel">Cancel</button></form></html>"""


def _asked_wrong(asked: Any) -> str:
    known = asked.get("client_id") == CLIENT_ID and asked.get("redirect_uri")
    return "" if known else "The client or the redirect URL does not match the app."


def _no(status: str, message: str) -> Any:
    body = {"status": status, "message": message, "correlationId": str(uuid.uuid4())}
    return Response(jsonify(body).get_data(), 400, content_type="application/json")


class Limits:
    """Ten seconds, a day, and search on its own; a refused request is not counted."""

    def __init__(self, ten_seconds: int, daily: int, per_second: int, *, enforced: bool) -> None:
        self.ten_seconds, self.daily, self.per_second = ten_seconds, daily, per_second
        self.enforced = enforced
        self.used_today = 0
        self.refused = 0
        self._calls: deque[float] = deque()
        self._searches: deque[float] = deque()
        self._lock = threading.Lock()

    def count(self, *, search: bool, app: bool) -> dict[str, str]:
        """Count a request; gives the headers of its answer. Raises Refused at a limit.

        app: it came with a token of OAuth2, which gets less and is told nothing of the day.
        """
        now = time.monotonic()
        with self._lock:
            most_calls = min(self.ten_seconds, OF_APPS) if app else self.ten_seconds
            times, most, window = self._calls, most_calls, 10.0
            if search:
                times, most, window = self._searches, self.per_second, 1.0
            while times and times[0] <= now - window:
                times.popleft()
            if self.enforced:
                if self.used_today >= self.daily:
                    self.refused += 1
                    raise _limited("DAILY", "daily")
                if len(times) >= most:
                    self.refused += 1
                    policy = "SECONDLY" if search else "TEN_SECONDLY_ROLLING"
                    raise _limited(policy, "secondly" if search else "ten_secondly_rolling")
            times.append(now)
            self.used_today += 1
            if search:
                return {}
            told = {
                "X-HubSpot-RateLimit-Max": str(most_calls),
                "X-HubSpot-RateLimit-Remaining": str(max(0, most_calls - len(times))),
                "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            }
            if app:
                return told
            return told | {
                "X-HubSpot-RateLimit-Daily": str(self.daily),
                "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.daily - self.used_today)),
            }


def _limited(policy: str, word: str) -> Refused:
    return Refused(
        429,
        f"You have reached your {word} limit.",
        "RATE_LIMITS",
        errorType="RATE_LIMIT",
        policyName=policy,
        groupName="publicapi:private-apps:29584574",
    )
