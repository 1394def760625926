"""Revenue accounts by country, on every line; cost centre and cost unit where lines lack them."""

from __future__ import annotations

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import JournalSettings, SaleSettings
from hub.mapping.unmapped import Unmapped, key_row
from hub.model import Order


def choose_accounts(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Set `revenue_account` on lines that have none, by the country the goods go to.

    Raises Unmapped when the table is filled and does not know the country, and when a ledger is
    written and there is no account at all.
    """
    for line in order.lines:
        line.cost_center = line.cost_center or order.cost_center
        line.cost_unit = line.cost_unit or order.cost_unit
    table = settings.revenue_accounts
    open_lines = [line for line in order.lines if not line.revenue_account]
    needed = isinstance(settings, JournalSettings)
    if not open_lines or not (needed or table.rows or table.default):
        return []
    country = country_of(order, settings)
    account = table.for_country(country, settings.home_country)
    if account is None:
        raise Unmapped(
            f"No revenue account for {country}: add a row or a default to the table.",
            field="delivery.country",
            code="no_revenue_accounts",
            fix="revenue_accounts",
            row=key_row(country),
        )
    for line in open_lines:
        line.revenue_account = account
    return [f"Revenue account {account} for {country}"]


def country_of(order: Order, settings: SaleSettings) -> str:
    """Where the goods go; else where the invoice goes; else one's own country."""
    return order.delivery.country or order.billing.country or settings.home_country
