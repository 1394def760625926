"""A setting that names a field of a document."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Annotated

from pydantic import AfterValidator

from hub.mapping import paths
from hub.model import Order, field_paths


@cache
def _known() -> tuple[str, ...]:
    return tuple(path for path in field_paths(Order) if "[]" not in path)


def check_field(path: str) -> str:
    """A path of an order with one value. Raises ValueError naming the nearest one there is."""
    try:
        compiled = paths.compile_path(path)
    except paths.PathError as error:
        raise ValueError(str(error)) from None
    name = str(compiled)
    if name in _known() or (compiled.root == "custom" and not compiled.depth):
        return name
    near = difflib.get_close_matches(name, _known(), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"an order has no field {name!r} with one value{hint}")


FieldPath = Annotated[str, AfterValidator(check_field)]
