"""One record as its page shows it: four stages side by side, marks, attempts and what mends it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from sqlmodel import Session, col, select

from hub.engine.hub import Hub
from hub.engine.retry import SETTLE
from hub.mapping import difference
from hub.model import Json
from hub.sdk import Entity
from hub.store import payloads
from hub.store.queries import EntryView
from hub.store.settings import get_setting
from hub.store.tables import EffectRow, Entry, Run
from hub.web import mending, shapes
from hub.web.attention import fix_of

WAITING = ("blocked", "failed")
LONGEST_ADDRESS = 90
READING = ("GET", "HEAD", "OPTIONS")
_INDEX = re.compile(r"\[(\d+)\]")


class Record:
    """An entry with everything around it."""

    def __init__(self, hub: Hub, session: Session, view: EntryView) -> None:
        self.hub, self.session, self.view = hub, session, view
        self.names = shapes.Names.load(hub.registry, session)
        ids = {row.run_id for row in (view.entry, *view.attempts)}
        self.runs = {r.id: r for r in session.exec(select(Run).where(col(Run.id).in_(ids)))}
        # A look ahead is no attempt: it changes nothing about what has to be done.
        self.later = [row for row in view.later if self._kind(row) != "plan"]

    def _kind(self, row: Entry) -> str:
        run = self.runs.get(row.run_id)
        return run.kind if run else "run"

    def shown(self) -> Json:
        """The context of entries/show.html."""
        return {"entry": self._entry(), "attempts": self._attempts(), "marks": self._marks()}

    def _entry(self) -> Json:
        view, row = self.view, self.view.entry
        parts, flow = view.parts, view.flow
        trace = parts.get("trace") or {}
        newest = not self.later
        return self.names.entry(row) | {
            "target_number": row.target_number,
            "target_key": row.target,
            "source": shapes.end(self.hub.registry, view.source, flow.source_entity),
            "target": shapes.end(self.hub.registry, view.target, flow.target_entity),
            "planned": view.run.kind == "plan",
            "received": parts.get("received"),
            "understood": parts.get("understood"),
            "pushed": parts.get("pushed"),
            "shortened": view.shortened,
            "exchanges": [self._exchange(one) for one in parts.get("answered") or ()],
            "notes": trace.get("notes") or [],
            "rules": parts.get("rules") or trace.get("rules") or [],
            "effect": self._effect(),
            "seconds": row.milliseconds / 1000,
            "kept": bool(parts),
            "kept_until": self._kept_until(),
            "add": mending.offer(self.session, row.id, live=True) if self._open() else None,
            "fix": fix_of(flow, view.target, row.fix) if newest else None,
            "can_retry": newest and row.outcome in WAITING and view.run.kind != "plan",
            "can_settle": self._waits_for_word(),
            "as_then": self._whole("received") and row.fix != SETTLE,
            "can_plan": view.run.kind != "plan"
            and row.outcome in ("created", "updated")
            and self._whole("received")
            and self._whole("pushed"),
            "differences": self._differences(),
            "waiting": view.waiting if newest else None,
            "newer": self.later[0].id if self.later else None,
        }

    def _waits_for_word(self) -> bool:
        """Whether it waits until a person says that it is settled."""
        waiting = self.view.waiting
        asked = self.view.entry.fix == SETTLE and not self.later
        return asked and waiting is not None and waiting.fix == SETTLE

    def _whole(self, part: str) -> bool:
        return part in self.view.parts and part not in self.view.shortened

    def _differences(self) -> Json | None:
        """What is different, field by field, and from what; None when there is nothing to tell."""
        view, row = self.view, self.view.entry
        planned, past = view.run.kind == "plan", "as_then" in view.run.options
        found = view.parts.get("differences")
        before, after = "Before", "After"
        if found and (row.fix == SETTLE or row.code == "accepted"):
            title, before, after = "What has changed since it was booked", "Booked", "Now"
        elif found and planned and past:
            title, before, after = "What would be pushed otherwise", "Pushed then", "Pushed now"
        elif found and planned:
            title, before, after = "What would change", "Now", "Would become"
        elif found:
            title = "What changed"
        elif row.outcome == "updated" and not planned and self._whole("pushed"):
            found, title = self._since_last(), "What changed since it was pushed before"
        if not found:
            return None
        return {"title": title, "before": before, "after": after, "fields": found}

    def _since_last(self) -> list[Json]:
        """Compared with what was pushed the time before, as far as that is kept."""
        done = ("created", "updated")
        earlier = [e for e in self.view.earlier if e.outcome in done and self._kind(e) != "plan"]
        if not earlier:
            return []
        parts = payloads.read(self.session, self.hub.vault, earlier[0].id)
        last = parts.get("pushed")
        if not isinstance(last, dict) or payloads.truncated(last) is not None:
            return []
        return difference.changed(last, self.view.parts["pushed"])

    def _open(self) -> bool:
        """Whether the record waits, and nobody has tried it again since."""
        waits = self.view.entry.outcome in WAITING and self.view.run.kind != "plan"
        return waits and not self.later

    def _exchange(self, one: Mapping[str, Any]) -> Json:
        url = str(one.get("url") or "")
        address = unquote_plus(re.sub(r"^https?://[^/]+", "", url)) or url
        short = len(address) <= LONGEST_ADDRESS
        return {
            "method": one.get("method"),
            "address": address if short else f"{address[: LONGEST_ADDRESS - 1]}…",
            "status": one.get("status"),
            "seconds": float(one.get("seconds") or 0),
            "error": one.get("error"),
            "body": _opened(one.get("body")),
            "answer": _opened(one.get("answer")),
            "write": one.get("method") not in READING,
            "note": None if short else address,
        }

    def _effect(self) -> str | None:
        flow = self.view.flow
        if self.later:
            return None
        return self.session.exec(
            select(EffectRow.state)
            .where(
                EffectRow.source_id == flow.source_id,
                EffectRow.source_entity == flow.source_entity,
                EffectRow.source_key == self.view.entry.key,
                EffectRow.target_id == flow.target_id,
            )
            .order_by(col(EffectRow.id).desc())
            .limit(1)
        ).first()

    def _kept_until(self) -> dt.datetime:
        overall = get_setting(self.session, "retention_days")
        days = self.view.flow.retention_days or overall
        return self.view.entry.at + dt.timedelta(days=days)

    def _attempts(self) -> list[Json]:
        rows = sorted([*self.view.attempts, self.view.entry], key=lambda row: row.id)
        return [self._attempt(row, self.runs.get(row.run_id)) for row in rows]

    def _attempt(self, row: Entry, run: Run | None) -> Json:
        return {
            "id": row.id,
            "at": row.at,
            "outcome": row.outcome,
            "reason": row.reason or None,
            "run_id": row.run_id,
            "how": _how(run),
            "current": row.id == self.view.entry.id,
        }

    # ---- where to point

    def _marks(self) -> Json:
        """The field that the reason is about, in what was understood and in what was received."""
        field, reason = self.view.entry.field, self.view.entry.reason
        if not field or self.view.entry.outcome not in WAITING:
            return {}
        marks: Json = {"understood": {field: reason}}
        source = shapes.entity_kind(
            self.hub.registry, self.view.source.system, self.view.flow.source_entity
        )
        received = _sources(source, field) if source else []
        there = [path for path in received if _present(self.view.parts.get("received"), path)]
        if there:
            marks["received"] = {there[0]: reason}
        return marks


def _opened(text: Any) -> Any:
    """JSON that was kept as text, as what it says; anything else as it is."""
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:  # cut short, or not JSON after all
        return text


def _how(run: Run | None) -> str | None:
    if run is None or run.kind == "run":
        return None
    if run.kind == "plan":
        return "looked ahead"
    if run.kind == "test":
        return "as a test"
    return "tried again as it was received then" if "as_then" in run.options else "tried again"


def _sources(source: type[Entity], field: str) -> list[str]:
    """Paths of the source's record that mean a path of the document, with its indexes put in."""
    numbers = _INDEX.findall(field)
    general = _INDEX.sub("[]", field)
    found = []
    for one in source.fields:
        if one.meaning == general and one.path.count("[]") == len(numbers):
            path = one.path
            for number in numbers:
                path = path.replace("[]", f"[{number}]", 1)
            found.append(path)
    return found


def _present(value: Any, path: str) -> bool:
    """Whether a record has something at a path."""
    for step in path.replace("[", ".[").split("."):
        if step.startswith("[") and isinstance(value, list):
            index = int(step[1:-1])
            value = value[index] if index < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return False
    return value is not None
