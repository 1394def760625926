"""Products arrive in the shop whole, and an update writes no more than what differs."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_ccvshop.products import Products

from hub.model import Attribute, Category, Image, Product
from hub.sdk import Effect, RecordError, RejectedError

from .conftest import Open, rendered, written
from .goods import RED, D, got, shirt, tea


def test_a_simple_product_is_one_request_and_comes_back_as_it_was_sent(opened: Open) -> None:
    """P13, P22-P28: every field of the default mapping."""
    shop = opened(orders=0)

    key = written(shop, Products(), tea())

    assert shop.writes() == ["POST products"]
    made = got(shop, key)
    sent = tea()
    for name in (
        *("sku", "ean", "name", "short_description", "description", "price", "tax_rate", "brand"),
        *("cost_price", "weight", "stock", "stock_managed", "active"),
    ):
        assert getattr(made, name) == getattr(sent, name), name
    assert (made.prices, made.vat_code, made.currency) == ("gross", "normal", "EUR")


def test_what_was_written_renders_to_the_same_payload_again(opened: Open) -> None:
    """The round trip by which a plan tells what would change."""
    shop = opened(orders=0)
    product = shirt(
        ("HEMD-M-Rood", "M", "20"),
        ("HEMD-L-Rood", "L", "22.5"),
        categories=[Category(path=["Kleding", "Hemden"])],
        features=[Attribute(name="Materiaal", value="Katoen")],
    )
    key = written(shop, Products(), product)

    now = rendered(Products(), got(shop, key), creating=False)

    wanted = rendered(Products(), product, creating=False)
    assert within(wanted, now)


def within(wanted: Any, present: Any) -> bool:
    """Whether all that is wanted is there; what is not said does not count."""
    if isinstance(wanted, dict):
        return all(within(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(wanted, present, strict=True)
        return len(wanted) == len(present) and all(within(w, p) for w, p in pairs)
    return bool(wanted == present)


@pytest.mark.parametrize("field", ["sku", "name", "price", "tax_rate"])
def test_a_new_product_without_what_the_shop_requires_is_refused_before_it_is_sent(
    opened: Open, field: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError) as error:
        written(shop, Products(), tea(**{field: None}))

    assert (error.value.field, error.value.code) == (field, "missing")
    assert shop.writes() == []


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"tax_rate": D(17)}, "tax_rate", "no VAT tariff of 17%.*21% \\(normal\\), 9% \\(low a\\)"),
        ({"name": "x" * 201}, "name", "200 characters"),
        ({"sku": "x" * 51}, "sku", "50 characters"),
        ({"price": D("1e12")}, "price", "must be a number"),
        ({"categories": [Category(path=["Thee", ""])]}, r"categories\[0\]", "no name"),
    ],
)
def test_what_the_shop_cannot_take_is_said_of_the_field(
    opened: Open, changes: dict[str, Any], field: str, says: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError, match=says) as error:
        written(shop, Products(), tea(**changes))

    assert error.value.field == field.replace("\\", "")
    assert shop.writes() == []


def test_a_price_of_1e400_out_of_a_rule_is_refused(opened: Open) -> None:
    shop = opened(orders=0)
    payload = rendered(Products(), tea()) | {"price": D("1e400")}

    with pytest.raises(RecordError, match="price must be a number"):
        Products().create(shop.api, payload, Effect("t"))


def test_a_field_that_the_shop_does_not_have_is_named(opened: Open) -> None:
    shop = opened(orders=0)
    payload = rendered(Products(), tea()) | {"colour": "red"}

    with pytest.raises(RecordError, match="no field colour"):
        Products().create(shop.api, payload, Effect("t"))


def test_every_plain_field_takes_what_a_rule_puts_there_as_text(opened: Open) -> None:
    """P21: extra fields of the API can be mapped."""
    shop = opened(orders=0)
    payload = rendered(Products(), tea()) | {
        "memo": "Exact 1001",
        "minimal_order_amount": "6",
        "product_layout": "2",
        "no_index": "yes",
        "stock_delivery_type": "days",
    }

    key = Products().create(shop.api, payload, Effect("t")).key

    found: Any = Products().get(shop.api, [key])[key]
    assert (found["memo"], found["minimal_order_amount"]) == ("Exact 1001", 6)
    assert (found["product_layout"], found["no_index"]) == (2, True)


def test_right_to_left_and_emoji_names_arrive_as_they_are(opened: Open) -> None:
    shop = opened(orders=0)
    name = "إبريق شاي 🫖 ‏חליטה"

    assert got(shop, written(shop, Products(), tea(name=name))).name == name


def test_the_limit_of_the_subscription_is_told_in_the_shops_own_words(opened: Open) -> None:
    shop = opened(orders=0, product_limit=3)

    with pytest.raises(RejectedError, match="product limit is exceeded") as error:
        written(shop, Products(), tea())

    assert error.value.code == "product_limit"


# -- updates ---------------------------------------------------------------------------------------


def test_an_update_of_the_product_alone_is_one_request(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea())
    shop.reset()

    written(shop, Products(), Product(sku="THEE", price=D("36.95")), key=key)

    assert shop.writes() == ["PATCH products/#"]
    assert len(shop.sandbox.requests) == 1
    assert got(shop, key).price == D("36.95")


def test_an_update_without_changes_writes_nothing(opened: Open) -> None:
    shop = opened(orders=0)
    product = shirt(
        ("A-Rood", "M", "20"),
        categories=[Category(path=["Kleding"])],
        features=[Attribute(name="Materiaal", value="Katoen")],
        images=[Image(content=RED, alt="Rood")],
    )
    key = written(shop, Products(), product)
    shop.reset()

    written(shop, Products(), product, key=key)

    assert shop.writes() == []


def test_what_the_policy_leaves_out_is_not_touched(opened: Open) -> None:
    """P12: a text that was enriched in the shop survives."""
    shop = opened(orders=0)
    key = written(shop, Products(), tea(categories=[Category(path=["Thee"])]))

    written(shop, Products(), Product(sku="THEE", name="Theepot"), key=key)

    made = got(shop, key)
    assert (made.name, made.description) == ("Theepot", "<p>Gietijzeren theepot.</p>")
    assert [c.path for c in made.categories] == [["Thee"]]


def test_stock_is_only_written_to_a_new_product(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea())

    written(shop, Products(), tea(stock=D(3), price=D(30)), key=key)

    made = got(shop, key)
    assert (made.stock, made.price) == (D(12), D(30))


def test_a_product_is_switched_off_and_never_deleted(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea())
    shop.reset()

    written(shop, Products(), Product(active=False), key=key)

    assert shop.writes() == ["PATCH products/#"]
    assert got(shop, key).active is False
