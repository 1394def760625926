"""Live choices from a shop: statuses, methods, groups, packages, countries and their VAT."""

from __future__ import annotations

from collections.abc import Iterator

from hub.sdk import Api, Lookup, Option

from .api import everything, shop_settings, walk
from .placing import SEPARATOR, Categories, Properties
from .tariffs import countries as tariffs_of_countries
from .tariffs import rates
from .understanding import STATUS_NAMES, code, number, text


def order_statuses(api: Api) -> Iterator[Option]:
    """The order statuses, by the names this shop gives them."""
    found = shop_settings(api).get("order_status")
    if not isinstance(found, list) or not found:
        yield from (Option(value=str(n), label=name) for n, name in STATUS_NAMES.items())
        return
    for status in found:
        # The number is what orders carry. In `status` or in `id`: shops were seen to differ.
        own = code(status.get("status") or "")
        value = own if own and own.isdigit() else code(status.get("id"))
        if value:
            yield Option(value=value, label=text(status.get("status_name") or "") or value)


def payment_methods(api: Api) -> Iterator[Option]:
    """The payment methods, by the name that orders carry."""
    for method in everything(api, "/paymethods/"):
        parts = (text(method.get("psp") or ""), text(method.get("method") or ""))
        value = text(method.get("combined_name") or "") or " ".join(filter(None, parts))
        if value:
            label = text(method.get("label") or "")
            shown = f"{value} ({label})" if label and label != value else value
            yield Option(value=value, label=shown, data={"id": method.get("id")})


def shipping_methods(api: Api) -> Iterator[Option]:
    """How goods go out. The shop knows no more than these three."""
    yield Option(value="shipping", label="Sent by a carrier")
    yield Option(value="delivery", label="Delivered by the shop")
    yield Option(value="pickup", label="Picked up at the shop")


def packages(api: Api) -> Iterator[Option]:
    """The packages, which decide the shipping costs of a product."""
    for package in everything(api, "/packages/"):
        yield Option(value=str(package.get("id")), label=str(package.get("name")))


def classifications(api: Api) -> Iterator[Option]:
    """The customer groups."""
    for page in walk(api, "/usergroups/"):
        for group in page:
            facts = {"discount": str(group.get("discount") or 0)}
            label = text(group.get("groupname") or "") or str(group.get("id"))
            yield Option(value=str(group.get("id")), label=label, data=facts)


def categories(api: Api) -> Iterator[Option]:
    """The categories, by their path from the root on."""
    for own, path in Categories(api).paths.items():
        shown = SEPARATOR.join(path)
        yield Option(value=shown, label=shown, data={"id": own})


def brands(api: Api) -> Iterator[Option]:
    """The brands."""
    for brand in everything(api, "/brands/"):
        yield Option(value=str(brand.get("id")), label=str(brand.get("name")))


def product_attributes(api: Api) -> Iterator[Option]:
    """What products may differ in, or have as a feature; by name."""
    seen = set()
    for attribute in everything(api, "/attributes/"):
        name = text(attribute.get("name") or "")
        if name and name.casefold() not in seen:
            seen.add(name.casefold())
            yield Option(value=name, label=name, data={"kind": "attribute"})
    for known in Properties(api).properties.values():
        name = text(known.get("name") or "")
        if name and name.casefold() not in seen:
            seen.add(name.casefold())
            yield Option(value=name, label=f"{name} (feature)", data={"kind": "feature"})


def vat_codes(api: Api) -> Iterator[Option]:
    """The VAT tariffs, with their percentages in the shop's own country."""
    basis = "gross" if shop_settings(api).get("prices_include_vat") else "net"
    for name, rate in rates(api).items():
        shown = f"{rate.normalize():f}"
        data = {"rate": shown, "prices": basis}
        yield Option(value=name, label=f"{name} ({shown}%)", data=data)


def invoice_statuses(api: Api) -> Iterator[Option]:
    """What an invoice can be."""
    yield Option(value="unpaid", label="Not paid")
    yield Option(value="paid", label="Paid")
    yield Option(value="reimbursed", label="Paid back")


def countries(api: Api) -> Iterator[Option]:
    """The countries the shop sells to."""
    for found in tariffs_of_countries(api):
        if found.get("code"):
            yield Option(value=str(found["code"]), label=str(found.get("country") or found["code"]))


def vat_rates(api: Api) -> Iterator[Option]:
    """The VAT percentages the shop charges, country by country."""
    for found in tariffs_of_countries(api):
        land, seen = str(found.get("code") or ""), set()
        for tariff in found.get("tariffs") or ():
            rate = number(tariff.get("percentage"))
            if rate is None or not land or rate in seen:
                continue
            seen.add(rate)
            shown = f"{rate.normalize():f}"
            yield Option(
                value=f"{land} {shown}",
                label=f"{found.get('country') or land} {shown}%",
                data={"country": land, "rate": shown, "tariff": tariff.get("type")},
            )


LOOKUPS = (
    Lookup("order_statuses", "Order statuses", order_statuses),
    Lookup("payment_methods", "Payment methods", payment_methods),
    Lookup("shipping_methods", "Delivery methods", shipping_methods),
    Lookup("packages", "Packages", packages),
    Lookup("countries", "Countries", countries),
    Lookup("vat_rates", "VAT rates", vat_rates),
    Lookup("vat_codes", "VAT tariffs", vat_codes),
    Lookup("classifications", "Customer groups", classifications),
    Lookup("categories", "Categories", categories),
    Lookup("brands", "Brands", brands),
    Lookup("product_attributes", "Attributes and features of products", product_attributes),
    Lookup("invoice_statuses", "Invoice statuses", invoice_statuses),
)
