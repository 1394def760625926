"""Batches of a hundred: read by key, written with each record's own success or failure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from hub.model import Json
from hub.sdk import Api, ConfigurationError, KoppelError, NotFound, RecordError, TemporaryError

from .api import OBJECTS
from .refusals import Refusal

MOST = 100
MOST_HALVINGS = 40
_DOUBLE = "Duplicate IDs"
T = TypeVar("T")
Result = Json | RecordError


class NotUnique(ConfigurationError):
    """Records cannot be told apart by that property: it is not there, or not unique."""


def chunks(items: Sequence[T], size: int = MOST) -> Iterator[Sequence[T]]:
    """So many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def folded(value: Any) -> str:
    """As HubSpot compares unique values: e-mail addresses come back in lower case."""
    return str(value).strip().casefold()


def read_many(
    api: Api, kind: str, keys: Iterable[str], properties: Sequence[str], by: str | None = None
) -> dict[str, Json]:
    """Key as it was asked for -> record; a hundred a request, those that are not there left out.

    by: a unique property that the keys are values of; the id without it.
    """
    wanted: dict[str, list[str]] = {}
    for key in keys:
        if folded(key):
            wanted.setdefault(folded(key), []).append(key)
    names = list(dict.fromkeys([*properties, *([by] if by else [])]))
    bodies = [
        {
            "inputs": [{"id": wanted[key][0].strip()} for key in part],
            "properties": names,
            "propertiesWithHistory": [],
            **({"idProperty": by} if by else {}),
        }
        for part in chunks(list(wanted))
    ]
    found: dict[str, Json] = {}
    path = f"{OBJECTS}/{kind}/batch/read"

    def read(body: Json) -> Any:
        try:
            return api.post(path, body, safe=True)
        except Refusal as error:
            raise_not_unique(api, kind, by, error)
            raise

    for answer in several(api, read, bodies):
        left = []
        for record in results_of(answer):
            value = record["properties"].get(by) if by else record["id"]
            if value is not None and folded(value) in wanted:
                found[folded(value)] = record
            else:
                left.append(record)
        if by == "email":  # found by another address of the same contact
            for record in left:
                others = str(record["properties"].get("hs_additional_emails") or "").split(";")
                for other in others:
                    if folded(other) in wanted:
                        found.setdefault(folded(other), record)
    return {asked: found[key] for key, spelt in wanted.items() if key in found for asked in spelt}


def raise_not_unique(api: Api, kind: str, by: str | None, error: Refusal) -> None:
    """Raise NotUnique when a request was refused because of the property it goes by.

    HubSpot's words for that are not certain: the property itself is asked.
    """
    if not by or error.status != 400 or error.existing or _DOUBLE in error.said:
        return
    if any(problem.name != by for problem in error.problems):
        return
    try:
        definition = api.get(f"/crm/v3/properties/{kind}/{by}")
    except NotFound:
        definition = None
    if not isinstance(definition, dict) or not definition.get("hasUniqueValue"):
        raise NotUnique(
            f"HubSpot cannot tell records of {kind} apart by {by}: {error.said[:200]}"
        ) from error


def several(api: Api, function: Callable[[T], Any], items: Sequence[T]) -> list[Any]:
    """Call for each, some at a time; the first error stops all."""
    answers = api.map(function, items)
    for answer in answers:
        if isinstance(answer, KoppelError):
            raise answer
    return answers


def results_of(answer: Any) -> list[Json]:
    """The records of a batch. Raises TemporaryError when it is no answer of HubSpot's."""
    found = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        raise TemporaryError("HubSpot's answer to a batch has no results")
    for record in found:
        if not isinstance(record, dict) or not isinstance(record.get("properties", {}), dict):
            raise TemporaryError("HubSpot's answer to a batch holds something that is no record")
        if "id" in record:
            record["id"] = str(record["id"])
            record.setdefault("properties", {})
    return found


def write_many(
    api: Api,
    kind: str,
    action: str,
    inputs: Sequence[Json],
    by: Sequence[str] = (),
) -> list[Result]:
    """Create, update or upsert; a record or its refusal for each input, in order.

    by: properties by which a created record is told apart, where HubSpot does not repeat our own
    mark. Raises what stops all: UnknownOutcome, AuthenticationError and the like.
    """
    found: list[Result] = []
    for part in chunks(inputs):
        found += _written(api, kind, action, part, by, [MOST_HALVINGS])
    return found


