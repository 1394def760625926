"""The form of a flow: its own questions, the source's filter, the settings, and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import request, url_for
from sqlmodel import Session

from hub.engine import flows as desk
from hub.engine import forms, shared
from hub.engine.configfile.yamltree import YamlProblem, dump, load
from hub.engine.flows import FlowProblems, FlowSpec
from hub.engine.forms import Filled
from hub.engine.hub import Hub
from hub.engine.schedules import EXAMPLES
from hub.model import Json
from hub.sdk import ConfigurationError, Entity, Form
from hub.sdk.forms import number, text
from hub.store.queries import FlowView
from hub.store.settings import LONGEST_RETENTION
from hub.web import fields, shapes
from hub.web.page import posted
from hub.web.sharing import Sharing

FLOW, FILTER, SETTINGS = "flow-", "filter-", "settings-"


class About(Form):
    """What the hub asks about every flow."""

    title: str = text("Name", default="", max_length=120)
    schedule: str | None = text(
        "Runs",
        default=None,
        max_length=100,
        help=f"{EXAMPLES[:1].upper()}{EXAMPLES[1:].replace(' or null', '')}. "
        "Empty: only by hand and when the source sends a message.",
    )
    retention_days: int | None = number(
        "Keep log data for (days)",
        default=None,
        ge=1,
        le=LONGEST_RETENTION,
        help="Empty: as long as the settings of the hub say.",
    )


class FlowForm:
    """One flow's answers while they are being changed: stored, posted, and what is wrong."""

    def __init__(
        self,
        hub: Hub,
        session: Session,
        view: FlowView,
        *,
        mend: str | None = None,
        wizard: bool = False,
    ) -> None:
        self.hub, self.view, self.wizard = hub, view, wizard
        self.mend = mend
        self.general: list[str] = []
        self.rules_error: str | None = None
        self.suggested: Json = {}
        self._posted = posted() if request.method == "POST" else None
        self._problems: dict[str, str] = {}
        self.table_button = ""
        self.source = self._entity(view.source.system, view.flow.source_entity)
        self.target = self._entity(view.target.system, view.flow.target_entity)
        self.sharing = Sharing(hub, session, view, self.target)

    def _entity(self, system: str, name: str) -> Entity | None:
        kind = shapes.entity_kind(self.hub.registry, system, name)
        return kind() if kind else None

    @property
    def filter_form(self) -> type[Form] | None:
        """What the source asks."""
        return type(self.source).filter if self.source else None

    @property
    def settings_form(self) -> type[Form] | None:
        """What the hub and the target ask."""
        return forms.flow_form(self.target) if self.target else None

    # ---- posting

    def changes_table(self) -> bool:
        """Whether a button of a table was pressed: nothing is saved then."""
        self.table_button = request.form.get("do", "")
        if not self.table_button.startswith(("add-row:", "remove-row:")):
            self.table_button = ""
        return bool(self.table_button)

    def save(self, session: Session) -> bool:
        """Keep what was posted; False: something is wrong, everything is named, nothing is kept."""
        given = self._posted or {}
        problems: dict[str, str] = {}
        spec = desk.spec_of(session, self.view.flow)
        if not self.wizard:
            spec = self._own(spec, given, problems)
        for name, form, prefix in (
            ("filter", self.filter_form, FILTER),
            ("settings", self.settings_form, SETTINGS),
        ):
            if form is not None:
                given_answers: Any = {name: fields.answers(form, given, prefix)}
                spec = replace(spec, **given_answers)
                half = fields.half_rows(form, given, prefix)
                problems |= {f"{name}.{path}": message for path, message in half.items()}
        try:
            # Also in the wizard: what a flow that is live must have, is asked for now.
            desk.validated(self.hub, session, replace(spec, draft=False))
        except FlowProblems as error:
            problems = {**error.problems, **problems}
        if problems:
            self._refuse(problems)
            return False
        own, common = self._parted(spec, given)
        try:
            desk.update(self.hub, session, self.view.flow, replace(spec, settings=own))
            flow = self.view.flow
            shared.put_shared(session, flow.source_id, flow.target_id, common, names=set(common))
        except ConfigurationError as error:
            self.general.append(str(error))
            return False
        return True

    def _parted(self, spec: FlowSpec, given: Mapping[str, list[str]]) -> tuple[Json, Json]:
        """The flow's own settings, and those that it shares."""
        following = self.sharing.follows(given, SETTINGS)
        return self.sharing.parted(dict(spec.settings), following)

    def _own(
        self, spec: FlowSpec, given: Mapping[str, list[str]], problems: dict[str, str]
    ) -> FlowSpec:
        """The spec with what the hub itself asks, and the rules."""
        own = forms.fill(About, fields.answers(About, given, FLOW))
        problems |= {f"flow.{name}": message for name, message in own.errors.items()}
        try:
            tree = load((given.get("rules") or [""])[0])
        except YamlProblem as error:
            problems["rules"] = f"Line {error.line}: {error.message}."
            tree = None
        rules = tree.plain() if tree else []
        if not isinstance(rules, list):
            problems["rules"] = "Write a list: each rule begins with a dash."
            rules = []
        if own.value is None:
            return replace(spec, rules=rules)
        return replace(
            spec,
            title=own.value.title,
            schedule=own.value.schedule,
            retention_days=own.value.retention_days,
            rules=rules,
        )

    def _refuse(self, problems: Mapping[str, str]) -> None:
        """Put every complaint where it belongs."""
        for path, message in problems.items():
            section, _, rest = path.partition(".")
            if section == "rules":
                self.rules_error = message
            elif section in ("filter", "settings", "flow") and rest:
                self._problems[path] = message
            elif section in About.model_fields:  # null is what a file says for an empty field
                self._problems[f"flow.{section}"] = message.replace(" or null", "")
            else:
                self.general.append(f"{path}: {message}")

    # ---- showing

    def sections(self) -> list[Json]:
        """The questions, part by part."""
        flow, view = self.view.flow, self.view
        made = []
        if not self.wizard:
            values = {
                "title": flow.title,
                "schedule": flow.schedule,
                "retention_days": flow.retention_days,
            }
            made.append(self._section("flow", "Name and time", About, FLOW, values, {}))
        source, target = shapes.title_of(view.source), shapes.title_of(view.target)
        if self.filter_form is not None and self.source is not None:
            noun = self.source.title.lower()
            live = {"own": view.source, "source": view.source, "target": view.target}
            section = self._section(
                "filter", f"Which {noun} to take", self.filter_form, FILTER, flow.filter, live
            )
            section["help"] = f"From {source}. The lists come from there, live."
            made.append(section)
        if self.settings_form is not None:
            live = {"own": view.target, "source": view.source, "target": view.target}
            values = self.suggested | self.sharing.values
            section = self._section(
                "settings",
                f"How they arrive in {target}",
                self.settings_form,
                SETTINGS,
                values,
                live,
            )
            section["help"] = f"The lists come from {target}, live."
            made += [section, self._shared(section)]
        return [section for section in made if section["fields"]]

    def _shared(self, section: Json) -> Json:
        """Takes the fields that are shared out of a section, into one of their own."""
        sharing, own, common = self.sharing, [], []
        done = sharing.given_before() - {self.mend} if self.wizard else frozenset()
        for one in section["fields"]:
            name = one["name"].removeprefix(SETTINGS)
            if name in sharing.own:
                one["own"] = sharing.override(name, one, self._posted)
            if name in sharing.names and name not in sharing.own:
                one["done"] = name in done
                common.append(one)
            else:
                own.append(one)
        section["fields"] = own
        groups = list(dict.fromkeys(one["group"] for one in common))
        common.sort(key=lambda one: groups.index(one["group"]))
        return {
            "id": "shared",
            "title": f"Shared with the other flows from {sharing.direction}",
            "help": "Asked once: what you answer here counts for all of them, also for those "
            "that you make later.",
            "fields": common,
            "said": sharing.in_words(sorted(done)) if done else [],
        }

    def _section(
        self,
        name: str,
        title: str,
        form: type[Form],
        prefix: str,
        values: Json,
        sides: dict[str, Any],
    ) -> Json:
        shown = fields.shown(
            form,
            prefix=prefix,
            values=values,
            posted=self._posted,
            filled=self._filled(name),
            live=fields.Live(self.hub, **sides) if sides else None,
            choices_url=self._choices_url if sides else None,
        )
        fields.change_table(shown, self.table_button)
        fields.with_spare_rows(shown)
        groups = list(dict.fromkeys(one["group"] for one in shown))
        shown.sort(key=lambda one: groups.index(one["group"]))  # the hub's and the plugin's as one
        for one in shown:
            if self.mend and one["name"] == prefix + self.mend:
                one["advanced"] = False
        return {"id": name, "title": title, "help": "", "fields": shown}

    def _filled(self, section: str) -> Filled[Any] | None:
        if self._posted is None:
            return None
        start = f"{section}."
        found = {p[len(start) :]: m for p, m in self._problems.items() if p.startswith(start)}
        return Filled(errors=found)

    def _choices_url(self, name: str) -> str:
        return url_for("flows.field", name=self.view.flow.name, field=name)

    def one(self, name: str) -> Json | None:
        """One field alone, its live choices fetched again; what was typed comes along."""
        view = self.view
        given = request.args.to_dict(flat=False)
        typed = given if any(key.split(".")[0] == name for key in given) else None
        for form, prefix, own, values in (
            (self.filter_form, FILTER, view.source, view.flow.filter),
            (self.settings_form, SETTINGS, view.target, self.sharing.values),
        ):
            if form is None or not name.startswith(prefix):
                continue
            live = fields.Live(
                self.hub, own=own, source=view.source, target=view.target, refresh=True
            )
            found = fields.shown(
                form,
                prefix=prefix,
                values=values,
                posted=typed,
                live=live,
                choices_url=self._choices_url,
                only=name.removeprefix(prefix),
            )
            fields.with_spare_rows(found)
            return found[0] if found else None
        return None

    def rules_shown(self) -> Json:
        """The rules as text, as in a config file."""
        rules = self.view.flow.rules
        written = dump(rules) if rules else ""
        if self._posted is not None:
            written = (self._posted.get("rules") or [written])[0]
        return {
            "text": written,
            "error": self.rules_error,
            "reference_url": url_for("docs.chapter", name="config", _anchor="rules"),
        }
