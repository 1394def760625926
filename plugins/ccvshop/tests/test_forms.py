"""Forms take what people paste and type, and refuse the rest with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_ccvshop import ccvshop, demo
from koppel_ccvshop.api import check, limits, resource_of
from koppel_ccvshop.forms import Credentials, OrdersFilter, Settings
from pydantic import ValidationError

from hub.sdk import Query

from .conftest import Open


def credentials(**changed: Any) -> Credentials:
    given = {"shop_url": "https://www.example.nl", "api_public": "p", "api_secret": "s"}
    return Credentials(**{**given, **changed})


@pytest.mark.parametrize(
    "address",
    [
        "http://www.example.nl",
        "www.example.nl",
        "https://",
        "https://user:secret@www.example.nl",
        "ftp://www.example.nl",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="The shop address must"):
        credentials(shop_url=address)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" https://www.example.nl/ ", "https://www.example.nl"),
        ("https://www.example.nl/api/rest/v1/", "https://www.example.nl"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
    ],
)
def test_an_address_is_kept_as_the_shops_own(typed: str, kept: str) -> None:
    assert credentials(shop_url=typed).shop_url == kept


def test_blanks_around_pasted_keys_are_dropped_and_an_empty_key_is_refused() -> None:
    kept = credentials(api_public=" abc\n", api_secret=" xyz ")

    assert (kept.api_public, kept.api_secret.get_secret_value()) == ("abc", "xyz")
    assert "xyz" not in repr(kept)
    with pytest.raises(ValidationError):
        credentials(api_secret="   ")


def test_an_unknown_answer_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="shop_urll"):
        credentials(shop_urll="https://www.example.nl")


def test_statuses_may_be_typed_as_numbers() -> None:
    assert OrdersFilter(statuses=[2, "5"]).statuses == ["2", "5"]
    with pytest.raises(ValidationError):
        OrdersFilter(statuses=[True])
    with pytest.raises(ValidationError):
        OrdersFilter(look_back_days=0)


def test_the_demo_reaches_the_sandbox(opened: Open) -> None:
    shop = opened()
    answers = demo(shop.url)
    shop.api.credentials = Credentials(**answers["credentials"])

    account = check(shop.api)

    assert account.name == "Fietsen van Anna"
    assert account.facts["Webshop id"] == "40001"
    assert shop.api.requests == 1


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/orders/", "orders"),
        ("/orders/284119301/", "orders"),
        ("/orders/284119301/orderrows/?start=0&size=250", "orderrows"),
        ("/webshops/40001/settings/", "settings"),
        ("/productqueries/?skunumber=HELM-L", "productqueries"),
    ],
)
def test_a_request_counts_for_the_collection_at_the_end_of_its_path(
    path: str, resource: str
) -> None:
    assert resource_of(path) == resource


def test_limits_are_per_method_and_resource_below_what_the_shop_allows() -> None:
    reads, queries, writes = limits(Settings())

    assert (reads.count, queries.count, writes.count) == (140, 28, 90)
    assert reads.bucket_of("GET", "/orders/1/orderrows/") == "GET orderrows"
    assert reads.bucket_of("PATCH", "/orders/1/") is None
    assert queries.bucket_of("GET", "/orders/") is None
    assert queries.bucket_of("GET", "/productqueries/") == "GET productqueries"
    assert writes.bucket_of("PATCH", "/orders/1/") == "PATCH orders"


def test_the_declaration_names_what_the_config_file_names() -> None:
    assert ccvshop.name == "ccvshop"
    assert [e.name for e in ccvshop.entities][:3] == ["orders", "customers", "products"]
    assert list(ccvshop.credentials.model_fields) == ["shop_url", "api_public", "api_secret"]
    for entity in ccvshop.entities:
        made = entity()
        assert made.can("read")
        assert made.can("get")
        assert made.can("find") == bool(made.match)


@pytest.mark.parametrize(
    ("entity", "record", "chosen", "fits"),
    [
        ("orders", {"status": 2, "paid": True}, {"statuses": ["2"]}, True),
        ("orders", {"status": 3, "paid": True}, {"statuses": ["2"]}, False),
        ("orders", {"create_date": "2025-12-31T10:00:00Z"}, {"start_date": "2026-01-01"}, False),
        ("customers", {"group_id": 3301}, {"groups": ["3302"]}, False),
        ("products", {"is_active": False}, {"active_only": True}, False),
        ("products", {"brand": {"id": 7}}, {"brands": ["7"]}, True),
        ("invoices", {"status": "paid", "type": "credit"}, {"kind": "debit"}, False),
    ],
)
def test_a_record_that_came_by_itself_is_held_to_the_filter(
    entity: str, record: dict[str, Any], chosen: dict[str, Any], fits: bool
) -> None:
    made = ccvshop.entity(entity)

    assert made.wanted(record, Query(filter=made.filter(**chosen))) is fits
    assert made.wanted(record, Query()) is True