def _written(
    api: Api, kind: str, action: str, inputs: Sequence[Json], by: Sequence[str], left: list[int]
) -> list[Result]:
    traced = [{**one, "objectWriteTraceId": f"r{n}"} for n, one in enumerate(inputs)]
    try:
        answer = api.post(
            f"{OBJECTS}/{kind}/batch/{action}", {"inputs": traced}, safe=action != "create"
        )
    except Refusal as error:
        raise_not_unique(api, kind, inputs[0].get("idProperty"), error)
        left[0] -= 1
        if len(inputs) == 1:
            return [error]
        if left[0] < 0:  # whose refusal it is, nobody knows: whom it names neither
            return [RecordError(str(error), code="not_tried") for _ in inputs]
        # Refused as a whole, and nothing written: halves find the one that is to blame.
        middle = len(inputs) // 2
        halves = (inputs[:middle], inputs[middle:])
        return [one for half in halves for one in _written(api, kind, action, half, by, left)]
    except NotFound as error:
        return [error for _ in inputs]
    errors = _errors_of(answer, inputs)
    _all_not_unique(api, kind, inputs, errors)
    fine = [n for n in range(len(inputs)) if n not in errors]
    records = _matched(results_of(answer), inputs, fine, by)
    lost: RecordError
    lost = NotFound(f"HubSpot told nothing about this record of {kind}", code="no_answer")
    for unplaced in answer.get("errors") or ():
        if not errors:  # it does not say which records it is about
            lost = Refusal(unplaced)
    return [errors.get(n) or records.get(n) or lost for n in range(len(inputs))]


def _all_not_unique(
    api: Api, kind: str, inputs: Sequence[Json], errors: Mapping[int, RecordError]
) -> None:
    """Each record is refused by itself for the property that they all go by."""
    first = errors.get(0)
    if not isinstance(first, Refusal) or len(errors) < len(inputs):
        return
    if all(isinstance(e, Refusal) and "non-unique" in e.said for e in errors.values()):
        raise_not_unique(api, kind, inputs[0].get("idProperty"), first)


def _errors_of(answer: Any, inputs: Sequence[Json]) -> dict[int, RecordError]:
    found: dict[int, RecordError] = {}
    for error in answer.get("errors") or ():
        context = error.get("context") or {}
        traces = context.get("objectWriteTraceId") or error.get("objectWriteTraceId") or []
        traces = [traces] if isinstance(traces, str) else traces
        places = [int(t[1:]) for t in traces if str(t)[1:].isdigit()]
        if not places:
            ids = {folded(key) for key in context.get("ids") or ()}
            places = [n for n, one in enumerate(inputs) if folded(one.get("id", "")) in ids]
        for place in places:
            if error.get("category") == "OBJECT_NOT_FOUND":
                said = str(error.get("message") or "not found")
                found[place] = NotFound(f"HubSpot does not have it any more: {said}"[:300])
            else:
                found[place] = Refusal(error)
    return found


def _matched(
    records: list[Json], inputs: Sequence[Json], left: list[int], by: Sequence[str]
) -> dict[int, Json]:
    """Which result belongs to which input: by our mark, by id, by a value, by all that was
    sent, or by elimination."""
    found: dict[int, Json] = {}
    rest = []
    for record in records:
        mark = str(record.pop("objectWriteTraceId", "") or "")
        if mark[1:].isdigit() and int(mark[1:]) in left:
            found[int(mark[1:])] = record
        else:
            rest.append(record)
    open_places = [n for n in left if n not in found]
    for record in rest:
        own = {folded(record.get("id", ""))} | {
            f"{name}={folded(record['properties'].get(name))}" for name in by
        }
        for place in open_places:
            one = inputs[place]
            marks = {folded(one["id"])} if "id" in one and not one.get("idProperty") else set()
            if one.get("idProperty"):
                marks.add(f"{one['idProperty']}={folded(one['id'])}")
                own.add(
                    f"{one['idProperty']}={folded(record['properties'].get(one['idProperty']))}"
                )
            marks |= {
                f"{name}={folded(one['properties'][name])}"
                for name in by
                if one["properties"].get(name)
            }
            if own & marks:
                found[place] = record
                open_places.remove(place)
                break
        else:
            same = [n for n in open_places if _same(record, inputs[n])]
            if same or len(open_places) == 1:
                place = same[0] if same else open_places[0]
                found[place] = record
                open_places.remove(place)
    return found


def _same(record: Json, one: Json) -> bool:
    """Whether a record has all that was sent."""
    own = record["properties"]
    sent = {name: value for name, value in one["properties"].items() if value != ""}
    return bool(sent) and all(
        name in own and folded(own[name]) == folded(value) for name, value in sent.items()
    )


def wire(properties: Mapping[str, Any], *, creating: bool = False) -> Json:
    """Values as HubSpot takes them: texts, numbers with a dot, times in UTC; "" clears."""
    found = {name: _text(value) for name, value in properties.items()}
    return {n: v for n, v in found.items() if v != ""} if creating else found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    if isinstance(value, (list, tuple)):
        return ";".join(_text(one) for one in value)
    return str(value.isoformat() if isinstance(value, dt.date) else value)


__all__ = ["MOST", "NotUnique", "chunks", "folded", "read_many", "several", "wire", "write_many"]
