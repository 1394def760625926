"""Addresses: contacts found by e-mail address, and remembered while a connection is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.model import Json
from hub.sdk import Api, Raw

from .batches import folded, read_many
from .links import linked
from .schema import REFERENCE

CONTACTS, COMPANIES = "contacts", "companies"
ADDRESSES = ("email", "hs_additional_emails")
KNOWN = "contacts by e-mail address"
SECOND = "second addresses of contacts"


def find_by_email(api: Api, values: Sequence[str]) -> dict[str, Raw]:
    """Contacts by address, or the companies that they belong to: two requests a hundred."""
    there = read_many(api, CONTACTS, values, [*ADDRESSES, REFERENCE], "email")
    remember(api, {value: record["id"] for value, record in there.items()})
    remember_second(api, there.values())
    homes = linked(api, CONTACTS, COMPANIES, {r["id"] for r in there.values()}) if there else {}
    found: dict[str, Raw] = {}
    for value, contact in there.items():
        home = homes.get(contact["id"])
        key = f"company-{home[0]}" if home else f"contact-{contact['id']}"
        found[value] = {"id": key, "contact": contact}
    return found


def remember(api: Api, ids: dict[str, str]) -> None:
    """Contacts that are certainly there: an order that follows need not look for them again."""
    api.memo.setdefault(KNOWN, {}).update({folded(email): key for email, key in ids.items()})


def remember_second(api: Api, contacts: Iterable[Json]) -> None:
    """Further addresses of contacts, by which they are found as well."""
    known: dict[str, set[str]] = api.memo.setdefault(SECOND, {})
    for contact in contacts:
        others = str(contact["properties"].get("hs_additional_emails") or "").split(";")
        known[contact["id"]] = {folded(other) for other in others if folded(other)}


def keeping_first(api: Api, key: str, properties: Json) -> Json:
    """Without the address where it is only a further one of the contact: its first one stays."""
    known: dict[str, set[str]] = api.memo.get(SECOND, {})
    if folded(properties.get("email") or "") not in known.get(key, ()):
        return properties
    return {name: value for name, value in properties.items() if name != "email"}


def contact_ids(api: Api, emails: Sequence[str]) -> dict[str, str]:
    """E-mail address (folded) -> id of the contact; what is not known yet is asked for."""
    known: dict[str, str] = api.memo.setdefault(KNOWN, {})
    rest = [email for email in emails if folded(email) not in known]
    if rest:
        found = read_many(api, CONTACTS, rest, ADDRESSES, "email")
        remember(api, {email: record["id"] for email, record in found.items()})
    return {folded(email): known[folded(email)] for email in emails if folded(email) in known}
