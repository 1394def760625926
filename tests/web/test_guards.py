"""Who gets in, from where, with what: every route, found by walking the map of the application."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from hub import web
from hub.app import create_app
from hub.config import Config
from hub.engine.hub import Hub
from hub.store import users
from hub.web.security import PUBLIC

from .conftest import EMAIL, PASSWORD, Furnish, Visitor

VALUES = {"name": "shop-orders", "system": "ccvshop", "field": "settings-vat_codes", "token": "x"}


def addresses(app: Flask, method: str) -> list[tuple[str, str]]:
    """(endpoint, address) of every route that takes this method."""
    with app.test_request_context():
        return [
            (rule.endpoint, _address(app, rule))
            for rule in app.url_map.iter_rules()
            if method in (rule.methods or ())
        ]


def _address(app: Flask, rule: Rule) -> str:
    values: dict[str, Any] = {name: VALUES.get(name, 1) for name in rule.arguments}
    values |= {"filename": "koppel.css"} if "filename" in rule.arguments else {}
    return app.url_for(rule.endpoint, **values)


def test_every_page_but_the_allowed_few_needs_a_login(app: Flask, visitor: Visitor) -> None:
    asked = 0
    for endpoint, address in addresses(app, "GET"):
        if endpoint in PUBLIC:
            continue
        answer = visitor.get(address)
        assert answer.status_code == 303, address
        assert answer.headers["Location"].startswith("/login"), address
        asked += 1
    assert asked > 20


def test_nothing_can_be_done_without_a_login(app: Flask, visitor: Visitor) -> None:
    for endpoint, address in addresses(app, "POST"):
        if endpoint not in PUBLIC:
            answer = visitor.post(address, {"do": "save"})
            assert answer.status_code == 303, address
            assert answer.headers["Location"] == "/login", address


def test_every_post_without_a_token_is_refused(app: Flask, anna: Visitor, furnish: Furnish) -> None:
    furnish(run=True)
    asked = 0
    for endpoint, address in addresses(app, "POST"):
        if endpoint == "hooks.receive":
            continue  # it takes no session, and so no session can be misused: a signature instead
        answer = anna.client.post(address, data={"do": "save"})
        assert answer.status_code == 400, address
        assert "Reload the page" in answer.text, address
        asked += 1
    assert asked > 20


def test_the_token_of_another_session_is_refused(app: Flask, anna: Visitor) -> None:
    other = Visitor(app)
    other.get("/login")
    answer = anna.client.post("/logout", data={"csrf_token": other.token})
    assert answer.status_code == 400


def test_the_public_routes_are_just_these(app: Flask) -> None:
    assert {
        "static",
        "auth.login",
        "setup.first_user",
        "health.healthz",
        "hooks.receive",
    } == PUBLIC
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= PUBLIC


def test_no_route_changes_anything_when_it_is_only_looked_at(app: Flask) -> None:
    changing = ("run", "remove", "pause", "resume", "reset", "retry", "purge", "discard", "check")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[2] in changing:
            assert "GET" not in (rule.methods or ()), rule.endpoint


# ---- headers


def test_every_answer_carries_the_policy(app: Flask, anna: Visitor) -> None:
    for path in ("/", "/login", "/nothing-here", "/healthz", "/static/koppel.css"):
        headers = anna.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_no_template_has_an_inline_style_or_script(anna: Visitor, furnish: Furnish) -> None:
    furnish(run=True)
    for path in ("/", "/flows/shop-orders", "/flows/shop-orders/settings", "/log", "/runs/1"):
        page = anna.get(path).text
        assert not re.search(r"<[^>]+\sstyle=", page), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", page), path
        assert not re.search(r"<[^>]+\son[a-z]+=", page), path


def test_pages_are_not_cached_and_versioned_files_are(anna: Visitor) -> None:
    assert anna.get("/").headers["Cache-Control"] == "no-store"
    address = re.search(r'"(/static/koppel\.css\?v=[0-9a-f]+)"', anna.get("/").text)
    assert address is not None
    assert "immutable" in anna.get(address[1]).headers["Cache-Control"]
    assert "immutable" not in anna.get("/static/koppel.css").headers.get("Cache-Control", "")


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(
    hub: Hub, visitor: Visitor
) -> None:
    users.add(hub.database, EMAIL, PASSWORD)
    cookie = visitor.log_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_the_cookie_is_secure_and_browsers_are_told_to_stay(
    hub: Hub, config: Config
) -> None:
    from dataclasses import replace

    hub.config = replace(config, base_url="https://hub.example.com")
    app = create_app(hub=hub)
    client = app.test_client()
    answer = client.get(
        "/login",
        headers={"Host": "hub.example.com", "X-Forwarded-Proto": "https"},
    )
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


# ---- hosts and addresses


@pytest.mark.parametrize("host", ["evil.example.com", "evil.example.com:8420", "localhost.evil.nl"])
def test_a_foreign_host_name_is_refused(visitor: Visitor, host: str) -> None:
    answer = visitor.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "KOPPEL_BASE_URL" in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8420", "[::1]:8420"])
def test_this_machine_goes_by_its_own_names(visitor: Visitor, host: str) -> None:
    assert visitor.get("/login", headers={"Host": host}).status_code == 200


def test_forwarded_headers_count_only_behind_a_proxy(visitor: Visitor) -> None:
    answer = visitor.get("/flows", headers={"X-Forwarded-Host": "evil.example.com"})
    assert answer.headers["Location"].startswith("/login")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/",
        "//evil.example.com/",
        "/\\evil.example.com",
        "\\\\evil.example.com",
        "/%09/evil.example.com\t",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: a=b",
    ],
)
def test_after_the_login_nobody_is_sent_to_another_site(
    hub: Hub, visitor: Visitor, target: str
) -> None:
    users.add(hub.database, EMAIL, PASSWORD)
    visitor.get("/login")
    answer = visitor.post("/login", {"email": EMAIL, "password": PASSWORD, "next": target})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_after_the_login_people_go_on_to_where_they_were_going(hub: Hub, visitor: Visitor) -> None:
    users.add(hub.database, EMAIL, PASSWORD)
    sent = visitor.get("/log?outcome=blocked").headers["Location"]
    visitor.get(sent)
    answer = visitor.post(
        "/login", {"email": EMAIL, "password": PASSWORD, "next": "/log?outcome=blocked"}
    )
    assert answer.headers["Location"] == "/log?outcome=blocked"


# ---- the first user


def test_without_the_link_nobody_makes_the_first_user(app: Flask, visitor: Visitor) -> None:
    wrong = visitor.post("/setup/wrong", {"email": EMAIL, "password": PASSWORD})
    assert wrong.status_code == 404
    assert not users.any_user(app.extensions["koppel"].database)
    assert "one-time link" in visitor.get("/login").text


def test_the_link_works_once(hub: Hub, config: Config, visitor: Visitor, app: Flask) -> None:
    link = web.setup_link(config)
    assert link is not None
    path = link.removeprefix(config.base_url)
    assert visitor.get(path).status_code == 200
    made = visitor.post(path, {"email": EMAIL, "password": PASSWORD, "name": "Anna"})
    assert made.headers["Location"] == "/"
    assert visitor.get("/").status_code == 200, "who made the first user is logged in"
    assert Visitor(app).get(path).status_code == 404
    assert web.setup_link(config) is None


def test_a_newer_link_replaces_the_older(config: Config, hub: Hub, visitor: Visitor) -> None:
    first, second = web.setup_link(config), web.setup_link(config)
    assert first is not None
    assert second is not None
    assert visitor.get(first.removeprefix(config.base_url)).status_code == 404
    assert visitor.get(second.removeprefix(config.base_url)).status_code == 200


def test_the_token_itself_is_not_kept(config: Config, hub: Hub) -> None:
    link = web.setup_link(config)
    assert link is not None
    token = link.rpartition("/")[2].encode()
    hub.close()
    for file in config.home.iterdir():
        if file.is_file():
            assert token not in file.read_bytes(), file


# ---- logging in


def test_a_wrong_password_says_nothing_about_the_address(hub: Hub, visitor: Visitor) -> None:
    users.add(hub.database, EMAIL, PASSWORD)
    known = visitor.log_in(password="not this one at all")
    unknown = visitor.log_in(email="nobody@example.com")
    assert known.status_code == unknown.status_code == 422
    for answer in (known, unknown):
        assert "do not belong together" in answer.text


def test_after_five_failures_the_right_password_has_to_wait_too(hub: Hub, visitor: Visitor) -> None:
    users.add(hub.database, EMAIL, PASSWORD)
    for _ in range(5):
        visitor.log_in(password="not this one at all")
    answer = visitor.log_in()
    assert answer.status_code == 429
    assert "Too many attempts" in answer.text


def test_a_changed_password_ends_every_other_session(app: Flask, hub: Hub, anna: Visitor) -> None:
    other = Visitor(app)
    other.log_in()
    assert other.get("/flows").status_code == 200
    answer = anna.post(
        "/settings/password", {"current": PASSWORD, "new": "another sentence altogether"}
    )
    assert answer.status_code == 303
    assert anna.get("/flows").status_code == 200
    assert other.get("/flows").status_code == 303


def test_a_removed_user_is_out_at_once(app: Flask, hub: Hub, anna: Visitor) -> None:
    users.add(hub.database, "bob@example.com", PASSWORD)
    bob = Visitor(app)
    bob.log_in("bob@example.com")
    assert bob.get("/flows").status_code == 200
    users.remove(hub.database, "bob@example.com")
    assert bob.get("/flows").status_code == 303


def test_an_htmx_request_of_somebody_logged_out_is_told_so(visitor: Visitor) -> None:
    answer = visitor.get("/runs/1/progress", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_logging_out_needs_a_button_and_ends_the_session(anna: Visitor) -> None:
    assert anna.get("/logout").status_code == 405
    anna.get("/connections")
    assert anna.post("/logout").headers["Location"] == "/login"
    assert anna.get("/flows").status_code == 303


# ---- errors


def test_a_field_of_ten_megabytes_is_refused_with_a_page(anna: Visitor) -> None:
    answer = anna.post("/settings", {"time_zone": "x" * 10_000_000})
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.text


def test_a_mistake_of_ours_shows_a_number_and_no_traceback(
    app: Flask, anna: Visitor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret is s3cr3t")

    monkeypatch.setattr("hub.web.plugins._plugin", broken)
    answer = anna.get("/plugins")
    assert answer.status_code == 500
    assert "s3cr3t" not in answer.text
    assert "Traceback" not in answer.text
    number = re.search(r"<code>([0-9a-f]{8})</code>", answer.text)
    assert number is not None
    assert number[1] in caplog.text


def test_health_needs_no_login_and_names_the_parts(visitor: Visitor) -> None:
    answer = visitor.get("/healthz")
    assert answer.status_code == 200
    told = answer.get_json()
    assert told == {
        "status": "degraded",
        "database": "ok",
        "redis": "ok",
        "scheduler": "not running",
    }
