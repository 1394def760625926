"""Changes customers that are there: companies, their contacts, and persons."""

from __future__ import annotations

from collections.abc import Sequence

from hub.model import Json
from hub.sdk import Api, RecordError, Written

from .addresses import COMPANIES, CONTACTS, keeping_first, remember, remember_second
from .batches import Result, folded, read_many, wire
from .customer_writing import links_of, named, people_of, shared_address, tie
from .schema import REFERENCE, write


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
                "properties": wire(_own(api, kind, *changes[n])),
            }
            for n in mine
        ]
        unique: dict[str, Json] = {one["id"]: one for one in inputs if one["properties"]}
        answers = dict(zip(unique, write(api, kind, "update", list(unique.values())), strict=True))
        written |= {
            n: answers[one["id"]]
            for n, one in zip(mine, inputs, strict=True)
            if one["id"] in answers
        }
    for n, result in written.items():
        if isinstance(result, RecordError):
            results[n] = named(result, "company" if n in firms else "contact")
    alive = [n for n in firms if results[n] is None]
    _update_people(api, alive, changes, results)
    return [
        result or Written(changes[n][0], record=_record(written.get(n)))
        for n, result in enumerate(results)
    ]


def _own(api: Api, kind: str, key: str, payload: Json) -> Json:
    if kind == COMPANIES:
        return dict(payload["company"]["properties"])
    return keeping_first(api, key.partition("-")[2], payload["contact"]["properties"])


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
    names = [REFERENCE, *(("email", "hs_additional_emails") if kind == CONTACTS else ())]
    present = read_many(api, kind, list(ids.values()), names)
    if kind == CONTACTS:
        remember_second(api, present.values())
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
                results[n] = named(result, "contacts[]")
        elif result.get("new"):
            firms = [changes[n][0].partition("-")[2] for n in homes[email]]
            fresh[result["id"]] = firms
            remember(api, {email: result["id"]})
    for firm, error in tie(api, links_of(api, fresh) if fresh else ()).items():
        for n in places:
            if changes[n][0] == f"company-{firm}":
                results[n] = error
