"""The pretend shop is as strict as the vendor, and its books are in order."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.api import signature
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET, CATALOGUE, ODD_ORDERS

from hub.sdk.http import Response

from .conftest import Open, Shop

D = Decimal


def ask(
    shop: Shop,
    path: str,
    method: str = "GET",
    body: str = "",
    *,
    content_type: str = "application/json",
    off: float = 0.0,
    **headers: str,
) -> Response:
    """A request by a bare client, signed."""
    uri = f"/api/rest/v1/{path}"
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=off)
    date = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    sent = {
        "x-public": API_PUBLIC,
        "x-date": date,
        "x-hash": signature(API_SECRET, API_PUBLIC, method, uri, body.encode(), date),
        **({"Content-Type": content_type} if body else {}),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    kept = {name: value for name, value in sent.items() if value}
    return shop.bare.request(method, uri, content=body.encode() or None, headers=kept)


@pytest.mark.parametrize(
    "wrong",
    [
        {"x_public": "somebody"},
        {"x_hash": "0" * 128},
        {"x_hash": ""},
        {"x_public": ""},
        {"x_date": "yesterday"},
        {"x_date": "2026-01-05T08:00:00"},
        {"off": 301},
        {"off": -301},
    ],
)
def test_a_request_that_is_not_signed_right_is_refused(opened: Open, wrong: dict[str, Any]) -> None:
    answer = ask(opened(), "orders/", **wrong)

    assert answer.status_code == 401
    assert answer.json()["status"] == 401


def test_an_answer_is_signed_and_an_error_is_not(opened: Open) -> None:
    shop = opened()
    answer = ask(shop, "webshops/")
    date = answer.headers["x-date"]

    assert answer.headers["x-hash"] == signature(
        API_SECRET, API_PUBLIC, "GET", "/api/rest/v1/webshops/", answer.content, date
    )
    assert "x-hash" not in ask(shop, "orders/1/").headers


PRODUCT = '{"name":"x","price":34.95,"discount":0,"package_id":12002,"taxtariff":"normal"}'
BIG = "A" * 16_777_216
USER = '{"username":"x@example.nl","password":"secret"}'


def photo(kind: str, source: str) -> str:
    return json.dumps({"file_type": kind, "source": source})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "orders/1/", "", 404, "404.10"),
        ("GET", "klanten/", "", 404, "404.20"),
        ("GET", "returns/", "", 501, "501.20"),
        ("GET", "orders/?colour=red", "", 400, "400.10"),
        ("GET", "orders/?size=500", "", 400, "400.10"),
        ("GET", "orders/?size=0", "", 400, "400.10"),
        ("GET", "orders/?is_paid=1", "", 400, "400.10"),
        ("GET", "orders/?min_create_date=2026-01-05", "", 400, "400.10"),
        ("GET", "orders/?orderby=colour", "", 400, "400.10"),
        ("GET", "products/?expand=prices", "", 400, "400.10"),
        ("GET", "products/?productname=ke", "", 400, "400.10"),
        ("GET", "productqueries/", "", 400, "400.10"),
        ("DELETE", "orders/284119301/", "", 405, "405.10"),
        ("POST", "orders/", "{}", 501, "501.10"),
        ("PATCH", "orders/1/", '{"status":5}', 404, "404.10"),
        ("PATCH", "orders/284119301/", '{"status":null}', 400, "400.10"),
        ("PATCH", "orders/284119301/", '{"status":"5"}', 400, "400.10"),
        ("PATCH", "orders/284119301/", '{"status":99}', 400, "400.10"),
        ("PATCH", "orders/284119301/", '{"paid":1}', 400, "400.10"),
        ("PATCH", "orders/284119301/", '{"colour":"red"}', 400, "400.10"),
        ("PATCH", "orders/284119301/", "{}", 400, "400.10"),
        ("PATCH", "orders/284119301/", "[1", 400, "400.10"),
        ("POST", "products/", '{"name":"x"}', 400, "400.10"),
        ("POST", "products/", PRODUCT.replace("34.95", '"34,95"'), 400, "400.10"),
        ("POST", "products/", PRODUCT.replace("12002", "1"), 400, "400.10"),
        ("POST", "products/", PRODUCT.replace("normal", "high"), 400, "400.10"),
        ("POST", "products/", PRODUCT[:-1] + ',"colour":"red"}', 400, "400.10"),
        ("POST", "products/", PRODUCT[:-1] + ',"memo":null}', 400, "400.10"),
        ("PATCH", "products/830456101/", '{"price":true}', 400, "400.10"),
        ("PATCH", "products/830456101/", '{"price":17.95}', 500, "500.50"),
        ("PATCH", "products/1/", '{"price":1}', 404, "404.10"),
        ("PATCH", "attributecombinations/1/", '{"stock":1}', 404, "404.10"),
        ("POST", "attributecombinations/1/", '{"stock":1}', 405, "405.10"),
        ("POST", "attributes/", '{"name":"Kleur","type":"menu"}', 400, "400.10"),
        ("POST", "attributes/301201/attributevalues/", '{"name":"X"}', 400, "400.10"),
        (
            "POST",
            "products/830456107/productattributevalues/",
            '{"optionvalue":1402301,"price":0}',
            500,
            "500.40",
        ),
        ("POST", "brands/", '{"name":"kedeng"}', 500, "500.40"),
        ("POST", "categories/", '{"position":1}', 400, "400.10"),
        ("POST", "categories/", '{"name":"X","parentcategory_id":1}', 400, "400.10"),
        ("POST", "producttocategories/", '{"product_id":1,"category_id":1}', 404, "404.10"),
        ("POST", "products/830456101/productphotos/", photo("pdf", "JVBERi0="), 500, "500.22"),
        ("POST", "products/830456101/productphotos/", photo("png", "?"), 500, "500.23"),
        (
            "POST",
            "products/830456101/productphotos/",
            photo("png", "A" * 16_000_000),
            500,
            "500.21",
        ),
        (
            "POST",
            "products/830456101/productphotos/",
            photo("png", "A" * 34_000_000),
            500,
            "500.80",
        ),
        (
            "POST",
            "productpropertyvalues/",
            '{"product_id":830456104,"product_property_id":21001,"value":"x"}',
            500,
            "500.70",
        ),
        (
            "POST",
            "productpropertyvalues/",
            '{"product_id":830456101,"product_property_id":21001,"value":"x"}',
            500,
            "500.40",
        ),
        ("POST", "users/", '{"username":"x"}', 400, "400.10"),
        ("POST", "users/", USER.replace("x@", "zoe.vandenberg0@"), 500, "500.40"),
        ("POST", "users/", USER[:-1] + ',"group_id":1}', 400, "400.10"),
        ("POST", "users/", USER[:-1] + ',"userinfo":{"housenumber":1}}', 400, "400.10"),
        ("DELETE", "users/61234001/", "", 501, "501.10"),
        ("PATCH", "invoices/30118801/", '{"status":"late"}', 400, "400.10"),
        ("POST", "invoices/", "{}", 405, "405.10"),
    ],
)
def test_what_the_vendor_refuses_is_refused(
    opened: Open, method: str, path: str, body: str, status: int, code: str
) -> None:
    answer = ask(opened(), path, method, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_patch_is_kept_and_shows_in_list_record_and_state(opened: Open) -> None:
    shop = opened(orders=1)
    written = {"status": 5, "track_and_trace_code": "3SABC123", "mail": True}

    assert ask(shop, "orders/284119301/", "PATCH", json.dumps(written)).status_code == 204

    assert ask(shop, "orders/284119301/").json()["status"] == 5
    assert ask(shop, "orders/?status=5").json()["items"][0]["track_and_trace_code"] == "3SABC123"
    assert shop.sandbox.state()["changes"] == {
        "284119301": {"status": 5, "track_and_trace_code": "3SABC123"}
    }


def test_the_151st_get_of_a_resource_is_one_too_many_and_other_resources_go_on(
    opened: Open,
) -> None:
    shop = opened(orders=1, rate_limits=True)

    answers = [ask(shop, "packages/").status_code for _ in range(151)]

    assert answers == [200] * 150 + [429]
    assert ask(shop, "packages/").json()["code"] == "429.10"
    assert ask(shop, "packages/12001/").status_code == 429
    assert ask(shop, "brands/").status_code == 200


def test_the_101st_write_of_a_resource_is_one_too_many(opened: Open) -> None:
    shop = opened(orders=1, rate_limits=True)

    answers = [
        ask(shop, "products/830456101/", "PATCH", f'{{"stock":{n + 1000}}}').status_code
        for n in range(101)
    ]

    assert answers == [204] * 100 + [429]
    assert ask(shop, "brands/", "POST", '{"name":"New"}').status_code == 201


def test_a_second_menu_replaces_single_combinations_by_pairs(opened: Open) -> None:
    shop = opened(orders=0)
    path = "products/830456101"
    made = ask(shop, "attributes/", "POST", '{"name":"Stof","type":"option_menu"}').json()["id"]
    value = ask(
        shop, f"attributes/{made}/attributevalues/", "POST", '{"name":"Wol","default_price":0}'
    ).json()["id"]

    ids = []
    for chosen in (1402301, 1402302, value):
        body = json.dumps({"optionvalue": chosen, "price": 1, "stock": 4})
        assert ask(shop, f"{path}/productattributevalues/", "POST", body).status_code == 201
        items = ask(shop, f"{path}/attributecombinations/").json()["items"]
        ids.append([item["id"] for item in items])

    assert [len(found) for found in ids] == [1, 2, 2]
    assert set(ids[0]) < set(ids[1])
    assert not set(ids[1]) & set(ids[2])
    assert {len(item["combination"]) for item in items} == {2}


def test_product_queries_have_a_limit_of_thirty(opened: Open) -> None:
    shop = opened(orders=1, rate_limits=True)

    answers = [ask(shop, "productqueries/?skunumber=HELM-L").status_code for _ in range(31)]

    assert answers == [200] * 30 + [429]


def test_a_limit_over_everything_has_a_code_of_its_own(opened: Open) -> None:
    shop = opened(orders=1, rate_limits=True, total_limit=2)

    codes = [ask(shop, path).json().get("code") for path in ("brands/", "users/", "packages/")]

    assert codes == [None, None, "429.11"]


def test_pages_link_to_each_other(opened: Open) -> None:
    shop = opened(orders=12)

    page = ask(shop, "orders/?start=5&size=5&orderby=id&is_paid=true").json()

    assert page["previous"].endswith("?start=0&size=5&orderby=id&is_paid=true")
    assert page["next"].startswith(f"{shop.url}/api/rest/v1/orders/?start=10")
    assert ask(shop, "orders/?start=10&size=5").json()["next"] is None


def test_a_variant_is_found_by_its_number_only_in_product_queries(opened: Open) -> None:
    shop = opened()

    (found,) = ask(shop, "productqueries/?productnumber=HELM-L").json()["items"]

    assert found["productnumber"] == "HELM"
    assert ask(shop, "products/?productnumber=HELM-L").json()["items"] == []


def test_orders_are_the_same_each_time_and_others_with_another_seed(opened: Open) -> None:
    until = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    one, two, other = (opened(orders=30, until=until, seed=seed) for seed in (1, 1, 2))

    texts = [ask(shop, "orders/?size=30").text.replace(shop.url, "") for shop in (one, two, other)]

    assert texts[0] == texts[1] != texts[2]


def test_the_books_of_every_order_are_in_order(opened: Open) -> None:
    shop = opened(orders=100, extra_orders=[o for o in ODD_ORDERS if o not in OFF])

    for order in _all(shop, "orders/?orderby=id&size=250"):
        rows = _all(shop, f"orders/{order['id']}/orderrows/?size=250")
        for row in rows:
            assert row["selling_price"] == row["price"] - row["discount"]
            difference = row["price_with_attributes"] * row["count"]
            assert abs(row["total_price_with_attributes"] - difference) < D("0.01")
        total = sum((row["total_price_with_attributes"] for row in rows), D(0))
        assert total == order["total_orderrow_price"]
        total += order["total_shipping"] + order["paymethod_costs"] + order["extra_costs"]
        total -= order["total_discounts"] + order["credit_point_discount"]
        if not order["order_row_taxes_included"]:
            total += order["total_tax"]
        assert total == order["total_price"], order["ordernumber"]


OFF = ("cent_off", "wrong_total")


def _all(shop: Shop, path: str) -> list[dict[str, Any]]:
    page = json.loads(ask(shop, path).content, parse_float=D, parse_int=D)
    items: list[dict[str, Any]] = page["items"]
    return items


def test_invoices_repeat_the_order_and_its_rows(opened: Open) -> None:
    shop = opened(orders=20)

    invoice = ask(shop, "invoices/?size=1&orderby=id").json()["items"][0]
    rows = ask(shop, f"invoices/{invoice['id']}/invoicerows/?size=250").json()["items"]

    order = ask(shop, invoice["order"].partition("/api/rest/v1/")[2]).json()
    assert invoice["total_price"] == order["total_price"]
    assert rows[0]["invoice_id"] == str(invoice["id"])
    assert "order_id" not in rows[0]


def test_new_orders_arrive_on_request(opened: Open) -> None:
    shop = opened(orders=2)

    shop.bare.post("/_sandbox/orders", json={"kind": "company"})
    shop.bare.post("/_sandbox/orders", json={"count": 2, "kind": "no_email"})
    wrong = shop.bare.post("/_sandbox/orders", json={"kind": "cheap"})

    items = ask(shop, "orders/?orderby=id_desc&size=250").json()["items"]
    assert [bool(order["customer"]["email"]) for order in items] == [False, False, True, True, True]
    assert items[2]["customer"]["customertype"] == "b2b"
    assert wrong.status_code == 400


def test_twenty_thousand_orders_can_be_paged_to_the_end(opened: Open) -> None:
    shop = opened(orders=20_000)

    last = ask(shop, "orders/?orderby=id&start=19900&size=250").json()

    assert len(last["items"]) == 100
    assert last["next"] is None


def test_the_catalogue_has_thirty_articles_with_numbers_of_their_own() -> None:
    assert len({a.sku for a in CATALOGUE}) == len({a.ean for a in CATALOGUE}) == 30
    assert {a.vat for a in CATALOGUE} == {D(9), D(21)}
    for article in CATALOGUE:
        digits = [int(d) for d in article.ean]
        assert sum(d * (3 if n % 2 else 1) for n, d in enumerate(digits)) % 10 == 0
