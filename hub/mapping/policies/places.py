"""Where costs, discounts and odd cents are booked: on an item of the target, or on an account."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import JournalSettings, SaleSettings
from hub.sdk import Blocked

_PLACES = {
    "shipping": ("shipping_item", "shipping_account", "shipping costs"),
    "payment": ("payment_item", "payment_account", "payment costs"),
    "extra": ("extra_item", "extra_account", "other costs"),
    "discount": ("discount_item", "discount_account", "a discount"),
    "rounding": ("rounding_item", "rounding_account", "rounding"),
}


class Place(NamedTuple):
    """An item or an account, never both. words: "as item SHIP", for notes."""

    item: str | None = None
    account: str | None = None
    words: str = ""


def words_for(what: str) -> str:
    """How people call it: "shipping costs"."""
    return _PLACES[what][2]


def setting_for(what: str, settings: SaleSettings) -> str:
    """The name of the setting that says where it is booked."""
    return _PLACES[what][1 if isinstance(settings, JournalSettings) else 0]


def chosen(what: str, settings: SaleSettings) -> str | None:
    """The item or account that the settings name."""
    value = getattr(settings, setting_for(what, settings), None)
    return str(value) if value else None


def place_for(what: str, settings: SaleSettings, facts: Facts, amount: Decimal) -> Place:
    """Where an amount is booked.

    In a ledger an account that is not chosen is that of the goods. Raises Blocked when an item is
    needed and there is none.
    """
    setting, words, code = setting_for(what, settings), words_for(what), chosen(what, settings)
    if isinstance(settings, JournalSettings):
        return Place(account=code, words=f"on account {code}" if code else "with the goods")
    if not code:
        raise Blocked(
            f"The order has {words} of {amount:.2f}, and no item in {facts.target} is chosen to "
            f"book them on.",
            field=setting,
            code=f"no_{setting}",
            fix=setting,
        )
    if facts.products is None:
        return Place(item=code, words=f"as item {code}")
    product = facts.product(code)
    if product is None:
        raise Blocked(
            f"The item for {words}, {code!r}, is not in {facts.target}.",
            field=setting,
            code="missing_product",
            fix=setting,
        )
    item = product.item or product.sku or code
    return Place(item=item, words=f"as item {item}")
