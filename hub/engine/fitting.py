"""Fitting: settings of a flow that its target has no use for, not asked and not taken."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Literal

from pydantic.fields import FieldInfo

from hub.model import Json
from hub.sdk import Entity, Form

ABILITIES = frozenset({"create", "update", "cancel", "find"})


def can_meet(target: Entity, need: str) -> bool:
    """Whether a target can do what a question or an option needs."""
    return target.can(need) if need in ABILITIES else takes(target, need)


def takes(target: Entity, meaning: str) -> bool:
    """Whether an update can give the target a value of this meaning."""
    return target.can("update") and any(
        field.meaning == meaning and field.only != "read" and field.when == "always"
        for field in target.fields
    )


def fitted(form: type[Form], kind: type[Entity]) -> dict[str, tuple[Any, FieldInfo]]:
    """The fields that are asked otherwise for this target: hidden, or with fewer options."""
    target, changed = kind(), {}
    for name, info in form.model_fields.items():
        ui = _ui(info)
        needs = ui.get("needs", "")
        if isinstance(needs, str):
            if not needs or can_meet(target, needs):
                continue
            annotation: Any = info.annotation
            more: Json = {"hidden": True}
        else:
            lacking = {option for option, need in needs.items() if not can_meet(target, need)}
            if not lacking:
                continue
            left = [one for one in ui["options"] if one["value"] not in lacking]
            annotation = Literal[tuple(one["value"] for one in left)]
            more = {"options": left}
        made = copy.deepcopy(info)
        made.annotation = annotation
        made.json_schema_extra = {"ui": {**ui, **more}}
        changed[name] = (annotation, made)
    return changed


def of_no_use(form: Form, target: Entity) -> Iterator[tuple[str, str]]:
    """Answers to what is not asked for this target: the setting, and what is wrong with it."""
    for name, info in type(form).model_fields.items():
        default = info.get_default(call_default_factory=True)
        if _ui(info).get("hidden") and getattr(form, name) != default:
            yield name, f"is of no use here: {target.title} cannot be updated"


def _ui(info: FieldInfo) -> Json:
    extra = info.json_schema_extra
    found: Any = extra.get("ui") if isinstance(extra, dict) else None
    return dict(found or {})
