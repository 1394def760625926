"""One order of the pretend shop, worked out to the cent by the shop's own formula."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from .goods import (
    CATALOGUE,
    JSON,
    NONE,
    PACKAGES,
    PAYMETHODS,
    PRODUCT_ID,
    REMOVED_PAYMETHOD,
    Article,
    D,
    cents,
    number,
    when,
)
from .people import ACCOUNT_ID, Person


@dataclass
class Line:
    """A row to be: what, how many, and what comes off one unit."""

    article: Article
    count: Decimal
    discount: Decimal = NONE
    custom_price: Decimal | None = None


@dataclass
class Draft:
    """An order before it is written out; scenarios and odd orders change it."""

    index: int
    created: datetime
    person: Person
    rng: random.Random
    lines: list[Line] = field(default_factory=list)
    status: int | None = 2
    paid: bool = True
    paymethod_id: int = 6002
    shipping: Decimal | None = None
    deliver_method: str = "shipping"
    coupon: tuple[str, str, Decimal] | None = None  # code, "amount" or "percentage", value
    credit_points: Decimal = NONE
    paymethod_costs: Decimal = NONE
    extra_costs: Decimal = NONE
    extra_description: str = ""
    user_discount: Decimal = NONE
    intra_community: bool = False
    row_taxes_included: bool = True
    vat: dict[Decimal, Decimal] = field(default_factory=dict)  # charge this rate instead
    elsewhere: bool = False
    completed: bool = True
    comment: str = ""
    carrier: str | None = None
    finish: list[Callable[[JSON, list[JSON]], None]] = field(default_factory=list)

    def pick(self, count: int, *, low_rate: bool = False) -> None:
        """Put *count* different articles in the basket."""
        goods = [a for a in CATALOGUE if (a.vat == 9) == low_rate]
        for article in self.rng.sample(goods, count):
            many = 12 if article.sku == "SPAAK-260" else self.rng.choice((1, 1, 1, 2, 2, 3))
            self.lines.append(Line(article, D(many)))


def spread(amount: Decimal, weights: dict[Decimal, Decimal]) -> dict[Decimal, Decimal]:
    """*amount* over the VAT rates in proportion, to the cent, by largest remainder."""
    whole = sum(weights.values(), D(0))
    if not amount or not whole:
        return {}
    exact = {rate: amount * weight / whole for rate, weight in weights.items()}
    parts = {rate: cents(value) for rate, value in exact.items()}
    left = amount - sum(parts.values(), D(0))
    step = D("0.01") if left > 0 else D("-0.01")
    for rate in sorted(exact, key=lambda r: (parts[r] - exact[r]) * step):
        if not left:
            break
        parts[rate] += step
        left -= step
    return parts


def write_out(draft: Draft, ids: tuple[int, int, int]) -> tuple[JSON, list[JSON]]:
    """The order and its rows as the shop answers them, without addresses of other resources.

    *ids* are the order id, the id of its first row and its number for people.
    """
    order_id, row_id, ordernumber = ids
    included = draft.row_taxes_included and not draft.intra_community
    rows: list[JSON] = []
    goods: dict[Decimal, Decimal] = {}
    weight = D(0)
    for n, line in enumerate(draft.lines):
        rate = D(0) if draft.intra_community else draft.vat.get(line.article.vat, line.article.vat)
        row, amount = _row(draft, line, rate, included)
        rows.append({"id": row_id + n, "order_id": order_id, **row})
        goods[rate] = goods.get(rate, D(0)) + amount
        weight += line.article.weight * line.count

    total_rows = sum(goods.values(), D(0))
    ship_rate = D(0) if draft.intra_community else D(21)

    def basis(gross: Decimal) -> Decimal:
        return gross if included else cents(gross / D("1.21"))

    shipping = draft.shipping
    if shipping is None:
        free = total_rows >= 75 or draft.deliver_method == "pickup"
        shipping = D(0) if free else D("6.95") if draft.person.country == "NL" else D("9.95")
    shipping, costs, extra = map(basis, (shipping, draft.paymethod_costs, draft.extra_costs))
    discounts = D(0)
    if draft.coupon:
        _, kind, value = draft.coupon
        discounts = cents(total_rows * value / 100) if kind == "percentage" else value
    per_rate = dict(goods)
    for rate, part in spread(discounts + draft.credit_points, goods).items():
        per_rate[rate] -= part
    per_rate[ship_rate] = per_rate.get(ship_rate, D(0)) + shipping + costs + extra
    tax = sum((cents(a * r / (100 + r if included else D(100))) for r, a in per_rate.items()), D(0))
    total = total_rows + shipping + costs + extra - discounts - draft.credit_points
    if not included:
        total += tax

    code, kind, value = draft.coupon or ("", "", NONE)
    method_id, combined, label = _paymethod(draft.paymethod_id)
    order: JSON = {
        "id": order_id,
        "ordernumber_prefix": None,
        "ordernumber": ordernumber if draft.completed else None,
        "ordernumber_full": str(ordernumber) if draft.completed else None,
        "invoicenumber": ordernumber if draft.completed else None,
        "transaction_id": transaction_of(order_id) if draft.paid else "",
        "create_date": when(draft.created),
        "deliver_method": draft.deliver_method,
        "deliver_date": None,
        "take_out_window": {"start": None, "end": None},
        "is_platform_sale": False,
        "orderedinlng": "nl",
        "status": draft.status if draft.completed else None,
        "is_completed": draft.completed,
        "basket_href": None,
        "checkout_href": None,
        "paid": draft.paid,
        "safety_deposit_returned": False,
        "paymethod_id": method_id,
        "paymethod": combined,
        "paymethod_label": label,
        "taxes_included": not draft.intra_community,
        "order_row_taxes_included": included,
        "shipping_taxes_included": included,
        "shipping_tax_percentage": number(ship_rate),
        "is_intra_community_order": draft.intra_community,
        "total_orderrow_price": number(total_rows),
        "total_shipping": number(shipping),
        "total_discounts": number(discounts),
        "total_price": number(total),
        "currency": "EUR",
        "total_tax": number(tax),
        "total_weight": number(weight),
        "extra_payment_option": "",
        "extra_payment_option_price": None,
        "extra_payment_option_no_sentprice": False,
        "extra_payment_option_pay_on_pickup": False,
        "extra_price": number(costs + extra),
        "paymethod_costs": number(costs),
        "credit_point_discount": number(draft.credit_points),
        "extra_costs": number(extra),
        "extra_costs_description": draft.extra_description,
        "track_and_trace_code": f"3SABC{order_id}" if draft.carrier else "",
        "track_and_trace_carrier": draft.carrier,
        "track_and_trace_deeplink": "",
        "reservationnumber": None,
        "delivery_option": None,
        "user": _user(draft),
        "discountcoupon": {
            "code": code,
            "discount": number(value),
            "type": kind or None,
            "enddate": None,
            "onetimeuse": False,
            "givesfreeshipping": False,
            "minimumprice": 0,
        },
        "customer": draft.person.personalinfo(elsewhere=draft.elsewhere, comment=draft.comment),
        "pickup_address": None,
        "packing_slip_deeplink": None,
    }
    for finish in draft.finish:
        finish(order, rows)
    return order, rows


def transaction_of(order_id: int) -> str:
    """What the payment provider calls the payment."""
    return f"tr_{order_id:x}"


def _paymethod(method_id: int) -> tuple[int, str, str]:
    if method_id not in PAYMETHODS:
        return REMOVED_PAYMETHOD
    psp, method, label, _ = PAYMETHODS[method_id]
    return method_id, f"{psp} {method}".strip(), label


def _user(draft: Draft) -> JSON:
    person = draft.person
    if not person.has_account:
        return {"id": None, "discount_percentage": None, "href": None}
    user_id = ACCOUNT_ID + person.index
    # Ids of users have been seen as text; now and then they are here.
    loose: int | str = str(user_id) if draft.index % 5 == 4 else user_id
    return {"id": loose, "discount_percentage": number(draft.user_discount), "href": ""}


def _row(draft: Draft, line: Line, rate: Decimal, included: bool) -> tuple[JSON, Decimal]:
    """One row, and what the customer pays for it (VAT included or not, as the order says)."""
    article, count = line.article, line.count

    def basis(gross: Decimal) -> Decimal:
        return gross if included else cents(gross / (1 + article.vat / 100))

    original = basis(article.price - article.surcharge)
    price = cents(original * (1 - draft.user_discount / 100))
    if line.custom_price is not None:
        price = basis(line.custom_price)
    discount, surcharge = basis(line.discount), basis(article.surcharge)
    selling = price - discount
    amount = cents((selling + surcharge) * count)
    has_variant = bool(article.parent)
    options = []
    if has_variant:
        name, value = article.option
        options = [{"option_name": name, "value_name": value, "price": number(surcharge)}]
    row = {
        "product_type": "product",
        "product_name": article.name,
        "product_name_google": article.name,
        "product_number": article.parent or article.sku,
        "sub_product_number": article.sku if has_variant else "",
        "sub_sku_number": article.sku if has_variant else "",
        "sub_ean_number": article.ean if has_variant else "",
        "product_id": PRODUCT_ID.get(article.parent or article.sku),
        "product_href": "",
        "count": number(count),
        "price": number(price),
        "product_purchase_price": number(article.purchase),
        "discount": number(discount),
        "custom_price": line.custom_price is not None,
        "tax": number(rate),
        "unit": "",
        "weight": number(article.weight),
        "memo": "",
        "package_id": 12002,
        "package_name": PACKAGES[12002],
        "stock_location": "",
        "supplier": "",
        "user_discount": number(draft.user_discount),
        "original_price": number(original),
        "selling_price": number(selling),
        "price_without_discount": number(price),
        "price_without_discount_with_attributes": number(price + surcharge),
        "total_price": number(cents(selling * count)),
        "total_extra_option_price": number(surcharge),
        "price_with_attributes": number(selling + surcharge),
        "total_price_with_attributes": number(amount),
        "attributes": options,
        "uploads": [],
    }
    return row, amount
