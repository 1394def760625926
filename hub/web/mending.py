"""The small form that adds the row a record waits for; and choices that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from flask import url_for
from sqlmodel import Session, func, select

from hub.engine import forms, shared, unmapped
from hub.engine.unmapped import Lacking
from hub.model import Json
from hub.sdk import Form
from hub.store.queries import FlowView
from hub.store.queries.needs import SICK
from hub.store.tables import Connection, LookupCache, Waiting
from hub.web import fields, shapes
from hub.web.page import hub

# ---- a row that is lacking


def offer(session: Session, entry_id: int, *, live: bool) -> Json | None:
    """The form for the row that a record waits for, as _macros/mend.html shows it.

    live: the choices are fetched; else those that were fetched last are offered.
    """
    found = unmapped.lacking(hub(), session, entry_id)
    if found is None or found.flow.draft or found.there:
        return None
    options = found.about["options"] or _options(session, found, live)
    fitting = _of_that_rate(found, options)
    source = session.get_one(Connection, found.flow.source_id)
    direction = f"{shapes.title_of(source)} to {shapes.title_of(found.target)}"
    return {
        "entry": entry_id,
        "url": url_for("log.add", entry_id=entry_id),
        "table": found.about["label"],
        "what": found.words,
        "choices": [{"value": o["value"], "label": o["label"]} for o in fitting],
        "chosen": fitting[0]["value"] if len(fitting) == 1 else None,
        "shared": direction if found.common else None,
        "count": _waiting(session, found),
    }


def _options(session: Session, found: Lacking, live: bool) -> list[Json]:
    name, side = found.about["lookup"], found.about["side"]
    if not name or side == "source":
        return []
    if not live:
        return _cached(session, found.target, name) or []
    choices = fields.Live(hub(), own=found.target, target=found.target).find(side, name)
    if choices is None:
        return []
    return [{"value": o.value, "label": o.label, "data": dict(o.data)} for o in choices.options]


def _of_that_rate(found: Lacking, options: Sequence[Json]) -> list[Json]:
    """VAT codes of the rate that was charged, where there are any; every code is offered else."""
    rate = found.row.get("rate")
    if rate is None:
        return list(options)
    fitting = [o for o in options if _number((o.get("data") or {}).get("rate")) == _number(rate)]
    return fitting or list(options)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _waiting(session: Session, found: Lacking) -> int:
    query = select(func.count()).where(
        Waiting.flow_id == found.flow.id, Waiting.fix == found.setting
    )
    return int(session.exec(query).one())


def _cached(session: Session, row: Connection, name: str) -> list[Json] | None:
    cached = session.get(LookupCache, (row.id, name))
    return None if cached is None else list(cached.options)


# ---- choices that are gone


def gone(
    session: Session, views: Sequence[FlowView]
) -> Iterator[tuple[FlowView, str, Json, list[str]]]:
    """Choices of live flows that their list had no more when it was last fetched.

    Flow, section of its form, the question, and what is gone. Nothing is called; a system that
    cannot be reached now flags nothing, for nobody knows. What flows share is told once.
    """
    told: set[tuple[int, int, str]] = set()
    for view in views:
        flow = view.flow
        if flow.draft or not flow.enabled:
            continue
        for section, form, values, sides in _asked(session, view):
            for name, about in _with_lists(form).items() if values else ():
                row = sides.get(about["side"] or "own")
                if name not in values or row is None or row.status in SICK:
                    continue
                known = _cached(session, row, about["lookup"])
                if known is None:
                    continue
                there = {str(o["value"]) for o in known}
                lost = [v for v in _chosen(values[name]) if v not in there]
                at = (flow.source_id, flow.target_id, name)
                once = section == "settings" and name not in flow.settings
                if lost and not (once and at in told):
                    told |= {at} if once else set()
                    yield view, section, about, list(dict.fromkeys(lost))


def _with_lists(form: type[Form]) -> dict[str, Json]:
    """The questions of a form that live choices answer; every page asks, so they are kept."""
    if form not in _listed:
        _listed[form] = {f["name"]: f for f in forms.fields(form) if f["lookup"]}
    return _listed[form]


_listed: WeakKeyDictionary[type[Form], dict[str, Json]] = WeakKeyDictionary()


def _asked(
    session: Session, view: FlowView
) -> Iterator[tuple[str, type[Form], Json, dict[str, Connection]]]:
    flow, registry = view.flow, hub().registry
    source = shapes.entity_kind(registry, view.source.system, flow.source_entity)
    target = shapes.entity_kind(registry, view.target.system, flow.target_entity)
    ends = {"source": view.source, "target": view.target}
    if source is not None:
        yield "filter", source.filter, flow.filter, ends | {"own": view.source}
    if target is not None:
        values = shared.effective(session, flow, target)
        yield "settings", forms.flow_form(target), values, ends | {"own": view.target}


def _chosen(value: Any) -> list[str]:
    """The values of the target in an answer: of a choice, of several, of a table."""
    if isinstance(value, list):
        return [str(one) for one in value]
    if not isinstance(value, Mapping):
        return [str(value)] if value not in (None, "") else []
    rows = value.get("rows") or ()
    found = rows.values() if isinstance(rows, Mapping) else (row.get("code") for row in rows)
    return [str(one) for one in (*found, value.get("default")) if one not in (None, "")]
