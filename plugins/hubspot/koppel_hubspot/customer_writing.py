"""Writes customers: companies and contacts in batches, tied together, each person once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, Effect, Raw, RecordError, Written

from .batches import Result, folded, read_many, wire
from .links import CONTACT_TO_COMPANY, CONTACT_TO_OTHER_COMPANY, link, linked, to
from .refusals import Refusal
from .schema import REFERENCE, write

CONTACTS, COMPANIES = "contacts", "companies"
KNOWN = "contacts by e-mail address"


def find_by_email(api: Api, values: Sequence[str]) -> dict[str, Raw]:
    """Contacts by address, or the companies that they belong to: two requests a hundred."""
    there = read_many(api, CONTACTS, values, ["email", "hs_additional_emails", REFERENCE], "email")
    remember(api, {value: record["id"] for value, record in there.items()})
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


def contact_ids(api: Api, emails: Sequence[str]) -> dict[str, str]:
    """E-mail address (folded) -> id of the contact; what is not known yet is asked for."""
    known: dict[str, str] = api.memo.setdefault(KNOWN, {})
    rest = [email for email in emails if folded(email) not in known]
    if rest:
        found = read_many(api, CONTACTS, rest, ["email", "hs_additional_emails"], "email")
        remember(api, {email: record["id"] for email, record in found.items()})
    return {folded(email): known[folded(email)] for email in emails if folded(email) in known}


# -- new ones --------------------------------------------------------------------------------------


def create(
    api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
) -> list[Written | RecordError]:
    """Companies first, then all contacts with their links; an answer for each payload."""
    results: list[Written | RecordError | None] = [None] * len(payloads)
    _create_companies(api, payloads, effects, results)
    _create_persons(api, payloads, results)
    return [result or _lost() for result in results]


def people_of(payload: Json) -> list[Json]:
    """The contacts of a company. What a rule says of `contact` is said of the first of them; a
    person who is known here as a company's contact is one."""
    people = [dict(one) for one in payload.get("contacts") or ()]
    own = (payload.get("contact") or {}).get("properties")
    if own:
        first = people[0].get("properties") or {} if people else {}
        people[:1] = [{"properties": {**first, **own}}]
    return people


def _lost() -> RecordError:
    return RecordError("HubSpot told nothing about this customer", code="no_answer")


def _create_companies(
    api: Api,
    payloads: Sequence[Json],
    effects: Sequence[Effect],
    results: list[Written | RecordError | None],
) -> None:
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
            results[n] = _named(result, "company")
            continue
        firms[n] = result["id"]
        results[n] = Written(f"company-{result['id']}", numbers[n], record=result)
        people += [(n, one["properties"]) for one in people_of(payloads[n])]
    _tie_people(api, people, firms, results)


def _tie_people(
    api: Api,
    people: Sequence[tuple[int, Json]],
    firms: dict[int, str],
    results: list[Written | RecordError | None],
) -> None:
    """Contacts of companies: made with their link; one that is there already is linked to it."""
    inputs: list[Json] = []
    homes: list[list[str]] = []  # of each input: the companies it belongs to
    owners: list[int] = []
    by_email: dict[str, int] = {}
    for n, properties in people:
        email = folded(properties.get("email") or "")
        if email and email in by_email:
            if firms[n] not in homes[by_email[email]]:
                homes[by_email[email]].append(firms[n])
            continue
        if email:
            by_email[email] = len(inputs)
        links = [to(firms[n], CONTACT_TO_COMPANY)]
        inputs.append({"properties": wire(properties, creating=True), "associations": links})
        homes.append([firms[n]])
        owners.append(n)
    made = write(api, CONTACTS, "create", inputs, by=("email",))
    there: dict[str, list[str]] = {}
    pairs: list[tuple[str, str, int]] = []
    for one, result, belongs, owner in zip(inputs, made, homes, owners, strict=True):
        if isinstance(result, Refusal) and result.existing:
            there.setdefault(result.existing, []).extend(belongs)
            _known(api, one, result.existing)
        elif isinstance(result, RecordError):
            results[owner] = _named(result, "contacts[]")
        else:
            _known(api, one, result["id"])
            pairs += [(result["id"], firm, CONTACT_TO_OTHER_COMPANY) for firm in belongs[1:]]
    if there:
        pairs += _links_of(api, there)
    if pairs:
        link(api, CONTACTS, COMPANIES, pairs)


def _links_of(api: Api, wanted: dict[str, list[str]]) -> list[tuple[str, str, int]]:
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


