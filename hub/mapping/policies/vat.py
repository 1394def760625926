"""The VAT code of each line: by the table, else the product's own where that is safe."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.mapping.countries import EU, EU_MEMBERS
from hub.mapping.policies.accounts import country_of
from hub.mapping.policies.facts import Facts, folded
from hub.mapping.settings import OrderSettings, SaleSettings, VatRow, VatTable
from hub.mapping.unmapped import Unmapped, rate_row
from hub.mapping.vat_numbers import valid_vat_number
from hub.model import Customer, Line, Order
from hub.sdk import Blocked

_WHO = {"business": "a company with a VAT number", "company": "a company", "person": "a person"}


@dataclass(frozen=True, slots=True)
class Case:
    """What a VAT code depends on. goods: the line's kind of goods, and what it stands for."""

    country: str
    rate: Decimal
    customer: str
    goods: frozenset[str] = frozenset()
    home: str = ""

    @property
    def words(self) -> str:
        return f"{self.country} {self.rate.normalize():f}%"


def choose_vat_codes(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Set `vat_code` on every line by country, rate, customer and kind of goods.

    Raises Blocked naming them when nothing fits, and when the code that fits is gone or has
    another rate in the target.
    """
    table = settings.vat_codes
    if not facts.vat_codes and not table.rows and not table.default:
        return []
    country = country_of(order, settings)
    customer, notes = customer_kind(order.customer, order.billing.country)
    for position, line in enumerate(order.lines):
        rate = line.tax_rate
        if rate is None:
            label = f"Line {position + 1}" + (f" ({line.name})" if line.name else "")
            raise Blocked(
                f"{label} has no VAT rate. Give it one in {facts.source}, or set "
                "lines[].tax_rate by a rule of this flow.",
                field=f"lines[{position}].tax_rate",
                code="no_vat_rate",
                fix="rules",
            )
        case = Case(country, rate, customer, _goods(line), settings.home_country)
        code, why = _choose(line, case, settings, facts)
        where = f"lines[{position}].tax_rate"
        if code is None:
            raise no_code(case, where, "vat_codes")
        check_code(code, rate, facts, where, "vat_codes")
        line.vat_code = code
        notes.append(f"VAT code {code} for {case.words} ({why})")
    return list(dict.fromkeys(notes))


def customer_kind(customer: Customer, country: str | None = None) -> tuple[str, list[str]]:
    """business, company or person; and a note when a VAT number is none."""
    if customer.type != "company" and not customer.company:
        return "person", []
    if not customer.vat_number:
        return "company", []
    if valid_vat_number(customer.vat_number, country or customer.billing.country):
        return "business", []
    return "company", [
        f"{customer.vat_number!r} is not a valid VAT number: the company counts as one without"
    ]


def row_for(table: VatTable, case: Case) -> VatRow | None:
    """The most specific row that fits."""
    fitting = [row for row in table.rows if _fits(row, case)]
    return max(fitting, key=_weight) if fitting else None


def no_code(case: Case, where: str, setting: str) -> Unmapped:
    """Nothing fits: the case to add a row for."""
    who = f" and {_WHO[case.customer]}" if case.customer in ("business", "company") else ""
    goods = f" ({', '.join(sorted(case.goods))})" if case.goods - {"product"} else ""
    return Unmapped(
        f"No VAT code for {case.words}{who}{goods}: add a row to the VAT table.",
        field=where,
        code="no_vat_code",
        fix=setting,
        row=rate_row(case.rate, case.country),
    )


def check_code(code: str, rate: Decimal | None, facts: Facts, where: str, setting: str) -> None:
    """Raises Blocked when the target has no such code, or has it with another rate."""
    if not facts.vat_codes:
        return
    there = facts.vat_codes.get(code)
    if there is None:
        raise Blocked(
            f"VAT code {code!r} of the VAT table is not in {facts.target} (any more).",
            field=where,
            code="stale_vat_code",
            fix=setting,
        )
    if there.rate is not None and rate is not None and there.rate != rate:
        raise Blocked(
            f"VAT code {code} is {there.rate.normalize():f}% in {facts.target}, but "
            f"{rate.normalize():f}% was charged.",
            field=where,
            code="wrong_vat_rate",
            fix=setting,
        )


def _goods(line: Line) -> frozenset[str]:
    kind = line.kind or "product"
    return frozenset({kind, folded(line.goods)} if line.goods else {kind})


def _choose(line: Line, case: Case, settings: SaleSettings, facts: Facts) -> tuple[str | None, str]:
    row = row_for(settings.vat_codes, case)
    if row is not None:
        return row.code, "from the VAT table"
    item_code = isinstance(settings, OrderSettings) and settings.use_item_vat_code
    if item_code and case.country == case.home:
        product = facts.product(line.sku, line.ean) or facts.product(line.item)
        own = facts.vat_codes.get(product.vat_code or "") if product else None
        if own is not None and own.rate == case.rate:
            return own.code, "the product's own"
    if settings.vat_codes.default:
        return settings.vat_codes.default, "the table's default"
    return None, ""


def _fits(row: VatRow, case: Case) -> bool:
    if row.country is not None and not _is_in(case, row.country.upper()):
        return False
    if row.rate is not None and row.rate != case.rate:
        return False
    if row.goods is not None and folded(row.goods) not in case.goods:
        return False
    return row.customer in (None, case.customer) or (
        row.customer == "company" and case.customer == "business"
    )


def _is_in(case: Case, country: str) -> bool:
    if country == EU:
        return case.country in EU_MEMBERS and case.country != case.home
    return country == case.country


def _weight(row: VatRow) -> tuple[int, bool, int, bool]:
    """Country before rate before customer before goods; a business is more than a company."""
    customer = {None: 0, "company": 1, "person": 1, "business": 2}[row.customer]
    country = 0 if row.country is None else 1 if row.country.upper() == EU else 2
    return country, row.rate is not None, customer, row.goods is not None
