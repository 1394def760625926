"""What orders, deals and invoices have in common: lines, customer, reading by stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.model import Json
from hub.sdk import Api, Context, Field, Page, Query, Raw, RecordError

from .batches import chunks
from .customers import COMPANY, COMPANY_PROPERTIES, CONTACT, CONTACT_PROPERTIES
from .forms import Settings
from .links import linked
from .reading import CENT, Kept, amount, by_ids, joined, later, since_of, text
from .schema import LINE, REFERENCE, discovered, named, readable
from .searching import Reached, changed, condition, fits, stamp_of

LINE_PROPERTIES = (
    *("name", "hs_sku", "hs_product_id", "quantity", "price", "discount", "amount"),
    *("hs_discount_percentage", "hs_tax_rate", "hs_tax_rate_group_id", "hs_tax_amount"),
    *("hs_line_item_currency_code", "hs_position_on_quote", "description", LINE),
)
_CUSTOMER = (
    ("contact", "email", "email", "e-mail address"),
    ("contact", "firstname", "first_name", "first name"),
    ("contact", "lastname", "last_name", "last name"),
    ("contact", "phone", "phone", "telephone"),
    ("contact", "mobilephone", "mobile", "mobile"),
    ("contact", "hs_language", "language", "language"),
    ("company", "name", "company", "name"),
    ("company", "phone", "phone", "telephone"),
    ("company", "website", "website", "website"),
    ("company", "vat_number", "vat_number", "VAT number"),
    ("company", "chamber_number", "chamber_number", "chamber of commerce number"),
    ("company", "payment_condition", "payment_condition", "payment condition"),
    ("company", "customer_classification", "classification", "classification"),
)
_PLACE = (
    ("address", "line1", "address"),
    ("zip", "postal_code", "postal code"),
    ("city", "city", "city"),
    ("state", "region", "province"),
    ("country", "country", "country"),
)


def customer_fields() -> Iterator[Field]:
    """Who it is for: the contact, then the company, whose values win."""
    for own, name, meaning, label in _CUSTOMER:
        yield Field(
            f"{own}.properties.{name}",
            f"customer.{meaning}",
            read=text,
            only="read",
            label=f"{own.capitalize()}: {label}",
        )
    for own in ("contact", "company"):
        for name, part, label in _PLACE:
            yield Field(
                f"{own}.properties.{name}",
                f"customer.billing.{part}",
                read=text,
                only="read",
                label=f"{own.capitalize()}: {label}",
            )
        yield Field(
            f"{own}.properties.{REFERENCE}",
            "customer.reference",
            read=text,
            only="read",
            label=f"{own.capitalize()}: number in the other system",
        )
    yield Field(
        "company.properties.address2",
        "customer.billing.line2",
        read=text,
        only="read",
        label="Company: 2nd line",
    )


def line_fields(*, only: Any = None) -> Iterator[Field]:
    """Line items."""
    own = "lines[].properties."
    yield Field("lines[].id", "lines[].key", only="read", label="Line: id")
    rows = (
        ("hs_sku", "sku", "SKU", text),
        ("name", "name", "name", text),
        ("quantity", "quantity", "quantity", None),
        ("price", "unit_price", "price", None),
        ("hs_discount_percentage", "discount_percentage", "discount, percent", None),
        ("hs_tax_rate_group_id", "vat_code", "tax rate", text),
        ("hs_product_id", "item", "product", text),
        ("description", "note", "description", text),
    )
    for name, meaning, label, read in rows:
        yield Field(
            f"{own}{name}", f"lines[].{meaning}", read=read, only=only, label=f"Line: {label}"
        )
    yield Field(f"{own}hs_tax_rate", "lines[].tax_rate", only="read", label="Line: VAT percentage")
    yield Field(f"{own}amount", "lines[].total", only="read", label="Line: total")
    for name in ("discount", "hs_position_on_quote"):
        yield Field(f"{own}{name}", label=f"Line: {name.replace('_', ' ')}")


class Sale(Kept):
    """Orders, deals and invoices: with lines and customer once they are complete.

    A filter may name a first day, `start_date`.
    """

    key = "id"
    ignored = ("lines", "contact", "company")

    def conditions(self, query: Query) -> list[Json]:
        """What search is asked for besides the time."""
        return []

    def must_be_there(self, api: Api, query: Query) -> None:
        """Raise ConfigurationError when what the filter names is gone."""

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """What changed, in pages of two hundred; lines and customers come with `complete`."""
        first = getattr(query.filter, "start_date", None)
        start = since_of(query, "at", first)
        names = readable(api, self.object, self.properties)
        newest, empty = (None if query.full else (query.since or {}).get("at")), True
        reached, where = Reached(), self.conditions(query)
        pages = changed(api, self.object, names, since=start, where=where, reached=reached)
        for records in pages:
            empty = empty and not records
            newest = later(newest, reached.at)
            yield Page(records, {"at": newest} if newest is not None else None)
        if empty:  # nothing fits: is that because a pipeline is gone?
            self.must_be_there(api, query)

    def wanted(self, record: Raw, query: Query) -> bool:
        """The filter again, for a record that a webhook told of."""
        return fits(record["properties"], self.conditions(query))

    def mark_of(self, record: Raw) -> str:
        """With the stamp: a line that changes shows in nothing else."""
        return f"{super().mark_of(record)}{stamp_of(self.object, record)}"

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """A hundred a request, and what belongs to them."""
        names = readable(api, self.object, self.properties)
        found = by_ids(api, self.object, keys, names)
        whole = self.complete(api, list(found.values()))
        return dict(zip(found, whole, strict=True))

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw | RecordError]:
        """Lines, contact and company: three reads of links, and a hundred records a request."""
        ids = [record["id"] for record in records]
        if not ids:
            return []
        lines = linked(api, self.object, "line_items", ids)
        people = linked(api, self.object, "contacts", ids)
        firms = linked(api, self.object, "companies", ids)
        more = list(getattr(api.settings, "line_properties", ()))
        line_keys = [key for keys in lines.values() for key in keys]
        known = by_ids(api, "line_items", line_keys, [*LINE_PROPERTIES, *more])
        self._name_products(api, list(known.values()))
        self._know_rates(api, list(known.values()))
        contacts = by_ids(
            api, "contacts", _firsts(people), [*CONTACT_PROPERTIES, REFERENCE, *self._customer()]
        )
        companies = by_ids(
            api,
            "companies",
            _firsts(firms),
            [*COMPANY_PROPERTIES, REFERENCE, "vat_number", "chamber_number", *self._customer()],
        )
        whole = []
        for record in records:
            own = [known[key] for key in lines.get(record["id"], ()) if key in known]
            made = {**record, "lines": sorted(own, key=_place)}
            for name, there, all_of_them in (
                ("contact", people, contacts),
                ("company", firms, companies),
            ):
                key = there.get(record["id"], [""])[0]
                if key in all_of_them:
                    made[name] = all_of_them[key]
            whole.append(made)
        return whole

    @staticmethod
    def _customer() -> tuple[str, ...]:
        return ("payment_condition", "customer_classification")

    @staticmethod
    def _name_products(api: Api, lines: Sequence[Json]) -> None:
        """The SKU of the product where a line has none of its own."""
        bare = [
            line["properties"]
            for line in lines
            if not line["properties"].get("hs_sku") and line["properties"].get("hs_product_id")
        ]
        keys = dict.fromkeys(str(line["hs_product_id"]) for line in bare)
        products = by_ids(api, "products", keys, ["hs_sku", "name"]) if keys else {}
        for line in bare:
            product = products.get(str(line["hs_product_id"]))
            if product is not None:
                line["hs_sku"] = product["properties"].get("hs_sku")
                line["name"] = line.get("name") or product["properties"].get("name")

    @staticmethod
    def _know_rates(api: Api, lines: Sequence[Json]) -> None:
        """The percentage where HubSpot tells only which tax rate a line has."""
        from .lookups import tax_rates

        bare = [
            line["properties"]
            for line in lines
            if line["properties"].get("hs_tax_rate_group_id")
            and not line["properties"].get("hs_tax_rate")
        ]
        if not bare:
            return
        rates = {str(r.get("id")): r.get("percentageRate") for r in tax_rates(api)}
        for line in bare:
            rate = rates.get(str(line["hs_tax_rate_group_id"]))
            if rate is not None:
                line["hs_tax_rate"] = str(rate)

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Who buys, what lines come to, and the basis of prices."""
        settings = context.connection if isinstance(context.connection, Settings) else None
        document["prices"] = settings.prices if settings else "net"
        _customer_understood(document, record)
        lines: list[Json] = document.get("lines") or []
        for line, row in zip(lines, record.get("lines") or (), strict=False):
            _line_understood(line, row["properties"])
        usual = settings.line_tax_rate if settings else None
        _untaxed(lines, amount(record["properties"].get("hs_tax")), usual)
        document["modified_at"] = record.get("updatedAt")

    def writable(self, api: Api) -> Iterable[str]:
        """Every property, and those of lines."""
        yield from named(api, self.object, "properties.")
        yield from named(api, "line_items", "lines[].properties.")

    def discover(self, api: Api) -> Iterable[Field]:
        """Custom properties, and those of lines."""
        return [
            *discovered(api, self.object, "properties.", self.fields),
            *discovered(api, "line_items", "lines[].properties.", self.fields),
        ]


