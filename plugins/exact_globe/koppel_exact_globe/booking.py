"""What all documents share that are written as lines first, then the header that makes them one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import ClassVar, cast
from uuid import uuid4

from hub.model import Address, Json, Order
from hub.sdk import Api, Effect, Entity, Field, RecordError, RejectedError
from hub.sdk.entity import fingerprint

from . import api as globe
from . import names, odata

_CENT = Decimal("0.01")
_WIDE = Context(prec=60)
_USED = "TransactionKey"


def says_used(error: Exception) -> bool:
    """Whether a repeated header was refused for its key; the words around it are Globe's own."""
    return _USED.casefold() in str(error).casefold()


def kept(number: Decimal, decimals: int) -> Decimal:
    """A number as a column of so many decimals keeps it."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)


def cents(amount: Decimal) -> Decimal:
    """An amount as it is booked."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


class Booked(Entity):
    """A document of lines and a header, made under one transaction key and never changed.

    header, line: the entities, whose quantities and prices have `price_decimals`. noun: what to
    call one in a sentence.
    """

    header: ClassVar[str]
    line: ClassVar[str]
    noun: ClassVar[str]

    def __init__(self) -> None:
        # What a VAT code does to a price, learned from the documents that are rendered.
        self._vat: dict[str, tuple[Decimal, str | None]] = {}
        self._begun: str | None = None

    def writable(self, api: Api) -> Iterator[str]:
        """Every property of header and lines."""
        yield from names.writable(api, self.header)
        yield from names.writable(api, self.line, f"{self.line}[].")

    def learn(self, document: Order) -> None:
        """Remember what the VAT codes of a document stand for."""
        for line in document.lines:
            if line.vat_code and line.tax_rate is not None:
                self._vat[line.vat_code.upper()] = (line.tax_rate, line.prices)

    def sale_total(self, payload: Json) -> Decimal | None:
        """What Globe will come to: per VAT code, whose prices hold the VAT or not."""
        lines = []
        for line in payload.get(self.line) or ():
            numbers = [
                odata.number(line.get(name) or 0)
                for name in ("Quantity", "Price", "DiscountPercentage")
            ]
            vat_code = str(line.get("VATCode") or "").upper()
            if None in numbers or line.get("Price") is None or vat_code not in self._vat:
                return None
            quantity, price, discount = cast("list[Decimal]", numbers)
            places = self.price_decimals
            net = kept(price, places) * (100 - kept(discount, 2)) / 100
            lines.append((vat_code, kept(quantity, places) * kept(net, places)))
        return gross_total(lines, self._vat)

    def book(self, api: Api, payload: Json, effect: Effect) -> Json:
        """The lines, then the header that makes them a document: lines + 1 calls."""
        header = {name: value for name, value in payload.items() if name != self.line}
        lines = [line for line in payload.get(self.line) or () if line]
        if not lines:
            raise RecordError(
                f"The {self.noun} has no lines; Globe takes no {self.noun} without", field="lines"
            )
        if any(name.startswith("Additional") for name in header):
            header.setdefault("IsUseAdditionalFields", True)
        key = self._send_lines(api, lines, effect)
        return globe.create(api, self.header, {"TransactionKey": key, **header})

    def _send_lines(self, api: Api, lines: Sequence[Json], effect: Effect) -> str:
        """Send the lines and return the key they wait under.

        A line cannot be told from its own repetition, so a key whose lines may be there in part
        is given up: such lines stay invisible for ever. Only once all are in is the key
        remembered, and the header may then be repeated under it as often as it takes: a used key
        is refused.
        """
        mark = fingerprint(lines)
        key, _, sent = (effect.stage or "").partition(" ")
        if sent == mark:
            return key
        fresh = effect.stage is None and effect.token != self._begun
        self._begun = effect.token
        key = effect.token if fresh else str(uuid4())
        for position, line in enumerate(lines):
            try:
                globe.create(api, self.line, {"TransactionKey": key, **line})
            except RejectedError as error:
                error.field = error.field or f"lines[{position}]"
                raise
        effect.reach(f"{key} {mark}")
        return key


def gross_total(
    lines: Sequence[tuple[str, Decimal]], vat: dict[str, tuple[Decimal, str | None]]
) -> Decimal:
    """Amounts under their VAT codes, with the VAT of those whose prices are without."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for vat_code, amount in lines:
        sums[vat_code] += cents(amount)
    total = Decimal(0)
    for vat_code, amount in sums.items():
        rate, prices = vat[vat_code]
        total += amount if prices == "gross" else amount + cents(amount * rate / 100)
    return total


# -- addresses, which are called otherwise on orders and on invoices -------------------------------

_PARTS = (
    ("name", "name", 50, True),
    ("contact", "contact person", 100, True),
    ("line1", "address", 100, True),
    ("line2", "address, 2nd line", 100, True),
    ("line3", "address, 3rd line", 100, True),
    ("postal_code", "postcode", 20, False),
    ("city", "city", 100, True),
    ("country", "country", 3, False),
    ("email", "e-mail address", 128, False),
    ("phone", "telephone", 50, True),
)


def address(
    names: dict[str, str], role: str, meaning: str, label: str, **more: str
) -> tuple[Field, ...]:
    """The fields of one of a header's three addresses; *names* has a pattern for each part."""
    return tuple(
        Field(
            names[part].format(role),
            f"{meaning}.{part}",
            max_length=size,
            cut=cut,
            label=f"{label} {text}",
            **more,  # type: ignore[arg-type]
        )
        for part, text, size, cut in _PARTS
        if part in names
    )


def put_name(payload: Json, names: dict[str, str], role: str, place: Address) -> None:
    """A company at an address comes first; the person there is its contact."""
    if place.company:
        payload[names["name"].format(role)] = place.company[:50].rstrip()
        person = place.contact or place.name
        if person and person != place.company:
            payload[names["contact"].format(role)] = person[:100].rstrip()


def plain(*names: str) -> tuple[Field, ...]:
    """Fields without a common meaning, for rules."""
    return tuple(Field(name, label=name) for name in names)
