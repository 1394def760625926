"""Connections: what is wrong is translated to the field that mends it, and nothing leaks."""

from __future__ import annotations

import datetime as dt
import ssl
from email.utils import format_datetime
from typing import Any

import pytest

from hub.engine import connections, diagnosis, forms, lookups
from hub.engine.hub import Hub
from hub.engine.naming import connection_named
from hub.sdk import (
    Account,
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    Form,
    NotFound,
    TemporaryError,
)
from hub.sdk.sandbox import Sandbox
from hub.store.tables import Connection, LookupCache, utc_now
from tests.config.conftest import TOKEN


def credentials(hub: Hub, url: str, token: str = TOKEN) -> Form:
    """The toy's credentials form, filled in."""
    filled = forms.fill(hub.registry.system("toy").credentials, {"base_url": url, "token": token})
    assert filled.value is not None
    return filled.value


def made(hub: Hub, url: str, name: str = "one", token: str = TOKEN) -> Connection:
    """A stored connection to the toy."""
    with hub.database.session() as session:
        return connections.create(
            hub,
            session,
            name=name,
            system="toy",
            credentials=credentials(hub, url, token),
            settings=hub.registry.system("toy").settings(),
        )


def tried(hub: Hub, url: str, token: str = TOKEN) -> connections.Checked:
    """Try credentials that are not stored."""
    toy = hub.registry.system("toy")
    return connections.try_out(hub, toy, credentials(hub, url, token), toy.settings())


def test_a_port_where_nothing_listens_points_at_the_address(hub: Hub) -> None:
    checked = tried(hub, "http://127.0.0.1:9")
    assert (checked.status, checked.field) == ("unreachable", "base_url")
    assert "Nothing answers at 127.0.0.1:9" in checked.message


def test_a_host_that_does_not_exist_points_at_the_address(hub: Hub) -> None:
    checked = tried(hub, "https://nothing.invalid")
    assert (checked.status, checked.field) == ("unreachable", "base_url")
    assert "no host nothing.invalid" in checked.message


def test_a_server_without_tls_points_at_the_address(hub: Hub, toy_url: str) -> None:
    checked = tried(hub, toy_url.replace("http://", "https://"))
    assert (checked.status, checked.field) == ("unreachable", "base_url")
    assert "does not speak HTTPS" in checked.message


def test_a_wrong_token_points_at_the_token_and_is_not_shown(hub: Hub, toy_url: str) -> None:
    checked = tried(hub, toy_url, "a-token-of-somebody-else")
    assert (checked.status, checked.field) == ("needs_attention", "token")
    assert "a-token-of-somebody-else" not in checked.message + repr(checked)


def test_a_page_instead_of_an_answer_points_at_the_address(
    hub: Hub, toy_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sandbox.fault("html", status=200)
    checked = tried(hub, toy_url)
    assert (checked.status, checked.field) == ("unreachable", "base_url")
    assert "is not JSON" in checked.message


def test_a_clock_that_is_off_is_named(hub: Hub, toy_url: str, toy_app: Any) -> None:
    @toy_app.after_request
    def ahead(response: Any) -> Any:
        response.headers["Date"] = format_datetime(utc_now() + dt.timedelta(minutes=5), usegmt=True)
        return response

    checked = tried(hub, toy_url, "a-token-of-somebody-else")
    assert "clock of this machine is 5 minutes behind" in checked.message
    assert checked.field is None


def test_a_mistake_of_the_plugin_is_told_and_not_raised(
    hub: Hub, toy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = hub.registry.system("toy")

    def broken(api: Any) -> Account:
        raise KeyError("name")

    object.__setattr__(toy, "check", broken)
    try:
        checked = tried(hub, toy_url)
    finally:
        from koppel_toy import check

        object.__setattr__(toy, "check", check)
    assert checked.status == "needs_attention"
    assert "mistake in the plugin" in checked.message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("certificate verify failed: self-signed certificate", "nobody this machine trusts"),
        ("certificate verify failed: certificate has expired", "it has expired"),
        ("certificate verify failed: Hostname mismatch, not valid for", "another host name"),
        ("The read operation timed out", "firewall"),
    ],
)
def test_what_the_network_says_is_translated(hub: Hub, error: str, said: str) -> None:
    raised = ConnectError("cannot be reached")
    raised.__cause__ = ssl.SSLError(error)
    toy = hub.registry.system("toy")
    form = credentials(hub, "https://toy.example.com")
    assert said in diagnosis.diagnose(toy, form, toy.settings(), raised).message


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (AuthenticationError("no", setting="base_url"), "needs_attention", "base_url"),
        (ConfigurationError("no", setting="token"), "needs_attention", "token"),
        (NotFound("no"), "needs_attention", "base_url"),
        (TemporaryError("no"), "unreachable", None),
    ],
)
def test_the_plugin_may_say_itself_which_field(
    hub: Hub, error: Exception, status: str, field: str | None
) -> None:
    toy = hub.registry.system("toy")
    found = diagnosis.diagnose(toy, credentials(hub, "https://x.nl"), toy.settings(), error)
    assert (found.status, found.field) == (status, field)