def _create_persons(
    api: Api, payloads: Sequence[Json], results: list[Written | RecordError | None]
) -> None:
    places = [n for n, p in enumerate(payloads) if "company" not in p and results[n] is None]
    same: dict[str, int] = {}
    followers: dict[int, int] = {}
    created: list[int] = []
    for n in places:
        email = folded(payloads[n]["contact"]["properties"].get("email") or "")
        if email and email in same:
            followers[n] = same[email]
            continue
        same[email] = n
        created.append(n)
    with_email = [n for n in created if payloads[n]["contact"]["properties"].get("email")]
    others = [n for n in created if n not in set(with_email)]
    inputs = [
        {"properties": wire(payloads[n]["contact"]["properties"], creating=True)}
        for n in with_email
    ]
    made: dict[int, Result] = dict(
        zip(with_email, write(api, CONTACTS, "create", inputs, by=("email",)), strict=True)
    )
    made |= _create_without_email(api, payloads, others)
    _take_over(api, payloads, made)
    for n, result in made.items():
        if isinstance(result, RecordError):
            results[n] = _named(result, "contact")
            continue
        properties = payloads[n]["contact"]["properties"]
        _known(api, {"properties": properties}, result["id"])
        number = str(properties.get(REFERENCE) or f"contact-{result['id']}")
        results[n] = Written(result.get("key") or f"contact-{result['id']}", number, record=result)
    for n, leader in followers.items():
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
    there = {n: r.existing for n, r in made.items() if isinstance(r, Refusal) and r.existing}
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


# -- those that are there --------------------------------------------------------------------------


def update(api: Api, changes: Sequence[tuple[str, Json]]) -> list[Written | RecordError]:
    """Companies, their contacts and persons; an answer for each change."""
    results: list[Written | RecordError | None] = [None] * len(changes)
    firms = [n for n, (key, p) in enumerate(changes) if key.startswith("company-")]
    people = [n for n, (key, p) in enumerate(changes) if key.startswith("contact-")]
    for n, (key, _) in enumerate(changes):
        if n not in {*firms, *people} or not key.partition("-")[2].isdigit():
            results[n] = RecordError(f"{key} is no key of a customer in HubSpot", code="not_found")
    firms, people = ([n for n in places if results[n] is None] for places in (firms, people))
    written: dict[int, Result] = {}
    for kind, own, places in ((COMPANIES, "company", firms), (CONTACTS, "contact", people)):
        mine = [n for n in places if own in changes[n][1]]
        _guard(api, kind, own, mine, changes, results)
        mine = [n for n in mine if results[n] is None]
        inputs: list[Json] = [
            {
                "id": changes[n][0].partition("-")[2],
                "properties": wire(changes[n][1][own]["properties"]),
            }
            for n in mine
        ]
        unique: dict[str, Json] = {one["id"]: one for one in inputs}
        answers = dict(zip(unique, write(api, kind, "update", list(unique.values())), strict=True))
        written |= {n: answers[one["id"]] for n, one in zip(mine, inputs, strict=True)}
    for n, result in written.items():
        if isinstance(result, RecordError):
            results[n] = _named(result, "company" if n in firms else "contact")
    alive = [n for n in firms if results[n] is None]
    _update_people(api, alive, changes, results)
    return [
        result or Written(changes[n][0], record=_record(written.get(n)))
        for n, result in enumerate(results)
    ]


def _record(result: Result | None) -> Json | None:
    return result if isinstance(result, dict) else None


def _guard(
    api: Api,
    kind: str,
    own: str,
    places: Sequence[int],
    changes: Sequence[tuple[str, Json]],
    results: list[Written | RecordError | None],
) -> None:
    """A record that carries another customer's number is not overwritten."""
    told = {
        n: str(changes[n][1][own]["properties"][REFERENCE])
        for n in places
        if changes[n][1][own]["properties"].get(REFERENCE)
    }
    if not told:
        return
    ids = {n: changes[n][0].partition("-")[2] for n in told}
    present = read_many(api, kind, list(ids.values()), [REFERENCE, "email"])
    for n, number in told.items():
        other = present.get(ids[n], {}).get("properties", {}).get(REFERENCE)
        if other and folded(other) != folded(number):
            payload = changes[n][1]
            people = [payload[own], *(payload.get("contacts") or ())]
            emails = [one["properties"].get("email") for one in people]
            email = next((found for found in emails if found), None)
            results[n] = shared_address({"email": email, REFERENCE: number}, other)


def _update_people(
    api: Api,
    places: Sequence[int],
    changes: Sequence[tuple[str, Json]],
    results: list[Written | RecordError | None],
) -> None:
    """Contacts of companies by their address; new ones are made and linked."""
    inputs: dict[str, Json] = {}
    homes: dict[str, list[int]] = {}
    for n in places:
        payload = changes[n][1]
        for one in people_of(payload):
            email = one["properties"].get("email")
            if not email:
                continue  # without an address nobody knows which contact it is
            values = {k: v for k, v in one["properties"].items() if k != REFERENCE}
            body = {"id": email, "idProperty": "email", "properties": wire(values, creating=True)}
            inputs.setdefault(folded(email), body)
            homes.setdefault(folded(email), []).append(n)
    answers = dict(zip(inputs, write(api, CONTACTS, "upsert", list(inputs.values())), strict=True))
    fresh: dict[str, list[str]] = {}
    for email, result in answers.items():
        if isinstance(result, RecordError):
            for n in homes[email]:
                results[n] = _named(result, "contacts[]")
        elif result.get("new"):
            firms = [changes[n][0].partition("-")[2] for n in homes[email]]
            fresh[result["id"]] = firms
            remember(api, {email: result["id"]})
    if fresh:
        link(api, CONTACTS, COMPANIES, _links_of(api, fresh))


def _named(error: RecordError, where: str) -> RecordError:
    """The error with the path that the payload has."""
    if error.field and error.field.startswith("properties."):
        error.field = f"{where}.{error.field}"
    return error