def _firsts(links: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(keys[0] for keys in links.values() if keys))


def _place(line: Json) -> tuple[Decimal, int]:
    own = line["properties"]
    place = amount(own.get("hs_position_on_quote"))
    return (Decimal(10**6) if place is None else place, int(line["id"]))


def _customer_understood(document: Json, record: Raw) -> None:
    customer = document.setdefault("customer", {})
    person = joined(customer.get("first_name"), customer.get("last_name"))
    customer["name"] = customer.get("company") or person or customer.get("email")
    for name, prefix in (("company", COMPANY), ("contact", CONTACT)):
        if name in record:
            customer["key"] = f"{prefix}{record[name]['id']}"
            customer["type"] = "company" if name == "company" else "person"
            break
    own = {k: customer[k] for k in ("first_name", "last_name", "email") if customer.get(k)}
    if "company" in record and own:
        customer["contacts"] = [own]
    for place in ("billing", "delivery"):
        there = {k: v for k, v in (document.get(place) or {}).items() if v}
        if not any(there.get(part) for part in ("line1", "postal_code", "city")):
            source = document.get("billing") if place == "delivery" else customer.get("billing")
            if source:
                document[place] = {**source, **there}


def _untaxed(lines: Sequence[Json], tax: Decimal | None, usual: Decimal | None) -> None:
    """HubSpot puts nothing on top of a line without a tax rate. Where no line has one, the tax may
    only be written on the order, or nowhere: then it is what the connection says is usual."""
    if tax == 0 or any(line.get("tax_rate") for line in lines):
        usual = Decimal(0)
    for line in lines:
        if line.get("tax_rate") is None and usual is not None:
            line["tax_rate"] = usual


def _line_understood(line: Json, own: Mapping[str, Any]) -> None:
    quantity, price = amount(own.get("quantity")), amount(own.get("price"))
    percentage, off = amount(own.get("hs_discount_percentage")), amount(own.get("discount"))
    if percentage is None and off and price:
        percentage = (off * 100 / price).quantize(Decimal("0.000001")).normalize()
        line["discount_percentage"] = percentage
    if line.get("total") is None and quantity is not None and price is not None:
        each = price * (1 - (percentage or Decimal(0)) / 100)
        line["total"] = (quantity * each).quantize(CENT, ROUND_HALF_UP)
    line["kind"] = "product"
    line.setdefault("sku", None)


__all__ = ["LINE_PROPERTIES", "Sale", "chunks", "condition", "customer_fields", "line_fields"]
