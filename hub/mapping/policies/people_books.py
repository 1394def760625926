"""What the books need to know of a customer: group, condition, VAT code, account, cost centre."""

from __future__ import annotations

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import CountryTable, CustomerBooks, SaleSettings
from hub.mapping.unmapped import Unmapped, key_row
from hub.model import Customer
from hub.sdk.forms import MappingTable


def book_customer(customer: Customer, settings: CustomerBooks, facts: Facts) -> list[str]:
    """Classification, payment condition, VAT code, revenue account, cost centre and cost unit.

    An empty table says nothing. Raises Unmapped when a filled one does not know the customer's
    group, condition or country; the revenue accounts of a sale are there for its lines.
    """
    notes: list[str] = []
    customer.classification = _look_up(
        settings.classifications, customer.classification, "group", "classifications", notes
    )
    customer.payment_condition = _look_up(
        settings.customer_conditions,
        customer.payment_condition,
        "payment condition",
        "customer_conditions",
        notes,
    )
    country = customer.billing.country or customer.delivery.country
    home = settings.home_country
    for table, name, what, setting in (
        (settings.customer_vat_codes, "vat_code", "VAT code", "customer_vat_codes"),
        (settings.revenue_accounts, "revenue_account", "revenue account", "revenue_accounts"),
    ):
        strict = setting != "revenue_accounts" or not isinstance(settings, SaleSettings)
        found = _for_country(table, country or home, home, what, setting, strict=strict)
        if found is not None:
            setattr(customer, name, found)
            notes.append(f"{what[0].upper()}{what[1:]} {found} for {country or home}")
    if settings.cost_center:
        customer.cost_center = settings.cost_center
        notes.append(f"Cost centre {customer.cost_center}, as the flow says")
    if settings.cost_unit:
        customer.cost_unit = settings.cost_unit
        notes.append(f"Cost unit {customer.cost_unit}, as the flow says")
    return notes


def _look_up(
    table: MappingTable, value: str | None, what: str, setting: str, notes: list[str]
) -> str | None:
    if not table.rows and table.default is None:
        return value
    found = table.look_up(value)
    if found is None and value:
        raise Unmapped(
            f"No {what} in the target for customers of {what} {value!r}: add a row or a default "
            f"to the table.",
            field="classification" if setting == "classifications" else "payment_condition",
            code=f"no_{setting}",
            fix=setting,
            row=key_row(value),
        )
    if found is not None:
        notes.append(f"{what.capitalize()} {found} for {value or 'none'}")
    return found


def _for_country(
    table: CountryTable, country: str, home: str, what: str, setting: str, *, strict: bool
) -> str | None:
    if not table.rows and table.default is None:
        return None
    found = table.for_country(country, home)
    if found is None and strict:
        raise Unmapped(
            f"No {what} for customers in {country}: add a row or a default to the table.",
            field="billing.country",
            code=f"no_{setting}",
            fix=setting,
            row=key_row(country),
        )
    return found
