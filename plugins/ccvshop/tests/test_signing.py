"""Requests are signed as the vendor does it; what is not signed right is refused, either way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import koppel_ccvshop.api as ccv
import pytest
from koppel_ccvshop.api import signature
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET

from hub.sdk import AuthenticationError, ConfigurationError, TemporaryError

from .conftest import Open

PUBLIC, SECRET = "ccvpub0123456789", "ccvsecret0123456789abcdef0123456789"
DATE = "2026-01-05T08:00:00Z"


@pytest.mark.parametrize(
    ("method", "uri", "body", "date", "wanted"),
    [
        (
            "GET",
            "/api/rest/v1/orders/?start=0&size=250&orderby=id",
            "",
            DATE,
            "16c27a2cfb109af9214b061184aadf91d0814d77dbb06cd28a73b2eed5c492e9"
            "d9f8cd1b68fec03af3f927a2648aa4fde98649271a8ba2aaed4d15dad995e3c9",
        ),
        (
            "PATCH",
            "/api/rest/v1/orders/284119301/",
            '{"status":5,"track_and_trace_code":"3SABC123","mail":true}',
            DATE,
            "4dd6b65e8ff8c96faa70f4b4e3a84609bc780f1e4e406b4ca6668b45fe963c3b"
            "22936d022fb81798e532fb1b13d28183244c0f089b70d62ec0f88d72454aa546",
        ),
        (
            "POST",
            "/api/rest/v1/brands/",
            '{"name":"Ångström"}',
            DATE,
            "8d57796b849fee2f413a7529e5b64bb226753ae9f210bb9effda675b311c75cb"
            "6bff99045ff571731b6e0bd1c41ac0083c8ad33186db1fbd709b767642432683",
        ),
        (
            "GET",  # an answer of the shop
            "/api/rest/v1/brands/",
            '{"href":"https://shop.example/api/rest/v1/brands/","items":[]}',
            "2026-01-05T08:00:01Z",
            "1455d807aa61e7cc31c7e20e957923dd618625bf08e8fdd37335fddadded37b3"
            "4655765fa7f4896c228160522c50ee6fac69130835858cb9e2211f05a569cf2b",
        ),
    ],
)
def test_a_signature_is_the_one_of_the_vendors_examples(
    method: str, uri: str, body: str, date: str, wanted: str
) -> None:
    assert signature(SECRET, PUBLIC, method, uri, body.encode(), date) == wanted


def test_what_goes_on_the_wire_is_what_was_signed(opened: Open) -> None:
    shop = opened(orders=3)
    awkward = {"transaction_id": "a b+c/é&d=%20", "start": 0, "size": 5, "orderby": "id"}

    found = shop.api.get("/orders/", awkward)

    assert found["items"] == []
    assert shop.sandbox.requests[-1]["status"] == 200


def test_a_body_is_signed_as_it_is_sent(opened: Open) -> None:
    shop = opened(orders=3)

    shop.api.patch("/orders/284119301/", {"note": "Ångström, tot morgen"})

    assert shop.sandbox.requests[-1]["status"] == 204


def test_a_wrong_secret_names_the_field_and_where_to_find_the_key(opened: Open) -> None:
    shop = opened(orders=1, secret="not-the-secret")

    with pytest.raises(AuthenticationError, match="API settings") as caught:
        ccv.check(shop.api)

    assert caught.value.setting == "api_secret"
    assert "not-the-secret" not in str(caught.value)
    assert shop.asked("webshops") == 1  # a wrong key is not tried again


@pytest.mark.parametrize(("off", "said"), [(10, "10 minutes ahead of"), (-7, "7 minutes behind")])
def test_a_clock_that_is_off_is_called_by_its_name(
    opened: Open, monkeypatch: pytest.MonkeyPatch, off: int, said: str
) -> None:
    shop = opened(orders=1)
    wrong = dt.timedelta(minutes=off)
    monkeypatch.setattr(ccv, "utc_now", lambda: dt.datetime.now(dt.UTC) + wrong)

    with pytest.raises(AuthenticationError, match=f"clock of this machine is {said}"):
        ccv.check(shop.api)


def test_a_shop_whose_clock_is_off_is_seen_by_its_date_header(opened: Open) -> None:
    shop = opened(orders=1, clock_offset=600)

    with pytest.raises(AuthenticationError, match="10 minutes behind the shop's"):
        ccv.check(shop.api)


def _changing(old: bytes, new: bytes) -> Callable[[Any], Any]:
    """Something on the way that changes every answer."""

    def wrap(app: Any) -> Any:
        def call(environ: Any, start_response: Any) -> Iterable[bytes]:
            body: Iterable[bytes] = app(environ, start_response)
            return [chunk.replace(old, new) for chunk in body]

        return call

    return wrap


def test_an_answer_changed_on_the_way_is_refused(opened: Open) -> None:
    shop = opened(orders=1, middleware=_changing(b"Fietsen van Anna", b"Fietsen van Emma"))

    with pytest.raises(TemporaryError, match="does not match its signature"):
        ccv.check(shop.api)


def test_an_answer_damaged_once_is_asked_for_again(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("truncate", path="webshops", times=1)

    assert ccv.check(shop.api).name == "Fietsen van Anna"
    assert shop.asked("webshops") == 2


def test_an_answer_without_signature_is_taken(opened: Open) -> None:
    shop = opened(orders=1, sign_answers=False)

    assert ccv.check(shop.api).name == "Fietsen van Anna"


def test_a_redirect_is_not_followed_and_says_what_to_enter(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault(
        "status",
        path="webshops",
        status=301,
        headers={"Location": "https://www.example.nl/api/rest/v1/webshops/"},
    )

    with pytest.raises(ConfigurationError, match=r"redirects .* to https://www\.example\.nl") as e:
        ccv.check(shop.api)

    assert e.value.setting == "shop_url"
    assert shop.asked(".*") == 1


def test_what_is_recorded_holds_neither_keys_nor_signatures(opened: Open) -> None:
    shop = opened(orders=1)

    ccv.check(shop.api)

    seen = repr(shop.tape.exchanges)
    assert shop.tape.exchanges
    assert API_SECRET not in seen
    assert API_PUBLIC not in seen
    assert "x-hash" not in seen
