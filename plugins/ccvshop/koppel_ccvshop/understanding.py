"""What the shop's records mean: field tables for people and rows, and what a table cannot say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.model import Json
from hub.sdk import Field

ZERO = Decimal(0)
CENT = Decimal("0.01")
PLACE = ("line1", "street", "postal_code", "city")

#: The numbers are the same in every shop; what each is called there, the lookup says.
STATUS_NAMES = {
    1: "New",
    2: "In process",
    3: "Wait for manufacturer",
    4: "Wait for payment",
    5: "Sent",
    6: "Delivered",
    7: "Completed",
    8: "Cancelled",
    9: "Wait for supplier",
    10: "Is being packaged",
    11: "Ready to be collected",
    12: "Is being assembled",
    13: "Backorder",
    14: "Reserved",
}
CANCELLED = 8

#: What an order holds without a common meaning, for rules.
ORDER_EXTRAS = (
    ("total_price", "Total"),
    ("total_orderrow_price", "Total of the rows"),
    ("total_shipping", "Shipping costs"),
    ("shipping_tax_percentage", "VAT percentage of shipping"),
    ("total_discounts", "Discounts on the order"),
    ("credit_point_discount", "Paid with credit points"),
    ("paymethod_costs", "Payment costs"),
    ("extra_costs", "Extra costs"),
    ("extra_costs_description", "Extra costs: what for"),
    ("total_weight", "Weight"),
    ("invoicenumber", "Invoice number"),
    ("ordernumber", "Order number without prefix"),
    ("paymethod_id", "Payment method id"),
    ("paymethod_label", "Payment method as the customer sees it"),
    ("reservationnumber", "Reservation number"),
    ("delivery_option", "Delivery option"),
    ("take_out_window.start", "Pick-up from"),
    ("take_out_window.end", "Pick-up until"),
    ("pickup_address.company", "Parcel shop"),
    ("pickup_address.street", "Parcel shop street"),
    ("pickup_address.housenumber", "Parcel shop house number"),
    ("pickup_address.zipcode", "Parcel shop postal code"),
    ("pickup_address.city", "Parcel shop city"),
    ("extra_payment_option", "Extra payment option"),
    ("is_platform_sale", "Sold through a platform"),
    ("is_intra_community_order", "Intra-community"),
    ("track_and_trace_code", "Track and trace code"),
    ("track_and_trace_carrier", "Carrier"),
    ("packing_slip_deeplink", "Packing slip"),
)

# -- single values -----------------------------------------------------------------------------


def text(value: Any) -> str | None:
    """A text without outer blanks; the shop writes "" where there is none."""
    return str(value).strip() or None


def code(value: Any) -> str | None:
    """A number used as a name: 2 and "2" are the same."""
    return str(value).strip() or None


def country(value: Any) -> str | None:
    """ISO 3166 alpha-2 in capitals."""
    return str(value).strip().upper() or None


def house_number(value: Any) -> str | None:
    """A house number as text; 0 is how some shops write that there is none."""
    found = str(value).strip()
    return None if found in ("", "0") else found


def gender(value: Any) -> str | None:
    """By the first letters, for each shop has its own words (male, M, de heer, mevrouw)."""
    found = str(value).strip().casefold()
    if found.startswith(("f", "v", "mw", "mev", "mrs", "ms")):
        return "female"
    return "male" if found.startswith(("m", "h", "dhr", "de heer")) else None


def day(value: Any) -> dt.date | None:
    """A date when it is written as one; the field is free text in the shop."""
    try:
        return dt.date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        return None


def number(value: Any) -> Decimal | None:
    """An amount, however it came; None when there is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None


# -- people and addresses ------------------------------------------------------------------------


def address_fields(path: str, meaning: str, label: str) -> Iterator[Field]:
    """The table of one address. Street and number may be apart or on a line: both are kept."""
    rows = (
        ("full_name", "name", "name", text),
        ("company", "company", "company", text),
        ("address_line_1", "line1", "address line", text),
        ("address_line_2", "line2", "second address line", text),
        ("street", "street", "street", text),
        ("housenumber", "house_number", "house number", house_number),
        ("housenumber_suffix", "house_number_suffix", "house number suffix", text),
        ("zipcode", "postal_code", "postal code", text),
        ("city", "city", "city", text),
        ("province", "region", "province", text),
        ("country_code", "country", "country", country),
        ("telephone", "phone", "telephone", text),
    )
    for raw, part, name, read in rows:
        yield Field(f"{path}.{raw}", f"{meaning}.{part}", read=read, label=f"{label} {name}")


