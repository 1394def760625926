"""What all documents share: typed parts that convert from and to plain dicts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Self

Json = dict[str, Any]
Converter = Callable[[Any, str], Any]


class FieldError(ValueError):
    """A value does not fit its field; `path` says which one (`lines[2].quantity`)."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


@dataclasses.dataclass(slots=True, kw_only=True)
class Part:
    """A piece of a document. Every field is optional: `None` is "not said", and only `None`."""

    @classmethod
    def from_dict(cls, data: Json, path: str = "") -> Self:
        """Build from plain values, converting strings and numbers to the declared types.

        Raises FieldError naming the path of the first value that does not fit. Unknown keys are
        errors as well: a misspelt meaning in a field table must not vanish.
        """
        converters = _converters(cls)
        values: Json = {}
        for name, value in data.items():
            where = f"{path}.{name}" if path else name
            convert = converters.get(name)
            if convert is None:
                raise FieldError(where, f"{cls.__name__} has no such field")
            if value is not None:
                values[name] = convert(value, where)
        return cls(**values)

    def to_dict(self) -> Json:
        """Plain dicts and lists; what is not said is left out."""
        result: Json = {}
        for name, plain in _shapes(type(self)):
            value = getattr(self, name)
            if value is None:
                continue
            if plain:  # nearly all fields: this loop is walked several times per record
                result[name] = value
            elif isinstance(value, Part):
                nested = value.to_dict()
                if nested:
                    result[name] = nested
            elif isinstance(value, list):
                if value:
                    result[name] = [v.to_dict() if isinstance(v, Part) else v for v in value]
            elif value:
                result[name] = value
        return result


@dataclasses.dataclass(slots=True, kw_only=True)
class Document(Part):
    """A record understood: what the hub works on between any two systems.

    key: the record's key in the system it was read from. number: what people there call it.
    created_at: when it was made there. modified_at: when it was last changed there.
    custom: values without a common meaning that a plugin passes on under its own names.
    """

    kind: ClassVar[str] = ""

    key: str | None = None
    number: str | None = None
    created_at: dt.datetime | None = None
    modified_at: dt.datetime | None = None
    custom: dict[str, Any] = dataclasses.field(default_factory=dict)


_SHAPES: dict[str, tuple[tuple[str, bool], ...]] = {}
_NAMES: dict[str, tuple[str, ...]] = {}
_CONVERTERS: dict[str, dict[str, Converter]] = {}


def _id(cls: type[Part]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _names(cls: type[Part]) -> tuple[str, ...]:
    known = _NAMES.get(_id(cls))
    if known is None:
        known = _NAMES[_id(cls)] = tuple(f.name for f in dataclasses.fields(cls))
    return known


def _shapes(cls: type[Part]) -> tuple[tuple[str, bool], ...]:
    """Each field with whether it holds a plain value: no part, list or dict."""
    known = _SHAPES.get(_id(cls))
    if known is None:
        hints = typing.get_type_hints(cls)
        known = _SHAPES[_id(cls)] = tuple((n, _is_plain(hints[n])) for n in _names(cls))
    return known


def _is_plain(hint: Any) -> bool:
    kind, many = _strip(hint)
    return not (many or kind is dict or (isinstance(kind, type) and issubclass(kind, Part)))


def _converters(cls: type[Part]) -> dict[str, Converter]:
    known = _CONVERTERS.get(_id(cls))
    if known is None:
        hints = typing.get_type_hints(cls)
        known = _CONVERTERS[_id(cls)] = {name: _converter(hints[name]) for name in _names(cls)}
    return known


def field_paths(cls: type[Part], prefix: str = "") -> dict[str, type]:
    """Every path of a document class with the type found there: `lines[].sku` -> str."""
    paths: dict[str, type] = {}
    hints = typing.get_type_hints(cls)
    for name in _names(cls):
        kind, many = _strip(hints[name])
        path = f"{prefix}{name}" + ("[]" if many else "")
        paths[path] = kind
        if isinstance(kind, type) and issubclass(kind, Part):
            if f".{name}" in f".{prefix}":  # a part that holds its own kind: one level is enough
                continue
            paths.update(field_paths(kind, path + "."))
    return paths


def _strip(hint: Any) -> tuple[Any, bool]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(a for a in typing.get_args(hint) if a is not types.NoneType)
    if typing.get_origin(hint) is list:
        return _strip(typing.get_args(hint)[0])[0], True
    if typing.get_origin(hint) is dict:
        return dict, False
    if typing.get_origin(hint) is typing.Literal:
        return str, False
    return hint, False


def _converter(hint: Any) -> Converter:
    kind, many = _strip(hint)
    if isinstance(kind, type) and issubclass(kind, Part):
        one: Converter = _part(kind)
    else:
        one = _SCALARS.get(kind, _anything)
    if not many:
        return one

    def convert_list(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise FieldError(path, f"expected a list, got {_shown(value)}")
        return [one(v, f"{path}[{i}]") for i, v in enumerate(value) if v is not None]

    return convert_list


def _part(kind: type[Part]) -> Converter:
    def convert(value: Any, path: str) -> Part:
        if isinstance(value, kind):
            return value
        if not isinstance(value, dict):
            raise FieldError(path, f"expected {kind.__name__}, got {_shown(value)}")
        return kind.from_dict(value, path)

    return convert


def _anything(value: Any, path: str) -> Any:
    return value


def _text(value: Any, path: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise FieldError(path, f"expected a text, got {_shown(value)}")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _number(value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise FieldError(path, f"expected a number, got {_shown(value)}")
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, Decimal) else value
    except InvalidOperation:
        raise FieldError(path, f"{_shown(value)} is not a number") from None
    if not number.is_finite() or abs(number) >= Decimal("1e15"):
        raise FieldError(path, f"{_shown(value)} is too large to be an amount or a quantity")
    return number


def _whole(value: Any, path: str) -> int:
    number = _number(value, path)
    if number != number.to_integral_value():
        raise FieldError(path, f"expected a whole number, got {_shown(value)}")
    return int(number)


def _yes_no(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise FieldError(path, f"expected yes or no, got {_shown(value)}")


def _moment(value: Any, path: str) -> dt.datetime:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise FieldError(path, f"{_shown(value)} is not a time") from None
    if not isinstance(value, dt.datetime):
        raise FieldError(path, f"expected a time, got {_shown(value)}")
    if value.tzinfo is None:
        raise FieldError(path, f"{value.isoformat()} has no time zone; the plugin must say which")
    return value.astimezone(dt.UTC)


def _day(value: Any, path: str) -> dt.date:
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value.strip()[:10])
        except ValueError:
            raise FieldError(path, f"{_shown(value)} is not a date") from None
    if isinstance(value, dt.datetime):
        return value.date()
    if not isinstance(value, dt.date):
        raise FieldError(path, f"expected a date, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_SCALARS: dict[Any, Converter] = {
    str: _text,
    Decimal: _number,
    int: _whole,
    bool: _yes_no,
    dt.datetime: _moment,
    dt.date: _day,
}
