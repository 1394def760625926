"""Around the steps: which there are, the draft they work on, and throwing it away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, url_for
from sqlmodel import Session

from hub.engine import flows as desk
from hub.model import Json
from hub.sdk import ConfigurationError
from hub.store.queries import FlowView
from hub.web import shapes
from hub.web.flows import flow_by_id
from hub.web.page import go, hub

bp = Blueprint("wizard", __name__)
STEPS = (
    ("systems", "Systems"),
    ("entities", "What"),
    ("settings", "Questions"),
    ("preview", "Look"),
    ("test", "Test"),
    ("live", "Go live"),
)


@bp.post("/wizard/<int:draft>/discard")
def discard(draft: int) -> Response:
    """Throw the draft away. Connections stay."""
    try:
        with hub().database.session() as session:
            desk.remove(session, draft_of(session, draft).flow)
    except ConfigurationError as error:
        return go(url_for("flows.index"), f"{error}.", "bad")
    return go(url_for("flows.index"), "Thrown away. The connections are still here.", "info")


def draft_of(session: Session, number: int) -> FlowView:
    view = flow_by_id(session, number)
    if not view.flow.draft:
        abort(go(url_for("flows.show", name=view.flow.name), "This flow is set up.", "info"))
    return view


def frame(view: FlowView, now: str) -> Json:
    """What every step shows around its own content."""
    shown = shapes.flow(hub().registry, view)
    return {
        "steps": steps(now, view.flow.id),
        "draft": {
            name: shown[name]
            for name in ("title", "source", "target", "state", "health", "fresh_at")
        }
        | {"id": view.flow.id, "name": view.flow.name},
    }


def steps(now: str, draft: int | None) -> list[Json]:
    order = [name for name, _ in STEPS]
    at = order.index(now)
    made = []
    for number, (name, title) in enumerate(STEPS):
        state = "done" if number < at else "now" if number == at else "todo"
        url = None
        if draft is not None and state == "done":
            url = (
                url_for("wizard.start", draft=draft)
                if name == "systems"
                else url_for(f"wizard.{name}", draft=draft)
            )
        made.append({"name": name, "title": title, "url": url, "state": state})
    return made
