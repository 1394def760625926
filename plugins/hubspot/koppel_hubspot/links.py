"""Associations: which records belong together, read a thousand at a time, set by type id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, RecordError, TemporaryError

from .batches import MOST_HALVINGS, chunks, several
from .refusals import Refusal

ASSOCIATIONS = "/crm/v4/associations"
MOST_READ, MOST_SET = 1000, 2000
#: Of the main one, and of any other.
CONTACT_TO_COMPANY, CONTACT_TO_OTHER_COMPANY = 1, 279
PRIMARY = frozenset({1, 2, 5, 6, 509, 510})


def spec(type_id: int) -> list[Json]:
    """A link of a type of HubSpot's own."""
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]


def to(key: str, type_id: int) -> Json:
    """A link to be made together with a record."""
    return {"to": {"id": key}, "types": spec(type_id)}


def linked(api: Api, kind: str, other: str, keys: Iterable[str]) -> dict[str, list[str]]:
    """Key -> keys of the linked records, the primary one first; those without links left out."""
    wanted = list(dict.fromkeys(keys))
    asked: list[Json] = [{"id": key} for key in wanted]
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    path = f"{ASSOCIATIONS}/{kind}/{other}/batch/read"
    while asked:
        bodies = [{"inputs": list(part)} for part in chunks(asked, MOST_READ)]
        asked = []
        for answer in several(api, lambda body: api.post(path, body, safe=True), bodies):
            results = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(results, list):
                raise TemporaryError("HubSpot's answer about associations has no results")
            for result in results:
                key = str(result["from"]["id"])
                for one in result.get("to") or ():
                    there = str(one["toObjectId"])
                    main = found[key].get(there, False) or _primary(one)
                    found[key][there] = main
                after = ((result.get("paging") or {}).get("next") or {}).get("after")
                if after:
                    asked.append({"id": key, "after": str(after)})
    return {
        key: sorted(there, key=lambda other_key: not there[other_key])
        for key, there in found.items()
    }


def _primary(one: Any) -> bool:
    types = one.get("associationTypes") or ()
    return any(t.get("typeId") in PRIMARY or t.get("label") == "Primary" for t in types)


Pair = tuple[str, str, int]
Lost = dict[tuple[str, str], RecordError]


def link(api: Api, kind: str, other: str, pairs: Sequence[Pair]) -> Lost:
    """Set links (from, to, type); setting one again is fine. Those that HubSpot refused."""
    lost: Lost = {}
    path = f"{ASSOCIATIONS}/{kind}/{other}/batch/create"
    for part in chunks(pairs, MOST_SET):
        lost |= _set(api, path, part, [MOST_HALVINGS])
    return lost


def _set(api: Api, path: str, pairs: Sequence[Pair], left: list[int]) -> Lost:
    inputs = [{"from": {"id": a}, "to": {"id": b}, "types": spec(t)} for a, b, t in pairs]
    try:
        answer = api.post(path, {"inputs": inputs}, safe=True)
    except RecordError as error:
        left[0] -= 1
        if len(pairs) == 1 or left[0] < 0:
            return {(a, b): RecordError(str(error), code="bad_association") for a, b, _ in pairs}
        # Refused as a whole: halves find the one that is to blame.
        middle = len(pairs) // 2
        return _set(api, path, pairs[:middle], left) | _set(api, path, pairs[middle:], left)
    lost: Lost = {}
    for one in (answer.get("errors") or ()) if isinstance(answer, dict) else ():
        for a, b in _meant(one, answer, pairs):
            lost[a, b] = RecordError(str(Refusal(one)), code="bad_association")
    return lost


def _meant(error: Any, answer: Any, pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    """The links that an error is about; where it does not say, all that are not among those set."""
    context = error.get("context") or {}
    ours, theirs = (
        {str(key) for key in context.get(name) or ()} for name in ("fromObjectId", "toObjectId")
    )
    found = [
        (a, b)
        for a, b, _ in pairs
        if (ours or theirs) and (not ours or a in ours) and (not theirs or b in theirs)
    ]
    if found:
        return found
    done = {
        (str(one.get("fromObjectId")), str(one.get("toObjectId")))
        for one in answer.get("results") or ()
    }
    return [(a, b) for a, b, _ in pairs if (a, b) not in done]
