"""Field tables at work: a raw record becomes a document, a document becomes a payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hub.mapping import paths
from hub.model import Document, FieldError, Json
from hub.sdk.entity import Context, Entity, Field, Raw
from hub.sdk.errors import RecordError


@dataclass(frozen=True)
class _Row:
    field: Field
    raw: paths.Path
    meaning: paths.Path | None
    depth: int


class FieldTable:
    """The compiled field table of one entity. Make it once per run.

    Raises paths.PathError when a path is malformed.
    """

    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        rows = []
        for field in entity.fields:
            raw = paths.compile_path(field.path)
            meaning = paths.compile_path(field.meaning) if field.meaning else None
            rows.append(_Row(field, raw, meaning, meaning.depth if meaning else raw.depth))
        self._reading = [r for r in rows if r.meaning is not None and r.field.only != "write"]
        self._writing = [r for r in rows if r.field.only != "read"]

    def reads(self, meaning: str) -> list[Field]:
        """The fields that a place in the document is read from."""
        return [
            r.field for r in self._reading if r.meaning is not None and str(r.meaning) == meaning
        ]

    def writes(self, path: str) -> list[Field]:
        """The fields that are written to a path of the payload, the last one winning."""
        return [r.field for r in self._writing if str(r.raw) == path]

    def understand(self, record: Raw, context: Context) -> Document:
        """The document a raw record means.

        Raises RecordError naming the field when a required one is missing or a value does not fit.
        """
        values: Json = {}
        for row in self._reading:
            value = paths.get(record, row.raw)
            if value is None or value == "":
                if row.field.required:
                    raise RecordError(
                        f"{row.field.label or row.field.path} is missing",
                        field=row.field.path,
                        code="missing",
                    )
                continue
            if row.field.read is not None:
                value = _each(row, value, row.field.read)
            if value is not None and row.meaning is not None:
                paths.set(values, row.meaning, value, keep_none=True)
        self._entity.understood(values, record, context)
        try:
            document = self._entity.document.from_dict(values)
        except FieldError as error:
            raise RecordError(str(error), field=error.path, code="bad_value") from error
        if document.key is None:
            document.key = self._entity.key_of(record)
        if document.number is None:
            document.number = self._entity.number_of(record)
        return document

    def render(self, document: Document, context: Context) -> Json:
        """The payload that writes a document.

        Raises RecordError when a required field is missing or a text is too long to be cut.
        """
        values = document.to_dict()
        payload: Json = {}
        for row in self._writing:
            field = row.field
            if field.when == "never" or (field.when == "create" and not context.creating):
                continue
            if field.value is not None:
                value = field.value
            elif row.meaning is None:
                continue
            else:
                value = paths.get(values, row.meaning)
            if value is not None and field.write is not None and field.value is None:
                value = _each(row, value, field.write)
            if value is None or (row.depth and isinstance(value, list) and not value):
                if field.required and context.creating:
                    raise RecordError(
                        f"{self._entity.title} needs {field.label or field.path}, and the record "
                        f"has nothing for it",
                        field=field.meaning or field.path,
                        code="missing",
                    )
                continue
            if field.max_length is not None:
                value = _each(row, value, partial(_fit, field=field))
            paths.set(payload, row.raw, value, keep_none=True)
        self._entity.rendered(payload, document, context)
        return payload


def _each(row: _Row, value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply to the value, or to each value of a list that `[]` in the path made."""
    if row.depth and isinstance(value, list):
        return [None if v is None else _each_call(row, v, function) for v in value]
    return _each_call(row, value, function)


def _each_call(row: _Row, value: Any, function: Callable[[Any], Any]) -> Any:
    try:
        return function(value)
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise RecordError(
            f"{row.field.label or row.field.path}: {value!r:.80} cannot be used ({error})",
            field=row.field.path,
            code="bad_value",
        ) from error


def _fit(value: Any, field: Field) -> Any:
    limit = field.max_length
    if not isinstance(value, str) or limit is None or len(value) <= limit:
        return value
    if field.cut:
        return value[:limit].rstrip()
    raise RecordError(
        f"{field.label or field.path} may be {limit} characters long, this one has {len(value)}: "
        f"“{value[:40]}…”",
        field=field.meaning or field.path,
        code="too_long",
    )
