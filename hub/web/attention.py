"""What waits for a person: each with its exact cause and the button that leads to mending it."""

from __future__ import annotations

import time

from flask import g, url_for
from sqlmodel import Session

from hub.engine import forms
from hub.model import Json
from hub.sdk import ConfigurationError, Form
from hub.store import queries
from hub.store.queries import FlowView, Group
from hub.store.tables import Connection, Flow, Lease, utc_now
from hub.web import mending, shapes
from hub.web.page import hub
from hub.web.standing import lacks_access

GRACE = 20.0
MOST_FORMS = 20
_STARTED = time.monotonic()


def items(session: Session) -> list[Json]:
    """Everything that waits, the worst first. Looked up once per request."""
    if "attention" not in g:
        g.attention = _items(session)
    found: list[Json] = g.attention
    return found


def count() -> int:
    """How many things wait."""
    with hub().database.session() as session:
        return len(items(session))


def _items(session: Session) -> list[Json]:
    found = queries.attention(session)
    views = queries.flows(session)
    names = shapes.Names.load(hub().registry, session)
    sick = {row.id for row in found.connections}
    made = [_connection(row) for row in found.connections]
    made += [_plugin(f.name, f.error) for f in hub().registry.failures]
    made += [_stopped(v) for v in views if _is_stopped(v, sick)]
    made += [_paused(row) for row in found.paused if row.pause_reason]
    made += [_group(group, names) for group in found.groups]
    made += [_gone(*one) for one in mending.gone(session, views)]
    made += _scheduler(session, views)
    return sorted(made, key=lambda item: item["tone"] != "bad")


def _item(tone: str, title: str, cause: str, url: str, action: str, **more: object) -> Json:
    return {
        "tone": tone,
        "title": title,
        "cause": cause,
        "since": None,
        "url": url,
        "action": action,
        "post": False,
        "fix": None,
        "entry": None,
        "add": None,
    } | more


def _connection(row: Connection) -> Json:
    title = shapes.title_of(row)
    if row.status == "unreachable":
        return _item(
            "warn",
            f"{title} cannot be reached",
            f"{sentence(row.message)} It is tried again by itself.",
            url_for("connections.check", name=row.name),
            "Check now",
            post=True,
            since=row.checked_at,
        )
    lacking = lacks_access(row)
    if lacking:
        return _item(
            "bad",
            f"{title} needs you",
            f"{lacking} Its flows rest until somebody connects it again.",
            url_for("oauth.connect", name=row.name),
            "Connect again",
            post=True,
            since=row.checked_at,
        )
    return _item(
        "bad",
        f"{title} needs you",
        row.message,
        url_for("connections.edit", name=row.name),
        "Mend the connection",
        since=row.checked_at,
    )


def _plugin(name: str, error: str) -> Json:
    title = f"The plugin {name} could not be loaded"
    return _item("bad", title, error, url_for("plugins.index"), "See why")


def _is_stopped(view: FlowView, sick: set[int | None]) -> bool:
    failed = view.newest is not None and view.newest.state == "failed"
    return failed and not {view.source.id, view.target.id} & sick and not view.flow.draft


def _stopped(view: FlowView) -> Json:
    assert view.newest is not None
    return _item(
        "bad",
        f"{shapes.title_of(view.flow)} could not go on",
        view.newest.message,
        url_for("runs.show", run_id=view.newest.id),
        "Open the run",
        since=view.newest.finished_at,
    )


def _paused(row: Flow) -> Json:
    return _item(
        "bad",
        f"{shapes.title_of(row)} was paused by the hub",
        row.pause_reason,
        url_for("flows.resume", name=row.name),
        "Resume",
        post=True,
    )


def _group(group: Group, names: shapes.Names) -> Json:
    flow, noun = group.flow, names.noun(group.flow).lower()
    many = group.count > 1
    state = "blocked" if group.outcome == "blocked" else "not through"
    title = f"{group.count} {noun}s are {state}" if many else f"One {noun} is {state}"
    if many:
        url = url_for("log.index", flow=flow.name, outcome="attention")
    else:
        url = url_for("log.entry", entry_id=group.entry_id)
    return _item(
        "bad" if group.outcome == "failed" else "warn",
        f"{title} in {shapes.title_of(flow)}",
        sentence(group.reason),
        url,
        "See them" if many else "Open it",
        since=group.oldest,
        fix=fix_of(flow, names.connections[flow.target_id], group.fix),
        entry=group.entry_id if group.code.startswith("no_") else None,
    )


def with_rows(session: Session, found: list[Json]) -> list[Json]:
    """The same, with the form for the row of a table that records wait for, where that helps."""
    offered = 0
    for item in found:
        if item["entry"] is not None and offered < MOST_FORMS:
            item["add"] = mending.offer(session, item["entry"], live=False)
            offered += item["add"] is not None
    return found


def _gone(view: FlowView, section: str, about: Json, lost: list[str]) -> Json:
    row = view.source if section == "filter" else view.target
    named = ", ".join(f"“{value}”" for value in lost)
    one = len(lost) == 1
    return _item(
        "warn",
        f"{shapes.title_of(view.flow)} uses {'a choice that is' if one else 'choices that are'} "
        f"gone",
        f"“{about['label']}” names {named}, which {shapes.title_of(row)} does not have any more. "
        f"Records that need {'it' if one else 'them'} will not get through.",
        url_for(
            "flows.edit",
            name=view.flow.name,
            mend=about["name"],
            _anchor=f"f-{section}-{about['name']}",
        ),
        f"Open the setting “{about['label']}”",
    )


def sentence(text: str) -> str:
    """With its full stop."""
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _scheduler(session: Session, views: list[FlowView]) -> list[Json]:
    waits = any(v.flow.enabled and not v.flow.draft and v.flow.schedule for v in views)
    lease = session.get(Lease, "ticker")
    grace = time.monotonic() - _STARTED < GRACE  # it comes up after the web server
    if not waits or grace or (lease is not None and lease.until > utc_now()):
        return []
    return [
        _item(
            "bad",
            "The scheduler is not running",
            "No flow runs by itself until it does. Start the hub with koppel up, or the scheduler "
            "alone with koppel scheduler.",
            url_for("docs.index"),
            "Open the manual",
        )
    ]


# ---- where a cause is mended


def fix_of(flow: Flow, target: Connection, fix: str | None) -> Json | None:
    """The button that leads to the setting that mends a record; None when no setting does."""
    if not fix:
        return None
    if fix == "rules":
        return _fix(flow, fix, "f-rules", "Open the rules")
    kind = shapes.entity_kind(hub().registry, target.system, flow.target_entity)
    try:
        form: type[Form] = forms.flow_form(kind) if kind else Form
        about = next((f for f in forms.fields(form) if f["name"] == fix), None)
    except ConfigurationError:
        about = None
    if about is None:
        return None
    return _fix(flow, fix, f"f-settings-{fix}", f"Open the setting “{about['label']}”")


def _fix(flow: Flow, name: str, anchor: str, label: str) -> Json:
    if flow.draft:
        url = url_for("wizard.settings", draft=flow.id, mend=name, _anchor=anchor)
    else:
        url = url_for("flows.edit", name=flow.name, mend=name, _anchor=anchor)
    return {"label": label, "url": url}
