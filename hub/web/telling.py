"""A flow in words: what it takes, what was answered, and which field goes where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlmodel import Session

from hub.engine import forms
from hub.model import Json
from hub.sdk import Entity, Form
from hub.sdk.entity import Field
from hub.store.tables import Connection, Flow, LookupCache

Pair = tuple[str, str]


def answered(
    session: Session,
    form: type[Form],
    values: Mapping[str, Any],
    sides: Mapping[str, Connection],
) -> list[Pair]:
    """(question, answer) for everything that was answered otherwise than by default.

    Codes are shown by the names they had when the choices were last fetched; nothing is called.
    """
    told = []
    for about in forms.fields(form):
        if about["secret"] or about["name"] not in values:
            continue
        labels = _labels(session, sides.get(about["side"] or "own"), about)
        words = _words(values[about["name"]], labels)
        if words:
            told.append((str(about["label"]), words))
    return told


def _labels(session: Session, row: Connection | None, about: Json) -> dict[str, str]:
    known = {str(o["value"]): str(o["label"]) for o in about["options"]}
    if about["lookup"] and row is not None:
        cached = session.get(LookupCache, (row.id, about["lookup"]))
        known |= {str(o["value"]): str(o["label"]) for o in cached.options} if cached else {}
    return known


def _words(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(labels.get(str(v), str(v)) for v in value)
    if isinstance(value, Mapping):
        return "\n".join(_table(value, labels))
    return labels.get(str(value), str(value)) if value is not None else ""


def _table(value: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[str]:
    rows = value.get("rows") or ()
    if isinstance(rows, Mapping):
        for key, code in rows.items():
            yield f"{key} → {labels.get(str(code), code)}"
    else:
        for row in rows:
            what = [row.get("country"), row.get("rate") and f"{row['rate']}%"]
            what += [row.get("customer"), row.get("goods")]
            about = " ".join(str(word) for word in what if word) or "all"
            yield f"{about} → {labels.get(str(row.get('code')), str(row.get('code')))}"
    if value.get("default"):
        yield f"everything else → {labels.get(str(value['default']), value['default'])}"


# ---- what goes where


def routes(flow: Flow, source: Entity, target: Entity) -> list[Json]:
    """Each field of the target with the field of the source that it comes from."""
    reads = {f.meaning: f for f in source.fields if f.meaning and f.only != "write"}
    own = [_rule(rule) for rule in flow.rules if isinstance(rule, Mapping)]
    changed = {rule["to"] for rule in own}
    shown = []
    for one in target.fields:
        if one.only == "read" or one.path in changed or one.meaning in changed:
            continue
        shown.append(_route(one, reads.get(one.meaning or "")))
    return own + shown


def _route(one: Field, comes_from: Field | None) -> Json:
    if comes_from is not None:
        words = comes_from.path
    elif one.value is not None:
        words = f"always {one.value}"
    else:
        words = f"decided on the way ({one.meaning})" if one.meaning else "nothing"
    return {"to": one.path, "from": words, "via": "", "when": one.when, "changed": False}


def _rule(rule: Mapping[str, Any]) -> Json:
    value = rule.get("from") or rule.get("template")
    words = str(value) if value is not None else f"always {rule.get('value')}"
    via = [step if isinstance(step, str) else next(iter(step), "") for step in rule.get("via", ())]
    return {
        "to": str(rule.get("to")),
        "from": words,
        "via": ", ".join(map(str, via)),
        "when": rule.get("when", "always"),
        "changed": True,
    }
