"""What the pretend shop takes in a body: types, lengths, choices, what is required."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .asked import Refused, invalid
from .goods import JSON, ORDER_STATUS, words
from .people import TEXTS

Kinds = tuple[type, ...]
TEXT: Kinds = (str,)
WHOLE: Kinds = (int,)
NUMBER: Kinds = (int, float)
FLAG: Kinds = (bool,)
NULL = type(None)
TARIFFS = ("normal", "low a", "low b", "extra low", "zero")


@dataclass(frozen=True)
class Schema:
    """A body: its fields with their JSON types, and what is asked of some of them."""

    fields: Mapping[str, Kinds]
    required: tuple[str, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def check(self, values: Any, where: str = "", *, patch: bool = False) -> JSON:
        """The values; refuses what does not fit, and an empty object."""
        if not isinstance(values, dict) or not values:
            raise invalid(f"{where or 'body'}: an object with at least one property expected")
        for name, value in values.items():
            if name not in self.fields:
                raise invalid(f"{where}{name}: additional property")
            kinds = self.fields[name]
            # In JSON Schema true is no number, though in Python it is one.
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise invalid(f"{where}{name}: {' or '.join(k.__name__ for k in kinds)} expected")
            most = self.lengths.get(name)
            if isinstance(value, str) and most is not None and len(value) > most:
                raise invalid(f"{where}{name}: at most {most} characters")
            if name in self.choices and value not in self.choices[name]:
                raise invalid(f"{where}{name}: one of {', '.join(map(str, self.choices[name]))}")
        lacking = [name for name in self.required if name not in values]
        if lacking and not patch:
            raise invalid(f"{where}{', '.join(lacking)}: required")
        return values


def _all(names: str, kinds: Kinds) -> dict[str, Kinds]:
    return dict.fromkeys(words(names), kinds)


PRODUCT = Schema(
    {
        **_all(
            "productnumber eannumber mpnnumber name shortdescription description taxtariff unit "
            "stocktype stocklocation ordering_without_stock brand condition maincategory "
            "subcategory meta_description meta_keywords page_title alias specs "
            "stock_delivery_type stock_delivery_standard show_order_button photo_size "
            "hide_without_category memo marktplaats_status marktplaats_price_type "
            "google_shopping_category",
            TEXT,
        ),
        **_all(
            "price discount purchaseprice container_deposit_price safety_deposit_price stock "
            "weight amount_sold minimal_order_amount marktplaats_cpc marktplaats_daily_budget "
            "marktplaats_total_budget vatrate",
            NUMBER,
        ),
        **_all(
            "credit_points_custom brand_id condition_id package_id decimal_amount "
            "stock_delivery_number product_layout supplier_id marktplaats_category_id",
            WHOLE,
        ),
        **_all(
            "active stockenabled no_index no_follow show_in_template show_on_beginpage "
            "show_on_facebook fixed_staggered_prices marktplaats_active "
            "is_included_for_export_feed",
            FLAG,
        ),
        "color_id": (int, NULL),
    },
    required=("name", "price", "discount", "package_id"),
    lengths={
        **dict.fromkeys(("productnumber", "eannumber", "mpnnumber"), 50),
        **dict.fromkeys(("shortdescription", "stocklocation"), 255),
        "name": 200,
        "description": 65536,
    },
    choices={
        "taxtariff": TARIFFS,
        "stocktype": ("Product", "Attribute"),
        "ordering_without_stock": ("global_setting", "allow", "disallow"),
        "show_order_button": ("Y", "QUOTATION", "N"),
        "photo_size": ("NONE", "SMALL", "BIG"),
        "hide_without_category": ("YES", "NO_DIRECTLINK", "NO_SEARCHRESULTS"),
        "product_layout": (1, 2, 3, 4),
        "stock_delivery_type": words(
            "days weeks months quarters years outofstock temporarilysoldout ordered onrequest "
            "unknown"
        ),
    },
)
COMBINATION = Schema(
    {
        **_all(
            "note product_number ean_number sku_number delivery_time_type delivery_default_text",
            TEXT,
        ),
        "stock": NUMBER,
        "delivery_time": WHOLE,
        "active": FLAG,
    },
    lengths=dict.fromkeys(("product_number", "ean_number", "sku_number"), 50),
)
ATTRIBUTE = Schema(
    _all("name type", TEXT),
    required=("name", "type"),
    choices={
        "type": words(
            "option_menu option_menu_required text text_required additional_menu "
            "additional_menu_required"
        )
    },
)
ATTRIBUTE_VALUE = Schema(
    {"name": TEXT, "default_price": NUMBER}, required=("name", "default_price")
)
PRODUCT_VALUE = Schema(
    {
        "optionvalue": WHOLE,
        "price": NUMBER,
        "position": WHOLE,
        "stock": NUMBER,
        "enable": FLAG,
    },
    required=("optionvalue", "price"),
)
PRODUCT_VALUE_PATCH = Schema(
    {"optionposition": WHOLE, "position": WHOLE, "price": NUMBER, "enable": FLAG}
)
CATEGORY = Schema(
    {
        **_all(
            "name description description_bottom searchwords orderby photo_source "
            "photo_file_type meta_description meta_keywords page_title alias",
            TEXT,
        ),
        **_all("position items_per_page parentcategory_id", WHOLE),
        **_all("show_on_website show_big_photo no_index no_follow", FLAG),
    },
    required=("name",),
    lengths={"name": 255},
)
CATEGORY_LINK = Schema(
    _all("product_id category_id position", WHOLE), required=("product_id", "category_id")
)
CATEGORY_LINK_PATCH = Schema(_all("position", WHOLE))
PHOTO = Schema(
    {**_all("file_type source alttext", TEXT), "is_mainphoto": FLAG},
    required=("file_type", "source"),
)
PHOTO_PATCH = Schema({"alttext": TEXT, "is_mainphoto": FLAG})
PHOTOS = Schema({"productphotos": (list,)}, required=("productphotos",))
NAME = Schema({"name": TEXT}, required=("name",), lengths={"name": 255})
PROPERTY = Schema(
    {**_all("name description icon type", TEXT), **_all("parent position", WHOLE)},
    required=("name",),
    choices={"type": ("text", "checkbox", "option")},
)
OPTION = Schema({"name": TEXT, "position": WHOLE}, required=("name",))
GROUP_LINK = Schema(
    _all("product_id product_property_group_id", WHOLE),
    required=("product_id", "product_property_group_id"),
)
#: The value is a text, a boolean for a checkbox or the id of an option.
PROPERTY_VALUE = Schema(
    {**_all("product_id product_property_id", WHOLE), "value": (str, bool, int)},
    required=("product_id", "product_property_id", "value"),
)
PROPERTY_VALUE_PATCH = Schema({"value": (str, bool, int)})

_ADDRESS = _all(
    "gender initials company address_line_1 address_line_2 street housenumber_suffix zipcode city "
    "province country_code telephone mobile comment full_name",
    TEXT,
) | {"housenumber": WHOLE}
BILLING = Schema(
    {**_ADDRESS, **_all("first_name last_name fax", TEXT)}, lengths={"country_code": 2}
)
DELIVERY = Schema(_ADDRESS, lengths={"country_code": 2})
PERSON = Schema(
    {
        **dict.fromkeys(TEXTS, TEXT),
        "billingaddress": (dict,),
        "deliveryaddress": (dict,),
    },
    choices={"customertype": ("b2c", "b2b")},
)
USER = Schema(
    {
        **_all("username password encryption gender product_in_category_discount", TEXT),
        "group_id": WHOLE,
        "status": FLAG,
        "userinfo": (dict,),
    },
    required=("username", "password"),
    choices={"product_in_category_discount": ("highest", "lowest")},
)
USER_PATCH = Schema({**USER.fields, "approval_status": TEXT}, choices=USER.choices)

#: What PATCH /orders/{id}/ takes.
ORDER_PATCH = Schema(
    {
        **_all("invoicenumber status takeoutslot", WHOLE),
        **_all("total_shipping paymethod_costs extra_costs", NUMBER),
        **_all(
            "paid safety_deposit_returned taxes_included order_row_taxes_included "
            "shipping_taxes_included is_intra_community_order is_platform_sale mail",
            FLAG,
        ),
        **_all(
            "extra_costs_description currency orderedinlng note track_and_trace_code "
            "track_and_trace_carrier deliver_date deliver_method reservationnumber",
            TEXT,
        ),
        "customer": (dict,),
        "orderrows": (list,),
    },
    choices={"status": tuple(ORDER_STATUS)},
)
INVOICE_PATCH = Schema(
    _all("status payment_link_sent external_reference", TEXT),
    choices={"status": ("paid", "unpaid", "reimbursed")},
)


def check_person(info: Any) -> JSON:
    """A `userinfo` with its two addresses; street and number, or lines: one form of both."""
    PERSON.check(info, "userinfo.", patch=True)
    for name, schema in (("billingaddress", BILLING), ("deliveryaddress", DELIVERY)):
        if name not in info:
            continue
        address = schema.check(info[name], f"userinfo.{name}.", patch=True)
        if "full_name" in address and schema is BILLING:
            raise invalid(f"userinfo.{name}.full_name: read-only")
        if "street" in address and "address_line_1" in address:
            raise invalid(f"userinfo.{name}: street or address_line_1, not both")
    found: JSON = info
    return found


def same() -> Refused:
    """What is written is there already."""
    return Refused(500, "500.50", "The value is the same as the current value.")


def taken(what: str) -> Refused:
    """A property that must be unique is there already."""
    return Refused(500, "500.40", f"The property {what} already exists.")
