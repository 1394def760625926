"""What is sent of an account's person: all of it, in the shop's own spelling of addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.model import Json
from hub.sdk import Api, Raw, RecordError

from .understanding import house_number

LINES = ("address_line_1", "address_line_2")
PARTS = ("street", "housenumber", "housenumber_suffix")
ADDRESSES = ("billingaddress", "deliveryaddress")
_SPELLED = dict(zip(LINES, ("address_line1", "address_line2"), strict=True))
"""As some shops spell them."""
_SHOWN = {"billingaddress": ("full_name", "country"), "deliveryaddress": ("country",)}
"""What the shop makes up itself: it is not sent back."""


def note_spelling(api: Api, records: Iterable[Mapping[str, Any]]) -> None:
    """Remember how the shop spells the lines of an address; the last account counts."""
    for record in records:
        billing = _part(_part(record, "userinfo"), "billingaddress")
        for name, other in _SPELLED.items():
            if name in billing or other in billing:
                api.memo["lines of addresses"] = LINES if name in billing else _SPELLED.values()


def body_of(api: Api, payload: Json) -> Json:
    """What is sent: nothing empty, the house number as a number, lines as the shop spells them."""
    body = {name: value for name, value in payload.items() if value is not None}
    info = body.get("userinfo")
    if not isinstance(info, dict):
        return body
    body["userinfo"] = info = {name: v for name, v in info.items() if v is not None}
    spelled = dict(zip(LINES, api.memo.get("lines of addresses", LINES), strict=True))
    for name in ADDRESSES:
        address = info.get(name)
        if isinstance(address, dict):
            info[name] = {spelled.get(n, n): v for n, v in address.items()}
            number = address.get("housenumber")
            if isinstance(number, str):
                info[name]["housenumber"] = _whole_number(number, name)
    return body


def _whole_number(number: str, name: str) -> int:
    if not number.strip().isdigit():
        raise RecordError(
            f"A house number in CCV Shop is a number, not {house_number(number)!r}",
            field=f"{name.removesuffix('address')}.house_number",
            code="bad_value",
        )
    return int(number)


def whole(present: Raw, wanted: Json) -> Json:
    """The person as it is to be: what is written, laid over what the shop has.

    Whether the shop keeps what a PATCH leaves out of a person is not known; so nothing is left
    out that has a value.
    """
    shown = _part(present, "userinfo")
    made: Json = {n: v for n, v in shown.items() if isinstance(v, str) and v and n != "href"}
    made |= wanted
    for name in ADDRESSES:
        address = _address(_part(shown, name), wanted.get(name) or {}, _SHOWN[name])
        if address:
            made[name] = address
    return made


def _address(present: Mapping[str, Any], wanted: Json, shown: Iterable[str]) -> Json:
    kept: Json = {n: v for n, v in present.items() if n not in shown and isinstance(v, str) and v}
    kept.pop("housenumber", None)
    if str(present.get("housenumber") or "").isdigit():
        kept["housenumber"] = int(present["housenumber"])
    lines = {*LINES, *_SPELLED.values()}
    # An address is given in one of its two forms: the written one, else the one that is there.
    told = wanted if wanted.keys() & {*lines, *PARTS} else kept
    left_out = lines if told.get("street") or not told.keys() & lines else set(PARTS)
    return {n: v for n, v in kept.items() if n not in left_out} | wanted


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}
