"""What the plugin asks: how to reach a shop, and which of its records a flow wants."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from pydantic import field_validator

from hub.sdk import Form, SecretStr, web_address
from hub.sdk.forms import choice, date, flag, multichoice, number, secret, text

API_PATH = "/api/rest/v1"


def _texts(values: Any) -> Any:
    """Codes such as 2 may be typed without quotes in a config file."""
    if isinstance(values, list):
        return [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in values]
    return values


class Credentials(Form):
    """How to reach the shop."""

    shop_url: str = text(
        "Shop address",
        help="The address where customers find the shop, exactly as the browser shows it in the "
        "end: with www when the shop has it.",
        example="https://www.example.nl",
    )
    api_public: str = text(
        "Public key",
        help="My web shop > Settings > API settings, in the shop's back office. The API app must "
        "be installed there.",
        min_length=1,
        max_length=200,
    )
    api_secret: SecretStr = secret(
        "Secret key", help="Shown beside the public key.", min_length=1, max_length=200
    )

    @field_validator("shop_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return web_address(value, label="The shop address").removesuffix(API_PATH)

    @field_validator("api_public", mode="before")
    @classmethod
    def _public(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @field_validator("api_secret", mode="before")
    @classmethod
    def _secret(cls, value: Any) -> Any:
        # What is copied from a web page often ends with a blank.
        return value.strip() if isinstance(value, str) else value


class Settings(Form):
    """How this shop is to be understood and how fast it may be asked."""

    sku_field: Literal["best", "sub_sku_number", "sub_product_number", "product_number"] = choice(
        "SKU of an order row",
        default="best",
        options=(
            ("best", "The variant's SKU number, else its product number, else the product's"),
            ("sub_sku_number", "The variant's SKU number"),
            ("sub_product_number", "The variant's product number"),
            ("product_number", "The product number"),
        ),
        help="A row for a product without variants always takes the product number.",
        advanced=True,
    )
    language: str | None = text(
        "Language of texts",
        default=None,
        help="Two letters. Without it the shop answers in its own language.",
        example="nl",
        pattern="^[a-z]{2}$",
        advanced=True,
    )
    reads_per_minute: int = number(
        "Reads a minute",
        default=140,
        help="For each kind of record. The shop refuses more than 150.",
        ge=1,
        le=100_000,
        advanced=True,
    )
    writes_per_minute: int = number(
        "Writes a minute",
        default=90,
        help="For each kind of record. The shop refuses more than 100.",
        ge=1,
        le=100_000,
        advanced=True,
    )


class OrdersFilter(Form):
    """Which orders to take."""

    statuses: list[str] = multichoice(
        "Order statuses", lookup="order_statuses", help="None chosen: all of them."
    )
    paid: Literal["any", "paid", "unpaid"] = choice(
        "Payment",
        default="any",
        options=(("any", "Paid or not"), ("paid", "Only paid"), ("unpaid", "Only unpaid")),
    )
    payment_methods: list[str] = multichoice(
        "Payment methods", lookup="payment_methods", help="None chosen: all of them.", advanced=True
    )
    start_date: dt.date | None = date(
        "Orders from",
        default=None,
        help="Older orders are left alone. The day begins at midnight UTC. Empty: all there are.",
    )
    follow: bool = flag(
        "Follow what becomes of orders later",
        default=False,
        help="An order that is edited, cancelled or refunded after it was booked is told. The "
        "shop cannot be asked for changes: the orders and credit invoices of the last weeks are "
        "looked through each time, one request for every 250.",
    )
    look_back_days: int = number(
        "Days to look back",
        default=30,
        help="When orders are followed, or with a status or payment filter: an order that fits "
        "later, because it is paid a week after it was made, is still taken within this many "
        "days.",
        ge=1,
        le=365,
        advanced=True,
    )

    @field_validator("statuses", "payment_methods", mode="before")
    @classmethod
    def _codes(cls, value: Any) -> Any:
        return _texts(value)

    @property
    def later(self) -> bool:
        """Whether an order is to be looked at again, for it may fit tomorrow or have changed."""
        return self.follow or bool(self.statuses) or self.paid != "any"


class OrdersSettings(Form):
    """What is asked when the status of orders is written to the shop."""

    mail_customer: bool = flag(
        "E-mail the customer",
        default=False,
        help="When the status or the track and trace code changes, the shop tells the customer, "
        "with its own texts.",
        group="Status",
    )


class CustomersFilter(Form):
    """Which customers to take."""

    groups: list[str] = multichoice(
        "Customer groups", lookup="classifications", help="None chosen: all of them."
    )

    @field_validator("groups", mode="before")
    @classmethod
    def _codes(cls, value: Any) -> Any:
        return _texts(value)


class ProductsFilter(Form):
    """Which products to take."""

    active_only: bool = flag("Only products that are switched on", default=False)
    categories: list[str] = multichoice(
        "Categories",
        lookup="categories",
        help="With all below them. None chosen: all products, also those in no category.",
    )
    brands: list[str] = multichoice("Brands", lookup="brands", help="None chosen: all of them.")
    name_part: str | None = text(
        "Part of the name", default=None, min_length=3, max_length=200, advanced=True
    )
    min_price: Decimal | None = number("Price from", default=None, ge=0, advanced=True)
    max_price: Decimal | None = number("Price up to", default=None, ge=0, advanced=True)
    min_stock: Decimal | None = number(
        "Stock from",
        default=None,
        help="As the product has it when it is read; what falls below later is not taken back.",
        advanced=True,
    )
    max_stock: Decimal | None = number("Stock up to", default=None, advanced=True)

    @field_validator("categories", "brands", mode="before")
    @classmethod
    def _codes(cls, value: Any) -> Any:
        return _texts(value)


class ProductsSettings(Form):
    """What a product in the shop needs and the source does not say."""

    package: str = choice(
        "Package of new products",
        lookup="packages",
        help="It decides the shipping costs. The shop makes no product without one.",
        group="New products",
    )
    new_stock: Literal["source", "on", "off"] = choice(
        "Stock of new products",
        default="source",
        options=(
            ("source", "Kept or not, as the source says"),
            ("on", "Kept"),
            ("off", "Not kept: always for sale"),
        ),
        help="Used where the source says nothing.",
        group="New products",
        advanced=True,
    )
    new_categories: bool = flag(
        "Make categories that are not there yet",
        default=True,
        help="Otherwise a product waits until somebody has made its category in the shop.",
        group="Categories",
    )
    features_group: str = text(
        "Property group for new features",
        default="Kenmerken",
        help="A feature that the shop has in any group is used; only new ones come here.",
        min_length=1,
        max_length=255,
        group="Features",
        advanced=True,
    )

    @field_validator("package", mode="before")
    @classmethod
    def _code(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("package")
    @classmethod
    def _whole(cls, value: str) -> str:
        if not value.isdigit():
            raise ValueError("choose one of the shop's packages; what is kept is its number")
        return value


class StockFilter(Form):
    """Which stock to take."""

    active_only: bool = flag("Only products that are switched on", default=False)
    managed_only: bool = flag("Only products whose stock is kept", default=False)


class InvoicesFilter(Form):
    """Which invoices to take."""

    statuses: list[str] = multichoice(
        "Invoice statuses", lookup="invoice_statuses", help="None chosen: all of them."
    )
    kind: Literal["both", "debit", "credit"] = choice(
        "Kind",
        default="both",
        options=(
            ("both", "Invoices and credit invoices"),
            ("debit", "Only invoices"),
            ("credit", "Only credit invoices"),
        ),
    )
    start_date: dt.date | None = date(
        "Invoices from",
        default=None,
        help="Older ones are left alone. The day begins at midnight UTC. Empty: all there are.",
    )
    look_back_days: int = number(
        "Days to look back",
        default=30,
        help="With a status filter: an invoice that fits later, because it is paid a week after "
        "it was made, is still taken within this many days.",
        ge=1,
        le=365,
        advanced=True,
    )
