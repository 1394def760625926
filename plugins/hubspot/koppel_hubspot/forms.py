"""What the plugin asks: how to reach an account, how to understand it, and what a flow wants."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from pydantic import field_validator, model_validator

from hub.sdk import Form, SecretStr, web_address
from hub.sdk.forms import choice, date, flag, multichoice, number, secret, text

BASE_URL = "https://api.hubapi.com"
OTHER_BASE_URL = "https://api.hubspot.com"


class Credentials(Form):
    """How to reach the account."""

    auth_mode: Literal["token", "oauth2"] = choice(
        "Access",
        default="token",
        options=(
            ("token", "With a token: a private app or a service key"),
            ("oauth2", "With an app of your own, by pressing Connect (OAuth 2.0)"),
        ),
    )
    access_token: SecretStr | None = secret(
        "Access token",
        default=None,
        help="For access with a token: Settings > Integrations > Private Apps > Auth, or "
        "Development > Keys > Service keys. It starts with pat-.",
        max_length=300,
    )
    client_id: str | None = text(
        "Client ID", default=None, help="Of your app; for access with Connect.", max_length=100
    )
    client_secret: SecretStr | None = secret(
        "Client secret",
        default=None,
        help="Of your app. It is also what HubSpot signs its webhook messages with.",
        max_length=200,
    )
    refresh_token: SecretStr | None = secret(
        "Refresh token",
        default=None,
        help="Only when access was given elsewhere already; leave it empty and press Connect.",
        max_length=500,
        advanced=True,
    )
    base_url: str = text(
        "Address of the API",
        default=BASE_URL,
        help="The same for accounts in every region.",
        advanced=True,
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("access_token", "client_id", "client_secret", "refresh_token", mode="before")
    @classmethod
    def _trimmed(cls, value: Any) -> Any:
        # What is copied from a web page often ends with a blank.
        return (value.strip() or None) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Credentials:
        needed = {
            "token": ("access_token",),
            "oauth2": ("client_id", "client_secret"),
        }[self.auth_mode]
        for name in needed:
            if not getattr(self, name):
                label = str(type(self).model_fields[name].title)
                raise ValueError(f"{label} is needed for this kind of access")
        return self


class Settings(Form):
    """How this account is to be understood, and how fast it may be asked."""

    prices: Literal["net", "gross"] = choice(
        "Prices in HubSpot",
        default="net",
        options=(
            ("net", "Without VAT: HubSpot puts the tax rate of a line on top"),
            ("gross", "With VAT"),
        ),
        help="Of products, line items and shipping costs. HubSpot itself does not say.",
    )
    line_tax_rate: Decimal | None = number(
        "VAT percentage of lines without a tax rate",
        default=None,
        help="Lines of deals seldom have a tax rate. Without a percentage here such an order "
        "waits, because nobody knows its VAT. What says that its VAT is 0 keeps that.",
        example="21",
        ge=0,
        le=100,
    )
    create_properties: bool = flag(
        "Make the properties that the hub needs",
        default=True,
        help="Such as hub_external_id, by which an order is recognised. They are made when "
        "something is written that needs them. The token needs the schema scopes for it.",
    )
    webhook_signature: Literal["v3", "v2", "v1"] = choice(
        "Signature of webhook messages",
        default="v3",
        options=(
            ("v3", "v3, with a time: the safest"),
            ("v2", "v2"),
            ("v1", "v1, what legacy private apps send"),
        ),
        help="Messages with any other signature are refused.",
        advanced=True,
    )
    requests_per_10s: int = number(
        "Requests in ten seconds",
        default=190,
        help="HubSpot says how many it takes (100, 110, 190 or 250); the hub obeys when that is "
        "less.",
        ge=1,
        le=100_000,
        advanced=True,
    )
    searches_per_second: int = number(
        "Searches in a second",
        default=5,
        help="HubSpot takes 5 for the whole account; lower it when others search too.",
        ge=1,
        le=100_000,
        advanced=True,
    )
    search_lag: int = number(
        "Seconds that search may lag behind",
        default=120,
        help="What was changed shows up in HubSpot's search some moments later. The hub looks "
        "back this far each time.",
        ge=0,
        le=86_400,
        advanced=True,
    )
    line_properties: list[str] = multichoice(
        "More properties of line items to read", lookup="line_properties", advanced=True
    )


# -- what a flow takes -----------------------------------------------------------------------------


class CustomersFilter(Form):
    """Which customers to take."""

    kind: Literal["all", "companies", "persons"] = choice(
        "Customers",
        default="all",
        options=(
            ("all", "Companies with their contacts, and contacts without a company"),
            ("companies", "Only companies"),
            ("persons", "Only contacts without a company"),
        ),
    )
    lifecycle_stages: list[str] = multichoice(
        "Lifecycle stages",
        lookup="lifecycle_stages",
        help="Of the company, or of a contact without one. None chosen: all of them.",
    )


class ProductsFilter(Form):
    """Which products to take."""

    active_only: bool = flag("Only active products", default=False)
    product_types: list[str] = multichoice(
        "Types of product", lookup="product_types", help="None chosen: all of them."
    )


class StockFilter(Form):
    """Which stock to take."""

    active_only: bool = flag("Only active products", default=False)


class OrdersFilter(Form):
    """Which orders to take."""

    pipeline: str | None = choice(
        "Pipeline", default=None, lookup="order_pipelines", help="Empty: all of them."
    )
    stages: list[str] = multichoice(
        "Stages", lookup="order_stages", help="None chosen: all of them."
    )
    stores: list[str] = multichoice(
        "Source stores",
        lookup="source_stores",
        help="As HubSpot's property Source store has it. None chosen: all orders.",
        advanced=True,
    )
    start_date: dt.date | None = date(
        "Orders changed from", default=None, help="What has not changed since is left alone."
    )


class DealsFilter(Form):
    """Which deals to take."""

    pipeline: str | None = choice(
        "Pipeline", default=None, lookup="deal_pipelines", help="Empty: all of them."
    )
    stages: list[str] = multichoice(
        "Stages",
        lookup="deal_stages",
        help="For deals that become orders: those that are won. None chosen: all of them.",
    )
    start_date: dt.date | None = date(
        "Deals changed from", default=None, help="What has not changed since is left alone."
    )


class InvoicesFilter(Form):
    """Which invoices to take."""

    statuses: list[str] = multichoice(
        "Statuses", lookup="invoice_statuses", help="None chosen: all but drafts."
    )
    start_date: dt.date | None = date(
        "Invoices changed from", default=None, help="What has not changed since is left alone."
    )


# -- what a flow writes ----------------------------------------------------------------------------


class CustomersSettings(Form):
    """What a customer in HubSpot needs and the source does not say."""

    lifecycle_stage: str | None = choice(
        "Lifecycle stage of new customers",
        default="customer",
        lookup="lifecycle_stages",
        group="New customers",
    )


class ProductsSettings(Form):
    """What a product in HubSpot needs and the source does not say."""

    product_type: str | None = choice(
        "Type of new products",
        default="inventory",
        lookup="product_types",
        group="New products",
        advanced=True,
    )


class OrdersSettings(Form):
    """Where orders that are made in HubSpot begin."""

    new_pipeline: str | None = choice(
        "Pipeline of new orders",
        default=None,
        lookup="order_pipelines",
        help="Empty: the pipeline of the stage, or HubSpot's own choice.",
        group="New orders",
    )
    new_stage: str | None = choice(
        "Stage of new orders",
        default=None,
        lookup="order_stages",
        help="For orders whose status the table of statuses does not say.",
        group="New orders",
    )
    source_store: str | None = text(
        "Source store",
        default=None,
        help="Stands on the order in HubSpot: where it comes from.",
        group="New orders",
        max_length=200,
    )


class DealsSettings(Form):
    """Where deals that are made in HubSpot begin."""

    new_deal_pipeline: str | None = choice(
        "Pipeline of new deals", default=None, lookup="deal_pipelines", group="New deals"
    )
    new_deal_stage: str | None = choice(
        "Stage of new deals",
        default=None,
        lookup="deal_stages",
        help="For orders whose status the table of statuses does not say.",
        group="New deals",
    )
    deal_name: str = text(
        "Name of a deal",
        default="Order {number}",
        help="{number}, {reference} and {name} (of the customer) are filled in.",
        group="New deals",
        max_length=200,
    )
