"""Steps 4 and 5: look at real records as they would arrive, then send one."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, request, url_for
from sqlmodel import Session

from hub.engine import runs
from hub.model import Json
from hub.store import queries
from hub.store.queries import EntryFilter, FlowView, RunView
from hub.store.tables import Flow
from hub.web import plan, shapes
from hub.web.attention import fix_of
from hub.web.flows import latest_run
from hub.web.page import go, hub, page
from hub.web.wizard.frame import bp, draft_of, frame

SAMPLES = 5


@bp.route("/wizard/<int:draft>/look", methods=["GET", "POST"])
def preview(draft: int) -> Response:
    """One of their own records as it would arrive."""
    with hub().database.session() as session:
        view = draft_of(session, draft)
        if request.method == "POST":
            plan.start(view.flow, _look_options(session, view.flow))
            return go(url_for("wizard.preview", draft=draft))
        newest = latest_run(session, view.flow, "plan")
        context = _preview(session, view, newest)
        return page("wizard/preview.html", **context, **frame(view, "preview"))


def _look_options(session: Session, flow: Flow) -> Json:
    key = request.form.get("key", "").strip()[:200]
    if key:
        return {"keys": [plan.key_of(session, flow, key)]}
    return {"limit": SAMPLES, "full": True}


def _preview(session: Session, view: FlowView, newest: RunView | None) -> Json:
    key = request.args.get("key", "")
    if newest is None:
        return {"sample": None, "problem": None, "key": key, "others": [], "going": False}
    seen = plan.shown(session, newest)
    entries = seen["entries"]
    chosen = _choose(entries, key)
    problem = None
    if seen["error"]:
        problem = seen["error"]
    elif not entries and not seen["going"]:
        problem = "No record fits the questions you answered. Change the filter, or make one."
    return {
        "sample": _sample(view, chosen) if chosen else None,
        "problem": problem,
        "problem_url": seen["error_url"],
        "problem_action": seen["error_action"],
        "key": chosen["key"] if chosen else key,
        "others": [{k: e[k] for k in ("key", "reference")} | {"text": _brief(e)} for e in entries],
        "going": seen["going"],
    }


def _choose(entries: list[Json], key: str) -> Json | None:
    """The one that was asked for, else the first that would arrive, else the first."""
    asked = [e for e in entries if key and key in (e["key"], e["reference"])]
    would = [e for e in entries if e["outcome"] in ("created", "updated")]
    return next(iter([*asked, *would, *entries]), None)


def _brief(entry: Json) -> str:
    words = {"created": "would be created", "updated": "would be updated", "blocked": "held back"}
    return words.get(entry["outcome"], str(entry["outcome"]))


def _sample(view: FlowView, entry: Json) -> Json:
    checks: list[Json] = [{"ok": True, "label": _sentence(note)} for note in entry["notes"]]
    if entry["outcome"] in ("blocked", "failed"):
        fix = fix_of(view.flow, view.target, entry.get("fix"))
        checks.append(
            {
                "ok": False,
                "label": entry["reason"],
                "url": fix["url"] if fix else None,
                "action": fix["label"] if fix else None,
            }
        )
    return entry | {"checks": checks}


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


@bp.route("/wizard/<int:draft>/test", methods=["GET", "POST"])
def test(draft: int) -> Response:
    """Send one record."""
    with hub().database.session() as session:
        view = draft_of(session, draft)
        if request.method == "POST":
            key = request.form.get("key", "").strip()[:200]
            if not key:
                abort(400, "Choose the record first.")
            options = {"keys": [plan.key_of(session, view.flow, key)]}
            runs.create_run(hub(), view.flow, kind="test", options=options)
            return go(url_for("wizard.test", draft=draft))
        looked = latest_run(session, view.flow, "plan")
        context = _preview(session, view, looked)
        tested = latest_run(session, view.flow, "test")
        return page(
            "wizard/test.html",
            **_tested(session, view, tested, context["sample"]),
            **frame(view, "test"),
        )


def _tested(session: Session, view: FlowView, newest: RunView | None, sample: Any) -> Json:
    shown: Json = {"sample": sample, "result": None, "going": False, "problem": None}
    if newest is None:
        return shown
    row = newest.run
    shown["going"] = row.state in shapes.GOING
    if row.state == "failed":
        shown["problem"] = row.message
    entry = next(
        iter(queries.entries(session, EntryFilter(run_id=row.id), count=False).entries), None
    )
    if entry is not None and not shown["going"]:
        names = shapes.Names.load(hub().registry, session)
        shown["result"] = names.entry(entry) | {
            "fix": fix_of(view.flow, view.target, entry.fix),
            "target_url": None,
        }
    return shown
