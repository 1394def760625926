"""The mapper: what goes where in one flow, field by field, and every field tried on a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from sqlmodel import Session

from hub.engine import flows as desk
from hub.engine import mapper_fields, mapper_rules, mapper_samples, runs
from hub.engine.flows import FlowProblems
from hub.engine.mapper import Bench, Mapper, Tried
from hub.engine.mapper_check import asks
from hub.engine.mapper_rows import matching, rows
from hub.engine.mapper_samples import Sample
from hub.engine.mapper_why import Trace
from hub.mapping.explain import explain
from hub.mapping.rule import RulesError, compile_rules
from hub.model import Json
from hub.sdk import ConfigurationError
from hub.store.queries import FlowView
from hub.store.tables import Entry, Flow
from hub.web import mapper_show, shapes
from hub.web.flows import view_of
from hub.web.mapper_form import RuleForm, families
from hub.web.page import go, hub, page, posted
from hub.web.plan import key_of

bp = Blueprint("mapper", __name__)
SEEN = 10
"""Records whose fields are listed among those that can be used."""
ONLY = {"": "All fields", "filled": "Filled", "yours": "Changed by you", "empty": "Not filled"}
CHANGED_MEANWHILE = (
    "The rules were changed by somebody else meanwhile. This is how they are now; do yours again."
)


@bp.get("/flows/<name>/fields")
def show(name: str) -> Response:
    """Every field of the target, where its value comes from, before and after."""
    with hub().database.session() as session:
        view = view_of(session, name)
        made = _mapper(session, view.flow)
        chosen = _chosen(session, view.flow)
        context = _page(session, view, made, chosen)
    return page("mapper/show.html", "mapper/_fields.html", **context)


@bp.route("/flows/<name>/fields/edit", methods=["GET", "POST"])
def edit(name: str) -> Response:
    """One field: where its value comes from, what is done to it, and when it is written."""
    with hub().database.session() as session:
        view = view_of(session, name)
        made = _mapper(session, view.flow)
        form, fresh = _form(made, view.flow), _is_fresh(view.flow)
        status = 200
        if request.method == "POST":
            button = request.form.get("do", "save")
            if not fresh:
                form.general.append(CHANGED_MEANWHILE)
                status = 422
            elif form.press(button, request.form.get("new-step", "")):
                pass
            elif not form.check(view.flow.rules, made.kind, made.target.entity, _live(made)):
                status = 422
            elif button == "save" and _save(session, view.flow, form):
                message = f"{form.to} is mapped as you said."
                return go(url_for("mapper.show", name=name, sample=_sample_asked()), message)
            elif button == "save":
                status = 422
        return page("mapper/edit.html", status=status, **_edit_page(session, view, made, form))


@bp.post("/flows/<name>/fields/preview")
def preview(name: str) -> Response:
    """What the rule as it is typed now would do to the chosen record; nothing is kept."""
    with hub().database.session() as session:
        view = view_of(session, name)
        made = _mapper(session, view.flow)
        form = _form(made, view.flow)
        shown = _preview(session, view.flow, made, form)
        return page("mapper/_preview.html", flow=shapes.flow(hub().registry, view), preview=shown)


@bp.post("/flows/<name>/fields/reset")
def reset(name: str) -> Response:
    """Take rules away: one by its number, or all for a field."""
    index = request.form.get("index", "")
    to = request.form.get("to", "")

    def change(rules: list[Json]) -> list[Json]:
        gone = {int(index)} if index.isdecimal() else set(mapper_rules.about(rules, to))
        return [rule for number, rule in enumerate(rules) if number not in gone]

    return _change(name, change, f"{to or 'The field'} is as it was set up again.")


@bp.post("/flows/<name>/fields/move")
def move(name: str) -> Response:
    """Put a rule one place earlier or later."""
    index = request.form.get("index", "")
    by = 1 if request.form.get("by") == "down" else -1
    number = int(index) if index.isdecimal() else -1
    return _change(
        name, lambda rules: mapper_rules.moved(rules, number, by), "The order is changed."
    )


@bp.post("/flows/<name>/fields/fresh")
def fresh(name: str) -> Response:
    """Have a worker read a record from the source now and look what would become of it."""
    with hub().database.session() as session:
        flow = view_of(session, name).flow
        wanted = request.form.get("key", "").strip()[:200]
        options: Json = {"limit": 1, "full": True}
        if wanted:
            options = {"keys": [key_of(session, flow, wanted)]}
    runs.create_run(hub(), flow, kind="plan", options=options)
    return go(url_for("mapper.show", name=name))


@bp.get("/log/<int:entry_id>/why")
def why(entry_id: int) -> Response:
    """Every field that was pushed for a record, with the way its value took."""
    with hub().database.session() as session:
        entry = session.get(Entry, entry_id)
        flow = session.get(Flow, entry.flow_id) if entry else None
        if entry is None or flow is None:
            abort(404, "There is no such record in the log (any more).")
        found = mapper_samples.load(hub(), session, flow, [entry_id])
        made = _mapper(session, flow)
        names = shapes.Names.load(hub().registry, session)
        told = [mapper_show.why(one) for one in Trace(made, found[0]).all()] if found else []
        return page(
            "mapper/why.html",
            entry=names.entry(entry),
            flow=shapes.flow(hub().registry, view_of(session, flow.name)),
            fields=told,
            kept=bool(found),
        )


@bp.get("/transforms")
def transforms() -> Response:
    """All transforms with their arguments and examples."""
    text = request.args.get("q", "").strip()[:100]
    found = mapper_show.library(hub().registry.transforms, text)
    return page("mapper/transforms.html", "mapper/_transforms.html", families=found, text=text)


# ---- what pages are made of


def _mapper(session: Session, flow: Flow) -> Mapper:
    try:
        return Mapper(hub(), session, flow)
    except ConfigurationError as error:
        abort(404, f"The fields cannot be shown: {error}.")


def _sample_asked() -> int | None:
    text = request.values.get("sample", "")
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def _chosen(session: Session, flow: Flow) -> Sample | None:
    """The record that was chosen, else the newest that came through."""
    wanted = _sample_asked()
    if wanted is None:
        listed = mapper_samples.recent(session, flow)
        best = next((one for one in listed if one.pushed), listed[0] if listed else None)
        wanted = best.entry if best else None
    found = mapper_samples.load(hub(), session, flow, [wanted]) if wanted is not None else []
    return found[0] if found else None


def _tried(made: Mapper, sample: Sample | None, rules: Sequence[Any]) -> Tried | None:
    if sample is None:
        return None
    try:
        return Bench(made, sample).attempt(rules)
    except (RulesError, ConfigurationError) as error:
        return Tried({}, {}, problem=str(error))


def _page(session: Session, view: FlowView, made: Mapper, chosen: Sample | None) -> Json:
    flow = view.flow
    listed = mapper_samples.recent(session, flow)
    seen = mapper_samples.load(hub(), session, flow, [one.entry for one in listed[:SEEN]])
    side = "document" if request.args.get("side") == "document" else "target"
    live = mapper_fields.discovered(hub(), made.target)
    tried = _tried(made, chosen, flow.rules)
    if side == "document":
        targets = mapper_fields.document_fields(made)
    else:
        targets = mapper_fields.target_fields(made, seen, live.fields, flow.rules)
    found = rows(made, targets, flow.rules, chosen, tried)
    text, only = request.args.get("q", "").strip()[:100], request.args.get("only", "")
    shown = [row for row in matching(found, text) if _fits(row, only)]
    source = mapper_fields.source_fields(made, seen)
    return {
        "flow": shapes.flow(hub().registry, view),
        "flow_version": flow.version,
        "rows": [mapper_show.row(row) for row in shown],
        "total": len(found),
        "changed": sum(row.differs for row in found),
        "rules": mapper_show.rules(flow.rules),
        "doubts": _doubts(made, flow.rules, source, targets if side == "target" else None),
        "samples": mapper_show.samples(listed, chosen),
        "sample": {"entry": chosen.entry, "reference": chosen.reference} if chosen else None,
        "looking": mapper_samples.looking(session, flow),
        "problem": tried.problem if tried else None,
        "live_error": live.message,
        "filter": {"q": text, "only": only if only in ONLY else "", "side": side},
        "only": list(ONLY.items()),
    }


def _fits(row: Any, only: str) -> bool:
    if only == "yours":
        return bool(row.differs)
    if only == "filled":
        return row.after is not None
    return row.how == "nothing" if only == "empty" else True


def _doubts(made: Mapper, rules: Any, source: Any, targets: Any) -> list[str]:
    if targets is None or not rules:
        return []
    try:
        found = mapper_rules.doubts(made, rules, source, targets)
    except RulesError as error:
        return [str(problem) for problem in error.problems]
    return [f"Rule {one.rule}: {one.message}." for one in found]


# ---- one rule


def _form(made: Mapper, flow: Flow) -> RuleForm:
    """The form as it was asked for or typed."""
    registry = made.transforms
    index = request.values.get("index", "")
    to = request.values.get("to", "").strip()[:500]
    number: int | None = int(index) if index.isdecimal() and len(index) < 6 else None
    if number is None and request.method == "GET" and to:
        number = next(iter(mapper_rules.about(flow.rules, to)), None)
    if number is not None and number >= len(flow.rules):
        number = None
    if number is not None:
        form = RuleForm.of(registry, flow.rules[number], number)
    else:
        form = RuleForm(registry, to)
        found = {one.path: one for one in mapper_fields.target_fields(made, [])}
        meaning = found[to].field if to in found else None
        read = made.source.table.reads(meaning.meaning) if meaning and meaning.meaning else []
        form.source = read[-1].path if read else ""
    if request.method == "POST":
        form = RuleForm.posted(registry, posted(), form)
    return form


def _live(made: Mapper) -> Sequence[str] | None:
    """What the target names itself; None when it could not be asked, and nothing can be said."""
    if not asks(made.target.entity):
        return ()
    found = mapper_fields.live_names(hub(), made.target)
    return None if found.message else found.names


def _is_fresh(flow: Flow) -> bool:
    return request.method == "GET" or request.form.get("version", "") == str(flow.version)


def _save(session: Session, flow: Flow, form: RuleForm) -> bool:
    rules = mapper_rules.with_rule(flow.rules, form.rule(), form.index)
    return _keep(session, flow, rules, form.general)


def _keep(session: Session, flow: Flow, rules: list[Json], complaints: list[str]) -> bool:
    try:
        desk.update(hub(), session, flow, replace(desk.spec_of(session, flow), rules=rules))
    except FlowProblems as error:
        complaints += error.problems.values()
        return False
    except ConfigurationError as error:
        complaints.append(str(error))
        return False
    return True


def _change(name: str, change: Any, message: str) -> Response:
    complaints: list[str] = []
    with hub().database.session() as session:
        flow = view_of(session, name).flow
        if not _is_fresh(flow):
            complaints.append(CHANGED_MEANWHILE)
        else:
            _keep(session, flow, change([dict(rule) for rule in flow.rules]), complaints)
    address = url_for("mapper.show", name=name, sample=_sample_asked())
    return go(address, complaints[0], "bad") if complaints else go(address, message)


def _edit_page(session: Session, view: FlowView, made: Mapper, form: RuleForm) -> Json:
    flow = view.flow
    listed = mapper_samples.recent(session, flow)
    seen = mapper_samples.load(hub(), session, flow, [one.entry for one in listed[:SEEN]])
    live = mapper_fields.discovered(hub(), made.source)
    sources = mapper_fields.source_fields(made, seen, live.fields)
    targets = mapper_fields.target_fields(made, seen)
    here = next((one for one in targets if one.path == form.to), None)
    row = rows(made, [here], [])[0] if here else None
    chosen = _chosen(session, flow)
    return {
        "flow": shapes.flow(hub().registry, view),
        "flow_version": flow.version,
        "rule": form,
        "about": mapper_show.row(row) if row else None,
        "steps": form.steps_shown(),
        "families": families(made.transforms),
        "sources": mapper_show.sources(made, sources),
        "targets": [one.path for one in targets],
        "samples": mapper_show.samples(listed, chosen),
        "others": [n + 1 for n in mapper_rules.about(flow.rules, form.to) if n != form.index],
        "preview": _preview(session, flow, made, form, chosen),
    }


def _preview(
    session: Session, flow: Flow, made: Mapper, form: RuleForm, sample: Sample | None = None
) -> Json:
    """The rule as it is now, tried on the chosen record."""
    sample = sample or _chosen(session, flow)
    steps = [replace(step, errors=dict(step.errors)) for step in form.steps]
    trial = replace(form, errors={}, general=[], steps=steps)
    wrong: list[str] = []
    if not trial.to or not (trial.way != "from" or trial.source):
        pass
    elif not trial.check(flow.rules, made.kind, made.target.entity, _live(made)):
        wrong = [*trial.general, *trial.errors.values()]
        wrong += [f"{s.name}: {m}" for s in trial.steps for m in s.errors.values()]
    nothing: Json = mapper_show.preview(None, None, None, trial.to) | {
        "problems": wrong,
        "sample": sample.reference if sample else None,
        "ready": False,
    }
    if wrong or sample is None or not trial.to or (trial.way == "from" and not trial.source):
        return nothing
    rules = mapper_rules.with_rule(flow.rules, trial.rule(), trial.index)
    now, would = _tried(made, sample, flow.rules), _tried(made, sample, rules)
    told = None
    if trial.way != "none" and would is not None:
        (rule,) = compile_rules([trial.rule()], made.transforms)
        records = {
            "source": sample.received,
            "document": would.document,
            "target": would.payload,
        }
        told = explain(rule, records)
    return nothing | mapper_show.preview(told, now, would, trial.to) | {"ready": True}