def test_what_is_tried_out_is_not_stored(hub: Hub, toy_url: str) -> None:
    checked = tried(hub, toy_url)
    assert checked.ok
    assert (checked.account, dict(checked.facts)) == ("Toys of Anna", {"Plan": "free"})
    with hub.database.session() as session, pytest.raises(ConfigurationError):
        connection_named(session, "one")


def test_a_check_is_remembered(hub: Hub, toy_url: str, sandbox: Sandbox) -> None:
    row = made(hub, toy_url)
    assert connections.check(hub, row.id or 0).ok
    with hub.database.session() as session:
        row = connection_named(session, "one")
        assert (row.status, row.account, row.message) == ("ok", "Toys of Anna", "")
        assert row.checked_at is not None
    sandbox.fault("status", status=401)
    assert not connections.check(hub, row.id or 0).ok
    with hub.database.session() as session:
        row = connection_named(session, "one")
    assert (row.status, row.account) == ("needs_attention", "Toys of Anna")
    assert row.message


def test_the_same_account_twice_is_warned_about(hub: Hub, toy_url: str) -> None:
    first = made(hub, toy_url)
    assert connections.check(hub, first.id or 0).warnings == ()
    second = made(hub, toy_url, "two")
    (warning,) = connections.check(hub, second.id or 0).warnings
    assert "one is connected to Toys of Anna already" in warning


def test_credentials_open_only_in_their_own_row(hub: Hub, toy_url: str) -> None:
    one, two = made(hub, toy_url), made(hub, toy_url, "two")
    assert TOKEN not in (one.credentials or "")
    two.credentials = one.credentials
    with pytest.raises(Exception, match="another place"):
        connections.stored_credentials(hub, two)


def test_a_name_is_checked_and_taken_once(hub: Hub, toy_url: str) -> None:
    made(hub, toy_url)
    with pytest.raises(ConfigurationError, match="already"):
        made(hub, toy_url)
    with pytest.raises(ConfigurationError, match="cannot be a name"):
        made(hub, toy_url, "one.two")


def test_new_credentials_make_it_new_and_forget_its_choices(hub: Hub, toy_url: str) -> None:
    row = made(hub, toy_url)
    connections.check(hub, row.id or 0)
    lookups.choices(hub, row.id or 0, "colours")
    with hub.database.session() as session:
        row = connection_named(session, "one")
        assert not connections.update(hub, session, row, credentials=credentials(hub, toy_url))
        assert row.status == "ok"
        other = credentials(hub, toy_url, "a-new-token-0123")
        assert connections.update(hub, session, row, credentials=other)
        assert row.status == "new"
        assert session.get(LookupCache, (row.id, "colours")) is None


def test_choices_are_kept_for_ten_minutes(hub: Hub, toy_url: str, sandbox: Sandbox) -> None:
    row = made(hub, toy_url)
    first = lookups.choices(hub, row.id or 0, "colours")
    assert [o.label for o in first.options] == ["Red", "Blue"]
    assert [o.label for o in lookups.choices(hub, row.id or 0, "colours").options] == [
        "Red",
        "Blue",
    ]
    assert len(sandbox.asked(path="colours")) == 1
    lookups.choices(hub, row.id or 0, "colours", refresh=True)
    assert len(sandbox.asked(path="colours")) == 2
    with hub.database.session() as session:
        cached = session.get_one(LookupCache, (row.id, "colours"))
        cached.fetched_at = utc_now() - dt.timedelta(minutes=11)
        session.add(cached)
    lookups.choices(hub, row.id or 0, "colours")
    assert len(sandbox.asked(path="colours")) == 3


def test_choices_of_a_system_that_is_down_are_shown_stale(
    hub: Hub, toy_url: str, sandbox: Sandbox
) -> None:
    row = made(hub, toy_url)
    sandbox.fault("status", status=401)
    nothing = lookups.choices(hub, row.id or 0, "colours")
    assert nothing.options == ()
    assert not nothing.stale
    assert "one: " in nothing.message
    with pytest.raises(AuthenticationError):
        lookups.options(hub, row, "colours")
    sandbox.faults.clear()
    lookups.choices(hub, row.id or 0, "colours")
    sandbox.fault("status", status=401)
    old = lookups.choices(hub, row.id or 0, "colours", refresh=True)
    assert old.stale
    assert [o.value for o in old.options] == ["r", "b"]
    assert [o.value for o in lookups.options(hub, row, "colours")] == ["r", "b"]


def test_a_lookup_that_the_system_has_not_is_nothing_to_the_engine(hub: Hub, toy_url: str) -> None:
    row = made(hub, toy_url)
    assert lookups.options(hub, row, "vat_codes") == ()
    with pytest.raises(ConfigurationError, match="did you mean 'colours'"):
        lookups.choices(hub, row.id or 0, "colour")
