"""The hub's own settings per kind of document: what a bookkeeper decides, asked once per flow."""

from __future__ import annotations

from hub.mapping.settings.customers import CustomerBooks, CustomerSettings
from hub.mapping.settings.documents import InvoiceSettings, JournalSettings
from hub.mapping.settings.orders import OrderSettings, SaleSettings
from hub.mapping.settings.products import ProductSettings
from hub.mapping.settings.stock import StockSettings
from hub.mapping.settings.tables import CountryTable, RoleTable, VatRow, VatTable
from hub.sdk.forms import Form, NoForm

SETTINGS: dict[str, type[Form]] = {
    "order": OrderSettings,
    "customer": CustomerSettings,
    "invoice": InvoiceSettings,
    "journal_entry": JournalSettings,
    "product": ProductSettings,
    "stock": StockSettings,
}
"""Kind of document -> the hub's settings for it."""

SHARED = (
    "classifications",
    "cost_center",
    "cost_unit",
    "create_customers",
    "customer_conditions",
    "customer_vat_codes",
    "default_debtor",
    "default_debtor_use",
    "discount_item",
    "extra_item",
    "home_country",
    "payment_conditions",
    "payment_item",
    "payment_methods",
    "revenue_accounts",
    "rounding_item",
    "rounding_limit",
    "shipping_item",
    "shipping_methods",
    "use_item_vat_code",
    "vat_codes",
)
"""Settings that mean the same in every flow between two connections in one direction."""


def settings_for(kind: str) -> type[Form]:
    """The hub's settings form for a kind of document."""
    return SETTINGS.get(kind, NoForm)


__all__ = [
    "SETTINGS",
    "SHARED",
    "CountryTable",
    "CustomerBooks",
    "CustomerSettings",
    "InvoiceSettings",
    "JournalSettings",
    "OrderSettings",
    "ProductSettings",
    "RoleTable",
    "SaleSettings",
    "StockSettings",
    "VatRow",
    "VatTable",
    "settings_for",
]
