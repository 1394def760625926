"""Paths into nested dicts and lists: `customer.name`, `lines[].sku`, `lines[0].sku`, `a."b.c"`.

A path is compiled once into a tuple of steps and then walked without any text handling, because
one record asks for a hundred paths. A step is a key (`str`), a position (`int`) or `EACH`.

Reading a path with `[]` gives a list aligned with the list it walks through (`None` where an
element has no value), and writing such a path sets a list back in the same alignment, so that
`set(record, path, get(record, path))` changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

MAX_LENGTH: Final = 500
MAX_INDEX: Final = 9999  # `a[99999999]` must not allocate a list of that size
_SPECIAL: Final = frozenset('.[]"{}|\\')


class PathError(ValueError):
    """A path that cannot be read or cannot be set; says where."""

    def __init__(self, message: str, text: str, position: int | None = None) -> None:
        at = "" if position is None else f" at character {position + 1}"
        super().__init__(f"Path {text!r}: {message}{at}.")
        self.text = text
        self.position = position


class _Each(Enum):
    """The step `[]`: every element of a list."""

    EACH = "[]"

    def __repr__(self) -> str:
        return "EACH"


EACH: Final = _Each.EACH
Step: TypeAlias = str | int | Literal[_Each.EACH]


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path; `str(path)` is its canonical spelling."""

    steps: tuple[Step, ...]
    text: str = field(compare=False)
    plain: bool = field(compare=False)  # keys only, which is nearly always: the fast road
    depth: int = field(compare=False)  # how many `[]` it has

    def __str__(self) -> str:
        return self.text

    @property
    def root(self) -> Step:
        """The first step."""
        return self.steps[0]

    def below(self) -> Path:
        """The path without its first step."""
        return from_steps(self.steps[1:])


def from_steps(steps: tuple[Step, ...]) -> Path:
    """Make a path of ready steps."""
    if not steps:
        raise PathError("is empty", "")
    return Path(
        steps,
        spell(steps),
        all(type(step) is str for step in steps),
        sum(step is EACH for step in steps),
    )


def spell(steps: tuple[Step, ...]) -> str:
    """Write steps the way they are typed; keys with odd characters get quotes."""
    out: list[str] = []
    for step in steps:
        if step is EACH:
            out.append("[]")
        elif isinstance(step, int):
            out.append(f"[{step}]")
        else:
            out.append(f".{_quoted(step)}" if out else _quoted(step))
    return "".join(out)


def _quoted(key: str) -> str:
    if key and not any(ch in _SPECIAL or ch.isspace() or not ch.isprintable() for ch in key):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """Compile the text of a path; the same text gives the same object."""
    if len(text) > MAX_LENGTH:
        raise PathError(f"is longer than {MAX_LENGTH} characters", text[:40] + "…")
    path, end = parse(text, 0)
    if end != len(text):
        raise PathError(f"unexpected {text[end]!r}", text, end)
    return path


def parse(text: str, start: int) -> tuple[Path, int]:
    """Read one path from *start*; gives the path and where it ended (used by templates too)."""
    steps: list[Step] = []
    at = start
    while True:
        if at < len(text) and text[at] == "[" and (at == start or text[at - 1] != "."):
            step, at = _bracket(text, at)
        else:
            step, at = _key(text, at)
        steps.append(step)
        if at < len(text) and text[at] == "[":
            continue
        if at < len(text) and text[at] == ".":
            at += 1
            continue
        return from_steps(tuple(steps)), at


def _key(text: str, start: int) -> tuple[str, int]:
    if start < len(text) and text[start] == '"':
        return _quoted_key(text, start)
    at = start
    while at < len(text) and text[at] not in _SPECIAL and not text[at].isspace():
        at += 1
    if at == start:
        if at >= len(text):
            raise PathError("a name is missing", text, at)
        if text[at].isspace():
            raise PathError('a name with spaces needs "double quotes"', text, at)
        raise PathError(f"a name is missing before {text[at]!r}", text, at)
    if at < len(text) and text[at].isspace():
        raise PathError('a name with spaces needs "double quotes"', text, at)
    return text[start:at], at


def _quoted_key(text: str, start: int) -> tuple[str, int]:
    out: list[str] = []
    at = start + 1
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            out.append(text[at + 1])
            at += 2
        elif char == '"':
            return "".join(out), at + 1
        else:
            out.append(char)
            at += 1
    raise PathError("the double quote is never closed", text, start)


def _bracket(text: str, start: int) -> tuple[Step, int]:
    end = text.find("]", start)
    if end < 0:
        raise PathError("the bracket is never closed", text, start)
    inner = text[start + 1 : end]
    if not inner:
        return EACH, end + 1
    digits = inner[1:] if inner[0] == "-" else inner
    if not (digits.isascii() and digits.isdigit()):
        raise PathError(f"{inner!r} is not a position; write [0] or []", text, start + 1)
    if int(digits) > MAX_INDEX:
        raise PathError(f"positions go up to {MAX_INDEX}", text, start + 1)
    return int(inner), end + 1


def as_path(path: Path | str) -> Path:
    """Accept the text of a path where a path is wanted."""
    return compile_path(path) if isinstance(path, str) else path


