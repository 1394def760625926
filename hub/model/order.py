"""Order: what was bought, by whom, at which prices, and where it goes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

from hub.model.base import Document, Part
from hub.model.customer import Address, Customer

Prices = Literal["gross", "net"]
"""Whether amounts include VAT (gross) or not (net). Declared, never guessed."""

LineKind = Literal["product", "shipping", "payment", "extra", "discount", "deposit", "rounding"]


@dataclass(slots=True, kw_only=True)
class Line(Part):
    """One line. Amounts are in the order's currency and in its `prices` basis (gross or net).

    key: the line's own key. kind: what it stands for; product when nothing is said.
    sku: the article number. ean: the bar code. unit: of the quantity ("piece", "kg").
    goods: the kind of goods, which VAT may depend on: a product group or assortment.
    unit_price: per unit before discount, options included. discount_percentage: 0..100.
    total: what the customer pays for the line, after its discount, quantity included.
    tax_rate: VAT percentage (21, not 0.21). vat_code: the target's code, set by the VAT table.
    prices: basis of this line's unit_price once a policy converted it; None = the order's.
    revenue_account, cost_center, cost_unit and warehouse: the target's codes.
    net, tax: the line's total without VAT and the VAT in it, once the totals were worked out.
    weight: of one, in kilograms. options: what was chosen, as "Size: M".
    note: the customer's remark. delivered: how many have gone out.
    item: what the target calls the product; set when the product was found there.
    """

    key: str | None = None
    kind: LineKind | None = None
    sku: str | None = None
    ean: str | None = None
    name: str | None = None
    goods: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    discount_percentage: Decimal | None = None
    total: Decimal | None = None
    tax_rate: Decimal | None = None
    prices: Prices | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    vat_code: str | None = None
    revenue_account: str | None = None
    cost_center: str | None = None
    cost_unit: str | None = None
    warehouse: str | None = None
    weight: Decimal | None = None
    options: list[str] = field(default_factory=list)
    note: str | None = None
    delivered: Decimal | None = None
    item: str | None = None


@dataclass(slots=True, kw_only=True)
class Cost(Part):
    """Something to pay besides the goods. amount may be negative (a payment method's rebate).

    kind: what for. name: what the customer saw. prices: basis of this amount; None = the order's.
    tax_rate: VAT percentage; None = not known, follow the goods.
    """

    kind: Literal["shipping", "payment", "extra"] | None = None
    name: str | None = None
    amount: Decimal | None = None
    tax_rate: Decimal | None = None
    prices: Prices | None = None


@dataclass(slots=True, kw_only=True)
class Shipment(Part):
    """A parcel on its way."""

    carrier: str | None = None
    tracking_code: str | None = None
    tracking_url: str | None = None
    shipped_at: dt.datetime | None = None


@dataclass(slots=True, kw_only=True)
class Order(Document):
    """An order as the customer placed it.

    number: what people call it (the shop's order number); it becomes the reference in the target.
    reference: what the target knows it by: the number behind the flow's prefix.
    status: the source's code. status_name: what it is called there. currency: ISO 4217.
    closed: nothing more will happen to it there.
    prices: basis of line prices, line totals and `discount`; required on every order.
    ordered_at: when the customer placed it. delivery_date: the day that was asked for.
    customer: who buys. billing: where the invoice goes. delivery: where the goods go.
    lines: what was bought. costs: what else is to be paid; the policies make lines of them.
    discount: what comes off the whole order besides line discounts, a positive amount.
    discount_code: the coupon.
    total: what the customer pays, VAT included, in `currency`. total_tax: the VAT in it.
    refunded: what of it was given back since, VAT included; None: nobody says so.
    tax_exempt: no VAT was charged although goods have a rate (intra-community, export).
    debtor: what the target calls the customer; set when the customer was found or made there.
    shipping_method, payment_method: the source's code. payment_reference: of the payment provider.
    payment_condition, payment_code and shipping_via: the target's codes, set by the mapping tables.
    warehouse, cost_center, cost_unit and selection_code: the target's codes.
    note: the customer's remark. shipments: parcels on their way.
    """

    kind: ClassVar[str] = "order"

    reference: str | None = None
    status: str | None = None
    status_name: str | None = None
    paid: bool | None = None
    cancelled: bool | None = None
    closed: bool | None = None
    currency: str | None = None
    prices: Prices | None = None
    ordered_at: dt.datetime | None = None
    delivery_date: dt.date | None = None
    language: str | None = None
    customer: Customer = field(default_factory=Customer)
    debtor: str | None = None
    billing: Address = field(default_factory=Address)
    delivery: Address = field(default_factory=Address)
    lines: list[Line] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    discount: Decimal | None = None
    discount_code: str | None = None
    total: Decimal | None = None
    total_tax: Decimal | None = None
    refunded: Decimal | None = None
    tax_exempt: bool | None = None
    shipping_method: str | None = None
    shipping_via: str | None = None
    payment_method: str | None = None
    payment_reference: str | None = None
    payment_code: str | None = None
    payment_condition: str | None = None
    warehouse: str | None = None
    cost_center: str | None = None
    cost_unit: str | None = None
    selection_code: str | None = None
    note: str | None = None
    shipments: list[Shipment] = field(default_factory=list)
