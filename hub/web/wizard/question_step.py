"""Step 3: what the declared forms ask, with live choices and answers that suggest themselves."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, request, url_for
from sqlmodel import Session

from hub.engine import flows as desk
from hub.engine.flows import FlowProblems
from hub.store.queries import FlowView
from hub.web import fields, plan
from hub.web.flowform import FlowForm
from hub.web.page import go, hub, page
from hub.web.suggest import suggestions
from hub.web.wizard.frame import bp, draft_of, frame
from hub.web.wizard.record_steps import SAMPLES


@bp.route("/wizard/<int:draft>/questions", methods=["GET", "POST"])
def settings(draft: int) -> Response:
    """What the declared forms ask."""
    with hub().database.session() as session:
        view = draft_of(session, draft)
        form = FlowForm(hub(), view, mend=request.args.get("mend"), wizard=True)
        refused = False
        if request.method == "GET" and not view.flow.settings and form.settings_form:
            live = fields.Live(hub(), own=view.target, source=view.source, target=view.target)
            form.suggested = suggestions(form.settings_form, live)
        elif request.method == "POST" and not form.changes_table():
            if _answered(session, view, form):
                plan.start(view.flow, {"limit": SAMPLES, "full": True})
                return go(url_for("wizard.preview", draft=draft))
            refused = True
        return page(
            "wizard/settings.html",
            status=422 if refused else 200,
            sections=form.sections(),
            form_errors=form.general,
            **frame(view, "settings"),
        )


def _answered(session: Session, view: FlowView, form: FlowForm) -> bool:
    """Keep the answers in the draft when they would do for a flow that is live."""
    try:
        spec = form.spec(session)
        desk.validated(hub(), session, replace(spec, draft=False))
        desk.update(hub(), session, view.flow, spec)
    except FlowProblems as error:
        form.refuse(error)
        return False
    return True
