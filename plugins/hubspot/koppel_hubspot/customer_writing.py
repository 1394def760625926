"""Makes customers: companies and contacts in batches, tied together, each person once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.model import Json
from hub.sdk import Api, Effect, RecordError, Written

from .addresses import ADDRESSES, COMPANIES, CONTACTS, KNOWN, remember
from .batches import Result, folded, read_many, wire
from .links import CONTACT_TO_COMPANY, CONTACT_TO_OTHER_COMPANY, link, linked, to
from .refusals import Refusal
from .schema import REFERENCE, write

_NEEDED = ("email", "firstname", "lastname")
"""HubSpot takes no contact without any of these."""
_WHO = ("email", REFERENCE)
"""Whoever has the same value of these is the same person; of any other property, somebody else."""


def create(
    api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
) -> list[Written | RecordError]:
    """Companies first, then all contacts with their links; an answer for each payload.

    Contacts of companies and persons go together, in as few requests as may be.
    """
    results: list[Written | RecordError | None] = [None] * len(payloads)
    tied = _create_companies(api, payloads, effects, results)
    persons = _persons(payloads, results)
    taken = {folded(one["properties"].get("email") or "") for one in tied.inputs}
    # Who is a company's contact in this very batch is not made a second time beside it.
    first = [n for n in persons.with_email if _email(payloads[n]) not in taken]
    later = [n for n in persons.with_email if _email(payloads[n]) in taken]
    made = _make(api, [*tied.inputs, *(_contact(payloads[n]) for n in first)])
    _tie(api, tied, made[: len(tied.inputs)], results)
    known = dict(zip(first, made[len(tied.inputs) :], strict=True))
    known |= dict(zip(later, _make(api, [_contact(payloads[n]) for n in later]), strict=True))
    known |= _create_without_email(api, payloads, persons.others)
    _settle_persons(api, payloads, persons, known, results)
    return [result or _lost() for result in results]


def _make(api: Api, inputs: Sequence[Json]) -> list[Result]:
    made = write(api, CONTACTS, "create", inputs, by=("email",))
    nameless = {
        str(one["properties"]["email"]): result
        for one, result in zip(inputs, made, strict=True)
        if isinstance(result, Refusal)
        and result.category == "CONFLICT"
        and not result.existing
        and one["properties"].get("email")
    }
    if nameless:  # HubSpot has the address, and does not say whose it is
        for email, record in read_many(api, CONTACTS, nameless, ADDRESSES, "email").items():
            nameless[email].existing, nameless[email].taken = str(record["id"]), "email"
    return made


def _contact(payload: Json) -> Json:
    return {"properties": wire(payload["contact"]["properties"], creating=True)}


def _email(payload: Json) -> str:
    return folded(payload["contact"]["properties"].get("email") or "")


def people_of(payload: Json) -> list[Json]:
    """The contacts of a company. What a rule says of `contact` is said of the first of them; a
    person who is known here as a company's contact is one."""
    people = [dict(one) for one in payload.get("contacts") or ()]
    own = (payload.get("contact") or {}).get("properties")
    if own:
        first = people[0].get("properties") or {} if people else {}
        people[:1] = [{"properties": {**first, **own}}]
    return [one for one in people if any(one["properties"].get(name) for name in _NEEDED)]


def _lost() -> RecordError:
    return RecordError("HubSpot told nothing about this customer", code="no_answer")


def _create_companies(
    api: Api,
    payloads: Sequence[Json],
    effects: Sequence[Effect],
    results: list[Written | RecordError | None],
) -> Tied:
    """Make the companies; who is to be tied to them."""
    places = [n for n, payload in enumerate(payloads) if "company" in payload]
    # Without a number of its own a company is known by the mark of this very write.
    numbers = {
        n: str(payloads[n]["company"]["properties"].get(REFERENCE) or effects[n].token)
        for n in places
    }
    # Several people of one company order under its number: it is made once, and all belong to it.
    first: dict[str, int] = {}
    leaders = {n: first.setdefault(folded(numbers[n]), n) for n in places}
    places = list(first.values())
    inputs = [
        {
            "id": numbers[n],
            "idProperty": REFERENCE,
            "properties": wire(
                {**payloads[n]["company"]["properties"], REFERENCE: numbers[n]}, creating=True
            ),
        }
        for n in places
    ]
    made = dict(zip(places, write(api, COMPANIES, "upsert", inputs), strict=True))
    people: list[tuple[int, Json]] = []
    firms: dict[int, str] = {}
    for n, leader in leaders.items():
        result = made[leader]
        if isinstance(result, RecordError):
            results[n] = named(result, "company")
            continue
        firms[n] = result["id"]
        results[n] = Written(f"company-{result['id']}", numbers[n], record=result)
        people += [(n, one["properties"]) for one in people_of(payloads[n])]
    old = {r["id"] for r in made.values() if isinstance(r, dict) and r.get("new") is not True}
    return _tied(_strangers(api, people, firms, old), firms)


