"""Signing in: NTLM over one connection that stays open, Basic, and passwords that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.sdk import AuthenticationError, TemporaryError

from .conftest import Globe


def _check(globe: Globe) -> str:
    api = globe.api()
    return api.system.check(api).name


def test_a_wrong_password_is_tried_once_and_named(connect: Callable[..., Globe]) -> None:
    globe = connect({"credentials": {"password": "guessed"}})
    with pytest.raises(AuthenticationError, match=r"SIM\\hub") as caught:
        _check(globe)
    assert caught.value.setting == "password"
    assert "guessed" not in str(caught.value)
    assert globe.service.statuses() == [401, 401, 401]
    assert globe.service.state()["refused_logins"] == 1


def test_a_wrong_basic_password_is_tried_once(connect: Callable[..., Globe]) -> None:
    globe = connect({"credentials": {"auth": "basic", "password": "guessed"}}, auth="basic")
    with pytest.raises(AuthenticationError) as caught:
        _check(globe)
    assert caught.value.setting == "password"
    assert globe.service.statuses() == [401]


@pytest.mark.parametrize(("chosen", "offered"), [("ntlm", "basic"), ("basic", "ntlm")])
def test_the_other_way_to_sign_in_is_named_and_no_password_is_tried(
    connect: Callable[..., Globe], chosen: str, offered: str
) -> None:
    globe = connect({"credentials": {"auth": chosen}}, auth=offered)
    with pytest.raises(AuthenticationError, match="Sign in with") as caught:
        _check(globe)
    assert caught.value.setting == "auth"
    assert globe.service.state()["refused_logins"] == 0


def test_a_handshake_that_breaks_off_is_an_outage(globe: Globe) -> None:
    globe.service.sandbox.fault("drop_before", skip=1, times=1)
    api = globe.api()
    with pytest.raises(TemporaryError):
        api.request("POST", "Account", json={})


def test_one_handshake_serves_all_calls_of_a_connection(globe: Globe) -> None:
    api = globe.api()
    for _ in range(10):
        api.system.check(api)
    assert globe.service.statuses() == [401, 401, *[200] * 10]
    assert globe.service.state()["handshakes"] == 1


@pytest.mark.parametrize("calls", [1, 3])
def test_a_server_that_asks_again_gets_a_new_handshake(
    connect: Callable[..., Globe], calls: int
) -> None:
    globe = connect(ask_again_after=calls)
    api = globe.api()
    for _ in range(6):
        api.system.check(api)
    assert globe.service.statuses().count(200) == 6
    assert globe.service.state()["handshakes"] == 6 // calls
    assert globe.service.state()["refused_logins"] == 0


def test_after_a_dropped_connection_it_signs_in_again(globe: Globe) -> None:
    api = globe.api()
    api.system.check(api)
    globe.service.sandbox.fault("drop_before", times=1)
    api.system.check(api)
    assert globe.service.state()["handshakes"] == 2
    assert len(globe.pauses) == 1


@pytest.mark.parametrize(
    ("credentials", "auth"),
    [
        ({"username": "SIM\\hub"}, "ntlm"),
        ({"username": "sim\\HUB"}, "ntlm"),
        ({"username": "hub@SIM"}, "ntlm"),
        ({"username": "SIM\\hub"}, "both"),
        ({"username": "SIM\\hub", "auth": "basic"}, "both"),
        ({"username": "SIM\\hub", "auth": "basic"}, "basic"),
    ],
)
def test_it_signs_in_as(connect: Callable[..., Globe], credentials: Any, auth: str) -> None:
    assert _check(connect({"credentials": credentials}, auth=auth)) == "Koppel Fietsen (100)"


@pytest.mark.parametrize("password", ["Gl0be!sim", "pässwörd €", "x" * 60, "日本"])
def test_any_password_will_do(connect: Callable[..., Globe], password: str) -> None:
    assert _check(connect({"credentials": {"password": password}}, password=password))
