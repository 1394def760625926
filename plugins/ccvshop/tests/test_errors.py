"""Each of the vendor's codes means one thing to the hub: wait, stop, leave the record, or done."""

from __future__ import annotations

import json

import pytest

from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    KoppelError,
    NotFound,
    RejectedError,
    TemporaryError,
    Throttled,
    UnknownOutcome,
)

from .conftest import Open, records

ORDER = "/orders/284119301/"


def body(code: str, text: str = "The shop's own words.") -> str:
    return json.dumps({"status": int(code[:3]), "code": code, "developermessage": text})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("400.10", RejectedError),
        ("404.10", NotFound),
        ("404.20", ConfigurationError),
        ("405.10", RejectedError),
        ("500.21", RejectedError),
        ("500.22", RejectedError),
        ("500.24", RejectedError),
        ("500.25", ConfigurationError),
        ("500.40", RejectedError),
        ("500.60", RejectedError),
        ("500.70", RejectedError),
        ("500.80", RejectedError),
        ("500.90", ConfigurationError),
        ("501.10", ConfigurationError),
        ("501.20", ConfigurationError),
        ("501.30", RejectedError),
    ],
)
def test_a_refusal_is_told_by_its_code_and_a_write_is_not_repeated(
    opened: Open, code: str, kind: type[KoppelError]
) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", method="PATCH", status=int(code[:3]), body=body(code))

    with pytest.raises(kind, match=r"The shop's own words\.") as caught:
        shop.api.patch(ORDER, {"status": 5})

    assert type(caught.value) is kind
    assert code in str(caught.value)
    assert shop.asked(".*", "PATCH") == 1


@pytest.mark.parametrize("code", ["429.10", "429.11", "500.10"])
def test_a_rate_limit_waits_until_the_minute_is_over(opened: Open, code: str) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", status=int(code[:3]), body=body(code), times=1)

    assert shop.api.get(ORDER)["id"] == 284119301
    assert sum(shop.clock.slept) == 60


def test_a_write_refused_by_a_rate_limit_is_safely_repeated(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", method="PATCH", status=500, body=body("500.10"), times=1)

    shop.api.patch(ORDER, {"note": "again"})

    assert [r["status"] for r in shop.sandbox.asked("PATCH")] == [500, 204]


def test_a_limit_that_stays_is_an_error_that_says_when_to_come_back(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", status=429, body=body("429.11"))

    with pytest.raises(Throttled) as caught:
        shop.api.get(ORDER)

    assert caught.value.retry_after == 60


def test_the_same_value_as_now_is_a_success(opened: Open) -> None:
    shop = opened(orders=1)
    shop.api.patch(ORDER, {"track_and_trace_code": "3SABC123"})

    shop.api.patch(ORDER, {"track_and_trace_code": "3SABC123"})

    assert [r["status"] for r in shop.sandbox.asked("PATCH")] == [204, 500]


@pytest.mark.parametrize("code", ["500.20", "500.23"])
def test_a_bug_of_the_shop_gets_one_more_try(opened: Open, code: str) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", status=500, body=body(code), times=1)
    assert shop.api.get(ORDER)["id"] == 284119301

    shop.sandbox.fault("status", status=500, body=body(code))
    with pytest.raises(RejectedError):
        shop.api.get(ORDER)

    assert shop.asked(ORDER) == 4


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_5xx_without_a_code_is_an_outage_and_read_again(opened: Open, status: int) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("html", status=status, times=2)

    assert shop.api.get(ORDER)["id"] == 284119301
    assert shop.asked(ORDER) == 3


def test_an_outage_in_the_middle_of_a_write_is_an_unknown_outcome(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("html", method="PATCH", status=502)

    with pytest.raises(UnknownOutcome):
        shop.api.patch(ORDER, {"status": 5})

    assert shop.asked(".*", "PATCH") == 1


def test_an_answer_dropped_after_a_write_is_an_unknown_outcome(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("drop_after", method="PATCH")

    with pytest.raises(UnknownOutcome):
        shop.api.patch(ORDER, {"status": 5})


def test_a_401_with_no_word_of_explanation_is_about_the_keys(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", status=401)

    with pytest.raises(AuthenticationError, match="Copy the public and the secret key again"):
        shop.api.get(ORDER)


def test_an_address_without_a_shop_behind_it_is_named(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("html", path="webshops", status=404)

    with pytest.raises(ConfigurationError, match="no CCV Shop API at this address") as caught:
        shop.api.get("/webshops/")

    assert caught.value.setting == "shop_url"


def test_a_page_that_is_no_json_says_how_it_starts(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", status=200, body="<html>Onderhoud</html>")

    with pytest.raises(TemporaryError, match="<html>Onderhoud"):
        shop.api.get("/webshops/")


def test_a_list_that_is_no_list_is_not_taken_for_an_empty_one(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("status", path="orders", status=200, body='{"message": "hello"}')

    with pytest.raises(TemporaryError, match="not a list"):
        records(shop, "orders")


def test_a_filter_the_shop_does_not_take_stops_the_run(opened: Open) -> None:
    shop = opened(orders=1)

    with pytest.raises(ConfigurationError, match=r"400\.10.*orderby"):
        shop.api.get("/orders/", {"orderby": "colour"})


def test_a_shop_that_cannot_be_reached_is_named(opened: Open) -> None:
    shop = opened(orders=1)
    shop.sandbox.fault("drop_before")

    with pytest.raises(TemporaryError, match="CCV Shop did not answer GET /webshops/"):
        shop.api.get("/webshops/")
