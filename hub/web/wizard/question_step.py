"""Step 3: what the declared forms ask, with live choices and answers that suggest themselves."""

from __future__ import annotations

from flask import Response, request, url_for
from sqlmodel import Session

from hub.store.queries import FlowView
from hub.web import fields, plan
from hub.web.flowform import FlowForm
from hub.web.flows import latest_run
from hub.web.page import go, hub, page
from hub.web.suggest import suggestions
from hub.web.wizard.frame import bp, draft_of, frame
from hub.web.wizard.record_steps import SAMPLES


def _answered(session: Session, view: FlowView, form: FlowForm) -> frozenset[str]:
    """Shared questions that somebody has seen already: an empty table is an answer then."""
    seen = latest_run(session, view.flow, "plan") is not None
    return frozenset(form.sharing.names) if seen else form.sharing.given_before()


@bp.route("/wizard/<int:draft>/questions", methods=["GET", "POST"])
def settings(draft: int) -> Response:
    """What the declared forms ask."""
    with hub().database.session() as session:
        view = draft_of(session, draft)
        form = FlowForm(hub(), session, view, mend=request.args.get("mend"), wizard=True)
        refused = False
        if request.method == "GET" and not view.flow.settings and form.settings_form:
            live = fields.Live(hub(), own=view.target, source=view.source, target=view.target)
            form.suggested = suggestions(form.settings_form, live)
            for name in _answered(session, view, form):
                form.suggested.pop(name, None)
        elif request.method == "POST" and not form.changes_table():
            refused = not form.save(session)
        if request.method == "GET" or form.table_button or refused:
            return page(
                "wizard/settings.html",
                status=422 if refused else 200,
                sections=form.sections(),
                form_errors=form.general,
                **frame(view, "settings"),
            )
    # Only now: a run is put in the queue by a transaction of its own.
    plan.start(view.flow, {"limit": SAMPLES, "full": True})
    return go(url_for("wizard.preview", draft=draft))
