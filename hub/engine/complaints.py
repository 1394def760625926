"""What is wrong with an answer, as a person would say it rather than as the validation does."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel


def explain(problem: Any, form: type[BaseModel]) -> str:
    """One complaint of the validation, as a person would say it."""
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "extra_forbidden":
        known = list(_model_at(form, problem["loc"][:-1]).model_fields)
        return unknown(str(problem["loc"][-1]), known)
    if kind in _PLAIN:
        return _PLAIN[kind].format(**context)
    if kind in ("literal_error", "enum"):
        return f"must be one of {context['expected'].replace(' or ', ', ')}"
    if kind == "string_too_short":
        least = context["min_length"]
        return "required" if least == 1 else f"must have at least {least} characters"
    if kind == "string_pattern_mismatch":
        example = _example(form, problem["loc"])
        return (
            f"does not have the right form; for example {example}"
            if example
            else (f"does not have the right form ({context['pattern'].strip('^$')})")
        )
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error") or problem["msg"])
    message = str(problem["msg"])
    return message[:1].lower() + message[1:]


def unknown(key: str, known: Iterable[str]) -> str:
    """ "unknown", and what was probably meant."""
    names = list(known)
    near = difflib.get_close_matches(key, names, 1, 0.5)
    if near:
        return f"unknown; did you mean {near[0]!r}?"
    return f"unknown; known are: {', '.join(names)}" if names else "unknown; nothing is asked here"


def _model_at(form: type[BaseModel], steps: Sequence[Any]) -> type[BaseModel]:
    """The model that a path of steps leads to, through lists and optional fields."""
    model = form
    for step in steps:
        info = model.model_fields.get(str(step))
        if info is None:
            continue
        inner = _inner_model(info.annotation)
        if inner is None:
            break
        model = inner
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None


def _example(form: type[BaseModel], steps: Sequence[Any]) -> str:
    info = _model_at(form, steps[:-1]).model_fields.get(str(steps[-1]))
    extra = info.json_schema_extra if info else None
    ui = extra.get("ui") if isinstance(extra, dict) else None
    return str(ui.get("example", "")) if isinstance(ui, dict) else ""


_NUMBER = "must be a number"
_PLAIN = {
    "missing": "required",
    "string_type": "must be a text; put it in quotes",
    "string_too_long": "may have at most {max_length} characters",
    "bool_type": "must be yes or no (true or false)",
    "bool_parsing": "must be yes or no (true or false)",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "list_type": "must be a list",
    "dict_type": "must be a table of keys and values",
    "model_type": "must be a table of keys and values",
    "date_type": "must be a date such as 2026-03-31",
    "date_parsing": "must be a date such as 2026-03-31",
    "date_from_datetime_parsing": "must be a date such as 2026-03-31",
    "too_long": "may have at most {max_length} elements",
    "too_short": "must have at least {min_length} elements",
}