def _strangers(
    api: Api, people: Sequence[tuple[int, Json]], firms: dict[int, str], old: set[str]
) -> list[tuple[int, Json]]:
    """Without whom a company that was there knows already: a person without an e-mail address can
    only be told by name."""
    doubtful = {firms[n] for n, one in people if not one.get("email")} & old
    if not doubtful:
        return list(people)
    there = linked(api, COMPANIES, CONTACTS, doubtful)
    keys = [key for own in there.values() for key in own]
    known = read_many(api, CONTACTS, keys, ["firstname", "lastname"]) if keys else {}
    names = {
        firm: {_name(known[key]["properties"]) for key in own if key in known}
        for firm, own in there.items()
    }
    return [
        (n, one)
        for n, one in people
        if one.get("email") or _name(one) not in names.get(firms[n], ())
    ]


def _name(properties: Json) -> str:
    return folded(f"{properties.get('firstname') or ''} {properties.get('lastname') or ''}")


@dataclass
class Tied:
    """Contacts of companies. homes: of each the companies it belongs to; owners: whose it is."""

    inputs: list[Json] = field(default_factory=list)
    homes: list[list[str]] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


def _tied(people: Sequence[tuple[int, Json]], firms: dict[int, str]) -> Tied:
    """Contacts to be made with their link, each once however many companies it belongs to."""
    tied = Tied()
    by_email: dict[str, int] = {}
    for n, properties in people:
        email = folded(properties.get("email") or "")
        if email and email in by_email:
            tied.homes[by_email[email]].append(firms[n])
            continue
        if email:
            by_email[email] = len(tied.inputs)
        links = [to(firms[n], CONTACT_TO_COMPANY)]
        tied.inputs.append({"properties": wire(properties, creating=True), "associations": links})
        tied.homes.append([firms[n]])
        tied.owners.append(n)
    return tied


def _tie(
    api: Api, tied: Tied, made: Sequence[Result], results: list[Written | RecordError | None]
) -> None:
    """Contacts that were there already are linked to their companies, and all to further ones."""
    there: dict[str, list[str]] = {}
    pairs: list[tuple[str, str, int]] = []
    for one, result, belongs, owner in zip(tied.inputs, made, tied.homes, tied.owners, strict=True):
        if isinstance(result, Refusal) and result.existing and result.taken in _WHO:
            there.setdefault(result.existing, []).extend(belongs)
            _known(api, one, result.existing)
        elif isinstance(result, RecordError):
            results[owner] = named(result, "contacts[]")
        else:
            _known(api, one, result["id"])
            pairs += [(result["id"], firm, CONTACT_TO_OTHER_COMPANY) for firm in belongs[1:]]
    if there:
        pairs += links_of(api, there)
    for firm, error in tie(api, pairs).items():
        for n, so_far in enumerate(results):
            if isinstance(so_far, Written) and so_far.key == f"company-{firm}":
                results[n] = error


def tie(api: Api, pairs: Sequence[tuple[str, str, int]]) -> dict[str, RecordError]:
    """Set links of contacts to companies; what to tell of the companies where it failed."""
    lost = link(api, CONTACTS, COMPANIES, pairs) if pairs else {}
    names = {key: email for email, key in api.memo.get(KNOWN, {}).items()}
    return {
        firm: RecordError(
            f"The company is there, and its contact {names.get(contact, contact)} could not be "
            f"tied to it. {error}",
            field="contacts",
            code="bad_association",
        )
        for (contact, firm), error in lost.items()
    }


def links_of(api: Api, wanted: dict[str, list[str]]) -> list[tuple[str, str, int]]:
    """Links that are still to be made: the main one where a contact has no company yet."""
    present = linked(api, CONTACTS, COMPANIES, wanted)
    pairs = []
    for contact, firms in wanted.items():
        own = list(present.get(contact, ()))
        for firm in dict.fromkeys(firms):
            if firm not in own:
                type_id = CONTACT_TO_OTHER_COMPANY if own else CONTACT_TO_COMPANY
                pairs.append((contact, firm, type_id))
                own.append(firm)
    return pairs


def _known(api: Api, one: Json, key: str) -> None:
    if one["properties"].get("email"):
        remember(api, {one["properties"]["email"]: key})


@dataclass
class Persons:
    """Who is no company. others: without an address; followers: with that of one before them."""

    with_email: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    followers: dict[int, int] = field(default_factory=dict)


