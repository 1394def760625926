"""What the plugin asks: how to reach Globe, how it is set up, and what flows into it need."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, field_validator, model_validator

from hub.sdk import Form, SecretStr, web_address
from hub.sdk.forms import choice, flag, multichoice, number, secret, text


def _typed_code(value: Any) -> Any:
    """Codes such as 1 may be typed without quotes in a config file."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Code = Annotated[str, BeforeValidator(_typed_code)]


_TEXT_FIELDS = tuple(f"TextFreeField{n}" for n in range(1, 11))
ITEM_FIELDS = (
    *(f"Class{n:02}" for n in range(1, 11)),
    *_TEXT_FIELDS,
    *(f"NumberFreeField{n}" for n in range(1, 14)),
)
"""What can hold an attribute or a feature of an item."""


def _label(name: str) -> str:
    """TextFreeField1 as people say it."""
    return re.sub(r"(Text|Number|YesNo)FreeField(\d+)", r"free \1 field \2", name).lower()


class Credentials(Form):
    """How to reach the entity service and the administration behind it."""

    base_url: str = text(
        "Address of the entity service",
        help="Server and port, without /services. Plain http only on this machine itself.",
        example="https://globe.example.nl:8020",
    )
    auth: Literal["ntlm", "basic"] = choice(
        "Sign in with",
        default="ntlm",
        options=(
            ("ntlm", "Windows (NTLM), as the service itself does"),
            ("basic", "Basic, when a gateway in front asks for it"),
        ),
    )
    username: str = text(
        "User name",
        help="A Windows account that is an active employee in Globe.",
        example="DOMAIN\\hub",
        min_length=1,
    )
    password: SecretStr = secret("Password", min_length=1)
    server_name: str = text(
        "SQL Server",
        help="The SQL Server instance that holds the administration.",
        example="SRV-SQL01\\EXACT",
        min_length=1,
    )
    database: Code = text(
        "Database",
        help="The administration's database; mostly its three-digit division number.",
        example="100",
        min_length=1,
    )
    verify_tls: bool = flag(
        "Check the server's certificate",
        default=True,
        help="For a certificate of your own, make this machine trust it rather than switch this "
        "off.",
        advanced=True,
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        value = re.sub(r"/services(/.*)?$", "", value.strip(), flags=re.IGNORECASE)
        return web_address(value)

    @field_validator("username", "server_name", "database")
    @classmethod
    def _plain(cls, value: str) -> str:
        value = value.strip()
        if not value or not value.isprintable():
            raise ValueError("must be one line of text")
        return value

    @field_validator("server_name", "database")
    @classmethod
    def _header(cls, value: str) -> str:
        if not value.isascii():
            raise ValueError("may hold only plain letters, digits and signs (it goes in a header)")
        return value


class Settings(Form):
    """How this Globe is set up."""

    time_zone: str = text(
        "Time zone of the server",
        default="Europe/Amsterdam",
        help="Globe notes times by the clock on its own wall.",
        advanced=True,
    )
    timeout_s: int = number(
        "Wait for an answer, seconds",
        default=120,
        help="The service is slow after a pause.",
        ge=5,
        le=600,
        advanced=True,
    )
    tunnel_merge: bool = flag(
        "Send changes as POST",
        default=False,
        help="When a proxy in between does not let the verb MERGE through.",
        advanced=True,
    )

    family_field: Literal["none", "SearchCode", *_TEXT_FIELDS] = choice(  # type: ignore[valid-type]
        "Field that holds an item's family",
        default="none",
        options=(
            ("none", "None: every item is a product of its own"),
            ("SearchCode", "Search code (13 characters)"),
            *((name, f"Item: {_label(name)}") for name in _TEXT_FIELDS),
        ),
        help="Globe knows no variants. Items with the same value here are taken together as one "
        "product with variants; the value is the product's number.",
        group="Items",
    )
    attribute_fields: list[str] = multichoice(
        "Fields in which variants differ",
        lookup="item_fields",
        help="Classes or free fields, such as size and colour. None chosen: classes 1 and 2.",
        group="Items",
    )
    feature_fields: list[str] = multichoice(
        "Fields that only inform",
        lookup="item_fields",
        help="Sent along as features, and written when a product brings a feature of that name. "
        "None chosen: features are left alone.",
        group="Items",
    )
    create_properties: bool = flag(
        "Make class codes that are not there yet",
        default=True,
        help="When a product brings a size or colour that Globe's class does not have.",
        group="Items",
        advanced=True,
    )
    create_assortments: bool = flag(
        "Make assortments that are not there yet",
        default=False,
        help="Off: a product of an unknown assortment waits for you.",
        group="Items",
        advanced=True,
    )
    retire_variants: bool = flag(
        "Set variants that are gone to inactive",
        default=True,
        help="When a product no longer has a variant, its item in Globe gets condition E.",
        group="Items",
        advanced=True,
    )
    pictures: bool = flag(
        "Read pictures",
        default=False,
        help="One call a picture, for products that are new or have changed.",
        group="Items",
        advanced=True,
    )
    further_contacts: bool = flag(
        "Read further contact persons",
        default=False,
        help="One call a customer. Off: the main contact person only.",
        group="Customers",
        advanced=True,
    )

    @field_validator("attribute_fields", "feature_fields")
    @classmethod
    def _known_fields(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in ITEM_FIELDS:
                raise ValueError(f"{name!r} is not one of: {', '.join(ITEM_FIELDS)}")
        return value

    @model_validator(mode="after")
    def _one_use_each(self) -> Settings:
        uses = [self.family_field, *self.attributes, *self.feature_fields]
        twice = sorted({name for name in uses if uses.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is chosen twice: for family, variants or features")
        return self

    @property
    def attributes(self) -> list[str]:
        """The fields in which variants differ."""
        return self.attribute_fields or [
            name for name in ("Class01", "Class02") if name not in self.feature_fields
        ]

    @property
    def family(self) -> str | None:
        """The property that holds an item's family, where there is one."""
        return None if self.family_field == "none" else str(self.family_field)

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is not a time zone; an example is Europe/Amsterdam")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The server's time zone."""
        return ZoneInfo(self.time_zone)


class NewCustomers(Form):
    """What every new customer gets, where the source does not say."""

    customer_classification: Code | None = choice(
        "Classification of new customers",
        default=None,
        lookup="classifications",
        group="New customers",
    )
    customer_payment_condition: Code | None = choice(
        "Payment condition of new customers",
        default=None,
        lookup="payment_conditions",
        help="Empty: Globe's own default.",
        group="New customers",
        advanced=True,
    )
    customer_vat_code: Code | None = choice(
        "VAT code of new customers",
        default=None,
        lookup="vat_codes",
        group="New customers",
        advanced=True,
    )
    customer_size: Code | None = text(
        "Company size of new customers",
        default=None,
        help="Only when your Globe asks for it, like the three below.",
        max_length=10,
        group="New customers",
        advanced=True,
    )
    customer_sector: Code | None = text(
        "Sector of new customers",
        default=None,
        max_length=10,
        group="New customers",
        advanced=True,
    )
    customer_source: Code | None = text(
        "Source of new customers", default=None, max_length=3, group="New customers", advanced=True
    )
    customer_rating: Code | None = text(
        "Rating of new customers", default=None, max_length=1, group="New customers", advanced=True
    )


_FREE = tuple(f"TextFreeField{n}" for n in range(1, 11))


class CustomerSettings(NewCustomers):
    """How customers are written."""

    cost_center_field: Literal["none", *_FREE] = choice(  # type: ignore[valid-type]
        "Field for the customer's cost centre",
        default="none",
        options=(("none", "None"), *((name, f"Account: {_label(name)}") for name in _FREE)),
        help="Globe's accounts have no cost centre of their own; name the free field you use.",
        advanced=True,
    )
    cost_unit_field: Literal["none", *_FREE] = choice(  # type: ignore[valid-type]
        "Field for the customer's cost unit",
        default="none",
        options=(("none", "None"), *((name, f"Account: {_label(name)}") for name in _FREE)),
        advanced=True,
    )


class OrderSettings(NewCustomers):
    """How sales orders are written."""

    warehouse: Code | None = choice(
        "Warehouse",
        default=None,
        lookup="warehouses",
        help="Where the goods leave from. Empty: Globe's own default.",
        group="Sales order",
    )
    selection_code: Code | None = choice(
        "Selection code",
        default=None,
        lookup="selection_codes",
        help="Marks these orders in Globe.",
        group="Sales order",
    )
    delivery_days: int | None = number(
        "Days to delivery",
        default=None,
        help="Delivery date of an order that names none: so many days after the order date. "
        "Empty: Globe takes today.",
        ge=0,
        le=365,
        group="Sales order",
    )


class CustomersFilter(Form):
    """Which customers to take."""

    classification: Code | None = choice(
        "Classification", default=None, lookup="classifications", help="Empty: any."
    )
    active_only: bool = flag("Only active customers", default=True)
