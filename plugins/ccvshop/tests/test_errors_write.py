"""What the shop says of a write is worth: once more, this record only, or the whole flow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from koppel_ccvshop.api import EMPTY, walk

from hub.sdk import ConfigurationError, KoppelError, RejectedError, TemporaryError, UnknownOutcome

from .altered import altered
from .conftest import Open, Shop

ORDER = "/orders/284119301/"
PRODUCT = "/products/830456143/"
PHOTOS = f"{PRODUCT}productphotos/"
PHOTO = {"file_type": "png", "source": "iVBORw0KGgo="}


def refuse(shop: Shop, code: str, method: str = "PATCH", times: int | None = None) -> None:
    body = json.dumps({"status": int(code[:3]), "code": code, "developermessage": "No."})
    more = {} if times is None else {"times": times}
    shop.sandbox.fault("status", method=method, status=int(code[:3]), body=body, **more)


def statuses(shop: Shop, method: str) -> list[int]:
    return [r["status"] for r in shop.sandbox.asked(method)]


# -- once more -----------------------------------------------------------------------------------


def test_a_picture_that_was_not_saved_is_sent_once_more(opened: Open) -> None:
    shop = opened(orders=0)
    refuse(shop, "500.23", "POST", times=1)

    shop.api.post(PHOTOS, PHOTO)

    assert statuses(shop, "POST") == [500, 201]
    assert sum(shop.clock.slept) == 1


def test_a_picture_that_is_never_saved_is_refused_after_the_second_try(opened: Open) -> None:
    shop = opened(orders=0)
    refuse(shop, "500.23", "POST")

    with pytest.raises(RejectedError, match="No"):
        shop.api.post(PHOTOS, PHOTO)

    assert statuses(shop, "POST") == [500, 500]


def test_a_change_that_was_answered_wrongly_is_repeated_once_where_that_does_no_harm(
    opened: Open,
) -> None:
    shop = opened(orders=1)
    refuse(shop, "500.20", times=1)
    shop.api.patch(ORDER, {"status": 11}, safe=True)
    assert statuses(shop, "PATCH") == [500, 204]

    refuse(shop, "500.20")
    with pytest.raises(RejectedError):
        shop.api.patch(ORDER, {"status": 7}, safe=True)
    assert statuses(shop, "PATCH") == [500, 204, 500, 500]


def test_a_new_record_that_was_answered_wrongly_may_be_there(opened: Open) -> None:
    shop = opened(orders=0)
    refuse(shop, "500.20", "POST")

    with pytest.raises(UnknownOutcome):
        shop.api.post(PHOTOS, PHOTO)

    assert statuses(shop, "POST") == [500]


# -- one record, or the flow ---------------------------------------------------------------------


@pytest.mark.parametrize("code", ["405.10", "501.30"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_record_that_may_only_be_read_is_refused_alone(
    opened: Open, code: str, method: str
) -> None:
    """In a multishop some products are read-only, and others are not."""
    shop = opened(orders=0)
    refuse(shop, code, method)

    with pytest.raises(RejectedError, match=code) as error:
        shop.api.request(method, PRODUCT, json={"price": 1} if method == "PATCH" else None)

    assert error.value.code == "read_only"


@pytest.mark.parametrize(
    ("code", "method", "path"),
    [
        ("405.10", "POST", "/products/"),
        ("501.30", "POST", "/products/"),
        ("405.10", "GET", PRODUCT),
        ("501.10", "PATCH", PRODUCT),
    ],
)
def test_what_the_shop_does_not_offer_at_all_stops_the_flow(
    opened: Open, code: str, method: str, path: str
) -> None:
    shop = opened(orders=0)
    refuse(shop, code, method)

    with pytest.raises(KoppelError, match=code) as error:
        shop.api.request(method, path, json=None if method == "GET" else {"price": 1})

    assert type(error.value) is ConfigurationError


# -- pages ---------------------------------------------------------------------------------------


def test_an_empty_page_does_not_end_a_list_that_goes_on(opened: Open) -> None:
    pages = 0

    def hide(said: Any) -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            said["items"] = []

    shop = opened(orders=601, middleware=altered("/orders/$", hide))

    sizes = [len(page) for page in walk(shop.api, "/orders/", {"orderby": "id"})]

    assert sizes == [250, 0, 101]


def test_a_list_that_never_ends_is_told(opened: Open) -> None:
    def endless(said: Any) -> None:
        start = said["start"] + said["size"]
        said["items"], said["next"] = [], f"{said['href'].partition('?')[0]}?start={start}&size=250"

    shop = opened(orders=1, middleware=altered("/orders/$", endless))

    with pytest.raises(TemporaryError, match="empty pages"):
        list(walk(shop.api, "/orders/", {"orderby": "id"}))

    assert shop.asked("/orders/") == EMPTY + 1