def person_fields(path: str, prefix: str = "", *, addresses: bool = True) -> Iterator[Field]:
    """The table of the shop's `personalinfo`, which orders and users share."""
    billing = f"{path}.billingaddress"
    rows = (
        (f"{path}.email", "email", "E-mail address", text),
        (f"{path}.btw", "vat_number", "VAT number", text),
        (f"{path}.kvk", "chamber_number", "Chamber of commerce number", text),
        (f"{path}.iban", "iban", "IBAN", text),
        (f"{path}.website", "website", "Website", text),
        (f"{path}.reference", "reference", "Customer reference", text),
        (f"{path}.birthdate", "birth_date", "Date of birth", day),
        (f"{billing}.company", "company", "Company", text),
        (f"{billing}.first_name", "first_name", "First name", text),
        (f"{billing}.last_name", "last_name", "Last name", text),
        (f"{billing}.initials", "initials", "Initials", text),
        (f"{billing}.gender", "gender", "Gender", gender),
        (f"{billing}.telephone", "phone", "Telephone", text),
        (f"{billing}.mobile", "mobile", "Mobile", text),
    )
    for raw, part, label, read in rows:
        write = dt.date.isoformat if read is day else None
        yield Field(raw, f"{prefix}{part}", read=read, write=write, label=label)
    if addresses:
        yield from address_fields(billing, f"{prefix}billing", "Billing")
        yield from address_fields(f"{path}.deliveryaddress", f"{prefix}delivery", "Delivery")
    # Free texts of the shop's own forms, for rules.
    for name in ("customertype", "costcentre", "branch", "branche", "reservationnumber", "bic"):
        yield Field(f"{path}.{name}", label=f"Customer {name}")


def person_understood(customer: Json, info: Mapping[str, Any]) -> None:
    """Names, the contact person of a company, and the delivery address when there is none."""
    billing = customer.setdefault("billing", {})
    for name, raw in (("billing", "billingaddress"), ("delivery", "deliveryaddress")):
        address_understood(customer.setdefault(name, {}), info.get(raw))
    if not any(customer["delivery"].get(part) for part in PLACE):
        # Nobody filled it in; a country or a name alone is what the form leaves behind.
        customer["delivery"] = dict(billing)
    person = {
        key: customer[key]
        for key in ("first_name", "last_name", "initials", "gender", "email", "phone", "mobile")
        if customer.get(key)
    }
    names = (customer.get("first_name"), customer.get("last_name"))
    full_name = billing.get("name") or " ".join(filter(None, names)) or None
    customer["name"] = customer.get("company") or full_name
    if customer.get("company") and (full_name or person.get("last_name")):
        if "last_name" not in person and full_name:
            person["last_name"] = full_name
        customer["contacts"] = [person]


def address_understood(address: Json, raw: Any) -> None:
    """The other spelling of the lines, and the mobile number where there is no telephone."""
    if not isinstance(raw, Mapping):
        return
    for part, name in (("line1", "address_line1"), ("line2", "address_line2"), ("phone", "mobile")):
        if not address.get(part) and raw.get(name):
            address[part] = text(raw[name])


# -- rows and amounts ------------------------------------------------------------------------------


def row_fields(path: str) -> Iterator[Field]:
    """The table of order rows. What is paid includes the surcharges of options."""
    rows = (
        ("id", "key", "number", code),
        ("product_name", "name", "name", text),
        ("sub_ean_number", "ean", "EAN", text),
        ("count", "quantity", "quantity", None),
        ("unit", "unit", "unit", text),
        ("price_without_discount_with_attributes", "unit_price", "price", None),
        ("total_price_with_attributes", "total", "total", None),
        ("tax", "tax_rate", "VAT percentage", None),
        ("weight", "weight", "weight", None),
    )
    for raw, part, name, read in rows:
        yield Field(f"{path}.{raw}", f"lines[].{part}", read=read, label=f"Row {name}")
    for raw in (
        *("product_number", "sub_product_number", "sub_sku_number", "product_type", "discount"),
        *("selling_price", "price", "price_with_attributes", "memo", "package_name"),
        *("stock_location", "supplier", "product_purchase_price", "user_discount"),
    ):
        yield Field(f"{path}.{raw}", label=f"Row {raw.replace('_', ' ')}")


