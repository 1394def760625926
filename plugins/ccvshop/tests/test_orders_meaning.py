"""What an order of the shop means: people, addresses, rows, VAT, discounts, costs, totals."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any, cast

import pytest
from koppel_ccvshop.entities import Orders

from hub.model import Order
from hub.sdk import KoppelError

from .conftest import Open, records, understood
from .samples import ORDER, ROW

D = Decimal


def sample(**changes: Any) -> dict[str, Any]:
    """The vendor's own example, with its row, and changes by path."""
    order = json.loads(json.dumps(ORDER), parse_float=D)
    order["orderrows"]["items"] = [json.loads(json.dumps(ROW), parse_float=D)]
    for path, value in changes.items():
        place: Any = order
        *steps, last = path.split("__")
        for step in steps:
            place = place[int(step)] if step.isdigit() else place[step]
        place[last] = value
    return cast(dict[str, Any], order)


def order_of(record: dict[str, Any], **settings: Any) -> Order:
    document = understood(Orders(), record, **settings)
    assert isinstance(document, Order)
    return document


def test_the_vendors_example_means_what_it_says() -> None:
    order = order_of(sample())

    assert (order.key, order.number) == ("284119301", "10001")
    assert order.ordered_at is not None
    assert order.ordered_at.isoformat() == "2026-01-05T08:15:00+00:00"
    assert (order.status, order.status_name, order.paid) == ("2", "In process", True)
    assert order.cancelled is False
    assert (order.currency, order.language, order.prices) == ("EUR", "nl", "gross")
    assert (order.total, order.total_tax, order.discount) == (D("69.85"), D("12.12"), None)
    assert (order.payment_method, order.payment_reference) == ("Mollie iDEAL", "tr_8x2")
    assert order.shipping_method == "shipping"
    assert order.tax_exempt is False
    assert order.shipments == []


def test_the_customer_of_the_vendors_example_is_a_company_with_a_contact_person() -> None:
    customer = order_of(sample()).customer

    assert (customer.key, customer.reference) == ("61234001", "10001")
    assert (customer.name, customer.company) == ("Café 't Hoekje", "Café 't Hoekje")
    assert (customer.email, customer.phone) == ("zoe@example.nl", "+31201234567")
    assert (customer.vat_number, customer.chamber_number) == ("NL123456789B01", "30000001")
    (contact,) = customer.contacts
    assert (contact.first_name, contact.last_name, contact.gender) == (
        "Zoë",
        "van den Berg",
        "female",
    )
    assert contact.email == "zoe@example.nl"


def test_the_row_of_the_vendors_example_is_a_line_with_its_discount() -> None:
    (line,) = order_of(sample()).lines

    assert (line.key, line.kind, line.sku) == ("512345001", "product", "THEE-R")
    assert (line.name, line.ean) == ("Theepot Zoë", "8719000000024")
    assert (line.quantity, line.unit_price, line.total) == (D(2), D("34.95"), D("62.9"))
    assert line.tax_rate == 21
    assert line.options == ["Kleur: Rood"]
    assert line.discount_percentage == D("10.014306")
    assert line.unit_price is not None
    assert line.discount_percentage is not None
    paid = line.unit_price * 2 * (1 - line.discount_percentage / 100)
    assert round(paid, 2) == D("62.90")


def test_shipping_is_a_cost_with_its_own_vat() -> None:
    (cost,) = order_of(sample()).costs

    assert (cost.kind, cost.prices) == ("shipping", "gross")
    assert (cost.amount, cost.tax_rate) == (D("6.95"), D(21))


def test_an_address_keeps_street_number_and_suffix_apart_and_the_line_as_well() -> None:
    billing = order_of(sample()).billing

    assert billing.to_dict() == {
        "name": "Zoë van den Berg",
        "company": "Café 't Hoekje",
        "line1": "Utrechtsestraat 12 bis",
        "street": "Utrechtsestraat",
        "house_number": "12",
        "house_number_suffix": "bis",
        "postal_code": "1017 VH",
        "city": "Amsterdam",
        "country": "NL",
        "phone": "+31201234567",
    }


def test_without_a_delivery_address_the_goods_go_to_the_billing_address() -> None:
    empty = dict.fromkeys(ORDER["customer"]["deliveryaddress"], "") | {
        "housenumber": None,
        "country_code": "NL",
        "full_name": "Zoë van den Berg",
    }
    order = order_of(sample(customer__deliveryaddress=empty))

    assert order.delivery == order.billing
    assert order.customer.delivery == order.customer.billing


def test_a_delivery_address_of_its_own_is_kept() -> None:
    order = order_of(sample(customer__deliveryaddress__city="Utrecht"))

    assert (order.billing.city, order.delivery.city) == ("Amsterdam", "Utrecht")
    assert (order.customer.billing.city, order.customer.delivery.city) == ("Amsterdam", "Utrecht")


