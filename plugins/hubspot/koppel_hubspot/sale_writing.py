"""Makes orders and deals: their lines first, then the sale that ties everything together.

A sale that is found is whole: it is made in one request together with all its links. Lines that
were made before an interruption are known by a mark of their own and used the next time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.model import Json
from hub.sdk import Api, Effect, RecordError, Written

from .addresses import KNOWN, contact_ids
from .api import OBJECTS
from .batches import Result, chunks, folded, wire
from .links import to
from .pipelines import WORDS, first_open, label, pipeline_of, pipelines, stages
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
    """Contacts are found, lines made, then the sales: a hundred of each a request.

    What can be told beforehand is told before a line is made; of a sale that HubSpot refuses, the
    lines that were made for it are taken back: none is left that belongs to nothing.
    """
    people = contact_ids(api, _emails(payloads))
    results: list[Written | RecordError | None] = [None] * len(payloads)
    ready: dict[int, Json] = {}
    for n, payload in enumerate(payloads):
        try:
            links = _who(payload, people, ties)
            properties = _begun(api, ties, payload.get("properties") or {})
        except RecordError as error:
            results[n] = error
            continue
        ready[n] = {"properties": wire(properties, creating=True), "associations": links}
    marks = {n: _mark(ties, payloads[n], effects[n]) for n in ready}
    lines = _lines(api, {n: payloads[n].get("lines") or () for n in ready}, marks)
    whole = {n: own for n, own in lines.items() if own.problem is None}
    for n, own in whole.items():
        ready[n]["associations"] += [to(line, ties.line) for line in own.ids]
    made = write(api, ties.object, "create", [ready[n] for n in whole], by=(REFERENCE,))
    for n, result in zip(whole, made, strict=True):
        results[n] = (
            _untied(api, ties, ready[n], result)
            or _misplaced(api, ties, ready[n]["properties"], result)
            or _made(result, payloads[n])
        )
    for n, own in lines.items():
        results[n] = own.problem or results[n]
    used = {key for n in lines if isinstance(results[n], Written) for key in lines[n].ids}
    _take_back(api, [key for own in lines.values() for key in own.fresh if key not in used])
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


@dataclass
class Lines:
    """The lines of one sale: their ids, those that were made just now, and the first refusal."""

    ids: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    problem: RecordError | None = None


def _lines(
    api: Api, wanted: Mapping[int, Sequence[Json]], marks: Mapping[int, str]
) -> dict[int, Lines]:
    """The lines of all sales, made or found by their marks."""
    inputs: list[Json] = []
    owners: list[tuple[int, int]] = []
    for n, lines in wanted.items():
        for place, line in enumerate(lines):
            properties = wire(line.get("properties") or {}, creating=True)
            properties["hs_position_on_quote"] = str(place)
            key = f"{marks[n]}:{place + 1}"
            inputs.append({"id": key, "idProperty": LINE, "properties": {**properties, LINE: key}})
            owners.append((n, place))
    unique: dict[str, Json] = {folded(one["id"]): one for one in inputs}
    answers = dict(
        zip(unique, write(api, "line_items", "upsert", list(unique.values())), strict=True)
    )
    found = {n: Lines() for n in wanted}
    for one, (n, place) in zip(inputs, owners, strict=True):
        result = answers[folded(one["id"])]
        if isinstance(result, RecordError):
            found[n].problem = found[n].problem or _of_line(result, place, one)
            continue
        found[n].ids.append(str(result["id"]))
        if result.get("new") is True:
            found[n].fresh.append(str(result["id"]))
    return found


def _take_back(api: Api, keys: Sequence[str]) -> None:
    """Lines that were made for sales that HubSpot then refused."""
    for part in chunks(keys):
        inputs = [{"id": key} for key in part]
        api.post(f"{OBJECTS}/line_items/batch/archive", {"inputs": inputs}, safe=True)


def _of_line(error: RecordError, place: int, one: Json) -> RecordError:
    own = one["properties"]
    name = own.get("hs_sku") or own.get("name") or ""
    what = f"Line {place + 1}" + (f" ({name})" if name else "")
    told = RecordError(f"{what}: {error}", field=f"lines[{place}]", code=error.code)
    if error.field:
        told.field = f"lines[{place}].{error.field}"
    return told


def _staged(api: Api, ties: Ties, properties: Json) -> Json:
    """A stage goes together with its pipeline. Raises RecordError when it is in none."""
    stage = properties.get(ties.stage)
    if not stage or properties.get(ties.pipeline):
        return properties
    home = pipeline_of(api, ties.object, str(stage))
    if home is None:
        raise _no_stage(api, ties, str(stage))
    return {ties.pipeline: home, **properties}


def _begun(api: Api, ties: Ties, properties: Json) -> Json:
    """A new one always goes with pipeline and stage: where HubSpot puts it else is not certain."""
    if properties.get(ties.stage):
        return _staged(api, ties, properties)
    found = first_open(api, ties.object, str(properties.get(ties.pipeline) or "") or None)
    if found is None:
        return properties
    return {**properties, ties.pipeline: found[0], ties.stage: found[1]}


def _no_stage(api: Api, ties: Ties, stage: str) -> RecordError:
    there = ", ".join(label(p, s) for p, s in stages(api, ties.object))
    return RecordError(
        f"The {WORDS[ties.object]} stage {stage} does not exist in HubSpot any more. Choose "
        f"another one in the table of statuses, or as the stage of new {ties.object}. There are: "
        f"{there}.",
        field=f"properties.{ties.stage}",
        code="unknown_stage",
        fix="statuses",
    )


def _misplaced(api: Api, ties: Ties, properties: Json, result: Result) -> RecordError | None:
    """HubSpot does not take its stage or pipeline: which of the two is gone."""
    if not isinstance(result, Refusal):
        return None
    if not {ties.stage, ties.pipeline} & set(result.about("INVALID_OPTION")):
        return None
    result.fix = "statuses"
    pipeline, stage = (str(properties.get(n) or "") for n in (ties.pipeline, ties.stage))
    if pipeline and pipeline not in {str(p["id"]) for p in pipelines(api, ties.object)}:
        return RecordError(
            f"The {WORDS[ties.object]} pipeline {pipeline} does not exist in HubSpot any more. "
            f"Choose another pipeline of new {ties.object} in the settings of this flow.",
            field=f"properties.{ties.pipeline}",
            code="unknown_pipeline",
        )
    if stage and pipeline_of(api, ties.object, stage) is None:
        return _no_stage(api, ties, stage)
    return result


def update(
    api: Api, ties: Ties, changes: Sequence[tuple[str, Json]]
) -> list[Written | RecordError]:
    """Stage, payment and shipment of sales that are there; a hundred a request."""
    results: dict[int, Written | RecordError] = {}
    inputs: dict[int, Json] = {}
    for n, (key, payload) in enumerate(changes):
        try:
            properties: dict[str, Any] = _staged(api, ties, payload.get("properties") or {})
        except RecordError as error:
            results[n] = error
            continue
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
        answer = _misplaced(api, ties, one["properties"], answers[one["id"]]) or answers[one["id"]]
        results[n] = answer if isinstance(answer, RecordError) else Written(one["id"])
    return [results[n] for n in range(len(changes))]