def sku_of(row: Mapping[str, Any], choice: str) -> str | None:
    """What the row sells. A product without variants has nothing but its product number."""
    order = ["sub_sku_number", "sub_product_number", "product_number"]
    if choice == "product_number":
        order = ["product_number"]
    elif choice == "sub_product_number":
        order = ["sub_product_number", "product_number"]
    elif choice == "sub_sku_number":
        order = ["sub_sku_number", "product_number"]
    return next((found for found in (text(row.get(n) or "") for n in order) if found), None)


def line_understood(line: Json, row: Mapping[str, Any], sku_field: str) -> None:
    """SKU, kind, options and discount of one row; prices where an older shop leaves some out."""
    line["sku"] = sku_of(row, sku_field)
    line["kind"] = "deposit" if "deposit" in str(row.get("product_type")) else "product"
    line["options"] = [
        ": ".join(filter(None, (text(o.get("option_name") or ""), text(o.get("value_name") or ""))))
        for o in row.get("attributes") or ()
        if isinstance(o, Mapping)
    ]
    quantity = number(row.get("count"))
    surcharge = sum((number(o.get("price")) or ZERO for o in row.get("attributes") or ()), ZERO)
    unit = number(line.get("unit_price"))
    if unit is None and (price := number(row.get("price"))) is not None:
        unit = price + surcharge
    total = number(line.get("total"))
    if total is None and quantity is not None:
        paid = number(row.get("price_with_attributes"))
        if paid is None and unit is not None:
            paid = unit - (number(row.get("discount")) or ZERO)
        total = None if paid is None else (paid * quantity).quantize(CENT)
    line["unit_price"], line["total"] = unit, total
    line["discount_percentage"] = _discount(unit, quantity, total)


def _discount(
    unit: Decimal | None, quantity: Decimal | None, total: Decimal | None
) -> Decimal | None:
    """What was taken off the row, in percent of what it would have cost."""
    if not unit or not quantity or total is None:
        return None
    whole = unit * quantity
    # Less than half a cent is the rounding of the row, not a discount.
    if abs(whole - total) < CENT / 2:
        return None
    return ((whole - total) * 100 / whole).quantize(Decimal("0.000001")).normalize()


def costs_of(record: Mapping[str, Any]) -> list[Json]:
    """Shipping, payment and other costs, each with the basis the shop says it is in."""
    shipping = number(record.get("total_shipping")) or ZERO
    payment, extra = number(record.get("paymethod_costs")), number(record.get("extra_costs"))
    if payment is None and extra is None:
        extra = number(record.get("extra_price"))  # an older shop, where the two were one
    included = record.get("shipping_taxes_included")
    prices = None if included is None else "gross" if included else "net"
    costs: list[Json] = []
    if shipping:
        rate = number(record.get("shipping_tax_percentage"))
        costs.append({"kind": "shipping", "amount": shipping, "tax_rate": rate, "prices": prices})
    if payment:
        name = text(record.get("paymethod_label") or record.get("paymethod") or "")
        costs.append({"kind": "payment", "name": name, "amount": payment})
    if extra:
        name = text(record.get("extra_costs_description") or "")
        costs.append({"kind": "extra", "name": name, "amount": extra})
    return costs


def total_of(record: Mapping[str, Any], prices: str) -> Decimal | None:
    """What the customer pays, VAT included.

    With net rows it is not certain that `total_price` includes the VAT. Where it equals the sum
    of its net parts, the VAT is put on top.
    """
    total, tax = number(record.get("total_price")), number(record.get("total_tax"))
    if total is None or prices == "gross" or not tax:
        return total
    parts = (
        *("total_orderrow_price", "total_shipping", "paymethod_costs", "extra_costs"),
        *("total_discounts", "credit_point_discount"),
    )
    signs = (1, 1, 1, 1, -1, -1)
    net = sum(
        (sign * (number(record.get(n)) or ZERO) for n, sign in zip(parts, signs, strict=True)), ZERO
    )
    return total + tax if abs(total - net) < abs(total - net - tax) else total
