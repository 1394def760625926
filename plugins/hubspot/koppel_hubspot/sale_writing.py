"""Makes orders and deals: their lines first, then the sale that ties everything together.

A sale that is found is whole: it is made in one request together with all its links. Lines that
were made before an interruption are known by a mark of their own and used the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.model import Json
from hub.sdk import Api, Effect, RecordError, Written

from .batches import Result, folded, wire
from .customer_writing import KNOWN, contact_ids
from .links import to
from .pipelines import pipeline_of
from .refusals import Refusal
from .schema import LINE, REFERENCE, write


@dataclass(frozen=True)
class Ties:
    """Type ids of the links of a type of sale."""

    object: str
    contact: int
    company: int
    line: int
    pipeline: str
    stage: str


ORDER = Ties("orders", 507, 509, 513, "hs_pipeline", "hs_pipeline_stage")
DEAL = Ties("deals", 3, 5, 19, "pipeline", "dealstage")


def create(
    api: Api, ties: Ties, payloads: Sequence[Json], effects: Sequence[Effect]
) -> list[Written | RecordError]:
    """Contacts are found, lines made, then the sales: a hundred of each a request."""
    people = contact_ids(api, _emails(payloads))
    marks = [
        _mark(ties, payload, effect) for payload, effect in zip(payloads, effects, strict=True)
    ]
    lines, problems = _lines(api, payloads, marks)
    places, inputs = [], []
    results: list[Written | RecordError | None] = [problems.get(n) for n in range(len(payloads))]
    for n, payload in enumerate(payloads):
        if results[n] is not None:
            continue
        try:
            who = _who(payload, people, ties)
        except RecordError as error:
            results[n] = error
            continue
        links = [*who, *(to(line, ties.line) for line in lines[n])]
        properties = wire(_staged(api, ties, payload.get("properties") or {}), creating=True)
        inputs.append({"properties": properties, "associations": links})
        places.append(n)
    made = write(api, ties.object, "create", inputs, by=(REFERENCE,))
    for n, one, result in zip(places, inputs, made, strict=True):
        results[n] = _untied(api, ties, one, result) or _made(result, payloads[n])
    return [r or RecordError("HubSpot told nothing about it", code="no_answer") for r in results]


def _untied(api: Api, ties: Ties, one: Json, result: Result) -> RecordError | None:
    """HubSpot does not say which link it does not like: whose they were, and look again."""
    if not isinstance(result, Refusal) or "associations are not valid" not in result.said:
        return None
    api.memo.pop(KNOWN, None)
    whose = {ties.contact: "contact", ties.company: "company"}
    tied = [
        (link["types"][0]["associationTypeId"], link["to"]["id"]) for link in one["associations"]
    ]
    named = [f"{whose[type_id]} {key}" for type_id, key in tied if type_id in whose]
    return RecordError(
        f"{result}. It was to be tied to {' and '.join(named) or 'its lines'}: was that deleted or "
        "merged in HubSpot?",
        field="debtor",
        code="bad_association",
    )


def _made(result: Result, payload: Json) -> Written | RecordError:
    if isinstance(result, Refusal) and result.existing and REFERENCE in result.said:
        return Written(result.existing, _number(payload))
    if isinstance(result, RecordError):
        return result
    return Written(str(result["id"]), _number(payload) or str(result["id"]), record=result)


def _number(payload: Json) -> str | None:
    own = payload.get("properties") or {}
    found = own.get("hs_order_name") or own.get("dealname") or own.get(REFERENCE)
    return str(found) if found else None


def _mark(ties: Ties, payload: Json, effect: Effect) -> str:
    """What the lines of this sale are marked with."""
    own = payload.get("properties") or {}
    return f"{ties.object}:{own.get(REFERENCE) or effect.token}"


def _emails(payloads: Sequence[Json]) -> list[str]:
    """Whose contact has to be found: of a company the person, and of nobody known the address."""
    found = []
    for payload in payloads:
        who = payload.get("customer") or {}
        if who.get("email") and not str(who.get("debtor") or "").startswith("contact-"):
            found.append(str(who["email"]))
    return list(dict.fromkeys(found))


def _who(payload: Json, people: dict[str, str], ties: Ties) -> list[Json]:
    who = payload.get("customer") or {}
    debtor, email = str(who.get("debtor") or ""), str(who.get("email") or "")
    kind, _, key = debtor.partition("-")
    if debtor and (kind not in ("contact", "company") or not key.isdigit()):
        raise RecordError(
            f"{debtor} is no customer in HubSpot. Choose the default debtor from the list.",
            field="debtor",
            code="bad_debtor",
            fix="default_debtor",
        )
    links = []
    contact = key if kind == "contact" else people.get(folded(email))
    if contact:
        links.append(to(contact, ties.contact))
    if kind == "company":
        links.append(to(key, ties.company))
    return links


def _lines(
    api: Api, payloads: Sequence[Json], marks: Sequence[str]
) -> tuple[list[list[str]], dict[int, RecordError]]:
    """Ids of the lines of each sale; and the first refusal of a line, by sale."""
    inputs: list[Json] = []
    owners: list[tuple[int, int]] = []
    for n, payload in enumerate(payloads):
        for place, line in enumerate(payload.get("lines") or ()):
            properties = wire(line.get("properties") or {}, creating=True)
            properties["hs_position_on_quote"] = str(place)
            key = f"{marks[n]}:{place + 1}"
            inputs.append({"id": key, "idProperty": LINE, "properties": {**properties, LINE: key}})
            owners.append((n, place))
    unique: dict[str, Json] = {folded(one["id"]): one for one in inputs}
    answers = dict(
        zip(unique, write(api, "line_items", "upsert", list(unique.values())), strict=True)
    )
    found: list[list[str]] = [[] for _ in payloads]
    problems: dict[int, RecordError] = {}
    for one, (n, place) in zip(inputs, owners, strict=True):
        result = answers[folded(one["id"])]
        if isinstance(result, RecordError):
            problems.setdefault(n, _of_line(result, place, one))
        else:
            found[n].append(str(result["id"]))
    return found, problems


def _of_line(error: RecordError, place: int, one: Json) -> RecordError:
    own = one["properties"]
    name = own.get("hs_sku") or own.get("name") or ""
    what = f"Line {place + 1}" + (f" ({name})" if name else "")
    told = RecordError(f"{what}: {error}", field=f"lines[{place}]", code=error.code)
    if error.field:
        told.field = f"lines[{place}].{error.field}"
    return told


def _staged(api: Api, ties: Ties, properties: Json) -> Json:
    """A stage goes together with its pipeline."""
    stage = properties.get(ties.stage)
    if not stage or properties.get(ties.pipeline):
        return properties
    pipeline = pipeline_of(api, ties.object, str(stage))
    return {ties.pipeline: pipeline, **properties} if pipeline else properties


def update(
    api: Api, ties: Ties, changes: Sequence[tuple[str, Json]]
) -> list[Written | RecordError]:
    """Stage, payment and shipment of sales that are there; a hundred a request."""
    results: dict[int, Written | RecordError] = {}
    inputs: dict[int, Json] = {}
    for n, (key, payload) in enumerate(changes):
        properties: dict[str, Any] = _staged(api, ties, payload.get("properties") or {})
        if not key.isdigit():
            results[n] = RecordError(f"{key} is no id of HubSpot", code="not_found")
        elif properties:
            inputs[n] = {"id": key, "properties": wire(properties)}
        else:
            results[n] = Written(key)
    unique = {one["id"]: one for one in inputs.values()}
    answers = dict(
        zip(unique, write(api, ties.object, "update", list(unique.values())), strict=True)
    )
    for n, one in inputs.items():
        answer = answers[one["id"]]
        failed = isinstance(answer, RecordError)
        results[n] = answer if isinstance(answer, RecordError) else Written(one["id"])
        if failed and isinstance(answer, Refusal) and answer.about("INVALID_OPTION"):
            answer.fix = "statuses"
    return [results[n] for n in range(len(changes))]