def test_free_address_lines_are_passed_on_for_the_hub_to_split() -> None:
    record = sample()
    for address in ("billingaddress", "deliveryaddress"):
        record["customer"][address] |= {"street": "", "housenumber": 0, "housenumber_suffix": ""}
    billing = order_of(record).billing

    assert billing.line1 == "Utrechtsestraat 12 bis"
    assert (billing.street, billing.house_number, billing.house_number_suffix) == (None,) * 3


def test_both_spellings_of_the_address_lines_are_read() -> None:
    record = sample()
    line = record["customer"]["billingaddress"].pop("address_line_1")
    record["customer"]["billingaddress"]["address_line1"] = line

    assert order_of(record).billing.line1 == "Utrechtsestraat 12 bis"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("female", "female"), ("F", "female"), ("vrouw", "female"), ("Mevrouw", "female")),
        *(("male", "male"), ("M", "male"), ("man", "male"), ("de heer", "male")),
        *(("", None), ("-", None), ("unknown", None)),
    ],
)
def test_gender_is_read_in_the_words_of_many_shops(written: str, meant: str | None) -> None:
    assert order_of(sample(customer__billingaddress__gender=written)).customer.gender == meant


@pytest.mark.parametrize(
    ("field", "numbers", "sku"),
    [
        ("best", ("A", "B", "C"), "C"),
        ("best", ("A", "B", ""), "B"),
        ("best", ("A", "", None), "A"),
        ("best", ("", " ", None), None),
        ("product_number", ("A", "B", "C"), "A"),
        ("sub_product_number", ("A", "B", "C"), "B"),
        ("sub_product_number", ("A", "", "C"), "A"),
        ("sub_sku_number", ("A", "B", ""), "A"),
    ],
)
def test_the_sku_is_the_one_the_setting_names(
    field: str, numbers: tuple[str, str, str], sku: str | None
) -> None:
    record = sample()
    names = ("product_number", "sub_product_number", "sub_sku_number")
    record["orderrows"]["items"][0] |= dict(zip(names, numbers, strict=True))

    (line,) = order_of(record, sku_field=field).lines

    assert line.sku == sku


def test_a_user_id_that_came_as_text_is_the_same_customer() -> None:
    assert order_of(sample(user__id="61234001")).customer.key == "61234001"
    assert order_of(sample(user__id=None)).customer.key is None


def test_coupons_and_credit_points_come_off_the_whole_order() -> None:
    record = sample(total_discounts=D("5.00"), credit_point_discount=D("1.50"))
    record["discountcoupon"]["code"] = "WELKOM5"
    order = order_of(record)

    assert (order.discount, order.discount_code) == (D("6.50"), "WELKOM5")


def test_payment_and_extra_costs_keep_their_sign_and_their_name() -> None:
    order = order_of(
        sample(
            paymethod_costs=D("1.5"), extra_costs=D("-2.5"), extra_costs_description="Vertraging"
        )
    )

    assert [(c.kind, c.name, c.amount, c.tax_rate) for c in order.costs[1:]] == [
        ("payment", "iDEAL", D("1.5"), None),
        ("extra", "Vertraging", D("-2.5"), None),
    ]


def test_an_older_shop_has_all_its_costs_in_one_field() -> None:
    order = order_of(sample(paymethod_costs=None, extra_costs=None, extra_price=D("3.25")))

    assert [(c.kind, c.amount) for c in order.costs] == [
        ("shipping", D("6.95")),
        ("extra", D("3.25")),
    ]


def test_surcharges_of_options_are_part_of_the_price() -> None:
    record = sample()
    record["orderrows"]["items"][0] |= {
        "price_without_discount_with_attributes": D("39.95"),
        "price_with_attributes": D("36.45"),
        "total_price_with_attributes": D("72.90"),
    }
    (line,) = order_of(record).lines

    assert (line.unit_price, line.total) == (D("39.95"), D("72.90"))


def test_a_row_without_the_totals_of_newer_shops_is_reckoned_from_its_parts() -> None:
    record = sample()
    row = record["orderrows"]["items"][0]
    for name in [name for name in row if "with_attributes" in name]:
        row[name] = None
    row["attributes"] = [{"option_name": "Kleur", "value_name": "Goud", "price": 4}]
    (line,) = order_of(record).lines

    assert (line.unit_price, line.total) == (D("38.95"), D("70.90"))


def test_a_deposit_row_is_told_from_a_product() -> None:
    record = sample()
    deposit = copy.deepcopy(record["orderrows"]["items"][0]) | {
        "product_type": "container_deposit",
        "tax": 0,
    }
    record["orderrows"]["items"].append(deposit)

    assert [line.kind for line in order_of(record).lines] == ["product", "deposit"]


