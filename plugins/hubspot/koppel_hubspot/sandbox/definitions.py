"""What properties the pretend account has from the start, and what may be written in them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from .errors import Refused, invalid
from .world import ORDER_STAGES, PIPELINES, TAX_RATES

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_FIELD_TYPES = {
    "string": {"text", "textarea", "file", "html", "phonenumber", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "bool": {"booleancheckbox"},
}
_FIELD_TYPE = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
    "bool": "booleancheckbox",
}
CREATED = {"orders": "hs_createdate", "invoices": "hs_createdate"}
MODIFIED = {"contacts": "lastmodifieddate"}
GROUPS = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "products": "productinformation",
    "line_items": "lineiteminformation",
    "orders": "order_information",
    "invoices": "invoiceinformation",
}
_STAGES = "subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer other"
_COUNTRIES = "EUR GBP USD"
_PLACE = "name firstname lastname street city state postal_code country phone email"


def _address(role: str) -> str:
    return " ".join(f"hs_{role}_address_{part}" for part in _PLACE.split())


#: type -> names; `!` before a name: read only, `*`: unique.
_TABLE: dict[str, dict[str, str]] = {
    "contacts": {
        "string": "*email firstname lastname salutation phone mobilephone fax company jobtitle "
        "website address city zip state country hs_country_region_code hs_additional_emails",
        "enumeration": "hs_language lifecyclestage hs_lead_status hubspot_owner_id",
    },
    "companies": {
        "string": "name domain address address2 city zip state country phone website description "
        "about_us hs_additional_domains",
        "number": "numberofemployees annualrevenue hs_parent_company_id",
        "enumeration": "industry type lifecyclestage hubspot_owner_id",
    },
    "products": {
        "string": "name *hs_sku description hs_rich_text_description hs_url hs_images "
        "!hs_product_classification",
        "number": "price hs_cost_of_goods_sold tax",
        "enumeration": "hs_product_type hs_status hs_tax_rate_group_id",
    },
    "line_items": {
        "string": "name hs_sku hs_product_id description hs_url hs_images",
        "number": "quantity price discount hs_discount_percentage hs_cost_of_goods_sold "
        "hs_position_on_quote !amount !hs_tax_rate !hs_tax_amount !hs_post_tax_amount "
        "!hs_pre_discount_amount !hs_total_discount",
        "enumeration": "hs_line_item_currency_code hs_tax_rate_group_id",
    },
    "orders": {
        "string": "hs_order_name hs_external_order_id hs_external_order_status "
        "hs_external_order_url hs_external_cart_id hs_source_store hs_discount_codes "
        "hs_payment_processing_method hs_payment_status hs_fulfillment_status "
        "hs_shipping_status_url hs_shipping_tracking_number hs_order_note hs_tags "
        f"{_address('billing')} {_address('shipping')}",
        "number": "hs_subtotal_price hs_total_price hs_tax hs_shipping_cost hs_order_discount "
        "hs_refund_amount hs_total_weight !hs_homecurrency_amount",
        "datetime": "hs_external_created_date hs_external_modified_date hs_processed_date "
        "hs_cancelled_date hs_closed_date",
        "bool": "hs_buyer_accepts_marketing !hs_is_closed",
        "enumeration": "hs_currency_code hs_pipeline hs_pipeline_stage hubspot_owner_id",
    },
    "deals": {
        "string": "dealname description",
        "number": "amount",
        "datetime": "closedate",
        "enumeration": "dealstage pipeline deal_currency_code dealtype hubspot_owner_id",
    },
    "invoices": {
        "string": "hs_number hs_currency hs_purchase_order_number hs_comments hs_tax_id hs_title "
        "hs_recipient_shipping_address hs_recipient_shipping_address2 hs_recipient_shipping_city "
        "hs_recipient_shipping_state hs_recipient_shipping_zip hs_recipient_shipping_country "
        "hs_recipient_company_address hs_recipient_company_address2 hs_recipient_company_city "
        "hs_recipient_company_state hs_recipient_company_zip hs_recipient_company_country",
        "number": "hs_amount_billed !hs_balance_due !hs_amount_paid",
        "datetime": "hs_invoice_date hs_due_date hs_payment_date hs_external_createdate",
        "bool": "hs_invoice_billable",
        "enumeration": "hs_invoice_status",
    },
}
_OPTIONS = {
    "lifecyclestage": f"{_STAGES} evangelist",
    "hs_language": "nl nl-nl nl-be de de-de it fr en",
    "hs_lead_status": "NEW OPEN IN_PROGRESS UNQUALIFIED CONNECTED",
    "type": "PROSPECT PARTNER RESELLER VENDOR OTHER",
    "industry": "FOOD_BEVERAGES RETAIL SPORTS",
    "hs_product_type": "inventory non_inventory service",
    "hs_status": "active inactive",
    "hs_currency_code": _COUNTRIES,
    "deal_currency_code": _COUNTRIES,
    "hs_line_item_currency_code": _COUNTRIES,
    "dealtype": "newbusiness existingbusiness",
    "hs_invoice_status": "draft open paid voided",
    "hubspot_owner_id": "67890",
    "hs_tax_rate_group_id": " ".join(str(rate["id"]) for rate in TAX_RATES),
    "hs_pipeline": " ".join(p["id"] for p in PIPELINES["orders"]),
    "hs_pipeline_stage": " ".join(ORDER_STAGES.values()),
    "pipeline": " ".join(p["id"] for p in PIPELINES["deals"]),
    "dealstage": " ".join(s["id"] for p in PIPELINES["deals"] for s in p["stages"]),
}


@dataclass
class Definition:
    """One property of one type of object."""

    name: str
    type: str
    label: str = ""
    field_type: str = "text"
    group: str = ""
    unique: bool = False
    read_only: bool = False
    options: list[dict[str, Any]] = field(default_factory=list)
    defined_here: bool = False
    description: str = ""

    def shown(self) -> dict[str, Any]:
        """As the properties API tells it."""
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": -1,
            "calculated": self.read_only,
            "externalOptions": False,
            "archived": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": not self.defined_here,
            "modificationMetadata": {
                "archivable": self.defined_here,
                "readOnlyDefinition": not self.defined_here,
                "readOnlyOptions": False,
                "readOnlyValue": self.read_only,
            },
            "formField": False,
        }


def standard(kind: str) -> dict[str, Definition]:
    """The properties that every account has."""
    found: dict[str, Definition] = {}
    system = (CREATED.get(kind, "createdate"), MODIFIED.get(kind, "hs_lastmodifieddate"))
    rows = [("number", "!hs_object_id"), *(("datetime", f"!{name}") for name in system)]
    for type_, names in _TABLE[kind].items():
        rows += [(type_, name) for name in names.split()]
    for type_, marked in rows:
        name = marked.lstrip("!*")
        found[name] = Definition(
            name=name,
            type=type_,
            label=name.removeprefix("hs_").replace("_", " ").capitalize(),
            field_type=_FIELD_TYPE[type_],
            group=GROUPS[kind],
            unique="*" in marked,
            read_only="!" in marked,
            options=[
                {"label": value, "value": value, "displayOrder": n, "hidden": False}
                for n, value in enumerate(_OPTIONS.get(name, "").split())
            ],
        )
    return found


def made(
    kind: str,
    asked: dict[str, Any],
    known: dict[str, Definition],
    without_unique: Collection[str] = (),
    groups: Collection[str] | None = None,
) -> Definition:
    """A new property as it was asked for. Raises Refused."""
    for name in ("name", "label", "type", "fieldType", "groupName"):
        if not asked.get(name):
            raise Refused(400, f"Invalid input: {name} is required")
    name = asked["name"]
    if not _NAME.fullmatch(name) or name.startswith("hs_"):
        raise Refused(400, f"Property name {name} is invalid")
    if name in known:
        raise Refused(409, f"A property named '{name}' already exists.", "OBJECT_ALREADY_EXISTS")
    if asked["fieldType"] not in _FIELD_TYPES.get(asked["type"], ()):
        raise Refused(400, f"fieldType {asked['fieldType']} does not fit type {asked['type']}")
    if asked["groupName"] not in (groups or {GROUPS[kind]}):
        raise Refused(400, f"Property group {asked['groupName']} does not exist")
    unique = bool(asked.get("hasUniqueValue"))
    if unique and kind in without_unique:
        raise Refused(400, f"Unique properties are not supported for {kind.upper()}")
    if unique and sum(d.unique and d.defined_here for d in known.values()) >= 10:
        raise Refused(400, "There can be at most 10 unique properties")
    return Definition(
        name=name,
        type=asked["type"],
        label=asked["label"],
        field_type=asked["fieldType"],
        group=asked["groupName"],
        unique=unique,
        options=list(asked.get("options") or ()),
        defined_here=True,
        description=asked.get("description", ""),
    )


# -- values ----------------------------------------------------------------------------------------


def checked(known: dict[str, Definition], values: dict[str, Any], *, new: bool) -> dict[str, Any]:
    """Values as they are kept. Raises Refused naming every property that is wrong."""
    kept: dict[str, Any] = {}
    problems = []
    for name, value in values.items():
        definition = known.get(name)
        if definition is None:
            text = f'Property "{name}" does not exist'
            problems.append((name, "PROPERTY_DOESNT_EXIST", text))
            continue
        if definition.read_only:
            text = f'"{name}" is a read only property; its value cannot be set.'
            problems.append((name, "READ_ONLY_VALUE", text))
            continue
        if value is None or value == "":
            if new and definition.type == "enumeration":
                problems.append((name, "INVALID_OPTION", " was not one of the allowed options"))
            kept[name] = None
            continue
        text = value if isinstance(value, str) else _as_text(value)
        problem = _problem(definition, text)
        if problem:
            problems.append((name, *problem))
            continue
        kept[name] = _kept(definition, text)
    if problems:
        raise invalid(problems)
    return kept


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem(definition: Definition, text: str) -> tuple[str, str] | None:
    check: Callable[[Definition, str], tuple[str, str] | None] = _CHECKS.get(
        definition.type, _text_problem
    )
    return check(definition, text)


def _text_problem(definition: Definition, text: str) -> tuple[str, str] | None:
    if len(text) > 65_536:
        return "VALUE_TOO_LONG", f"{definition.name} may have 65536 characters."
    if definition.name == "email":
        found = text.strip().lower()
        if not _EMAIL.fullmatch(found) or found.endswith((".test", ".invalid", ".localhost")):
            return "INVALID_EMAIL", f"Email address {text} is invalid"
    return None


def _number_problem(definition: Definition, text: str) -> tuple[str, str] | None:
    try:
        number = Decimal(text)
        if not number.is_finite() or abs(number) > Decimal("1e15"):
            raise InvalidOperation
    except InvalidOperation:
        return "INVALID_DOUBLE", f"{text[:40]} was not a valid number."
    if number < 0 and definition.name == "price":
        return "INVALID_DOUBLE", f"{text} must not be negative."
    return None


def _option_problem(definition: Definition, text: str) -> tuple[str, str] | None:
    allowed = [option["value"] for option in definition.options]
    wrong = [part for part in text.split(";") if part and part not in allowed]
    if wrong:
        listed = ", ".join(allowed)
        return "INVALID_OPTION", f"{wrong[0]} was not one of the allowed options: [{listed}]"
    return None


def _flag_problem(definition: Definition, text: str) -> tuple[str, str] | None:
    if text in ("true", "false"):
        return None
    return "INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]"


def _moment_problem(definition: Definition, text: str) -> tuple[str, str] | None:
    return None if _moment(text) else ("INVALID_LONG", f"{text} was not a valid long.")


def _day_problem(definition: Definition, text: str) -> tuple[str, str] | None:
    found = _moment(text)
    if found is None or found.time() != dt.time():
        return "INVALID_DATE", f"{text} is not at midnight UTC."
    return None


_CHECKS = {
    "number": _number_problem,
    "enumeration": _option_problem,
    "bool": _flag_problem,
    "datetime": _moment_problem,
    "date": _day_problem,
}


def _moment(text: str) -> dt.datetime | None:
    if re.fullmatch(r"-?\d{1,15}", text):
        return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC)
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _kept(definition: Definition, text: str) -> str:
    if definition.name == "email":
        return text.strip().lower()
    if definition.type == "datetime":
        moment = _moment(text)
        assert moment is not None
        return stamp(moment)
    if definition.type == "date":
        day = _moment(text)
        assert day is not None
        return day.date().isoformat()
    return text


def stamp(moment: dt.datetime) -> str:
    """A moment as the vendor writes it."""
    return (
        moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{moment.microsecond // 1000:03d}Z"
    )


def names(known: dict[str, Definition], asked: Iterable[str], kind: str) -> list[str]:
    """Which properties an answer holds: those asked for that exist, and the system's own."""
    system = (CREATED.get(kind, "createdate"), MODIFIED.get(kind, "hs_lastmodifieddate"))
    wanted = [*asked, "hs_object_id", *system]
    return [name for name in dict.fromkeys(wanted) if name in known]