def get(record: Any, path: Path | str) -> Any:
    """The value at a path, or None; a path with `[]` gives a list aligned with what it walks."""
    if path.__class__ is not Path:
        path = as_path(path)
    if path.plain:
        value = record
        for step in path.steps:
            if value.__class__ is not dict:
                return None
            value = value.get(step)
            if value is None:
                return None
        return value
    return _get(record, path.steps, 0)


def _get(value: Any, steps: tuple[Step, ...], at: int) -> Any:
    for index in range(at, len(steps)):
        step = steps[index]
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif step is EACH:
            if not isinstance(value, list | tuple):
                return None
            if index == len(steps) - 2 and steps[-1].__class__ is str:  # `lines[].sku`, mostly
                last = steps[-1]
                return [item.get(last) if item.__class__ is dict else None for item in value]
            return [_get(item, steps, index + 1) for item in value]
        elif isinstance(value, list | tuple) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
        if value is None:
            return None
    return value


def get_all(record: Any, path: Path | str) -> list[Any]:
    """Every value at a path, flat and without the gaps; an empty list when there is none."""
    path = as_path(path)
    return list(_flat(get(record, path), path.depth))


def _flat(value: Any, depth: int) -> Iterator[Any]:
    if value is None:
        return
    if depth == 0:
        yield value
        return
    for item in value:
        yield from _flat(item, depth - 1)


def set(record: Any, path: Path | str, value: Any, *, keep_none: bool = False) -> None:
    """Put a value at a path, making dicts and lists on the way.

    Through `[]` a list is laid over the elements by position (longer lists add elements), and
    any other value goes to every element that is there. With *keep_none* a None leaves what is
    there as it is: no value is not the same as "empty it".
    """
    path = as_path(path)
    if value is None and keep_none:
        return
    steps = path.steps
    if path.plain:
        for step in steps[:-1]:
            below = record.get(step) if record.__class__ is dict else None
            if below.__class__ is not dict:
                break
            record = below
            steps = steps[1:]
        if len(steps) == 1 and record.__class__ is dict:
            record[steps[0]] = value
            return
    _set(record, steps, 0, value, path, keep_none)


def _set(
    target: Any, steps: tuple[Step, ...], at: int, value: Any, path: Path, keep_none: bool
) -> None:
    step = steps[at]
    if step is EACH:
        _set_each(target, steps, at, value, path, keep_none)
        return
    place: Any = _place(target, step, path)
    if at == len(steps) - 1:
        if value is not None or not keep_none:
            target[place] = value
        return
    below = target.get(place) if isinstance(target, dict) else target[place]
    if below is None:
        below = {} if isinstance(steps[at + 1], str) else []
        target[place] = below
    elif isinstance(below, tuple):
        below = list(below)
        target[place] = below
    _set(below, steps, at + 1, value, path, keep_none)


def _place(target: Any, step: str | int, path: Path) -> str | int:
    if isinstance(step, str):
        if not isinstance(target, dict):
            raise PathError(f"{step!r} cannot be set in {_kind(target)}", path.text)
        return step
    if not isinstance(target, list):
        raise PathError(f"[{step}] cannot be set in {_kind(target)}", path.text)
    if step < -len(target):
        raise PathError(f"[{step}] does not exist in a list of {len(target)}", path.text)
    while step >= len(target):
        target.append(None)
    return step


def _set_each(
    target: Any, steps: tuple[Step, ...], at: int, value: Any, path: Path, keep_none: bool
) -> None:
    if not isinstance(target, list):
        raise PathError(f"[] cannot be set in {_kind(target)}", path.text)
    last = at == len(steps) - 1
    aligned = isinstance(value, list | tuple)
    count = len(value) if aligned else len(target)
    for index in range(count):
        item = value[index] if aligned else value
        if index >= len(target):
            target.append(None)
        if last:
            if item is not None or not keep_none:
                target[index] = item
            continue
        if target[index] is None:
            target[index] = {} if isinstance(steps[at + 1], str) else []
        elif isinstance(target[index], tuple):
            target[index] = list(target[index])
        _set(target[index], steps, at + 1, item, path, keep_none)


def remove(record: Any, path: Path | str) -> bool:
    """Take what is at a path away (keys go, list elements stay and lose the key); True when any."""
    steps = as_path(path).steps
    if not isinstance(steps[-1], str):
        raise PathError("only a named field can be taken away", spell(steps))
    return _remove(record, steps, 0)


def _remove(target: Any, steps: tuple[Step, ...], at: int) -> bool:
    step = steps[at]
    if step is EACH:
        if not isinstance(target, list | tuple):
            return False
        return sum(_remove(item, steps, at + 1) for item in target) > 0
    if isinstance(step, str):
        if not isinstance(target, dict) or step not in target:
            return False
        if at == len(steps) - 1:
            del target[step]
            return True
        return _remove(target[step], steps, at + 1)
    if not isinstance(target, list | tuple) or not -len(target) <= step < len(target):
        return False
    return _remove(target[step], steps, at + 1)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object with named fields"
    if isinstance(value, list | tuple):
        return "a list"
    return f"the value {value!r}"