def test_an_intra_community_order_is_exempt() -> None:
    assert order_of(sample(is_intra_community_order=True)).tax_exempt is True
    assert order_of(sample(is_platform_sale=True)).tax_exempt is True
    assert order_of(sample(taxes_included=False, total_tax=0)).tax_exempt is True
    assert order_of(sample(taxes_included=False)).tax_exempt is False


def test_where_no_vat_was_charged_the_rate_of_the_goods_does_not_count() -> None:
    order = order_of(sample(taxes_included=False, total_tax=0))

    assert [line.tax_rate for line in order.lines] == [0]
    assert [cost.tax_rate for cost in order.costs] == [0]


@pytest.mark.parametrize("total", ["79.22", "65.47"])
def test_a_total_of_net_rows_has_the_vat_in_it_whether_the_shop_did_or_not(total: str) -> None:
    net = {"order_row_taxes_included": False, "shipping_taxes_included": False}
    parts = {"total_orderrow_price": D("58.52"), "total_tax": D("13.75")}
    order = order_of(sample(total_price=D(total), **net, **parts))

    assert order.prices == "net"
    assert order.costs[0].prices == "net"
    assert order.total == D("79.22")


def test_track_and_trace_is_a_shipment() -> None:
    (parcel,) = order_of(
        sample(track_and_trace_code="3SABC123", track_and_trace_carrier="PostNL")
    ).shipments

    assert (parcel.tracking_code, parcel.carrier) == ("3SABC123", "PostNL")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2026-01-09", "2026-01-09"), ("2026-01-09T10:00:00Z", "2026-01-09"), ("0000-00-00", "None")],
)
def test_a_delivery_date_is_taken_where_there_is_one(written: str, meant: str) -> None:
    assert str(order_of(sample(deliver_date=written)).delivery_date) == meant


def test_a_remark_of_the_customer_is_the_note() -> None:
    order = order_of(sample(customer__billingaddress__comment=" Graag achterom "))

    assert order.note == "Graag achterom"


def test_an_order_without_any_customer_is_understood_too() -> None:
    record = sample(customer=None)
    order = order_of(record)

    assert (order.customer.email, order.customer.name, order.customer.contacts) == (None, None, [])


@pytest.mark.parametrize(
    ("name", "label", "meant"),
    [("Mollie iDEAL", "iDEAL", "Mollie iDEAL"), ("", "iDEAL", "iDEAL"), ("", "", "6002")],
)
def test_a_payment_method_has_a_name_in_any_case(name: str, label: str, meant: str) -> None:
    assert order_of(sample(paymethod=name, paymethod_label=label)).payment_method == meant


def test_a_cancelled_order_says_so() -> None:
    assert order_of(sample(status=8)).cancelled is True


# -- a whole shop ------------------------------------------------------------------------------


def test_lines_costs_and_discount_of_every_order_add_up_to_its_total(opened: Open) -> None:
    shop = opened(orders=60, extra_orders=["net_prices", "deposit", "negative_extra", "fraction"])
    whole = Orders().complete(shop.api, records(shop, "orders"))

    seen = set()
    for record in whole:
        assert not isinstance(record, KoppelError)
        order = order_of(record)
        assert order.total is not None
        gross = sum((line.total or 0 for line in order.lines), D(0))
        gross += sum((cost.amount or 0 for cost in order.costs), D(0)) - (order.discount or 0)
        if order.prices == "net":
            gross += order.total_tax or 0
        assert gross == order.total, order.number
        seen.add((order.prices, order.tax_exempt, order.delivery.country))
    assert {("gross", False, "NL"), ("net", True, "BE"), ("net", False, "NL")} <= seen


def test_an_order_cent_off_keeps_the_shops_own_total(opened: Open) -> None:
    shop = opened(orders=0, extra_orders=["cent_off"])
    (record,) = Orders().complete(shop.api, records(shop, "orders"))
    assert not isinstance(record, KoppelError)
    order = order_of(record)
    parts = sum((line.total or 0 for line in order.lines), D(0))
    parts += sum((cost.amount or 0 for cost in order.costs), D(0))

    assert order.total == parts + D("0.01")


@pytest.mark.parametrize(
    "odd", ["no_email", "row_without_sku", "no_name", "no_rows", "long_comment"]
)
def test_odd_orders_are_understood_and_left_to_the_hub_to_judge(opened: Open, odd: str) -> None:
    shop = opened(orders=0, extra_orders=[odd])
    (record,) = Orders().complete(shop.api, records(shop, "orders"))
    assert not isinstance(record, KoppelError)

    order = order_of(record)

    assert order.number == "10001"
    assert (order.customer.email is None) == (odd in ("no_email", "no_name"))
    assert any(line.sku is None for line in order.lines) == (odd == "row_without_sku")