def _persons(payloads: Sequence[Json], results: Sequence[Written | RecordError | None]) -> Persons:
    found, same = Persons(), dict[str, int]()
    for n, payload in enumerate(payloads):
        if "company" in payload or results[n] is not None:
            continue
        email = _email(payload)
        if not email:
            found.others.append(n)
        elif email in same:
            found.followers[n] = same[email]
        else:
            same[email] = n
            found.with_email.append(n)
    return found


def _settle_persons(
    api: Api,
    payloads: Sequence[Json],
    persons: Persons,
    made: dict[int, Result],
    results: list[Written | RecordError | None],
) -> None:
    _take_over(api, payloads, made)
    for n, result in made.items():
        if isinstance(result, RecordError):
            results[n] = named(result, "contact")
            continue
        properties = payloads[n]["contact"]["properties"]
        _known(api, {"properties": properties}, result["id"])
        number = str(properties.get(REFERENCE) or f"contact-{result['id']}")
        results[n] = Written(result.get("key") or f"contact-{result['id']}", number, record=result)
    for n, leader in persons.followers.items():
        results[n] = _second(payloads[n], payloads[leader], results[leader])


def _create_without_email(
    api: Api, payloads: Sequence[Json], places: Sequence[int]
) -> dict[int, Result]:
    numbered = [n for n in places if payloads[n]["contact"]["properties"].get(REFERENCE)]
    found: dict[int, Result] = {
        n: RecordError(
            "This person has neither an e-mail address nor a number, so HubSpot could not be "
            "asked whether it has them already",
            field="email",
            code="no_email",
        )
        for n in places
        if n not in set(numbered)
    }
    inputs = [
        {
            "id": str(payloads[n]["contact"]["properties"][REFERENCE]),
            "idProperty": REFERENCE,
            "properties": wire(payloads[n]["contact"]["properties"], creating=True),
        }
        for n in numbered
    ]
    found |= dict(zip(numbered, write(api, CONTACTS, "upsert", inputs), strict=True))
    return found


def _take_over(api: Api, payloads: Sequence[Json], made: dict[int, Result]) -> None:
    """A refusal that names an existing contact is a match: it gets what we know."""
    there = {
        n: r.existing
        for n, r in made.items()
        if isinstance(r, Refusal) and r.existing and r.taken in _WHO
    }
    if not there:
        return
    keys = list(dict.fromkeys(there.values()))
    present = read_many(api, CONTACTS, keys, ["email", REFERENCE])
    homes = linked(api, CONTACTS, COMPANIES, keys)
    inputs: dict[int, Json] = {}
    for n, key in there.items():
        properties = dict(payloads[n]["contact"]["properties"])
        own = present.get(key, {}).get("properties", {}).get(REFERENCE)
        if own and folded(own) != folded(properties.get(REFERENCE) or own):
            made[n] = shared_address(properties, own)
            continue
        properties.pop("lifecyclestage", None)
        first, refused = present.get(key, {}).get("properties", {}).get("email"), made[n]
        found_by_email = isinstance(refused, Refusal) and refused.taken == "email"
        if found_by_email and first and folded(first) != folded(properties.get("email") or ""):
            properties.pop("email", None)  # a further address of the contact: its first one stays
        inputs[n] = {"id": key, "properties": wire(properties, creating=True)}
    for n, result in zip(
        inputs, write(api, CONTACTS, "update", list(inputs.values())), strict=True
    ):
        made[n] = result
        home = homes.get(there[n] or "")
        if isinstance(result, dict) and home:
            result["key"] = f"company-{home[0]}"


def shared_address(properties: Json, other: Any) -> RecordError:
    """Two customers of the other system with one e-mail address: HubSpot holds one contact."""
    mine = properties.get(REFERENCE)
    return RecordError(
        f"The e-mail address {properties.get('email')} belongs to customer {other} in HubSpot "
        f"already, and this is customer {mine}. HubSpot keeps one contact for an address: give "
        "one of the two another address, or recognise customers by number.",
        field="email",
        code="shared_email",
    )


def _second(
    payload: Json, leading: Json, result: Written | RecordError | None
) -> Written | RecordError:
    """A second customer of this batch with the same address."""
    mine, other = (p["contact"]["properties"].get(REFERENCE) for p in (payload, leading))
    if mine and other and folded(mine) != folded(other):
        return shared_address(payload["contact"]["properties"], other)
    return result or _lost()


def named(error: RecordError, where: str) -> RecordError:
    """The error with the path that the payload has."""
    if error.field and error.field.startswith("properties."):
        error.field = f"{where}.{error.field}"
    return error
