"""Steps 1 and 2: which two systems, and what goes from one to the other."""

from __future__ import annotations

from flask import Response, request, url_for
from sqlmodel import Session, col, select

from hub.engine import flows as desk
from hub.engine.flows import FlowSpec
from hub.engine.naming import free_name
from hub.store.queries import FlowView
from hub.store.tables import Connection, Flow
from hub.web import coupling, shapes
from hub.web.connections import all_connections
from hub.web.coupling import Pair
from hub.web.flows import flow_by_id
from hub.web.page import go, hub, number_in, page
from hub.web.wizard.frame import bp, draft_of, frame, steps


@bp.route("/wizard", methods=["GET", "POST"])
def start() -> Response:
    """From which connection, to which."""
    with hub().database.session() as session:
        chosen = {side: request.values.get(side, "")[:100] for side in ("source", "target")}
        draft = number_in("draft")
        problem = ""
        if request.method == "POST":
            made = _couple(session, chosen, draft)
            if isinstance(made, Flow):
                return go(url_for("wizard.entities", draft=made.id))
            problem = made
        elif draft is not None:
            view = flow_by_id(session, draft)
            chosen = {"source": view.source.name, "target": view.target.name}
        return page(
            "wizard/systems.html",
            status=422 if problem else 200,
            steps=steps("systems", draft),
            draft=None,
            draft_id=draft,
            connections=all_connections(session),
            **(chosen if any(chosen.values()) else _guess(session)),
            form_errors=[problem] if problem else [],
        )


def _guess(session: Session) -> dict[str, str]:
    """With two connections that go one way only, that way."""
    rows = session.exec(select(Connection).order_by(col(Connection.id))).all()
    ways = []
    if len(rows) == 2:
        ways = [pair for pair in coupling.possible(hub().registry, *rows) if pair.makes_orders]
    if len(ways) != 1:
        return {"source": "", "target": ""}
    return {"source": ways[0].source.name, "target": ways[0].target.name}


def _couple(session: Session, chosen: dict[str, str], draft: int | None) -> Flow | str:
    """The draft of a flow between two connections, or why there cannot be one."""
    rows = {
        row.name: row
        for row in session.exec(
            select(Connection).where(col(Connection.name).in_(list(chosen.values())))
        )
    }
    source, target = rows.get(chosen["source"]), rows.get(chosen["target"])
    if source is None or target is None:
        return "Choose where the records come from and where they go to."
    if source.id == target.id:
        return "Choose two different connections: a flow goes from one to the other."
    can = coupling.possible(hub().registry, source, target)
    if not can:
        one, other = shapes.title_of(source), shapes.title_of(target)
        return f"{one} and {other} have nothing in common yet: choose another pair."
    if draft is not None:
        return _take(session, flow_by_id(session, draft), can[0])
    spec = _spec_for(session, can[0])
    return desk.create(hub(), session, spec)


def _spec_for(session: Session, pair: Pair) -> FlowSpec:
    taken = session.exec(select(Flow.name)).all()
    return FlowSpec(
        name=free_name(f"{pair.source.name}-{pair.source_entity.name}", taken),
        title=pair.title,
        source=pair.source.name,
        source_entity=pair.source_entity.name,
        target=pair.target.name,
        target_entity=pair.target_entity.name,
        enabled=False,
        draft=True,
    )


def _take(session: Session, view: FlowView, pair: Pair) -> Flow:
    """Let the draft couple this; answers to other questions are forgotten."""
    spec = desk.spec_of(session, view.flow)
    wanted = _spec_for(session, pair)
    ends = ("source", "source_entity", "target", "target_entity")
    if any(getattr(spec, name) != getattr(wanted, name) for name in ends):
        desk.update(hub(), session, view.flow, wanted)
    return view.flow


@bp.route("/wizard/<int:draft>/what", methods=["GET", "POST"])
def entities(draft: int) -> Response:
    """Which records, in which direction."""
    with hub().database.session() as session:
        view = draft_of(session, draft)
        found = coupling.pairs(hub().registry, view.source, view.target)
        problem = ""
        if request.method == "POST":
            wanted = request.form.get("pair")
            pair = next((p for p in found if p.value == wanted and not p.problem), None)
            if pair is not None:
                _take(session, view, pair)
                return go(url_for("wizard.settings", draft=draft))
            problem = "Choose one of the possible ones."
        best = next((p for p in found if not p.problem and p.makes_orders), None)
        flow = view.flow
        return page(
            "wizard/entities.html",
            status=422 if problem else 200,
            pairs=[coupling.shown(hub().registry, p, p is best) for p in found],
            chosen=f"{coupling.FORWARD}:{flow.source_entity}:{flow.target_entity}",
            form_errors=[problem] if problem else [],
            **frame(view, "entities"),
        )
