"""The VAT code of each line: by the table, else the product's own where that is safe."""

from __future__ import annotations

from decimal import Decimal

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import OrderSettings, VatRow
from hub.model import Line, Order
from hub.sdk import Blocked


def choose_vat_codes(order: Order, settings: OrderSettings, facts: Facts) -> list[str]:
    """Set `vat_code` on every line by country, rate and customer.

    Raises Blocked naming country and rate when nothing fits, and when the code that fits is gone
    or has another rate in the target.
    """
    if not facts.vat_codes and not settings.vat_codes.rows and not settings.vat_codes.default:
        return []
    country = order.delivery.country or order.billing.country or settings.home_country
    kind = _customer_kind(order)
    notes: list[str] = []
    for position, line in enumerate(order.lines):
        rate = line.tax_rate
        if rate is None:
            raise Blocked(
                f"Line {position + 1} has no VAT rate.", field=f"lines[{position}].tax_rate"
            )
        code, why = _choose(line, country, rate, kind, settings, facts)
        where = f"lines[{position}].tax_rate"
        if code is None:
            who = {"business": "a company with a VAT number", "company": "a company"}.get(kind)
            raise Blocked(
                f"No VAT code for {country} {rate.normalize():f}%"
                f"{f' and {who}' if who else ''}: add a row to the VAT table.",
                field=where,
                code="no_vat_code",
                fix="vat_codes",
            )
        _check(code, rate, facts, where)
        line.vat_code = code
        notes.append(f"VAT code {code} for {country} {rate.normalize():f}% ({why})")
    return list(dict.fromkeys(notes))


def _customer_kind(order: Order) -> str:
    if order.customer.type == "company" or order.customer.company:
        return "business" if order.customer.vat_number else "company"
    return "person"


def _choose(
    line: Line, country: str, rate: Decimal, kind: str, settings: OrderSettings, facts: Facts
) -> tuple[str | None, str]:
    fitting = [row for row in settings.vat_codes.rows if _fits(row, country, rate, kind)]
    if fitting:
        return max(fitting, key=_weight).code, "from the VAT table"
    if settings.use_item_vat_code and country == settings.home_country:
        product = facts.product(line.sku, line.ean) or facts.product(line.item)
        own = facts.vat_codes.get(product.vat_code or "") if product else None
        if own is not None and own.rate == rate:
            return own.code, "the product's own"
    if settings.vat_codes.default:
        return settings.vat_codes.default, "the table's default"
    return None, ""


def _fits(row: VatRow, country: str, rate: Decimal, kind: str) -> bool:
    if row.country is not None and row.country.upper() != country:
        return False
    if row.rate is not None and row.rate != rate:
        return False
    return row.customer in (None, kind) or (row.customer == "company" and kind == "business")


def _weight(row: VatRow) -> tuple[bool, bool, int]:
    """Country before rate before customer; a business is more specific than a company."""
    customer = {None: 0, "company": 1, "person": 1, "business": 2}[row.customer]
    return row.country is not None, row.rate is not None, customer


def _check(code: str, rate: Decimal, facts: Facts, where: str) -> None:
    if not facts.vat_codes:
        return
    there = facts.vat_codes.get(code)
    if there is None:
        raise Blocked(
            f"VAT code {code!r} of the VAT table is not in {facts.target} (any more).",
            field=where,
            code="stale_vat_code",
            fix="vat_codes",
        )
    if there.rate is not None and there.rate != rate:
        raise Blocked(
            f"VAT code {code} is {there.rate.normalize():f}% in {facts.target}, but "
            f"{rate.normalize():f}% was charged.",
            field=where,
            code="wrong_vat_rate",
            fix="vat_codes",
        )
