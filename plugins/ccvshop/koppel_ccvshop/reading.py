"""What reading any of the shop's collections needs: times, cursors, records one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.sdk import Api, KoppelError, NotFound, Query, Raw, RecordError

from .api import walk
from .understanding import text

#: Clocks may differ by five minutes, else the shop refuses every request.
CLOCKS = dt.timedelta(minutes=10)
FEW = 10
"""So many records are asked for one by one; more of them by walking the list."""


def stamp(moment: dt.datetime) -> str:
    """A time as the shop takes it: UTC, whole seconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(value: Any) -> dt.datetime | None:
    """A time of the shop's; it says UTC, and means UTC where it says nothing."""
    try:
        moment = dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def time_text(value: Any) -> str | None:
    """The same, for a field table."""
    moment = moment_of(value)
    return moment.isoformat() if moment else text(value)


def since(query: Query, name: str) -> dt.datetime | None:
    """The cursor of the last time, if there was one and it counts."""
    return None if query.full else moment_of((query.since or {}).get(name))


def one_by_one(
    api: Api, path: str, keys: Sequence[str], params: Mapping[str, Any] | None = None
) -> dict[str, Raw | RecordError]:
    """Records one by one, by key; those that are gone are left out."""

    def one(key: str) -> Raw:
        if not key.isdigit():
            raise NotFound(f"{key} is not an id of CCV Shop")
        record = api.get(f"/{path}/{key}/", params)
        return record if isinstance(record, dict) else {}

    answers = records_of(api.map(one, keys))
    return {
        key: answer
        for key, answer in zip(keys, answers, strict=True)
        if answer and not isinstance(answer, NotFound)
    }


def records_of(answers: Iterable[Raw | KoppelError]) -> list[Raw | RecordError]:
    """What `Api.map` gives: only errors of single records are in it, any other has stopped all."""
    found: list[Raw | RecordError] = []
    for answer in answers:
        if isinstance(answer, KoppelError) and not isinstance(answer, RecordError):
            raise answer
        found.append(answer)
    return found


def many(
    api: Api, path: str, keys: Sequence[str], params: Mapping[str, Any]
) -> dict[str, Raw | RecordError]:
    """Records by key, complete as the list gives them: one by one, or for many by the list.

    How many pages the list has is known once it was walked; after that the cheaper way is taken.
    """
    numbers = [key for key in keys if key.isdigit()]
    pages: int | None = api.memo.get(f"pages of {path}")
    if len(numbers) <= FEW or (pages is not None and pages >= len(numbers)):
        return one_by_one(api, path, keys, params)
    wanted = set(numbers)
    found: dict[str, Raw | RecordError] = {}
    for walked, records in enumerate(walk(api, f"/{path}/", {**params, "orderby": "id"}), 1):
        found |= {str(r.get("id")): r for r in records if str(r.get("id")) in wanted}
        api.memo[f"pages of {path}"] = max(walked, pages or 0)
        if len(found) == len(wanted):
            break
    found |= one_by_one(api, path, [key for key in numbers if key not in found], params)
    return {key: found[key] for key in keys if key in found}


class Changes:
    """Which products to take, and where to go on the next time.

    Without a mark all of them are walked by id; what changes meanwhile is read again, by a mark
    set before. With one, the latest changes come first, until the mark. The shop's own times
    count from then on: the newest at the beginning of the walk is the next mark, for what changes
    later is newer. A minute of overlap forgives servers that do not agree; equal times are taken.
    """

    OVERLAP = dt.timedelta(minutes=1)

    def __init__(self, mark: dt.datetime | None, now: dt.datetime) -> None:
        self._mark = mark
        self._next = now - CLOCKS if mark is None else mark
        self._seen = False

    @property
    def order(self) -> str:
        """How to ask for them."""
        return "id" if self._mark is None else "modifydate_desc"

    def among(self, records: Sequence[Raw]) -> list[Raw]:
        """The records that are not older than the mark."""
        mark = self._mark
        if mark is None:
            return list(records)
        times = [moment_of(record.get("modifydate")) for record in records]
        if not self._seen and times and times[0] is not None:
            self._next = max(mark, times[0] - self.OVERLAP)
        self._seen = True
        return [r for r, time in zip(records, times, strict=True) if time is None or time >= mark]

    def next_mark(self) -> str:
        """The mark for the next time."""
        return stamp(self._next)
