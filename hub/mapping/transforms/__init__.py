"""The transforms that rules may name: `TRANSFORMS` by name, and `register` for more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.mapping.transforms import addresses, choices, dates, letters, lists, numbers, text
from hub.mapping.transforms.registry import (
    Argument,
    ArgumentError,
    Bound,
    Example,
    Registry,
    Transform,
    TransformError,
    make,
)

TRANSFORMS = Registry(
    make(function, family)
    for family, module in (
        ("text", text),
        ("text", letters),
        ("number", numbers),
        ("date", dates),
        ("address", addresses),
        ("list", lists),
        ("choice", choices),
    )
    for function in module.FAMILY
)
"""All transforms that come with the hub, by name."""


def register(function: Callable[..., Any], family: str = "added") -> Transform:
    """Add a function to the transforms that every rule may name."""
    return TRANSFORMS.register(function, family)


__all__ = [
    "TRANSFORMS",
    "Argument",
    "ArgumentError",
    "Bound",
    "Example",
    "Registry",
    "Transform",
    "TransformError",
    "make",
    "register",
]
