"""What an account turns out not to take as it was sent: left out, or put as it wants it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.model import Json
from hub.sdk import Api, AuthenticationError, ConfigurationError, RecordError

from .refusals import Refusal

#: HubSpot's own properties that not every account has.
OPTIONAL = {"products": frozenset({"hs_tax_rate_group_id"})}


def learned(api: Api, kind: str, one: Json, result: Json | RecordError) -> bool:
    """Remember what this refusal tells of the account; whether the record may go again."""
    if not isinstance(result, Refusal):
        return False
    lacking = set(result.about("PROPERTY_DOESNT_EXIST")) & OPTIONAL.get(kind, frozenset())
    days = {n for n in result.about("INVALID_DATE") if "T" in str(one["properties"].get(n))}
    _lacking(api, kind).update(lacking)
    _days(api, kind).update(days)
    return bool(lacking or days)


def fitted(api: Api, kind: str, inputs: Sequence[Json]) -> Sequence[Json]:
    """The same with what is known of the account by now."""
    lacking, days = _lacking(api, kind), _days(api, kind)
    if not lacking and not days:
        return inputs
    found = []
    for one in inputs:
        own = {name: value for name, value in one["properties"].items() if name not in lacking}
        for name in days & own.keys():
            own[name] = _day(api, str(own[name]))
        found.append({**one, "properties": own})
    return found


def _lacking(api: Api, kind: str) -> set[str]:
    found: set[str] = api.memo.setdefault(f"left out of {kind}", set())
    return found


def _days(api: Api, kind: str) -> set[str]:
    found: set[str] = api.memo.setdefault(f"days of {kind}", set())
    return found


def _day(api: Api, value: str) -> str:
    """The day that it was in the account's own time zone."""
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return value
    if "T" not in value or moment.tzinfo is None:
        return value[:10]
    return moment.astimezone(_zone(api)).date().isoformat()


def _zone(api: Api) -> dt.tzinfo:
    if "time zone" not in api.memo:
        try:
            answer = api.get("/account-info/v3/details")
        except (AuthenticationError, ConfigurationError, RecordError):
            answer = None  # a token that may not ask
        api.memo["time zone"] = answer.get("timeZone") if isinstance(answer, dict) else None
    try:
        return ZoneInfo(str(api.memo["time zone"]))
    except (ZoneInfoNotFoundError, ValueError):
        return dt.UTC
